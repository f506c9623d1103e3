"""A state that was made with other settings is adapted to those of now, as if the settings had come late.

Lines of which nothing else is said go on untouched. Of the others, slices whose rows the log still holds are run again, labels are put
anew, and what changes is emitted as a revision. What can't be computed again is left as it stands: an operator or a level of windows that
is new emits windows that begin after its first complete moment, and what a series measured in another unit is forgotten.
"""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Set as AbstractSet

import msgspec
import numpy as np

from fieldline.account import DAMAGED
from fieldline.errors import SettingsError
from fieldline.plant import Plant
from processing.checkpoint import Restored
from processing.derived.entries import kinds_of
from processing.derived.of_plant import operators_of
from processing.differences import OF_ROWS, ORDERS, ZONE, differences
from processing.kernels import layout as at
from processing.made_with import Adapted
from processing.metric_rows import levels_of, not_in
from processing.operator import Operator
from processing.relabelling import Flagged, Relabelling
from processing.timeline.engine import Engine


def adapt(engine: Engine, restored: Restored, offset: int, relieve: Callable[[], None] | None) -> list[Adapted]:
    """Adapt a state that was just restored to the engine's settings and to what the log still holds, and say what that does, by line.

    offset : from which on rows are read now; relieve() is called now and then: it may write a checkpoint, which says that it was made
    with the settings before; None: it is only found out what is to be done, and the engine is of no use then. Raises Unavailable.
    """
    engine.horizons.change(offset, engine.timing)
    engine.read_back.note_lost()
    damaged = [_damaged(engine, line) for line in engine.read_back.note_damaged()]
    if restored.made_with == engine.made_with:
        return damaged
    engine.registry.complete()
    adaptation = _Adaptation(engine, restored, relieve)
    engine.made_with = restored.made_with  # until it is done: should that end here, it is begun again
    adaptation.run()
    engine.made_with = adaptation.now
    return [*damaged, *adaptation.said()]


def _damaged(engine: Engine, line: int) -> Adapted:
    """What readings that can't be read any more do to a line."""
    kept_from = int(engine.tables.lines["kept_from"][line])
    return Adapted(engine.registry.lines[line], tuple(op.name for op in engine.operators), kept_from, (DAMAGED,))


_PORTION_BYTES = 32 << 20


class _Adaptation:
    def __init__(self, engine: Engine, restored: Restored, relieve: Callable[[], None] | None) -> None:
        self._engine, self._before, self.now = engine, restored.made_with, engine.made_with
        self._series, self._relieve = restored.series, relieve
        self._is_longer = engine.tables.lines["hold"] > restored.lines["hold"]
        self._operators = engine.operators
        self._lines = range(len(engine.registry.lines))
        self._was = self._plant_before()
        self._own_before = self._metrics_before()
        self._since: dict[int, int] = {}
        self._affected: dict[int, set[str]] = defaultdict(set)
        self._why: dict[int, set[str]] = defaultdict(set)

    def run(self) -> None:
        engine, before, now = self._engine, self._before, self.now
        fresh = [op for op in self._operators if before.operators.get(op.name) != now.operators[op.name]]
        said = differences(self._was, engine.plant, engine.registry)
        numbers = {name: number for number, name in enumerate(engine.registry.lines)}
        told = {numbers[line]: entries for line, entries in said.items()}
        relabelling = Relabelling(engine, self._was)
        for line in [line for line, entries in told.items() if ORDERS in entries]:
            relabelling.forget_orders(line)  # first: what is made of others goes by the same names
        # What has no rows is a memory of a metric of the plant's own, named for what it remembers: one of a new name is there because the
        # plant file says something else, by which its windows are flagged below, and the state goes through them. So it does with that of
        # lines beside a new metric of a file of its own, which is run again itself.
        kept = [op for op in fresh if op.kept is not None and (op.emits or op.name in before.operators)]
        self._run_again(told, kept)
        engine.windows.emit(everything=False)  # what others changed before goes out in full
        ids = engine.residency.flagged(0)
        relabelling.drop(ids[~np.isin(engine.tables.windows["level"][ids], engine.windows.kept_levels)])
        for line, entries in told.items():
            names = self._concerned(entries - OF_ROWS) | self._looked_at(entries)
            if names:
                self._note(line, names, entries, engine.standing.whole_from(line))
                self._flag(line, relabelling.relabel(line, entries), names)
        self._widen(fresh, relabelling)

    def _flag(self, line: int, flagged: Flagged, names: set[str]) -> None:
        """Flag windows, as many at once as may be in memory, and emit what comes of it of some operators."""
        if self._relieve is None:
            return
        engine, tables = self._engine, self._engine.tables
        order = np.argsort(tables.windows["start"][flagged.ids], kind="stable")
        size = max((_PORTION_BYTES >> int(tables.lines["shift"][line])) // tables.slices.row_bytes, 1)
        for first in range(0, max(len(order), 1), size):
            ids, flags = (column[order[first : first + size]] for column in flagged)
            of_slices = tables.windows["level"][ids] == at.SLICES
            for flag in np.unique(flags).tolist():
                for mine in (of_slices, ~of_slices):
                    engine.windows.flagging.flag_all(ids[mine & (flags == flag)], flag)
            own = [op for op in self._own_before if op.name in names]
            before = engine.windows.given_by(ids, own) if own else []
            engine.windows.emit(everything=False, only={line: frozenset(names)})
            if before:
                now = engine.windows.given(ids, {line: frozenset(op.name for op in own)})
                for rows in not_in(before, now):
                    engine.windows.retract_rows(rows)
            self._relieve()

    def _metrics_before(self) -> list[Operator]:
        """The plant's own metrics as they were defined, of kinds that there still are: rows of the others stand, as an operator's do."""
        there = {op.name for op in self._operators}
        try:
            found = operators_of(
                self._was,
                [op for op in self._operators if op.emits and op.name not in kinds_of(self._engine.plant)],
                remember=False,
            )
        except SettingsError:  # it was made by another version, or with operators that there are not now
            return []
        return [op for op in found if op.name in there]

    def said(self) -> list[Adapted]:
        """What was done, by line."""
        return [
            Adapted(
                self._engine.registry.lines[line],
                tuple(sorted(names)),
                self._since[line],
                tuple(sorted(self._why[line])),
            )
            for line, names in sorted(self._affected.items())
        ]

    def _plant_before(self) -> Plant:
        try:
            return Plant.of_document(self._before.plant)
        except msgspec.MsgspecError:  # of another version: nothing is known of it
            return Plant()

    def _concerned(self, entries: frozenset[str]) -> set[str]:
        """The operators whose figures entries of the plant file are part of."""
        if not entries:
            return set()
        names = {
            op.name
            for op in self._operators
            if entries & set(op.parameters)
            or ZONE in entries
            or ("calendar" in entries and "shift" in self.now.windows[op.name])
        }
        return self._with_readers(names)

    def _looked_at(self, entries: frozenset[str]) -> set[str]:
        """The operators that keep nothing and look at entries when they read out, whatever others run rows with them."""
        return {op.name for op in self._operators if op.kept is None and entries & set(op.parameters)}

    def _with_readers(self, names: set[str]) -> set[str]:
        """Operators, and those whose figures are made of theirs."""
        for _ in self._operators:
            names |= {op.name for op in self._operators if names & {*op.needs, *(one.name for one in op.memories)}}
        return names

    def _note(self, line: int, names: set[str], why: AbstractSet[str], since: int) -> None:
        self._affected[line] |= names
        self._why[line] |= why
        self._since[line] = max(since, self._since.get(line, at.NONE))

    def _run_again(self, told: dict[int, frozenset[str]], fresh: list[Operator]) -> None:
        """Have slices of lines run again whose rows mean something else, or that an operator has not seen."""
        for line in self._lines:
            entries = told.get(line, frozenset()) & OF_ROWS
            new = [op for op in fresh if self._sees(op, line, entries)]
            concerned = self._concerned(entries) | self._with_readers({op.name for op in new})
            if concerned:
                whole = self._engine.standing.whole_from(line)
                since = self._begin(line, new)
                self._engine.again.add(line, since, concerned, fills=bool(self._is_longer[line]))
                if whole != at.NONE:
                    since += int(self._engine.tables.lines["hold"][line]) if new else 0
                why = entries | {f"operator {op.name}" for op in new}
                self._note(line, concerned, why, since if whole != at.NONE else at.NONE)

    def _sees(self, op: Operator, line: int, entries: frozenset[str]) -> bool:
        """Whether a line has anything for an operator that is new."""
        if op.is_needed is not None and not op.is_needed(self._was):  # the plant file is why it is there now
            return bool(entries & set(op.parameters))
        series = self._engine.tables.series
        return not op.roles or bool(np.isin(series["role"][series["line"] == line], list(op.roles)).any())

    def _begin(self, line: int, fresh: list[Operator]) -> int:
        """Prepare a line for being run again; from when on it is [ns UTC]."""
        engine = self._engine
        lines, whole = engine.tables.lines, engine.standing.whole_from(line)
        slices = engine.residency.between(line, at.SLICES, whole, at.FAR)
        windows = engine.tables.windows
        since = int(windows["start"][slices[-1]]) if len(slices) else max(int(lines["watermark"][line]), whole)
        if whole != at.NONE:
            for op in fresh:
                engine.standing.begin(line, since + int(lines["hold"][line]), op.name)
        renewed = self._renewed(line)
        if not renewed:
            return since
        return self._forget_measured(line, slices, renewed, whole != at.NONE)

    def _renewed(self, line: int) -> list[tuple[int, str, np.ndarray]]:
        """What is to be forgotten of a line: slot, field of its state, and rows of series that measure something else now."""
        before = self._series
        now = self._engine.tables.series[: len(before)]  # one that is calculated since has measured nothing
        mine = now["line"] == line
        found = []
        for slot in self._engine.tables.slots:
            if slot.key != self._before.operators.get(slot.operator.name):
                continue
            roles = sorted(slot.operator.roles)
            was, role = (np.where(np.isin(each["role"], roles), each["role"], 0) for each in (before, now))
            other = (was != role) | ((before["scale"] != now["scale"]) & (role != 0))
            other |= (before["is_interval"] != now["is_interval"]) & (role != 0)
            rows = now["local"][mine & other]
            if len(rows):
                found += [(slot.number, field, rows) for field in slot.operator.measured]
        return found

    def _forget_measured(
        self, line: int, slices: np.ndarray, renewed: list[tuple[int, str, np.ndarray]], is_cut_off: bool
    ) -> int:
        """Have series begin anew with the oldest of `slices`, which come newest first; from when on what comes of that is whole.

        is_cut_off : there was something before. Then what lies within the influence interval after it stands as it is, for samples
        before, which have another unit, have a part in it.
        """
        engine, tables = self._engine, self._engine.tables
        for number, field, rows in renewed:
            first = tables.slots[number].kept.state[field][0]
            tables.states[number][field][tables.lines["base"][line] + rows] = first
        if not len(slices):
            return int(tables.lines["watermark"][line])
        oldest = int(slices[-1])
        start, influence = int(tables.windows["start"][oldest]), int(tables.lines["influence"][line])
        until = start + influence if is_cut_off else start
        if self._relieve is None:
            return until
        touched = engine.residency.between(
            line, at.SLICES, start - influence - int(engine.tables.lines["slice"][line]), until
        )
        as_were = tables.windows[touched].copy()
        engine.residency.make_resident(slices[-1:])
        for number, field, rows in renewed:
            first = tables.slots[number].kept.state[field][0]
            tables.slices.arrays[2 * number + 1][field][tables.windows["block"][oldest] + rows] = first
        tables.windows["flags"][oldest] |= at.CHANGED
        if is_cut_off:
            numbers = slices[tables.windows["start"][slices] < until][::-1].tolist()
            engine.reprocessing.run_slices({line: numbers}, every_row=False, fills=frozenset())
            engine.residency.revert(touched, as_were)
        return until

    def _widen(self, fresh: list[Operator], relabelling: Relabelling) -> None:
        """Make and emit what is wanted now and was not: levels of windows, and figures that are made of windows alone."""
        engine, before = self._engine, self._before
        new = {
            op.name: _levels({*self.now.windows[op.name]} - {*before.windows.get(op.name, ())})
            for op in self._operators
            if op not in fresh or op.kept is None
        }
        levels = set[int]().union(*new.values())
        made = levels - _levels({name for names in before.windows.values() for name in names})
        names = {name for name, mine in new.items() if mine}
        for line in self._lines if names else ():
            since = engine.standing.whole_from(line)
            if since != at.NONE:
                for level in made:
                    engine.standing.begin(line, since, level=level)
            ids = relabelling.windows_of(line, since)
            wanted = np.isin(engine.tables.windows["level"][ids], list(levels))
            self._note(line, names, frozenset({"windows"}), since)
            self._flag(line, Flagged(ids, at.SPREAD | np.where(wanted, at.EMIT, 0)), names)


def _levels(windows: AbstractSet[str]) -> set[int]:
    """The levels whose rows are emitted as these windows."""
    return set[int]().union(*(levels_of(name) for name in windows))
