"""Names and numbers: each line, asset, tag and series that a partition has seen has a small number of its own.

Numbers are given in the order of arrival; nothing that is emitted depends on them. What must not depend on the order of arrival
goes by *rank*: a number that ascends with a series' asset and tag (`ranks.py`).
"""

from collections import Counter
from itertools import islice, repeat
from math import nan
from typing import Any, NamedTuple

import numpy as np

from fieldline.frames import Readings
from fieldline.overflow import OVERFLOW
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.kept import first_of
from processing.kernels.places import PLACE, add_places, map_series
from processing.operators.raw import is_wanted
from processing.timeline import series_parameters as parameters
from processing.timeline.calendar import day_starts
from processing.timeline.charts import Charts
from processing.timeline.events import is_about_others, target_of
from processing.timeline.ranks import Ranks
from processing.timeline.shift_bounds import ShiftBounds
from processing.timeline.tables import Tables
from processing.vibration.features import FEATURES, WAVEFORM
from processing.view import DUE

TIE = "@tie"
"""A series without rows: it gives an asset a place that nothing need be heard of itself."""


class Budget(NamedTuple):
    """How many series a partition, and a line of it, may have. Names that are new beyond that get no number."""

    series: int = 1 << 31
    of_line: int = 1 << 31


UNBOUNDED = Budget()


class Registry:
    """The numbers of one partition, and its series with their parameters (`series_parameters.py`).

    allowed_lateness [ns]; raw : globs of series whose rows are emitted; roles : those that the operators are for.
    """

    def __init__(
        self,
        tables: Tables,
        plant: Plant,
        charts: Charts,
        *,
        allowed_lateness: int,
        raw: tuple[str, ...],
        roles: frozenset[int],
        budget: Budget,
    ) -> None:
        self._tables = tables
        self._plant = plant
        self._charts = charts
        self._allowed_lateness = allowed_lateness
        self._raw = raw
        self._roles = roles
        self.budget = budget
        self.overflow: Counter[str] = Counter()  # rows of series beyond the budget, by line
        self._counts: Counter[str] = Counter()  # series by line
        self._fullest = ""  # the line that has most
        self.lines: list[str] = []
        self.assets: list[str] = []
        self.tags: list[str] = []
        self.series: list[tuple[int, int]] = []
        self._line_numbers: dict[str, int] = {}
        self._asset_numbers: dict[str, int] = {}
        self._tag_numbers: dict[str, int] = {}
        self._series_numbers: dict[tuple[int, int], int] = {}
        self._zone_numbers: dict[str, int] = {}
        self.products: list[str] = [""]
        self._product_numbers: dict[str, int] = {"": 0}
        self._leads: dict[int, int] = {}
        self._locals: list[int] = []  # by series, its row in its line's blocks
        self._peers: dict[
            str, tuple[list[int], list[int]]
        ] = {}  # by line its assets, and those of them that may measure others
        self._code_rows: dict[tuple[tuple[float, int], ...], tuple[int, int]] = {}
        self._places = first_of(PLACE, series=-1)
        self._ranks = Ranks()
        self.shift_bounds = ShiftBounds(tables, plant)
        self._series_of: dict[int, list[int]] = {}  # by asset
        self._followers: dict[str, list[int]] = {}  # assets whose energy the states of an asset split
        self._told_on_change: set[int] = set()  # assets with state tags that may tell changes only
        self._machines: Counter[int] = Counter()  # that take orders of their own, by the asset that is their line
        self._lines_by_output: dict[str, list[int]] = {}
        self._lines_by_pacemaker: dict[str, list[int]] = {}

    def map_rows(self, frame: Readings) -> np.ndarray:
        """The series of each row, int32[n], -1 for one beyond the budget; series that are new get their numbers."""
        series = np.empty(len(frame.time), np.int32)
        if self._map(frame, series):
            unknown, width = series < 0, len(frame.tags)
            for pair in np.unique(frame.asset[unknown].astype(np.int64) * width + frame.tag[unknown]).tolist():
                self.series_of(frame.assets[pair // width], frame.tags[pair % width])
            self.settle()
            self._map(frame, series)
        return series

    def _map(self, frame: Readings, series: np.ndarray) -> int:
        assets, tags = (
            np.fromiter(map(numbers.get, names, repeat(-1)), np.int64, len(names))
            for names, numbers in ((frame.assets, self._asset_numbers), (frame.tags, self._tag_numbers))
        )
        return int(map_series(frame.asset, frame.tag, assets, tags, self._places, series))

    @property
    def zones(self) -> list[str]:
        """Time zones by their number."""
        return list(self._zone_numbers)

    def line_of(self, asset: str) -> str:
        """The name of an asset's line. Safe in any thread."""
        return self._plant.line_of(asset)

    def series_number(self, asset: str, tag: str) -> int:
        """The number of a series, -1 of one that nothing was heard of."""
        return self._series_numbers.get((self.asset_number(asset), self.tag_number(tag)), -1)

    def line_number(self, asset: str) -> int:
        """The number of an asset's line, -1 of one that nothing was heard of."""
        return self._line_numbers.get(self._plant.line_of(asset), -1)

    def asset_number(self, asset: str) -> int:
        """The number of an asset, -1 of one that nothing was heard of."""
        return self._asset_numbers.get(asset, -1)

    def tag_number(self, tag: str) -> int:
        """The number of a tag, -1 of one that nothing was heard of."""
        return self._tag_numbers.get(tag, -1)

    def series_of(self, asset: str, tag: str) -> int:
        """The number of a series, -1 for a new one beyond the budget; call `settle` after new ones."""
        known = self._asset_numbers.get(asset, -1), self._tag_numbers.get(tag, -1)
        found = self._series_numbers.get(known)
        if found is not None:
            return found
        line = self._plant.line_of(asset)
        if len(self.series) >= self.budget.series or self._counts[line] >= self.budget.of_line:
            return -1
        return self._add_series(asset, tag)

    def _add_series(self, asset: str, tag: str) -> int:
        a = self._number(asset, self.assets, self._asset_numbers)
        t = self._number(tag, self.tags, self._tag_numbers)
        found = self._series_numbers[(a, t)] = len(self.series)
        self.series.append((a, t))
        line = self._plant.line_of(asset)
        self._counts[line] += 1
        if self._counts[line] > self._counts[self._fullest]:
            self._fullest = line
        return found

    def count_overflow(self, frame: Readings, rows: np.ndarray) -> None:
        """Account for rows of a frame that are beyond the budget, by their line where it is known; rows : int64[n], their places."""
        assets, counts = np.unique(frame.asset[rows], return_counts=True)
        for code, count in zip(assets.tolist(), counts.tolist(), strict=True):
            line = self._plant.line_of(frame.assets[code])
            self.overflow[line if line in self._line_numbers else OVERFLOW] += count

    @property
    def concern(self) -> str:
        """What to say of series that come near the budget; empty: nothing."""
        line, most = self._fullest, self._counts[self._fullest]
        for count, limit, name in (
            (len(self.series), self.budget.series, ""),
            (most, self.budget.of_line, f" of {line}"),
        ):
            if count * 5 >= limit * 4:
                setting = "max_series_of_line" if name else "max_series"
                return f"{count} of {limit} series{name} ({setting}); fieldline doctor names the topics that make most"
        return ""

    @staticmethod
    def _number(name: str, names: list[str], numbers: dict[str, int]) -> int:
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = len(names)
            names.append(name)
        return found

    def settle(self) -> None:
        """Give new series their parameters and places, and a rank among all; a series takes the same time however many there are."""
        self._number_made(len(self._tables.series))
        self._settle()

    def complete(self) -> None:
        """After a restore: number the series that are made of others and that there were none of then."""
        self._number_made(0)
        self._settle()

    def _settle(self) -> None:
        tables, old = self._tables, len(self._tables.series)
        fresh = self.series[old:]
        if not fresh:
            return
        added = np.zeros(len(fresh), at.SERIES)
        for k, (a, t) in enumerate(fresh):
            for name, value in self._parameters(old + k, a, t).items():
                added[name][k] = value
        tables.append_series(added)
        tables.append_due(np.array([self._due(a, t) for a, t in fresh], DUE))
        names = [(self.assets[a], self.tags[t]) for a, t in fresh]
        for number, rank in self._ranks.add(names).items():
            tables.series["rank"][number] = rank
        self._settle_scopes()
        self._follow_states(old)
        self._show_life(old)
        self._group_by_asset(old)
        self._settle_ideal()
        self._settle_lines()
        self._settle_places(old)

    def _number_made(self, old: int) -> None:
        """Number what follows from series from number `old` on: features of waveforms, calculated series, and the assets tied to theirs.

        These have figures as soon as what they are tied to is heard of, whether they are then, later or never.
        """
        tied_to = self._plant.tied_to
        for a in {a for a, _ in self.series[old:] if self.assets[a] in tied_to}:
            for asset in tied_to[self.assets[a]]:
                self.series_of(asset, TIE)
        for a in [a for a, t in self.series[old:] if self.tags[t] == WAVEFORM]:
            for name in FEATURES:
                self.series_of(self.assets[a], name)
        for a, t in self.series[old:] if self._plant.has_formulas else ():
            asset, tag = self.assets[a], self.tags[t]
            for name, formula in self._plant.formulas(asset).items():
                if tag in formula.inputs:
                    self.series_of(asset, name)

    def _settle_scopes(self) -> None:
        """Whose orders hold for new assets. The machine that takes them has a number, though nothing of it itself may ever come."""
        tables, first, machines = self._tables, len(self._tables.scopes), list[int]()
        for asset in islice(self.assets, first, None):  # it grows meanwhile
            name = self._plant.order_machine(asset)
            machines.append(self._number(name, self.assets, self._asset_numbers) if name else -1)
            if name:
                self._number(self._plant.line_of(asset), self.assets, self._asset_numbers)
        added = np.repeat(first_of(at.SCOPE, next=-1), len(machines))
        added["machine"] = machines
        tables.append_scopes(added)
        for a in range(first, len(machines) + first):
            if machines[a - first] == a:
                line = self._asset_numbers[self._plant.line_of(self.assets[a])]
                tables.scopes["next"][a], tables.scopes["next"][line] = tables.scopes["next"][line], a
                self._machines[line] += 1
                tables.most_machines = max(tables.most_machines, self._machines[line])

    def _settle_places(self, old: int) -> None:
        """Give the series from number `old` on places where kernels find them."""
        of_series = self._tables.series
        if 2 * len(of_series) > len(self._places):
            self._places = np.repeat(first_of(PLACE, series=-1), 1 << (2 * len(of_series)).bit_length())
            old = 0
        add_places(old, of_series, self._places)

    def _parameters(self, series: int, a: int, t: int) -> dict[str, Any]:
        """What the SERIES record of a new series says; its line's record learns of it."""
        asset, tag = self.assets[a], self.tags[t]
        known, of_asset = self._plant.tag_info(asset, tag), self._plant.asset_info(asset)
        role = parameters.role_of(tag, known, self._roles)
        spans = parameters.spans_of(role, known, of_asset)
        line = self._line(asset)
        local = self._tables.add_series(line, series)
        self._locals.append(local)
        self._tables.has_corrections |= role == at.READING_EVENT
        self._tables.has_held |= role in (at.PRICE_EVENT, at.MODEL_EVENT, at.REPAIR_EVENT, at.SPRAY_EVENT)
        self._note_spans(line, role, spans)
        zone = int(self._tables.lines["zone"][line])
        day = int(self._tables.days[self._tables.zone_at[zone + 1] - 1])
        charted = None if tag.startswith("@") else known.spc
        chart, chart_size, chart_phase = self._charts.add(line, local, charted, day)
        codes, codes_end = self._codes(known.codes)
        target = self._series_numbers.get((a, self._tag_numbers.get(target_of(tag), -1)), -1)
        return parameters.declared(tag, role, known, of_asset) | {
            "line": line,
            "local": local,
            "asset": a,
            "tag": t,
            "is_raw": is_wanted(self._raw, asset, tag),
            "gap": spans.gap,
            "register_gap": spans.register_gap,
            "rhythm": spans.rhythm,
            "state_gap": spans.state_gap,
            "lead": self._leads.setdefault(a, local),
            "codes": codes,
            "codes_end": codes_end,
            "chart": chart,
            "chart_size": chart_size,
            "chart_phase": chart_phase,
            "bounds": self.shift_bounds.group(self.lines[line]) if known.starts_over == "shift" else zone,
            "target": self._locals[target] if target >= 0 else -1,
        }

    def _note_spans(self, line: int, role: int, spans: parameters.Spans) -> None:
        """Have a line's record know how far the samples of a new series reach."""
        of_line = self._tables.lines[line : line + 1]
        if spans.influence > of_line["influence"][0]:
            of_line["influence"], of_line["resident_since"] = spans.influence, at.FAR
        of_line["hold"] = np.maximum(of_line["hold"], spans.hold)
        of_line["is_cut"] |= role == at.ORDER_EVENT

    def _due(self, a: int, t: int) -> tuple[float, bool]:
        """The DUE of a series; whatever operators there are."""
        tag = self.tags[t]
        known = self._plant.tag_info(self.assets[a], tag)
        return nan if tag.startswith("@") else known.expected_rate_hz, known.may_rest

    def _codes(self, codes: tuple[tuple[float, int], ...]) -> tuple[int, int]:
        """Where a state tag's codes lie in `codes`; tags with the same ones share them."""
        if codes and codes not in self._code_rows:
            tables = self._tables
            first = len(tables.codes)
            tables.codes = np.concatenate([tables.codes, np.array(list(codes), at.CODE)])
            self._code_rows[codes] = first, len(tables.codes)
        return self._code_rows.get(codes, (0, 0))

    def _follow_states(self, old: int) -> None:
        """Tell the series from number `old` on, and those whose asset waited for one of them, whose states split their energy."""
        of_series = self._tables.series
        for number in range(old, len(of_series)):
            a = self.series[number][0]
            mine = self._series_of.setdefault(a, [])
            if not mine:
                # The asset's first series: from now on it has states that others may follow.
                leader = self._plant.asset_info(self.assets[a]).state_of or self.assets[a]
                self._followers.setdefault(leader, []).append(a)
                for follower in self._followers.get(self.assets[a], []):
                    of_series["state_row"][self._series_of.get(follower, [])] = self._state_row(follower)
            mine.append(number)
            of_series["state_row"][number] = self._state_row(a)

    def _show_life(self, old: int) -> None:
        """Tell the series from number `old` on, and those of assets of which one of them tells the state, how long a reading shows life."""
        of_series = self._tables.series
        asset, is_told = of_series["asset"][old:], of_series["state_gap"][old:] > 0
        first = set(asset[is_told].tolist()) - self._told_on_change
        self._told_on_change |= first
        shows = {number for number, a in enumerate(asset.tolist(), old) if a in self._told_on_change}
        for number in shows.union(*(self._series_of[a] for a in first)):
            a, t = self.series[number]
            of_series["life_gap"][number] = parameters.life_gap(
                self.tags[t], self._plant.tag_info(self.assets[a], self.tags[t])
            )

    def _state_row(self, a: int) -> int:
        """The first row of the asset whose states split an asset's energy; -1 when it was not seen in the line."""
        asset = self.assets[a]
        other = self._asset_numbers.get(self._plant.asset_info(asset).state_of or asset)
        if other is None or self._plant.line_of(self.assets[other]) != self._plant.line_of(asset):
            return -1
        return self._leads.get(other, -1)

    def order_machine(self, asset: str) -> int:
        """The number of the machine whose own orders hold for an asset that was heard of; -1: those of its line do."""
        number = self._asset_numbers.get(asset)
        return -1 if number is None else int(self._tables.scopes["machine"][number])

    def is_heard(self, asset: str) -> bool:
        """Whether anything came of an asset but events that are about what else comes."""
        return self._is_heard(self._asset_numbers.get(asset, -1))

    def is_line_heard(self, line: str) -> bool:
        """Whether any asset of a line is heard of."""
        return any(map(self._is_heard, self._peers.get(line, _NO_PEERS)[0]))

    def is_machine_heard(self, machine: str) -> bool:
        """Whether any asset of a machine that takes orders of its own is heard of."""
        a = self._asset_numbers.get(machine, -1)
        peers = self._peers.get(self._plant.line_of(machine), _NO_PEERS)[0]
        return any(self._is_heard(peer) for peer in peers if self._tables.scopes["machine"][peer] == a)

    def _is_heard(self, a: int) -> bool:
        return any(not is_about_others(self.tags[self.series[number][1]]) for number in self._series_of.get(a, ()))

    def tags_of(self, asset: str) -> list[str]:
        """The tags of an asset that are heard of, its events among them."""
        series = self._series_of.get(self._asset_numbers.get(asset, -1), ())
        return [self.tags[self.series[number][1]] for number in series]

    def peers_of(self, asset: str) -> list[str]:
        """The assets of an asset's line that are heard of, some hundreds at most."""
        peers = self._peers.get(self._plant.line_of(asset), _NO_PEERS)[0]
        return [self.assets[a] for a in peers[:500] if self._is_heard(a)]

    def product_of(self, name: str) -> int:
        """The number of a product, the column of `Plant.ideal_cycle_s` that is its."""
        found = self._product_numbers.get(name)
        if found is None:
            found = self._product_numbers[name] = len(self.products)
            self.products.append(name)
            self._settle_ideal()
        return found

    def _settle_ideal(self) -> None:
        """Make the table of ideal cycle times as large as there are assets and products."""
        tables = self._tables
        assets, products = tables.ideal_cycle_s.shape
        ideal = np.empty((len(self.assets) - assets, len(self.products)))
        for a in range(assets, len(self.assets)):
            ideal[a - assets] = [self._plant.ideal_cycle_s(name or None, self.assets[a]) for name in self.products]
        if products < len(self.products):
            fresh = self.products[products:]
            more = [[self._plant.ideal_cycle_s(name, asset) for name in fresh] for asset in self.assets[:assets]]
            wider = np.array(more, np.float64).reshape(assets, len(fresh))
            tables.ideal_cycle_s = np.concatenate([tables.ideal_cycle_s, wider], axis=1)
        tables.append_ideal(ideal)

    def _settle_lines(self) -> None:
        """Which asset's count is a line's output, which machine its pacemaker, and whose energy is a line's."""
        tables = self._tables
        known = len(tables.line_meter)
        entries = [self._plant.line_entry(name) for name in self.lines[len(tables.line_output) :]]
        outputs, pacemakers = [entry.output for entry in entries], [entry.pacemaker for entry in entries]
        tables.line_voids = np.append(tables.line_voids, [entry.is_void_between for entry in entries]).astype(bool)
        tables.line_output = self._named(outputs, known, tables.line_output, self._lines_by_output)
        tables.line_pacemaker = self._named(pacemakers, known, tables.line_pacemaker, self._lines_by_pacemaker)
        meters = [self._is_meter(asset) for asset in self.assets[known:]]
        tables.line_meter = np.append(tables.line_meter, np.array(meters, np.uint8))
        self._settle_feeders(known)

    def _named(
        self, names: list[str | None], known: int, of_line: np.ndarray, lines: dict[str, list[int]]
    ) -> np.ndarray:
        """Of lines the number of the asset that the plant file names for each, -1 without one.

        names : those of new lines; known : how many assets were known before; lines : by name, the lines that name it
        """
        for line, name in enumerate(names, len(of_line)):
            lines.setdefault(name or "", []).append(line)
        found = np.append(of_line, [self._asset_numbers.get(name or "", -1) for name in names]).astype(np.int64)
        for a in range(known, len(self.assets)):
            found[lines.get(self.assets[a], [])] = a
        return found

    def _settle_feeders(self, known: int) -> None:
        """Whose meter measures the assets from number `known` on, and which of those before these measure."""
        tables = self._tables
        tables.fed_by = np.append(tables.fed_by, np.full(len(self.assets) - known, -1))
        for a in range(known, len(self.assets)):
            peers, feeders = self._peers.setdefault(self._plant.line_of(self.assets[a]), ([], []))
            for feeder in feeders:
                self._feed(feeder, a)
            if self._plant.may_feed(self.assets[a]):
                feeders.append(a)
                for peer in peers:
                    self._feed(a, peer)
            peers.append(a)

    def _feed(self, feeder: int, fed: int) -> None:
        """Note that an asset's meter measures another; of several the nearest, else the first by path, whatever was heard of first."""
        if self._plant.feeds(self.assets[feeder], self.assets[fed]):
            before = self._tables.fed_by[fed]
            if before < 0 or self._is_nearer(self.assets[feeder], self.assets[before]):
                self._tables.fed_by[fed] = feeder

    def _is_nearer(self, feeder: str, other: str) -> bool:
        if self._plant.feeds(other, feeder) or self._plant.feeds(feeder, other):
            return self._plant.feeds(other, feeder)
        return feeder < other

    def _is_meter(self, asset: str) -> bool:
        declared = self._plant.line_entry(self._plant.line_of(asset)).meters
        return declared is None or asset in declared

    def _line(self, asset: str) -> int:
        name = self._plant.line_of(asset)
        if name not in self._line_numbers:
            zone, itself = self._zone(self._plant.time_zone(name)), self._number(name, self.assets, self._asset_numbers)
            entry = self._plant.line_entry(name)
            for declared in filter(None, (entry.output, entry.pacemaker)):
                # It may report long after the others: until then the line has no count, and not that of another machine.
                self._number(declared, self.assets, self._asset_numbers)
            slice_ns = self._plant.slice_ns(name)
            self._line_numbers[name] = self._tables.add_line(self._allowed_lateness, zone, itself, slice_ns)
            self.lines.append(name)
        return self._line_numbers[name]

    def _zone(self, name: str) -> int:
        if name not in self._zone_numbers:
            starts = day_starts(name)
            tables = self._tables
            self._zone_numbers[name] = len(tables.zone_at) - 1
            tables.days = np.concatenate([tables.days, starts])
            tables.zone_at = np.append(tables.zone_at, len(tables.days))
        return self._zone_numbers[name]

    def _group_by_asset(self, old: int) -> None:
        """For each asset, its rows within a block, in rank order."""
        tables, series = self._tables, self._tables.series
        rows = tables.asset_first[-1:]
        tables.asset_first = np.concatenate(
            [tables.asset_first, rows.repeat(len(self.assets) + 1 - len(tables.asset_first))]
        )
        if len(series) - old <= _FEW:
            for number in range(old, len(series)):
                self._insert_row(number)
            return
        by_rank = np.argsort(series["rank"])
        by_asset = by_rank[np.argsort(series["asset"][by_rank], kind="stable")]
        counts = np.bincount(series["asset"], minlength=len(self.assets))
        tables.asset_first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        tables.asset_rows = series["local"][by_asset]

    def _insert_row(self, number: int) -> None:
        tables, of_series = self._tables, self._tables.series
        a = int(of_series["asset"][number])
        before = [other for other in self._series_of[a] if other < number]
        place = int((of_series["rank"][before] < of_series["rank"][number]).sum())
        tables.asset_rows = np.insert(tables.asset_rows, tables.asset_first[a] + place, of_series["local"][number])
        tables.asset_first[a + 1 :] += 1

    def names(self) -> dict[str, Any]:
        """What a checkpoint keeps of the names."""
        return {"assets": self.assets, "tags": self.tags, "series": self.series, "products": self.products}

    def restore(self, names: dict[str, Any]) -> None:
        """Give all numbers again, in the same order, into empty tables."""
        for a in names["assets"]:
            self._number(a, self.assets, self._asset_numbers)
        for a, t in names["series"]:
            self._add_series(names["assets"][a], names["tags"][t])
        self._settle()
        for product in names["products"]:
            self.product_of(product)


_NO_PEERS: tuple[list[int], list[int]] = [], []

_FEW = 8  # series that are cheaper to insert one by one than to sort all
