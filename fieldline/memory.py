"""Memory that a process does without or gives back: the PC beside a line is small.

All of it is done where the system can, Linux with glibc, and nothing elsewhere.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAPS = Path("/proc/self/maps")


@contextmanager
def hidden(*modules: str) -> Iterator[None]:
    """Let importing these modules fail inside the block, unless they were imported before.

    For libraries that import a large one only because it is installed. Other threads do not see the modules either meanwhile.
    """
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def give_back() -> None:
    """Give the heap's free pages back to the system: glibc keeps those below the highest one in use for ever."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def drop_code(library: str) -> int:
    """Let go of a shared library's code until it is called again, which reads it from the file; the bytes that were mapped.

    library : how its file's name begins
    """
    if not _MAPS.exists():
        return 0
    dropped = 0
    for line in _MAPS.read_text().splitlines():
        addresses, rights, *_, path = line.split(maxsplit=5)
        # Code alone: it is never written to, whereas data that is read-only by now holds addresses that the loader put in.
        if rights == "r-xp" and Path(path).name.startswith(library):
            first, end = (int(address, 16) for address in addresses.split("-"))
            ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), mmap.MADV_DONTNEED)
            dropped += end - first
    return dropped
