"""Compile all kernels, so that the first reading does not wait for it."""


def warmup() -> None:
    """Compile what is not in the cache yet; a second call, also of another process, is quick. Call under a file lock."""
    import processing.kernels.blocks
    import processing.kernels.order
    import processing.kernels.reprocess
    import processing.kernels.slices
    import processing.kernels.windows  # noqa: F401 (a kernel compiles when its module is imported)
    from processing.operators import known

    known()
