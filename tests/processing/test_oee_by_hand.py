"""docs/oee-by-hand.md is true: its rows through the engine give its numbers, and its sums are right."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path

import pytest

from analysis.recount.effectiveness import effectiveness, machines_of
from fieldline.frames import event_value
from processing.metric_rows import WINDOWS
from processing.operators import machine
from tests.analysis.recount.worked_line import LINE, history_of, plant_of
from tests.processing.engine_rig import EngineRig, Row, frames_of

PAGE = (Path(__file__).parents[2] / "docs" / "oee-by-hand.md").read_text(encoding="utf-8")
BEFORE, _, CORRECTED = PAGE.partition("## 6.")
DAY = datetime(2026, 3, 2, tzinfo=UTC)
SHIFT_NS = 1_772_431_200_000_000_000
"""06:00 UTC of that day."""


def test_the_rows_through_the_engine_give_the_figures_of_the_page(rig: EngineRig) -> None:
    rig.send(frames_of(rows_of(BEFORE), 7)).finish()

    claimed = claims(BEFORE)
    assert len(claimed) > 30
    assert wrong(rig, claimed, f"{LINE}/press") == []
    of_line = [claim for claim in claimed if claim[0] != "quality"]
    assert wrong(rig, of_line, LINE) == []


def test_the_correction_gives_the_shift_again_with_the_pages_figures_and_a_higher_revision(rig: EngineRig) -> None:
    rig.send(frames_of(rows_of(BEFORE), 7)).finish()
    before = revision(rig)

    rig.send(frames_of(rows_of(CORRECTED), 1, received=SHIFT_NS + 20 * 3_600_000_000_000)).finish()

    assert wrong(rig, claims(CORRECTED), f"{LINE}/press") == []
    assert revision(rig) == before + 1


def test_the_recount_of_explain_gives_the_same(tmp_path: Path) -> None:
    history = history_of(plant_of(tmp_path, toml()), rows_of(BEFORE))

    machines = machines_of(history, f"{LINE}/press", SHIFT_NS, SHIFT_NS + 28_800_000_000_000)

    figures = effectiveness(machines, SHIFT_NS, SHIFT_NS + 28_800_000_000_000)
    assert all(isclose(figures[name], value, rel_tol=1e-8) for kind, name, value in claims(BEFORE) if kind == "oee")


def test_the_times_of_the_page_follow_from_its_rows_and_add_up() -> None:
    spans = re.findall(r"^\| (\d\d:\d\d:\d\d) \| (\d\d:\d\d:\d\d) \| .+ \| (\d+) \|$", BEFORE, re.MULTILINE)

    assert all((at(end) - at(start)).total_seconds() == int(seconds) for start, end, seconds in spans)
    assert all(a[1] == b[0] for a, b in zip(spans, spans[1:], strict=False))
    assert sum(int(seconds) for _, _, seconds in spans) == 28_800


@pytest.mark.parametrize("part", [BEFORE, CORRECTED], ids=["figures", "correction"])
def test_every_sum_that_is_written_out_is_right(part: str) -> None:
    sums = list(equations(part))

    assert len(sums) >= 2
    assert [(text, value) for text, value, told in sums if abs(value - told) > 5e-5 * max(1.0, abs(told))] == []


@pytest.fixture
def rig(tmp_path: Path) -> EngineRig:
    return EngineRig(plant_of(tmp_path, toml()), windows=WINDOWS, operators=[machine.COMPONENT])


def toml() -> str:
    match = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    return match[1]


def at(clock: str) -> datetime:
    hours, minutes, seconds = map(int, clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def rows_of(part: str) -> list[Row]:
    """The rows of a part of the page, in the order of time."""
    found = []
    for clock, asset, tag, value in re.findall(
        r"^\| (\d\d:\d\d:\d\d) \| (plant\S+) \| (\S+) \| (.+) \|$", part, re.MULTILINE
    ):
        time = int(at(clock).timestamp()) * 1_000_000_000
        if not tag.startswith("@"):
            found.append(Row(asset, tag, time, float(value)))
            continue
        payload = json.dumps(json.loads(value), sort_keys=True, separators=(",", ":")).encode()
        found.append(Row(asset, tag, time, event_value(payload), 0, payload))
    assert found
    return found


def claims(part: str) -> list[tuple[str, str, float]]:
    """Kind, field and value of each figure that is claimed."""
    found = re.findall(r"^\| (oee|losses|quality) \| (\w+) \| ([\d.]+) \|$", part, re.MULTILINE)
    return [(kind, field, float(value)) for kind, field, value in found]


def wrong(rig: EngineRig, claimed: list[tuple[str, str, float]], asset: str) -> list[tuple[str, str, float, float]]:
    """The claims that the engine's shift does not have, to the digits of the page."""
    rows = {kind: rig.values(kind, asset, "shift")[SHIFT_NS] for kind in {kind for kind, _, _ in claimed}}
    return [
        (kind, field, value, rows[kind][field])
        for kind, field, value in claimed
        if not isclose(rows[kind][field], value, rel_tol=1e-9, abs_tol=5e-10)
    ]


def revision(rig: EngineRig) -> float:
    return next(
        rev for key, rev in rig.revisions.items() if key[:5] == ("oee", f"{LINE}/press", "", "shift", str(SHIFT_NS))
    )


def equations(part: str) -> Iterator[tuple[str, float, float]]:
    """Each `numbers = number` of the text: what stands left of it, worked out, and what is told."""
    number = r"\d[\d,]*(?:\.\d+)?"
    for match in re.finditer(rf"({number}(?:\s[+−·/]\s{number})+)\s=\s\**({number})", part):
        text = re.sub(r"\s+", " ", match[1].replace(",", "").replace("−", "-").replace("·", "*"))
        value = 0.0
        for term in re.split(r" (?=[+-])", text):
            sign, rest = (-1.0 if term.startswith("-") else 1.0), term.lstrip("+- ")
            product = 1.0
            for at_factor, factor in enumerate(re.split(r" [*/] ", rest)):
                is_divided = at_factor and re.findall(r" ([*/]) ", rest)[at_factor - 1] == "/"
                product = product / float(factor) if is_divided else product * float(factor)
            value += sign * product
        yield match[0], value, float(match[2].replace(",", ""))
