"""Every oracle case whose topic has an adapter, one test a case; and the runner that shows them, on folders that are good and bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.__main__ import main, run_case, run_file
from tests.oracles.cases import FOLDER, CaseFile, first_difference, functions_of, read_folder

WIRED = {
    "energy",
    "oee",
    "spc",
    "spc_rules",
    "sketches_drift",
    "streaming",
    "productivity",
    "senml",
    "sparkplug",
    "uns",
    "rul_metrics",
    "vibration",
    "farm_et",
    "farm_water",
    "farm_gdd_chill",
    "farm_disease",
    "farm_machinery_livestock",
}
FILES = [file for file in read_folder(FOLDER) if functions_of(file.topic) is not None]
CASES = [pytest.param(file, case, id=f"{file.topic}-{case['id']}") for file in FILES for case in file.cases]


@pytest.mark.parametrize(("file", "case"), CASES)
def test_the_project_gives_what_the_case_expects(file: CaseFile, case: dict[str, Any]) -> None:
    functions = functions_of(file.topic)
    assert functions is not None and case["fn"] in functions

    assert first_difference(case, functions[case["fn"]](case["inputs"])) is None


def test_the_topics_that_the_project_covers_have_adapters() -> None:
    assert {file.topic for file in FILES} >= WIRED


def case_of(expected: dict[str, Any], function: str = "kafka_partition", **more: Any) -> dict[str, Any]:
    inputs = {"keys": ["21"], "partitions": 12}
    return {"id": "one", "fn": function, "inputs": inputs, "expected": expected, "rel_tol": 1e-6, "abs_tol": 0.0} | more


def written(folder: Path, name: str, topic: str, *found: dict[str, Any]) -> Path:
    (folder / name).write_text(json.dumps({"topic": topic, "cases": found}))
    return folder


@pytest.mark.parametrize(
    ("want", "got"),
    [
        (1.0, 1.0000009),
        (3, 3),
        (3, 3.0000001),
        (None, None),
        (None, float("nan")),
        ([1.0, [True]], (1.0, [True])),
        ({"a": "x"}, {"a": "x", "more": 1}),
    ],
)
def test_results_near_enough_agree(want: Any, got: Any) -> None:
    assert first_difference(case_of({"it": want}), {"it": got}) is None


@pytest.mark.parametrize(
    ("want", "got", "says"),
    [
        (1.0, 1.000002, "it: expected 1.0 (within 1e-06), got 1.000002"),
        (1_000_000, 1_000_001, "it: expected 1000000 (exactly), got 1000001"),
        (None, 0.0, "it: expected None, got 0.0"),
        (0.0, None, "it: expected 0.0, got None"),
        (1, True, "it: expected 1, got True"),
        (True, 1, "it: expected True, got 1"),
        ("ok", "reset", "it: expected 'ok', got 'reset'"),
        ([1.0, 2.0], [1.0], "it: expected a list of 2, got [1.0]"),
        ([1.0, 2.0], [1.0, 3.0], "it[1]: expected 2.0 (within 2e-06), got 3.0"),
        ({"a": [{"b": 1}]}, {"a": [{}]}, "it.a[0].b: expected 1, it is missing"),
    ],
)
def test_the_first_leaf_that_differs_is_named(want: Any, got: Any, says: str) -> None:
    assert first_difference(case_of({"it": want}), {"it": got}) == says


def test_a_limit_is_kept_from_below() -> None:
    case = case_of({"max_rank_error": [0.003]})

    assert first_difference(case, {"max_rank_error": [0.001]}) is None
    assert first_difference(case, {"max_rank_error": [0.004]}) is not None


def test_an_exception_in_an_adapter_is_a_failure_that_names_it() -> None:
    def divide(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"it": 1 / inputs["partitions"] * inputs["nothing"]}

    assert run_case(case_of({"it": 1}), divide) == "raised KeyError: 'nothing'"


def test_a_folder_whose_cases_pass_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, "streaming.json", "streaming", case_of({"partition": [0]}))
    written(tmp_path, "unheard.json", "unheard", case_of({"anything": 1}))

    code = main([str(tmp_path)])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert lines[1:] == [["streaming", "1", "1", "0", "0"], ["unheard", "1", "-", "-", "-", "no", "adapter"]]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (case_of({"partition": [1]}), "failed: streaming/one: partition[0]: expected 1 (exactly), got 0"),
        (case_of({}, "no_such"), "unmapped: streaming/one: no function for 'no_such'"),
    ],
)
def test_a_failure_and_a_function_not_mapped_exit_with_1(
    case: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([str(written(tmp_path, "streaming.json", "streaming", case))])

    assert (code, capsys.readouterr().out.splitlines()[-1]) == (1, says)


def test_a_file_by_another_name_goes_by_its_topic(tmp_path: Path) -> None:
    (file,) = read_folder(written(tmp_path, "more.json", "streaming", case_of({"partition": [0]})))

    outcome = run_file(file)

    assert (outcome.label, outcome.passed) == ("streaming (more.json)", 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "could not read JSON"),
        ("[]", "expected an object with 'topic'"),
        ('{"topic": "t", "cases": [1]}', "cases[0]: expected an object, got int"),
        ('{"topic": "t", "cases": [{"id": "a"}]}', "cases[0]: expected 'fn' of type str"),
        (None, "expected case files (*.json), the folder has none"),
    ],
)
def test_what_is_no_folder_of_cases_exits_with_2_and_says_why(
    content: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_text(content)

    code = main([str(tmp_path)])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith(f"error: {tmp_path}") and says in said.err


def test_a_folder_that_is_not_there_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([str(tmp_path / "none")])

    assert code == 2
    assert "expected a folder of case files, there is none" in capsys.readouterr().err
