"""What every operator promises, as functions of an operator. Each raises AssertionError where the promise is broken.

`test_operator_contract.py` calls all of `CHECKS` with each operator that is installed. Most compare bits with a run of the same rows
in order and once. What the rows are follows from what the operator declares (`operator_inputs.py`).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.catalogue import TEXT as TEXT_UNIT
from fieldline.log.sqlite import SqliteLog
from fieldline.windows import WINDOWS
from processing.operator import Operator
from processing.timeline.timing import Timing
from tests.bits.readings import LINE1, LINE2
from tests.contracts.operator_inputs import (
    OFFERS,
    PRESS,
    Subject,
    busy_rows,
    in_time_order,
    installed,
    made_rows,
    rivals,
    row_lists,
    said_row,
    subject_of,
    with_odd_values,
)
from tests.contracts.operator_rig import TEXT, OperatorRig, assert_same, in_order
from tests.processing.engine_rig import SECOND, T0, Row, frame_of, frames_of
from tests.processing.row_sets import arrivals

ROOT = Path(__file__).parents[2]
_NEAR_S = (0.25, 1.0, 7.0, 20.0, 44.0, 60.0, 91.0)
_BAD, _STALE = 2, 3


def _fuzz(examples: int) -> settings:
    """The same examples every time; `FIELDLINE_TEST_EXAMPLES` of them where it is set, for a longer search."""
    return settings(
        max_examples=int(os.environ.get("FIELDLINE_TEST_EXAMPLES", str(examples))),
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def _log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        try:
            yield log
        finally:
            log.close()


def _assert_same_as_in_order(subject: Subject, rows: Sequence[Row], rig: OperatorRig, told: str = "") -> None:
    assert_same(in_order(subject, rows).standing, rig.standing, told)


# -- what it declares


def check_declaration(operator: Operator) -> None:
    """What it declares is there: its windows, the fields that it names, the kernels that what it keeps needs."""
    subject_of(operator)
    assert operator.emits, "expected a kind of rows in `emits`"
    assert set(operator.windows) <= set(WINDOWS), f"expected windows of {WINDOWS}, got {operator.windows}"
    assert operator.name not in operator.needs and _emits(installed()[operator.name]) == _emits(operator), (
        "found by another name, or needs itself"
    )
    is_kept = operator.kept is not None
    of_rows = operator.update is not None
    assert of_rows == (operator.fold is not None), "update and fold go together"
    assert is_kept == (of_rows or operator.scan is not None), "what is kept is set by update and fold, or by scan"
    if operator.kept is not None:
        names = set(operator.kept.slice.dtype.names or ())
        assert {*operator.later, *operator.left} <= names, f"later and left name fields of the slice: {sorted(names)}"
        opened = set() if operator.kept.open is None else set(operator.kept.open.dtype.names or ())
        assert {operator.is_new, operator.was_new} - {""} <= opened, f"is_new and was_new name fields of {opened}"
    assert (operator.finished is None) == (operator.seconds is None) == ("1s" not in operator.windows), (
        "finished, seconds and the window 1s go together"
    )


def _emits(operator: Operator) -> list[str]:
    return [kind.name for kind in operator.emits]


def check_catalogue(operator: Operator) -> None:
    """Whatever is emitted is catalogued, with unit, meaning, formula and source; whatever is catalogued has values."""
    rig = _busy(subject_of(operator))
    emitted = rig.emitted()
    assert emitted.keys() <= {kind.name for kind in operator.emits}
    for kind in operator.emits:
        named = [metric.field for metric in kind.metrics]
        assert len(set(named)) == len(named), f"{kind.name}: a field is catalogued twice: {named}"
        for metric in kind.metrics:
            assert all((metric.unit, metric.meaning, metric.formula, metric.source)), (
                f"without unit or source: {metric}"
            )
        numbers = {metric.field for metric in kind.metrics if metric.unit != TEXT_UNIT}
        of_kind = [rows for rows in rig.batches if rows.kind == kind.name]
        may_be_retracted = {"retracted"} & numbers  # some are by what comes late alone
        _assert_equal(kind.name, "fields", set(emitted.get(kind.name, {})) | may_be_retracted, numbers)
        _assert_equal(kind.name, "texts", {name for rows in of_kind for name in rows.texts}, set(named) - numbers)
        _assert_equal(kind.name, "labels", {name for rows in of_kind for name in rows.labels}, set(kind.labels))
        has_tag = {rows.tag is not None for rows in of_kind}
        assert has_tag == {"tag" in kind.tags}, f"{kind.name}: its rows have a tag, or its entry says so, not both"
        empty = [name for name, values in emitted[kind.name].items() if np.isnan(values).all()]
        assert not empty, f"{kind.name}: never a value for input that suits it: {empty}"
        stands = {
            name for key, row in rig.table.items() if key[0] == kind.name for name in row if name.startswith(TEXT)
        }
        _assert_equal(
            kind.name, "texts with a value", {name.removeprefix(TEXT) for name in stands}, set(named) - numbers
        )


def _assert_equal(kind: str, what: str, emitted: set[str], catalogued: set[str]) -> None:
    assert emitted == catalogued, (
        f"{kind}: {what} emitted but not catalogued: {sorted(emitted - catalogued)}; "
        f"catalogued but not emitted: {sorted(catalogued - emitted)}"
    )


def check_windows(operator: Operator) -> None:
    """Each window that it declares has rows of each kind, for input that suits it, and no other has."""
    rig = _busy(subject_of(operator))
    for kind in operator.emits:
        found = {key[3] for key in rig.standing if key[0] == kind.name} - {""}
        assert found == set(operator.windows), f"{kind.name}: rows of {sorted(found)}, declared: {operator.windows}"


def check_bounds(operator: Operator) -> None:
    """Coverage lies in 0 to 1 and is that of a time; a revision is a whole number from 0."""
    subject = subject_of(operator)
    for seed in range(3):
        rows = made_rows(subject, Random(seed), 40)
        rig = OperatorRig(subject).send(frames_of(rows[::-1], 4)).finish()
        _check_bounds(rig, f"seed {seed}: ")  # type: ignore[arg-type]
    _check_bounds(_busy(subject), "")


def _check_bounds(rig: OperatorRig, told: str) -> None:
    for kind, fields in rig.emitted().items():
        coverage = fields.get("coverage", np.empty(0))
        coverage = coverage[~np.isnan(coverage)]
        assert ((coverage >= 0.0) & (coverage <= 1.0)).all(), (
            f"{told}{kind}: coverage {coverage.min()}–{coverage.max()}"
        )
        rev = fields.get("rev", np.empty(0))
        assert ((rev >= 0.0) & (rev % 1.0 == 0.0)).all(), f"{told}{kind}: rev {rev}"
    for rows in rig.batches:
        assert not len(rows.time) or rows.time.min() > 0, f"{told}{rows.kind}: a row without a time"


def _busy(subject: Subject) -> OperatorRig:
    """A dense hour, at whose end an order turns out to be none."""
    rig = OperatorRig(subject).send(frames_of(busy_rows(subject, minutes=65.0), 400))
    rig.wait(300.0, turns=3)
    rig.send([frame_of([said_row(LINE1, "@order", T0 + 1500 * SECOND, order="1", phase="void")])])
    return rig.finish()  # type: ignore[return-value]


# -- the same bits


def check_any_arrival(operator: Operator) -> None:
    """Rows in any order, some twice, some that contend, in frames of any size, live or as a backfill."""
    subject = subject_of(operator)

    @_fuzz(20)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        rows = data.draw(row_lists(subject))
        rows += data.draw(rivals(rows))
        arrival = data.draw(arrivals(rows))
        _assert_same_as_in_order(subject, rows, arrival.play(OperatorRig(subject)))  # type: ignore[arg-type]

    holds()


def check_any_crash(operator: Operator) -> None:
    """The same with checkpoints, crashes, hardly any memory, and slices that are slowly read back."""
    subject = subject_of(operator)

    @_fuzz(20)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        rows = data.draw(row_lists(subject))
        arrival = data.draw(arrivals(rows, crashes=True))
        node_cache, slow = data.draw(st.sampled_from([0, 1 << 14, 1 << 30])), data.draw(st.integers(0, 3))
        with _log() as log:
            rig = OperatorRig(subject, log=log, node_cache=node_cache, row_cache=1, slow=slow)
            arrival.play(rig, steps_of=data.draw(st.integers(1, 4)))
        _assert_same_as_in_order(subject, rows, rig)

    holds()


def check_cut_anywhere(operator: Operator) -> None:
    """A stream in order, handed over in steps of any size."""
    subject = subject_of(operator)
    for seed in range(2):
        rows = made_rows(subject, Random(seed), 60)
        want = in_order(subject, rows).standing
        for size in (1, 2, 3, 7):
            rig = OperatorRig(subject).send(frames_of(rows, size), pause_s=0.4 if size == 2 else 0.01).finish()
            assert_same(want, rig.standing, f"seed {seed}, steps of {size}: ")  # type: ignore[attr-defined]


def check_restored_anywhere(operator: Operator) -> None:
    """A crash after every other frame, each time from the checkpoint before it, while windows are open."""
    subject = subject_of(operator)
    for seed in range(3):
        rows = made_rows(subject, Random(seed), 50, _NEAR_S)
        with _log() as log:
            rig = OperatorRig(subject, log=log, node_cache=0, row_cache=1)
            for number, frame in enumerate(frames_of(rows, 3)):
                rig.send([frame])
                if number % 2:
                    rig.crash()
                else:
                    rig.checkpoint()
            rig.finish()
        _assert_same_as_in_order(subject, rows, rig, f"seed {seed}: ")


def check_each_row_late(operator: Operator) -> None:
    """Each row in turn comes last, when all windows are over and emitted."""
    subject = subject_of(operator)
    for seed in range(2):
        rows = made_rows(subject, Random(seed), 24, _NEAR_S)
        want = in_order(subject, rows).standing
        for late in rows:
            rig = OperatorRig(subject).send(frames_of([row for row in rows if row != late], 5))
            rig.wait(400.0, turns=3)
            rig.send([frame_of([late])]).finish()
            assert_same(want, rig.standing, f"seed {seed}, {late} late: ")  # type: ignore[attr-defined]


def check_each_row_alone(operator: Operator) -> None:
    """Rows come one by one from the newest to the oldest, each after the windows of those before were emitted."""
    subject = subject_of(operator)
    for seed in range(2):
        rows = made_rows(subject, Random(seed), 16, _NEAR_S)
        rig = OperatorRig(subject)
        for row in rows[::-1]:
            rig.send([frame_of([row])]).wait(130.0, turns=2)
        rig.finish()
        _assert_same_as_in_order(subject, rows, rig, f"seed {seed}: ")


def check_read_back(operator: Operator) -> None:
    """What has left memory, rows and windows, is read back for late rows, also when it went with the allowed lateness."""
    subject, timing = subject_of(operator), Timing(horizon=1800 * SECOND)
    for seed in range(2):
        random = Random(seed)
        rows = made_rows(subject, random, 300, _NEAR_S)
        late = sorted(rows, key=lambda row: row.time + (random.random() < 0.1) * random.random() * 1700e9)
        with _log() as log:
            rig = OperatorRig(subject, timing=timing, log=log, node_cache=0, row_cache=1, slow=seed)
            for frame in frames_of(late, 25):
                rig.send([frame])
                rig.wait(1.1)
                rig.checkpoint()
            rig.finish()
        assert rig.fetched > 0 and rig.counts["late"] == 0
        _assert_same_as_in_order(subject, rows, rig, f"seed {seed}: ")


def check_late_orders(operator: Operator) -> None:
    """Orders that cut minutes come when the minutes are long over, are moved and are void."""
    subject = subject_of(operator)
    for seed in range(4):
        random = Random(seed)
        rows = made_rows(subject, random, 60, _NEAR_S)
        times = [T0 + random.randrange(2400 * 8) * SECOND // 8 for _ in _ORDERS]
        told_of = (LINE1, LINE2, f"{LINE2}/saw", f"{LINE2}/drill") if seed % 2 else (LINE1,)
        orders = [
            said_row(random.choice(told_of), "@order", time, **said) for time, said in zip(times, _ORDERS, strict=True)
        ]
        rig = OperatorRig(subject).send(frames_of(rows, 9))
        for one in random.sample(orders, len(orders)):
            rig.wait(200.0, turns=2)
            rig.send([frame_of([one])])
        rig.finish()
        _assert_same_as_in_order(subject, in_time_order([*rows, *orders]), rig, f"seed {seed}: ")


_ORDERS = (
    {"order": "1", "phase": "start", "product": "A"},
    {"order": "2", "phase": "start", "product": "B"},
    {"order": "2", "phase": "void"},
    {"order": "1", "phase": "stop"},
    {"order": "3", "phase": "start", "product": "A"},
    {"order": "1", "phase": "start", "product": "A"},
)


def check_retraction(operator: Operator) -> None:
    """A row whose window an order took away has `retracted` 1 and nothing else; the rows of the others stand."""
    subject = subject_of(operator)
    rows = busy_rows(subject, minutes=30.0)
    void = said_row(LINE1, "@order", T0 + 1500 * SECOND, order="1", phase="void")
    rig = OperatorRig(subject).send(frames_of(rows, 400))
    rig.wait(300.0, turns=3)
    before = rig.standing
    rig.send([frame_of([void])]).finish()
    gone = before.keys() - rig.standing.keys()
    assert "order" not in operator.windows or any(key[3] == "order" for key in gone), "no window of an order went away"
    for key in gone:
        values = {name: np.frombuffer(bits)[0] for name, bits in rig.table[key].items() if not name.startswith(TEXT)}
        assert values.pop("retracted", 0.0) == 1.0, f"{key} is none any more, and does not say so"
        assert np.isnan(list(values.values())).all(), f"{key} is retracted, and has values: {values}"
    _assert_same_as_in_order(subject, in_time_order([*rows, void]), rig)


def check_odd_values(operator: Operator) -> None:
    """Not-a-number, infinities and the largest numbers come to the same bits in any order."""
    subject = subject_of(operator)
    for seed in range(8):
        random = Random(seed)
        rows = with_odd_values(random, made_rows(subject, random, 40, _NEAR_S))
        want = in_order(subject, rows).standing
        for arrival, size in ((rows[::-1], 50), (random.sample(rows, len(rows)), 3)):
            rig = OperatorRig(subject).send(frames_of(arrival, size)).finish()
            assert_same(want, rig.standing, f"seed {seed}: ")  # type: ignore[attr-defined]


def check_bad_quality(operator: Operator) -> None:
    """Rows of bad or stale quality count nothing: they could as well be of a tag that means nothing to anybody."""
    subject = subject_of(operator)
    if subject.is_raw:  # gives readings as they are
        return
    for seed in range(8):
        random = Random(seed)
        rows = [row._replace(quality=row.quality % 2) for row in made_rows(subject, random, 40, _NEAR_S)]
        bad, elsewhere = [], []
        for asset, tag in {(row.asset, row.tag) for row in rows if row.payload is None}:
            for number in range(3):
                time = T0 + random.randrange(1200) * SECOND + 500_000_001 + number
                mark, value = random.choice([_BAD, _STALE]), OFFERS[asset, tag](random, 3.0)
                bad.append(Row(asset, tag, time, value, mark))
                elsewhere.append(Row(asset, "loudness", time, value, mark))
        want = in_order(subject, in_time_order([*rows, *elsewhere])).standing
        assert_same(want, in_order(subject, in_time_order([*rows, *bad])).standing, f"seed {seed}: ")


def check_new_series(operator: Operator) -> None:
    """Series that begin while the line runs, so that its blocks widen, in whichever order they are first seen."""
    subject = subject_of(operator)
    filler = [Row(PRESS, f"level{k}_m", T0 + k * 40 * SECOND + 1, float(k)) for k in range(40)]
    for seed in range(2):
        random = Random(seed)
        rows = in_time_order([*made_rows(subject, random, 60, _NEAR_S), *filler])
        want = in_order(subject, rows).standing
        late = sorted(rows, key=lambda row: row.time + (random.random() < 0.2) * random.random() * 900e9)
        for arrival, size in ((rows, 1), (rows[::-1], 50), (late, 4)):
            rig = OperatorRig(subject).send(frames_of(arrival, size)).finish()
            assert_same(want, rig.standing, f"seed {seed}: ")  # type: ignore[attr-defined]


def check_beside_others(operator: Operator) -> None:
    """With every other operator beside it: what these keep and flag in the same rows changes no bit of its own."""
    alone = subject_of(operator)
    there = {one.name for one in alone.operators}
    others = [one for one in installed().values() if one.name not in there]
    beside = replace(alone, operators=(*others, *alone.operators))
    for seed in range(2):
        random = Random(seed)
        rows = made_rows(alone, random, 60, _NEAR_S)
        with _log() as log:
            rig = OperatorRig(beside, log=log, node_cache=0, row_cache=1)
            for number, frame in enumerate(frames_of(random.sample(rows, len(rows)), 5)):
                rig.send([frame]).wait(70.0)
                if number % 3:
                    rig.checkpoint()
                else:
                    rig.crash()
            rig.finish()
        assert_same(in_order(beside, rows).standing, rig.standing, f"seed {seed}: ")


def check_purity(operator: Operator) -> None:
    """The same rows give the same bits again: no clock, nothing that is kept from one run to the next."""
    subject = subject_of(operator)
    rows = made_rows(subject, Random(7), 60, _NEAR_S)
    assert_same(in_order(subject, rows).standing, in_order(subject, rows).standing)


def check_modes(operator: Operator) -> None:
    """Compiled and uncompiled, in a process of its own, its kernels give the same bits."""
    from tests.contracts.operator_digest import digest_of

    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if entry)])
    mode = {"NUMBA_DISABLE_JIT": "1", "COVERAGE_PROCESS_START": "", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.operator_digest", operator.name],
        cwd=ROOT,
        env=os.environ | mode,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.strip() == digest_of(operator), "compiled and uncompiled differ"


CHECKS: tuple[Callable[[Operator], None], ...] = (
    check_declaration,
    check_catalogue,
    check_windows,
    check_bounds,
    check_any_arrival,
    check_any_crash,
    check_cut_anywhere,
    check_restored_anywhere,
    check_each_row_late,
    check_each_row_alone,
    check_read_back,
    check_late_orders,
    check_retraction,
    check_odd_values,
    check_bad_quality,
    check_new_series,
    check_beside_others,
    check_purity,
    check_modes,
)

OF_WINDOWS = (
    check_declaration,
    check_catalogue,
    check_windows,
    check_any_arrival,
    check_any_crash,
    check_late_orders,
    check_retraction,
    check_beside_others,
)
"""What tells whether a metric that keeps nothing is read out whenever it is another one."""

OF_MEMORY = (
    check_declaration,
    check_catalogue,
    check_windows,
    check_bounds,
    check_any_crash,
    check_cut_anywhere,
)
"""What tells whether a metric that remembers and keeps nothing of rows does so by nothing but its state, and is heard of in time."""


def checks_of(operator: Operator) -> tuple[Callable[[Operator], None], ...]:
    """What an operator is held to. Derived metrics share one mechanism: what that promises is shown by those of the plant file, too."""
    is_derived = "asset.ties" in operator.parameters  # as all that `derived` makes
    if not is_derived:
        return CHECKS
    return OF_WINDOWS if operator.scan is None else OF_MEMORY
