"""The kernels compiled, uncompiled and with bounds checked: the same tests, the same bits."""

import os
import subprocess
import sys
from pathlib import Path

from processing.kernels.jit import cache_folder
from tests.processing.table_digest import digest

ROOT = Path(__file__).resolve().parents[2]
TESTS = "tests/processing"


def run(arguments: list[str], **environment: str) -> str:
    """A Python of its own; what it printed. Fails with all of it when it failed."""
    mode = {"COVERAGE_PROCESS_START": "", "PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | mode, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def pytest_run(*arguments: str, **environment: str) -> str:
    return run(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments], **environment)


def test_the_kernels_do_the_same_uncompiled() -> None:
    said = pytest_run(
        f"{TESTS}/kernels",
        f"{TESTS}/test_engine.py",
        f"{TESTS}/test_twins.py",
        "tests/oracles",
        NUMBA_DISABLE_JIT="1",
    )

    assert " passed" in said


def test_compiled_and_uncompiled_agree_in_every_bit() -> None:
    assert run([f"{TESTS}/table_digest.py"], NUMBA_DISABLE_JIT="1").strip() == digest()


def test_no_kernel_reads_or_writes_out_of_bounds() -> None:
    # Numba's cache does not know of this mode: a folder of its own, beside that of `fieldline warmup`, which all checkouts share.
    folder = str(cache_folder().with_name("kernels-with-bounds"))

    said = pytest_run(
        f"{TESTS}/test_timeline_properties.py",
        f"{TESTS}/test_engine.py",
        NUMBA_BOUNDSCHECK="1",
        FIELDLINE_KERNEL_CACHE=folder,
        FIELDLINE_TEST_EXAMPLES="8",
    )

    assert " passed" in said
