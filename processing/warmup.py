"""Compile all kernels, so that the first reading does not wait for it."""


def warmup() -> None:
    """Compile what is not in the cache yet; a second call, also of another process, is quick. Call under a file lock."""
    import processing.timeline.engine  # noqa: F401 (its kernels are known when its files are imported)
    from processing.kernels.jit import KERNELS
    from processing.operators import known

    list(known().values())
    for kernel in KERNELS:
        kernel.dispatcher  # noqa: B018 (it is compiled when it is asked for)
