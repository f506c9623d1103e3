"""The catalogue says what leaves the pipeline: no field more, no field less, the windows, and the tags that tell rows apart."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from fieldline.catalogue import Kind
from processing.metric_rows import WINDOWS, MetricRows
from processing.operator import Operator
from processing.operators import chosen, known
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, plant_of, rows_of_line
from tests.processing.engine_rig import T0, EngineRig, Row, frames_of

_CHARTED = f"""
[[asset]]
path = "{LINE}/oven"
""" + "".join(
    f"""
[asset.tags.temp_{every}]
unit = "degC"
spc = {{ chart = "i_mr", every = "{every}", center = 180.0, sigma = 2.0, lsl = 170.0, usl = 190.0 }}
"""
    for every in ("1m", "15m", "1h")
)


class _Noting(EngineRig):
    """Keeps the rows that were emitted."""

    emitted: list[MetricRows]

    def collect(self) -> None:
        self.emitted = [*getattr(self, "emitted", []), *self.engine.take()]


def emitted(folder: Path, operators: list[Operator]) -> list[MetricRows]:
    """What operators emit of an hour of a line in which something of everything happens."""
    rows = rows_of_line(5, 3600)
    for every in ("1m", "15m", "1h"):
        rows += [Row(f"{LINE}/oven", f"temp_{every}", T0 + k * 10 * SECOND, 180.0 + k % 7) for k in range(300)]
    rows.sort(key=lambda row: row.time)
    rig = _Noting(plant_of(folder, PLANT + _CHARTED), windows=WINDOWS, operators=operators, raw=("*",))
    rig.send(frames_of(rows, 500)).finish()
    return rig.emitted


def deviations(operator: Operator, rows: list[MetricRows]) -> list[str]:
    """Where rows and what an operator declares are not the same."""
    found = [f"kind {kind!r} is not declared" for kind in {one.kind for one in rows} - {k.name for k in operator.emits}]
    for kind in operator.emits:
        mine = [one for one in rows if one.kind == kind.name]
        for what, emits, declares in _sides(operator, kind, mine):
            found += [f"{kind.name}: {what} {name!r} is emitted and not declared" for name in emits - declares]
            found += [f"{kind.name}: {what} {name!r} is declared and not emitted" for name in declares - emits]
    return sorted(found)


def _sides(operator: Operator, kind: Kind, rows: list[MetricRows]) -> list[tuple[str, set[str], set[str]]]:
    """What is compared, as it is emitted and as it is declared."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in rows:
        names["field"] |= one.fields.keys()
        names["text"] |= one.texts.keys()
        names["label"] |= one.labels.keys()
        names["tag"] |= {"tag"} if one.tag is not None else set()
        names["tag"] |= {"window"} if one.window is not None else set()
        names["window"] |= {WINDOWS[number] for number in (set() if one.window is None else set(one.window.tolist()))}
    return [
        ("field", names["field"], {row[0] for row in kind.rows}),
        ("text", names["text"], {name for name, _ in kind.texts}),
        ("label", names["label"], set(kind.labels)),
        ("tag", names["tag"], {"tag", "window"} & set(kind.tags)),
        ("window", names["window"], set(operator.windows)),
    ]


@pytest.mark.parametrize("name", known())
def test_an_operator_emits_in_every_window_what_it_declares_and_nothing_else(tmp_path: Path, name: str) -> None:
    operator = known()[name]
    others = {kind.name for needed in operator.needs for kind in known()[needed].emits}
    others |= set() if name == "raw" else {"reading"}

    rows = emitted(tmp_path, chosen([name, *operator.needs]))

    assert {one.kind for one in rows} >= others
    assert deviations(operator, [one for one in rows if one.kind not in others]) == []


def test_a_field_that_is_undeclared_and_one_that_is_not_emitted_are_told(tmp_path: Path) -> None:
    telemetry = known()["telemetry"]
    rows = [one for one in emitted(tmp_path, [telemetry]) if one.kind == "telemetry"]
    (kind,) = telemetry.emits

    fewer = replace(telemetry, emits=(kind._replace(rows=kind.rows[1:]),))
    more = replace(telemetry, emits=(kind._replace(rows=(*kind.rows, ("median", "1", "the middle", "m", "none"))),))
    other = replace(telemetry, emits=(kind._replace(name="other"),), windows=())

    assert deviations(fewer, rows) == ["telemetry: field 'count' is emitted and not declared"]
    assert deviations(more, rows) == ["telemetry: field 'median' is declared and not emitted"]
    assert "kind 'telemetry' is not declared" in deviations(other, rows)
    assert "telemetry: window '1h' is declared and not emitted" in deviations(
        telemetry, [one for one in rows if one.window is None or 3 not in one.window]
    )
