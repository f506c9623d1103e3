"""The benches of models on what of their data the project holds: NASA's cells."""

from pathlib import Path

import pytest

from benchmarks.models.__main__ import NAMES, main

CELLS = Path(__file__).resolve().parents[1] / "data" / "nasa_battery"


def test_each_cells_end_is_foretold_within_ten_cycles_at_half_of_its_life(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--all", str(CELLS)])

    said = capsys.readouterr().out
    assert code == 0
    assert said.count("(size ≤ 10: met)") == 2  # B0005 and B0006; B0007 never reaches the limit
    assert "end_B0007_discharge_cycles" in said and "the limit was not reached by 168" in said


def test_a_bench_that_lacks_a_file_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rul", "--train", "a.txt", "--test", "b.txt"])

    assert code == 2
    assert "rul: needs --rul" in capsys.readouterr().err


def test_a_folder_without_data_is_no_success(tmp_path: Path) -> None:
    assert main(["--all", str(tmp_path)]) == 2


def test_every_bench_is_named_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--list"])

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == sorted(NAMES)
