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


def give_back() -> None:
    """Give the heap's free pages back to the system, which glibc keeps where something above them is in use."""
    if (trim := _of_libc("malloc_trim")) is not None:
        trim(0)


def drop_code(library: str) -> int:
    """Let go of a shared library's code and constants until they are used again, then the file is read; the bytes that were mapped.

    library : how its file's name begins
    """
    advise = _of_libc("madvise")
    if advise is None or not _MAPS.exists():
        return 0
    dropped = 0
    for mapping in _MAPS.read_text().split("VmFlags:"):
        found = _MAPPING.search(mapping)
        # Nobody has written to it: some of what is read-only by now holds addresses that the loader put in.
        if found and found["name"].startswith(library) and "w" not in found["rights"] and _CLEAN in mapping:
            first, end = int(found["first"], 16), int(found["end"], 16)
            advise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), mmap.MADV_DONTNEED)
            dropped += end - first
    return dropped


def _of_libc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
