"""Where compiled kernels are kept, also those of another distribution's files."""

import subprocess
import sys
from pathlib import Path

import pytest

from processing.kernels import jit

FILE = """from processing.kernels.jit import kernel
from processing.kernels.telemetry import held


@kernel("float64(int64)")
def seconds(time):
    return held(0, 0, time, 5_000_000_000)
"""


def compiled(folder: Path, source: str) -> str:
    """What a process of its own says of a kernel in a file of another distribution: its value, hits, and where it is kept."""
    (folder / "acme_held.py").write_text(source, "utf-8")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import acme_held\n"
        "found = acme_held.seconds.dispatcher\n"
        "print(found(7_000_000_000), sum(found.stats.cache_hits.values()), found.stats.cache_path)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_kernel_of_another_distribution_is_kept_with_ours_by_what_it_and_its_imports_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINE_KERNEL_CACHE", str(tmp_path / "cache"))

    first, again = compiled(tmp_path, FILE), compiled(tmp_path, FILE)
    commented, other = compiled(tmp_path, FILE + "# a comment\n"), compiled(tmp_path, FILE.replace("0, 0", "1, 0"))

    assert [told.split()[:2] for told in (first, again, commented, other)] == [["5.0", hits] for hits in "0110"]
    assert Path(first.split()[2]).parent == tmp_path / "cache"
    assert first.split()[2] == commented.split()[2] != other.split()[2]


def test_functions_in_files_without_kernels_are_left_to_numba() -> None:
    assert jit.KernelLocator.from_function(compiled, __file__) is None


def test_a_kernel_that_makes_an_array_is_an_error_when_it_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINE_KERNEL_CACHE", str(tmp_path / "cache"))
    source = FILE.replace("return held(0, 0, time, 5_000_000_000)", "return np.empty(time)[0]")
    (tmp_path / "acme_array.py").write_text("import numpy as np\n" + source, "utf-8")
    program = "import sys; sys.path.insert(0, sys.argv[1]); import acme_array; acme_array.seconds.dispatcher"

    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )

    assert run.returncode != 0
    assert "return np.empty(time)[0]" in run.stderr
