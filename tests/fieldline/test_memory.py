"""What a process does without, and what it lets go of."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fieldline.memory import drop_code, give_back, hidden


def test_a_hidden_module_cannot_be_imported_inside_the_block_and_can_after_it() -> None:
    sys.modules.pop("wave", None)

    with hidden("wave"), pytest.raises(ImportError):
        importlib.import_module("wave")

    assert importlib.import_module("wave").__name__ == "wave"


def test_what_was_imported_before_stays_in_sight() -> None:
    with hidden("numpy"):
        assert importlib.import_module("numpy") is np

    assert sys.modules["numpy"] is np


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is dropped")
def test_a_library_works_on_after_its_code_was_dropped() -> None:
    values = np.arange(1000.0)

    dropped = drop_code("_multiarray_umath")

    assert dropped > 0
    assert float(values.sum()) == 499_500.0
    assert drop_code("no_such_library") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is dropped")
def test_a_process_works_on_after_it_gave_back_the_code_of_all_libraries() -> None:
    values = np.arange(1000.0)

    give_back()

    assert float(np.sort(values)[-1]) == 999.0


_HEAPS = """
import ctypes, re, sys, threading
from fieldline.memory import share_heap

if sys.argv[1] == "shared":
    share_heap()
kept = []
threads = [threading.Thread(target=lambda: kept.append(bytes(10_000))) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(len(re.findall("<heap nr=", open(sys.argv[2]).read())))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere heaps are not glibc's")
@pytest.mark.parametrize(("how", "is_one"), [("shared", True), ("apart", False)])
def test_threads_share_one_heap_once_told_to(how: str, is_one: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HEAPS, how, str(tmp_path / "heaps.xml")]

    heaps = int(subprocess.run(command, capture_output=True, check=True, text=True, timeout=30.0).stdout)

    assert (heaps == 1) == is_one
