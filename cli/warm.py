"""Compiling the kernels once, whoever asks first, while others wait for it."""

from pathlib import Path

from filelock import FileLock, Timeout

from fieldline.errors import Unavailable
from processing.kernels.jit import cache_folder
from processing.warmup import warmup

_WAIT_S = 600.0


def warm_kernels(wait_s: float = _WAIT_S) -> Path:
    """Compile every kernel into the cache and give its folder; quick when they are there already.

    Raises Unavailable when another process has been compiling for `wait_s` [s].
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "warmup.lock", timeout=wait_s):
            warmup()
    except Timeout as error:
        raise Unavailable(f"kernels: another process has been compiling in {folder} for {wait_s:g} s") from error
    except OSError as error:
        raise Unavailable(
            f"kernels: can't write to {folder}: {error}; set NUMBA_CACHE_DIR to a folder that can be written"
        ) from error
    return folder
