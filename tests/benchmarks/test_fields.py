"""The comparisons of fields with published figures: what they say of examples, of a folder that holds nothing, of a figure that is off."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.fields.__main__ import main
from benchmarks.fields.line import compared

EXAMPLES = "tests/data/fao56_examples"


def test_every_worked_example_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examples", EXAMPLES]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 18 and all(line.startswith("ok ") for line in lines[:-1])


def test_a_figure_that_is_off_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(EXAMPLES, "examples.csv").read_text("utf-8").replace(",81.8,", ",81.9,")
    (tmp_path / "examples.csv").write_text(text, encoding="utf-8")

    assert main(["examples", str(tmp_path)]) == 1
    assert "MISSED FAO56-Ex2 atmospheric_pressure" in capsys.readouterr().out


def test_a_folder_without_files_of_the_task_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cotton", str(tmp_path)]) == 2
    assert "expected files such as *.out[.xz], there is none" in capsys.readouterr().err


def test_what_is_published_and_not_given_is_told() -> None:
    line = compared(
        "x", "mm", np.array([1.0, np.nan, 3.2]), np.array([1.0, 2.0, 3.0]), ["a", "b", "c"], near=0.1, goal=1.0
    )

    assert (line.count, line.missing, line.share, line.where) == (2, 1, 0.5, "c")
    assert "1 missing, largest difference 0.2 mm (c)" in line.text
