"""Every case of `tests/data/cases` through the product; and the runner itself, on checks and files that are good and bad.

A case that is not right yet stands in `NOT_YET`. One that stands there and is right fails, so that the list tells the truth.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from tests.cases.__main__ import main
from tests.cases.became import became
from tests.cases.cases import FOLDER, Case, Check, read_file
from tests.cases.figures import NOT_ASKED, messages_of, read_numbers, worked_out
from tests.cases.not_yet import NOT_YET
from tests.cases.pipe import run_cases
from tests.cases.verdict import Outcome, judged, table

STREAM = read_file(FOLDER / "stream.json")
NUMBERS = read_numbers(FOLDER / "numbers.json")
FIGURES = {raw["id"]: case for raw in NUMBERS if (case := messages_of(raw)) is not None}
WORKED_OUT = [raw for raw in NUMBERS if raw["id"] not in FIGURES and raw["id"] not in NOT_ASKED]
JUDGED = {name: {outcome.case: outcome for outcome in became(name)} for name in ("payloads", "timestamps")}


def hold(file: str, case: str, outcomes: list[Outcome]) -> None:
    """The case is right, or it stands in the list and is wrong."""
    assert outcomes
    wrong = [outcome for outcome in outcomes if not outcome.is_right]
    if case in NOT_YET[file]:
        assert wrong, f"{file}: {case} is right now: take it off NOT_YET"
    else:
        assert not wrong, table(wrong)


# the runner's own: right, wrong, and one that can't be sent
GOOD = {"kind": "telemetry", "tag": "x", "window": "1m", "asset": "case/a/l1/m", "field": "count"}
CASE = {
    "id": "a",
    "messages": [{"topic": "case/a/l1/m", "payload": '{"ts": "2026-03-02T10:00:00Z", "x": 1}'}],
    "checks": [GOOD | {"at": "2026-03-02T10:00:00Z", "value": 1}],
}
OTHER = CASE | {"id": "b", "checks": [GOOD | {"at": "2026-03-02T10:00:00Z", "value": 2}]}
DECLARED = {
    "id": "d",
    "plant_toml": '[[topic]]\npattern = "case/d/#"\nasset = "case/d/l1/m"\ntime = "meta.when"\ntime_format = "filetime"\n',
    "messages": [
        {"topic": "case/d", "payload": '{"meta": {"when": 134169192000000000}, "x": 1}'}
    ],  # 2026-03-02T10:00:00Z
    "checks": [GOOD | {"asset": "case/d/l1/m", "at": "2026-03-02T10:00:00Z", "value": 1}],
}
REFUSED = CASE | {"id": "c", "plant_toml": "[[asset]]\npth = 'x'"}


@pytest.fixture(scope="module")
def piped(kernels: None) -> Mapping[str, list[Outcome]]:
    """The outcomes of all cases of messages, which go through one pipe; those of numbers.json as `numbers/<id>`."""
    figures = [msgspec.structs.replace(case, id=f"numbers/{case.id}") for case in FIGURES.values()]
    own = [msgspec.convert(case, Case) for case in (CASE, OTHER, REFUSED, DECLARED)]
    found: dict[str, list[Outcome]] = {}
    for outcome in run_cases([*STREAM, *figures, *own]):
        found.setdefault(outcome.case, []).append(outcome)
    return found


@pytest.mark.parametrize("case", [case.id for case in STREAM])
def test_messages_become_the_figures_of_the_case(case: str, piped: Mapping[str, list[Outcome]]) -> None:
    hold("stream", case, piped[case])


@pytest.mark.parametrize("case", FIGURES)
def test_numbers_of_messages_become_the_right_figure(case: str, piped: Mapping[str, list[Outcome]]) -> None:
    hold("numbers", case, piped[f"numbers/{case}"])


@pytest.mark.parametrize("raw", WORKED_OUT, ids=lambda raw: raw["id"])
def test_numbers_of_tables_and_calendars_become_the_right_figure(raw: Mapping[str, Any]) -> None:
    hold("numbers", raw["id"], worked_out(raw) or [])


@pytest.mark.parametrize(("file", "case"), [(file, case) for file, cases in JUDGED.items() for case in cases])
def test_payloads_and_times_become_what_a_person_would_expect(file: str, case: str) -> None:
    hold(file, case, [JUDGED[file][case]])


def test_the_list_of_what_is_not_right_yet_names_cases_that_there_are() -> None:
    names = {"stream": {case.id for case in STREAM}, "numbers": {raw["id"] for raw in NUMBERS}}
    names |= {file: set(cases) for file, cases in JUDGED.items()}

    assert NOT_YET.keys() == names.keys()
    assert all(listed <= names[file] for file, listed in NOT_YET.items())


# -- the runner itself

TIMES = pl.Series("time", [0, 60_000_000_000], pl.Int64).cast(pl.Datetime("ns", "UTC"))
ROWS = pl.DataFrame({"time": TIMES, "count": [2.0, None], "why": ["none", None]})
FIRST, SECOND, THIRD = "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z"


@pytest.mark.parametrize(
    ("told", "is_right"),
    [
        ({"field": "count", "at": FIRST, "value": 2}, True),
        ({"field": "count", "at": FIRST, "value": 2.4, "abs_tol": 0.5}, True),
        ({"field": "count", "at": FIRST, "value": 2.6, "abs_tol": 0.5}, False),
        ({"field": "count", "at": FIRST, "value": None}, False),
        ({"field": "count", "at": SECOND, "value": 2}, False),
        ({"field": "count", "at": SECOND, "value": None}, True),
        ({"field": "count", "at": THIRD, "value": 2}, False),
        ({"field": "count", "at": THIRD, "value": None}, False),
        ({"field": "count", "at": THIRD, "value": 2, "or_absent": True}, True),
        ({"field": "count", "at": FIRST, "value": 3, "or_absent": True}, False),
        ({"field": "count", "at": FIRST, "maximum": 2}, True),
        ({"field": "count", "at": FIRST, "maximum": 1.9}, False),
        ({"field": "count", "at": SECOND, "maximum": 1.9}, True),
        ({"field": "count", "at": THIRD, "maximum": 1.9}, False),
        ({"field": "no_such", "at": FIRST, "value": 2}, False),
        ({"field": "why", "at": FIRST, "value": "none"}, True),
        ({"field": "why", "at": FIRST, "value": "other"}, False),
        ({"absent": True}, False),
        ({"absent": True, "at_other_than": FIRST}, False),
    ],
)
def test_a_check_compares_the_row_at_its_time(told: dict[str, Any], is_right: bool) -> None:
    check = msgspec.convert({"kind": "telemetry", "asset": "a", **told}, Check)

    assert judged("case", check, ROWS).is_right is is_right


def test_a_row_at_the_right_time_alone_is_no_row_elsewhere() -> None:
    check = Check(kind="telemetry", asset="a", absent=True, at_other_than=FIRST)

    assert judged("case", check, ROWS.head(1)).is_right
    assert judged("case", check, ROWS.clear()).is_right


def test_two_rows_where_one_is_asked_for_are_no_answer() -> None:
    check = Check(kind="telemetry", asset="a", field="count", at=FIRST, value=2)

    outcome = judged("case", check, pl.concat([ROWS.head(1), ROWS.head(1)]))

    assert (outcome.got, outcome.is_right) == ("2 rows", False)


def written(folder: Path, *cases: dict[str, Any]) -> str:
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": cases}))
    return str(path)


def test_a_case_is_right_or_wrong_by_its_own_figures_and_its_own_plant_file(
    piped: Mapping[str, list[Outcome]],
) -> None:
    found = {case: (outcome.got, outcome.is_right) for case in "abcd" for outcome in piped[case]}

    assert found["a"] == ("1", True)
    assert found["b"] == ("1", False)
    assert found["d"] == ("1", True)
    assert "pth" in found["c"][0] and not found["c"][1]


def test_a_difference_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, REFUSED)]) == 1

    line, last = capsys.readouterr().out.splitlines()[1:]
    assert line.startswith("c ") and line.endswith("WRONG")
    assert last == "0 of 1 cases are right, 0 of 1 figures"


def test_all_right_is_exit_code_0_and_what_was_not_asked_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [raw for raw in NUMBERS if raw["id"] in ("dst-shifts", "malmquist-grifell-lovell")]
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps({"cases": few}))

    assert main([str(path)]) == 0
    assert "not asked: malmquist-grifell-lovell: deaR's data set" in capsys.readouterr().out


@pytest.mark.parametrize(
    "case",
    [
        CASE | {"checks": []},
        CASE | {"checks": [GOOD]},
        CASE | {"checks": [GOOD | {"value": 1}]},
        CASE | {"checks": [GOOD | {"at": "2026-03-02T10:00:00Z", "value": 1, "maximum": 2}]},
        CASE | {"checks": [GOOD | {"at": "2026-03-02T10:00:00Z", "valeu": 1}]},
        CASE | {"checks": [GOOD | {"absent": True}]},
        CASE | {"messages": [{"topic": "a", "paylod": ""}]},
    ],
)
def test_a_file_that_is_not_of_the_format_is_refused(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, case)]) == 2
    assert "cases.json" in capsys.readouterr().err


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    assert main([written(tmp_path, CASE, CASE)]) == 2
