"""What the demo's view shows, gathered from the log and the stages while they run."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from analysis.audit.committed import committed
from analysis.audit.lag import Lag, count_dead_letters, measure
from cli.demo.farm import Fields, FieldView
from fieldline.clock import Clock
from fieldline.health import Health
from fieldline.log import Log, Record, Stream
from fieldline.readable import metrics_in

_RATE_OVER_S = 2.0
_HOUR_NS = 3_600_000_000_000
_HOURS_KEPT = 48


class LineView(NamedTuple):
    """One line as the view shows it.

    Mean power of its last minute, energy since midnight, pieces since the start; OEE of the last whole hour, energy per good unit of
    the order that runs, and what that makes.
    """

    line: str
    power_kw: float | None
    energy_kwh: float | None
    good: float | None
    rejects: float | None
    oee: float | None
    kwh_per_good: float | None
    product: str


class _Newest:
    """Values of the newest window of each asset."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, float]] = {}

    def put(self, asset: str, time_ns: int, value: float | None) -> None:
        if value is not None and time_ns >= self._found.get(asset, (0, 0.0))[0]:
            self._found[asset] = time_ns, value

    def by_line(self, line_of: Callable[[str], str]) -> dict[str, float]:
        sums: dict[str, float] = defaultdict(float)
        for asset, (_, value) in self._found.items():
            sums[line_of(asset)] += value
        return sums


class _Growth:
    """How far each asset's counter has come since it was first seen."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, float]] = {}
        self._last = _Newest()

    def put(self, asset: str, time_ns: int, least: float | None, last: float | None) -> None:
        if least is None or last is None:
            return
        if time_ns <= self._first.get(asset, (time_ns, 0.0))[0]:
            self._first[asset] = time_ns, least
        self._last.put(asset, time_ns, last)

    def by_line(self, line_of: Callable[[str], str]) -> dict[str, float]:
        sums = self._last.by_line(line_of)
        for asset, (_, least) in self._first.items():
            sums[line_of(asset)] -= least
        return sums


class DemoState:
    """Call `refresh` some times a second, from one thread; the rest is there to be shown.

    lags, measured_s : how far the stages were, and when that was measured (on the monotonic clock) [s]
    plant_ns : the newest window start seen, which is how far the plant's time has come [ns UTC]
    fates : rows by what became of them (stored, duplicate, late, …), as of the last checkpoint
    rates : what the counters of the stages grow by [1/s], by counter name
    """

    def __init__(self, log: Log, line_of: Callable[[str], str], healths: Sequence[Health], clock: Clock) -> None:
        self.healths = list(healths)
        self.lags: list[Lag] = []
        self.measured_s = 0.0
        self.dead_letters = 0
        self.plant_ns = 0
        self.rates: dict[str, float] = {}
        self.totals: dict[str, float] = {}
        self.fates: dict[str, int] = {}
        self._log, self._line_of, self._clock = log, line_of, clock
        self._at = [0] * log.partitions(Stream.METRICS)
        self._power, self._energy, self._good, self._rejects = _Newest(), _Newest(), _Growth(), _Growth()
        self._per_good = _Newest()
        self._oee: dict[str, dict[int, float | None]] = defaultdict(dict)
        self._products: dict[str, tuple[int, str]] = {}
        self._fields = Fields()
        self._before: tuple[float, dict[str, float]] = clock.monotonic(), {}

    def refresh(self) -> None:
        """Take in what is new on the log and in the stages. Raises Unavailable."""
        self.measured_s = self._clock.monotonic()
        self.lags = measure(self._log)
        self.dead_letters = count_dead_letters(self._log)
        for partition, at in enumerate(self._at):
            for record in self._log.read(Stream.METRICS, partition, at):
                self._take(record)
                self._at[partition] = record.offset + 1
        self._count()
        self._account()

    def lines(self) -> list[LineView]:
        """Every line that was heard of, by name."""
        sources = (self._power, self._energy, self._good, self._rejects, self._per_good)
        power, energy, good, rejects, per_good = (source.by_line(self._line_of) for source in sources)
        return [
            LineView(
                name,
                power.get(name),
                energy.get(name),
                good.get(name),
                rejects.get(name),
                self._last_oee(name),
                per_good.get(name),
                self._products.get(name, (0, ""))[1],
            )
            for name in sorted({*power, *energy, *good, *rejects})
        ]

    def fields(self) -> list[FieldView]:
        """Every field of which a whole day is known, by name."""
        return self._fields.newest(self.plant_ns)

    def _last_oee(self, line: str) -> float | None:
        """OEE of the newest hour that lies behind; states last when no more is reported, samples don't."""
        hours = self._oee.get(line, {})
        over = [start for start in hours if start + _HOUR_NS <= self.plant_ns]
        return hours[max(over)] if over else None

    def _take(self, record: Record) -> None:
        batch = metrics_in(record)
        kind = (batch.schema.metadata or {}).get(b"kind", b"").decode()
        take = self._takers.get(kind)
        if take is None:
            return
        columns = {name: batch.column(name).to_pylist() for name in batch.schema.names if name != "time"}
        for i, time_ns in enumerate(batch.column("time").cast("int64").to_pylist()):
            if kind in ("energy", "telemetry"):
                self.plant_ns = max(self.plant_ns, time_ns)
            take({name: column[i] for name, column in columns.items()}, time_ns)

    @property
    def _takers(self) -> dict[str, Callable[[Mapping[str, Any], int], None]]:
        return {
            "energy": self._take_energy,
            "telemetry": self._take_telemetry,
            "oee": self._take_oee,
            "production_order": self._take_order,
            "soil_water": self._fields.take,
        }

    def _take_energy(self, row: Mapping[str, Any], time_ns: int) -> None:
        if row["window"] == "1m":
            self._power.put(row["asset"], time_ns, row["peak_demand_kw"])
        elif row["window"] == "day":
            self._energy.put(row["asset"], time_ns, row["active_energy_kwh"])

    def _take_telemetry(self, row: Mapping[str, Any], time_ns: int) -> None:
        counters = {"good_count": self._good, "reject_count": self._rejects}
        if row["window"] == "1h" and row["tag"] in counters:
            counters[row["tag"]].put(row["asset"], time_ns, row["min"], row["last"])

    def _take_oee(self, row: Mapping[str, Any], time_ns: int) -> None:
        line = row["asset"]
        if row["window"] == "1h" and line == self._line_of(line):
            hours = self._oee[line]
            hours[time_ns] = row["oee"]
            if len(hours) > _HOURS_KEPT:
                del hours[min(hours)]

    def _take_order(self, row: Mapping[str, Any], time_ns: int) -> None:
        line = row["asset"]
        if row["window"] == "order" and line == self._line_of(line):
            self._per_good.put(line, time_ns, row["energy_per_good_unit_kwh"])
            if time_ns >= self._products.get(line, (0, ""))[0]:
                self._products[line] = time_ns, row.get("product") or ""

    def _account(self) -> None:
        """Fates of the rows so far, as the process stage last wrote them down."""
        fates: dict[str, int] = defaultdict(int)
        for partition in range(len(self._at)):
            for counts in committed(self._log, partition).account.sources.values():
                for fate, count in counts.items():
                    fates[fate] += count
        self.fates = dict(fates)

    def _count(self) -> None:
        totals: dict[str, float] = defaultdict(float)
        for health in self.healths:
            for kind, name, _, value in health.series():
                if kind == "counter":
                    totals[name] += value
        now, (then, before) = self._clock.monotonic(), self._before
        self.totals = dict(totals)
        if now - then >= _RATE_OVER_S:
            self.rates = {name: (value - before.get(name, 0.0)) / (now - then) for name, value in totals.items()}
            self._before = now, dict(totals)
