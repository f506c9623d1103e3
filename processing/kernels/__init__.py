"""Pure numba functions over blocks of rows and state arrays; flags and signatures are set by `jit.py`."""
