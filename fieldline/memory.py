"""Memory that a process does without or gives back: the PC beside a line is small.

All of it is done where the system can, Linux with glibc, and nothing elsewhere.
"""

import ctypes
import mmap
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MAPS = Path("/proc/self/smaps")
_MAPPING = re.compile(r"^(?P<first>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<rights>\S+) .*/(?P<name>[^/\n]+)$", re.MULTILINE)
_ARENA_MAX = -8  # M_ARENA_MAX in malloc.h
_CLEAN = "Anonymous:             0 kB"


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


def share_heap() -> None:
    """Have all threads that start from now on take memory from one heap, since each keeps freed pages of a heap of its own."""
    if (set_option := _of_libc("mallopt")) is not None:
        set_option(_ARENA_MAX, 1)


def give_back() -> None:
    """Give back what is held for nothing: code that is not in use, and free pages of the heap, which glibc keeps below one in use."""
    if (trim := _of_libc("malloc_trim")) is not None:
        trim(0)
    drop_code()


def drop_code(library: str = "") -> int:
    """Let go of shared libraries' code and constants until they are used again, then the file is read; the bytes that were mapped.

    library : how its file's name begins; empty: all
    """
    advise = _of_libc("madvise")
    if advise is None or not _MAPS.exists():
        return 0
    dropped = 0
    for mapping in _MAPS.read_text().split("VmFlags:"):
        found = _MAPPING.search(mapping)
        # Nobody has written to it: some of what is read-only by now holds addresses that the loader put in.
        is_library = found and ".so" in found["name"] and found["name"].startswith(library)
        if found and is_library and "w" not in found["rights"] and _CLEAN in mapping:
            first, end = int(found["first"], 16), int(found["end"], 16)
            advise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), mmap.MADV_DONTNEED)
            dropped += end - first
    return dropped


def _of_libc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
