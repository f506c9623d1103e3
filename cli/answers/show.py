"""A window shown: where time went, why, a control chart, what good units took, or a line's machines."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from analysis.logs import existing
from analysis.overview.asked import Asked, Shown
from analysis.overview.chart import points_of
from analysis.overview.labour import Labour, labour_of
from analysis.overview.oee import oee_of
from analysis.overview.oee_change import FACTORS, oee_change
from analysis.overview.pareto import Share, pareto_of
from analysis.overview.per_unit import per_unit_of
from analysis.overview.stations import stations_of
from analysis.results import Row
from analysis.rollup.effectiveness import RATIOS, OneWindow, RolledUp, by_reason
from cli.report import Column, Data, Note, Piece, Quantity, Report, Stretch, Table, View
from cli.report.bars import pareto, per_unit, waterfall
from cli.report.chart import by_memory, by_rule, chart
from cli.report.drawing import picture
from fieldline.clock import SystemClock


def report(what: str, asked: Asked, log: str, *, against: int | None = None, demand: float | None = None) -> Report:
    """What is shown of a window: `oee`, `pareto`, `spc`, `energy`, `stations` or `labour`.

    log : its URL; causes come from it. against : a time in a window that OEE is compared with [ns UTC]; demand : pieces wanted of a line
    """
    if what == "pareto":
        return Report(list(_pareto(asked, log)))
    if what == "stations":
        return Report(list(_stations(asked, demand)))
    if against is not None:
        return Report(list(_change(asked, against)))
    return Report(list({"oee": _oee, "spc": _chart, "energy": _energy, "labour": _labour}[what](asked)))


def head(shown: Shown) -> Iterator[Data]:
    """Which window it is."""
    names = {"asset": shown.asset, "window": shown.window, "shift": shown.shift or None}
    for name, value in {**names, "from": shown.start, "to": shown.end}.items():
        yield Data(name, value)


def _clock(asked: Asked) -> Iterator[Note]:
    """By whose clock lines together are shown, where they have several."""
    clock = asked.clock
    if clock.others:
        others = ", ".join(f"{line} ({asked.plant.time_zone(line)})" for line in clock.others)
        yield Note(
            f"times and shifts are those of {clock.path} ({asked.zone}); another zone or calendar holds for {others}"
        )


def named(shown: Shown, view: View) -> str:
    """The window in words."""
    return f"{_window(shown)} {view.stretch(shown.start, shown.end)}"


def _oee(asked: Asked) -> Iterator[Piece]:
    found = oee_of(asked)
    yield from head(found.shown)
    yield from _clock(asked)

    def draw(view: View) -> Any:
        title = f"{asked.asset}: where time went, {named(found.shown, view)}"
        # The reason names the lines; there is no room for them beside the bars.
        short = {"null_reason": "unknown, see below"} if found.together is not None else {}
        return waterfall(found.figures | short, found.figures, title)

    yield picture("figures", found.figures, draw)
    if found.between_orders:
        yield Data("between_orders_count", found.between_orders)
        yield Note(
            f"{found.between_orders:g} pieces were made between orders and have no ideal cycle: they have no part in performance, "
            "quality and OEE. Tell their order (fieldline correct order), or declare ideal_cycle_s; fieldline explain says when they "
            "were made"
        )
    if found.together is not None:
        window, rolled = found.together
        yield Data("lines", sorted(window.rows))
        yield Data("unknown", rolled.unknown)
        yield Data("resting", rolled.resting)
        yield Data("left_out", window.left_out)
        yield from map(Note, _told(rolled, window))


def _change(asked: Asked, against: int) -> Iterator[Piece]:
    """OEE in two windows, and what each of its factors did to it."""
    found = oee_change(asked, against)
    yield from head(found.now.shown)
    for name, value in {"against_from": found.before.shown.start, "against_to": found.before.shown.end}.items():
        yield Data(name, value)
    before, now = found.before.figures, found.now.figures
    rows = [
        {
            "figure": name,
            "before": Quantity(before[name], digits=3),
            "now": Quantity(now[name], digits=3),
            "part": Quantity(found.parts[name] if found.parts is not None and name in FACTORS else None, digits=3),
        }
        for name in (*FACTORS, "oee")
    ]
    if None not in (before["oee"], now["oee"]):
        rows[-1]["part"] = Quantity(now["oee"] - before["oee"], digits=3)
    columns = [Column("figure"), Column("before"), Column("now"), Column("part", heading="of the change of OEE")]
    was = found.before.shown
    yield Note("{}: {}, against {}", (asked.asset, _window(found.now.shown), Stretch(was.start, was.end)))
    yield Table("factors", columns, rows)
    yield Data("null_reason", found.null_reason)
    if found.null_reason is not None:
        yield Note(f"what each factor did can't be told: {found.null_reason}")


def _window(shown: Shown) -> str:
    return shown.shift or shown.window


def _stations(asked: Asked, demand: float | None) -> Iterator[Piece]:
    """The machines of a line, and which one holds it back."""
    found = stations_of(asked, demand)
    yield from head(found.shown)
    yield Note("{}, {} {}", (asked.asset, _window(found.shown), Stretch(found.shown.start, found.shown.end)))
    seconds = ("production_s", "waiting_s", "setup_s", "down_s")
    columns = [Column("station"), *(Column(name, heading=name.removesuffix("_s")) for name in seconds)]
    columns += [Column("busy"), Column("pieces"), Column("cycle_s", heading="cycle")]
    rows = [
        {
            **one._asdict(),
            **{name: Quantity(getattr(one, name), digits=0) for name in seconds},
            "busy": Quantity(one.busy, digits=3),
            "cycle_s": Quantity(one.cycle_s, digits=2),
        }
        for one in found.stations
    ]
    yield Table("stations", columns, rows, title="times in s")
    for name, value in {"bottleneck": found.bottleneck, "takt_s": found.takt_s, "balance": found.balance}.items():
        yield Data(name, value)
    if found.bottleneck is None:
        yield Note("no station holds the line back: none was to work, or none did")
    else:
        yield Note(f"{found.bottleneck} holds the line back: it waited the least for others")
    if found.takt_s is not None:
        yield Note(
            f"takt: {found.takt_s:.2f} s from piece to piece for {demand:g} pieces in the line's planned busy time"
        )


def _labour(asked: Asked) -> Iterator[Piece]:
    """What the shifts of a line made for the time of those who worked them."""
    found = labour_of(asked, SystemClock().now_ns())
    yield from head(found.shown)
    yield Note("{}, {} {}", (asked.asset, _window(found.shown), Stretch(found.shown.start, found.shown.end)))
    digits = {"workers": 1, "scheduled_h": 2, "attended_h": 1, "worked_h": 1, "worker_efficiency": 3}
    digits |= {"pieces_an_hour": 1, "good_a_worker_hour": 2}
    headings = {
        "worker_efficiency": "worked share",
        "pieces_an_hour": "pieces/h",
        "good_a_worker_hour": "good/worker h",
    }
    headings |= {"scheduled_h": "planned h", "attended_h": "worker h", "total": "pieces"}
    hidden = ("start", "crew", "worked_h")
    names = Labour._fields
    columns = [Column(name, heading=headings.get(name, ""), is_shown=name not in hidden) for name in names]
    rows = [
        {
            name: Quantity(value, digits=digits[name]) if name in digits else value
            for name, value in one._asdict().items()
        }
        for one in (*found.shifts, found.together)
    ]
    yield Table("shifts", columns, rows)
    yield Note("worked share: of the time that they were there, that in which the line produced or was set up")


def _told(rolled: RolledUp, window: OneWindow) -> Iterator[str]:
    """The figures, and which lines are unknown, rest or were left out, a sentence each."""
    figures = ", ".join(f"{_title(name)} {_percent(rolled.row[name])}" for name in RATIOS)
    count = len(window.rows)
    yield f"{count} line{'s' if count > 1 else ''} together: {figures}"
    if rolled.row["null_reason"]:
        yield f"unknown: {rolled.row['null_reason']}"
    if rolled.resting:
        yield f"without a share in OEE: {by_reason(rolled.resting)}"
    if window.left_out:
        yield f"left out, no row of the same window: {', '.join(window.left_out)}"


def _title(name: str) -> str:
    return name.upper() if name in ("oee", "teep") else name


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100.0 * ratio:.1f} %"


def _pareto(asked: Asked, log: str) -> Iterator[Piece]:
    with existing(log) as opened:
        found = pareto_of(asked, opened)
    yield from head(found.shown)
    yield from _clock(asked)
    # The window stands above the first picture only: beside a title there is no room for it.
    yield Note("{}, {} {}", (asked.asset, _window(found.shown), Stretch(found.shown.start, found.shown.end)))
    for name, shares, unit, key, of in (
        ("stops", found.stops, "s", "reason", "cause"),
        ("rejects", found.rejects, "pieces", "reason", "cause"),
        ("stations", found.stations, "pieces", "station", "station"),
    ):
        yield Note("")
        amount = "duration_s" if unit == "s" else unit
        rows = [{key: one.cause, amount: one.amount, "share": one.share, "cumulated": one.cumulated} for one in shares]
        title = f"{'stops' if name == 'stops' else 'rejects'} by {of}"
        yield picture(name, rows, partial(_bars, shares, title, unit, of))


def _bars(shares: Sequence[Share], title: str, unit: str, of: str, _view: View) -> Any:
    return pareto(shares, title, unit, of)


def _chart(asked: Asked) -> Iterator[Piece]:
    found = points_of(asked)
    yield from head(found.shown)
    for name, value in {"tag": found.tag or None, "chart": found.chart, "every": found.every}.items():
        yield Data(name, value)
    yield Data("against_a_rule", sum(map(by_rule, found.rows)))
    if found.tag:
        yield Data("beyond_ewma_or_cusum", sum(map(by_memory, found.rows)))
    else:
        yield Data("beyond_limits", sum(row.get("beyond_limits") == 1.0 for row in found.rows))

    def draw(view: View) -> Any:
        what = found.tag or "what it counts"
        title = f"{asked.asset}: {what}, {found.chart} of {found.every}, {named(found.shown, view)}"
        return chart(found.rows, view, title, field=found.field)

    yield picture("points", _plain(found.rows), draw)


def _energy(asked: Asked) -> Iterator[Piece]:
    """Energy per good unit of the day up to a time: by order and by shift, or by the window that is asked for."""
    yield Data("asset", asked.asset)
    yield from _clock(asked)
    for window, rows in per_unit_of(asked).items():
        yield _per_unit(asked.asset, window, rows)


def _per_unit(asset: str, window: str, rows: list[Row]) -> Piece:
    title = f"{asset}: energy per good unit by {window}"
    return picture(f"by_{window}", _plain(rows), lambda view: per_unit(rows, view, title))


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows without what only says where they are stored."""
    return [{name: value for name, value in row.items() if name not in ("asset", "retracted")} for row in rows]
