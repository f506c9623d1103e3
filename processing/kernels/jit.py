"""The one place where numba's flags are set.

Kernels are compiled for the signature they state, kept in a cache folder that is named by the kernels' own sources (numba
does not notice when a function that a kernel calls has changed), never with fast math, never in parallel.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs


def _sources_digest() -> str:
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels live: below `NUMBA_CACHE_DIR` or the user's cache folder."""
    root = os.environ.get("FIELDLINE_KERNEL_CACHE") or os.environ.get("NUMBA_CACHE_DIR")
    base = Path(root) if root else Path(platformdirs.user_cache_dir("fieldline")) / "kernels"
    return base / _sources_digest()


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def kernel(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile for `signature`, releasing the GIL; division by zero gives inf or NaN as in numpy."""
    return numba.njit(signature, cache=True, nogil=True, error_model="numpy", fastmath=False)


expanded = numba.njit(nogil=True, error_model="numpy", fastmath=False, inline="always")
"""For functions that take arrays and are called for every row: put into the caller's code before that is compiled, since a call
counts references to each array up and down, which costs more than what such a function does."""

inline = numba.njit(nogil=True, error_model="numpy", fastmath=False, inline="never")
"""For the small functions that kernels of the same folder call; they are compiled as part of their callers."""
