"""Report again what was reported wrongly: states, orders, counts, meters, readings, prices.

Nothing is changed or deleted. A correction is one more event on the log, of the time that it is about; the windows that it
changes are emitted again with a higher `rev`. Of two events of one kind, asset and time the one entered last counts, so a
correction is withdrawn by another one.
"""

import re
from enum import StrEnum
from math import isfinite
from typing import Annotated
from zoneinfo import ZoneInfoNotFoundError

import typer

from cli import options
from cli.answers.correct import Event, publish
from cli.answers.meters import publish_of_meter, publish_of_reading
from cli.report import tell
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import PayloadError, SettingsError
from fieldline.event_kinds import LONGEST_AMOUNT_S, VOID, WITHDRAWN
from fieldline.moments import Moment, iso, parse_moment
from fieldline.states import state_names
from fieldline.tables import nearest
from ingest.times import parse_iso

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Asset = Annotated[str, typer.Option("--asset", metavar="PATH", help="The machine that it is about.")]
_At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="2026-03-01T06:00, 2026-03-01T06:00Z, epoch seconds, now or -2h.")
]
_Reason = Annotated[str | None, typer.Option("--reason", help="Why, as Pareto counts it.")]
_Why = Annotated[str | None, typer.Option("--reason", help="Why, for the record: it stays on the log.")]
_Tag = Annotated[str, typer.Option("--tag", metavar="TAG", help="The tag that it is about.")]
MINUTE_NS = 60_000_000_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?P<clock>[Tt ].*)?")


class Phase(StrEnum):
    """What an event says of an order."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    VOID = "void"


@app.callback()
def _group() -> None: ...


@app.command()
def state(
    asset: _Asset,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="When the state began; as --until.")],
    until: Annotated[
        str,
        typer.Option("--until", metavar="TIME", help="2026-03-01T06:00, 2026-03-01T06:00Z, epoch seconds, now or -2h."),
    ],
    name: Annotated[str, typer.Option("--state", metavar="STATE", help="producing, changeover, down, break, …")],
    reason: _Reason = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Say what state a machine was in, from a time until a time."""
    settings = options.load(config, log=log, plant=plant, ingest__mqtt=to)
    the_plant = plant_of(settings)
    if the_plant.state_of(name) is None:
        hint = nearest(name.lower(), state_names())
        raise SettingsError(f"correct: --state is a state such as producing, changeover or down, got {name!r}{hint}")
    now_ns = SystemClock().now_ns()
    start_ns, until_ns = (_moment(*flag, time_zone, now_ns) for flag in (("--from", start), ("--until", until)))
    if until_ns // 1_000_000 <= start_ns // 1_000_000:
        raise SettingsError(f"correct: --until must be after --from, got {iso(until_ns)} and {iso(start_ns)}")
    longest_s = the_plant.asset_info(asset).state_max_gap_s
    if until_ns - start_ns > longest_s * 1e9:
        raise SettingsError(
            f"correct: a state holds for {longest_s / 3600:g} h at most (state_max_gap_s of {asset}), so say a longer time in "
            f"several parts; got {iso(start_ns)} and {iso(until_ns)}"
        )
    # Processing reads `until` to the millisecond.
    attributes = {"state": name, "until": iso(until_ns // 1_000_000 * 1_000_000), "reason": reason}
    correction = Event(asset, Moment(start_ns, time_zone), "correction", attributes)
    tell(publish(correction, now_ns, settings), as_json=json)


@app.command()
def order(
    line: Annotated[
        str,
        typer.Option(
            "--line",
            "--machine",
            metavar="PATH",
            help="The line that it is about, or the machine, where those of a line take orders each for itself.",
        ),
    ],
    at: _At,
    number: Annotated[str, typer.Option("--order", metavar="ID", help="The order.")],
    phase: Annotated[
        Phase,
        typer.Option("--phase", help="What it did; void: what was reported for this moment was a mistake."),
    ],
    product: Annotated[str | None, typer.Option("--product", metavar="NAME", help="What it makes.")] = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Say that an order began, paused, went on or ended, or that this was a mistake."""
    now_ns = SystemClock().now_ns()
    attributes = {"order": number, "product": product, "phase": phase.value}
    event = Event(line, Moment(_moment("--at", at, time_zone, now_ns), time_zone), "order", attributes)
    tell(publish(event, now_ns, options.load(config, log=log, ingest__mqtt=to)), as_json=json)


@app.command()
def count(
    asset: _Asset,
    at: _At,
    good: Annotated[
        int | None, typer.Option("--good", metavar="N", help="Good pieces more; negative for less.")
    ] = None,
    scrap: Annotated[int | None, typer.Option("--scrap", metavar="N", help="Scrapped pieces more.")] = None,
    rework: Annotated[int | None, typer.Option("--rework", metavar="N", help="Pieces more to be worked again.")] = None,
    reason: _Reason = None,
    station: Annotated[str | None, typer.Option("--station", help="Where they were found.")] = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Add good, scrapped or reworked pieces to what was counted, or take some off."""
    if good is None and scrap is None and rework is None:
        raise SettingsError("correct: expected --good, --scrap or --rework, got none of them")
    now_ns = SystemClock().now_ns()
    attributes = {"good": good, "scrap": scrap, "rework": rework, "reason": reason, "station": station}
    event = Event(asset, Moment(_moment("--at", at, time_zone, now_ns), time_zone), "count", attributes)
    tell(publish(event, now_ns, options.load(config, log=log, ingest__mqtt=to)), as_json=json)


@app.command()
def meter(
    asset: _Asset,
    tag: _Tag,
    at: _At,
    new: Annotated[
        float | None, typer.Option("--new", metavar="X", help="It was exchanged: the first reading of the new one.")
    ] = None,
    old: Annotated[float | None, typer.Option("--old", metavar="X", help="And the last one of the old one.")] = None,
    amount: Annotated[
        float | None,
        typer.Option("--amount", metavar="X", help="What it counted from --at until --until, whatever it showed."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="As --at; 25 h later at most.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was said of this moment.")] = False,
    reason: _Why = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    to: options.PublishTo = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Say that a register or counter was exchanged, or what it counted; in its tag's unit."""
    if (new is not None) + (amount is not None) + withdraw != 1:
        raise SettingsError("correct: expected one of --new (with --old), --amount (with --until) and --withdraw")
    if (amount is None) != (until is None) or (old is not None and new is None):
        raise SettingsError("correct: --until belongs to --amount, and --old to --new")
    _check_numbers({"--new": new, "--old": old, "--amount": amount})
    now_ns = SystemClock().now_ns()
    start_ns = _moment("--at", at, time_zone, now_ns)
    until_ns = _moment("--until", until, time_zone, now_ns) if until is not None else None
    if until_ns is not None:
        _check_span(start_ns, until_ns)
    attributes = {
        **{"tag": tag, "new": new, "old": old, "amount": amount, "reason": reason},
        "until": iso(until_ns) if until_ns is not None else None,
        "phase": VOID if withdraw else None,
    }
    settings = options.load(config, ingest__mqtt=to, log=log, plant=plant)
    event = Event(asset, Moment(start_ns, time_zone), "meter", attributes)
    tell(publish_of_meter(event, tag, now_ns, settings), as_json=json)


@app.command()
def reading(
    asset: _Asset,
    tag: _Tag,
    at: _At,
    value: Annotated[
        float | None, typer.Option("--value", metavar="X", help="What it should have said, in its tag's unit.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It is no reading at all.")] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="It is what it was: take back what was said of it.")
    ] = False,
    reason: _Why = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    to: options.PublishTo = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Correct the reading of a moment, or withdraw it; every figure that it is in is worked out again."""
    if (value is not None) + withdraw + restore != 1:
        raise SettingsError("correct: expected one of --value, --withdraw and --restore")
    _check_numbers({"--value": value})
    now_ns = SystemClock().now_ns()
    phase = WITHDRAWN if withdraw else VOID if restore else None
    attributes = {"tag": tag, "value": value, "phase": phase, "reason": reason}
    settings = options.load(config, ingest__mqtt=to, log=log, plant=plant)
    event = Event(asset, Moment(_moment("--at", at, time_zone, now_ns), time_zone), "reading", attributes)
    tell(publish_of_reading(event, tag, now_ns, settings), as_json=json)


@app.command()
def price(
    line: Annotated[str, typer.Option("--line", metavar="PATH", help="The line whose energy costs that.")],
    at: _At,
    amount: Annotated[
        float | None,
        typer.Option("--price", metavar="X", help="What a kWh costs from then on, in the tariff's currency."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="And until when; as --at.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="From then on it is the tariff's again.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was said of this moment.")] = False,
    reason: _Why = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Say what a kilowatt-hour of a line cost, or will cost, from a time on, by whole minutes."""
    if (amount is not None) + stop + withdraw != 1 or (until is not None and amount is None):
        raise SettingsError("correct: expected one of --price (with --until or without), --stop and --withdraw")
    _check_numbers({"--price": amount})
    now_ns = SystemClock().now_ns()
    start_ns = _moment("--at", at, time_zone, now_ns)
    until_ns = _moment("--until", until, time_zone, now_ns) if until is not None else None
    if until_ns is not None and until_ns <= start_ns:
        raise SettingsError(f"correct: --until must be after --at, got {iso(until_ns)} and {iso(start_ns)}")
    attributes = {
        "price_per_kwh": amount,
        "phase": "stop" if stop else VOID if withdraw else None,
        "from": iso(start_ns) if start_ns > now_ns else None,
        "until": iso(until_ns) if until_ns is not None else None,
        "reason": reason,
    }
    event = Event(line, Moment(min(start_ns, now_ns), time_zone), "price", attributes)
    tell(publish(event, now_ns, options.load(config, log=log, ingest__mqtt=to)), as_json=json)


def _check_numbers(flags: dict[str, float | None]) -> None:
    """Raises SettingsError for `nan` and `inf`."""
    for flag, number in flags.items():
        if number is not None and not isfinite(number):
            raise SettingsError(f"correct: {flag}: expected a number, got {number}")


def _check_span(start_ns: int, until_ns: int) -> None:
    """Raises SettingsError for a span that an amount can't have been counted in, by whole minutes."""
    minutes = until_ns // MINUTE_NS - start_ns // MINUTE_NS
    if not 0 < minutes * 60 <= LONGEST_AMOUNT_S or start_ns % MINUTE_NS or until_ns % MINUTE_NS:
        raise SettingsError(
            f"correct: --at and --until are whole minutes, the second later by 25 h at most (a longer time in several "
            f"parts, each with its own amount); got {iso(start_ns)} and {iso(until_ns)}"
        )


def _moment(flag: str, text: str, time_zone: str, now_ns: int) -> int:
    """A time as people write it. [ns UTC] Raises SettingsError."""
    dated = _DATE.fullmatch(text.strip())
    try:
        if dated is None:
            return parse_moment(text, now_ns)
        return parse_iso(text if dated["clock"] else f"{text.strip()}T00:00", time_zone)
    except PayloadError as error:
        raise SettingsError(f"correct: {flag}: {error.detail}") from error
    except ZoneInfoNotFoundError as error:
        raise SettingsError(
            f"correct: --time-zone: expected an IANA name such as Europe/Berlin, got {time_zone!r}"
        ) from error
    except ValueError as error:
        raise SettingsError(f"correct: {flag}: {error}") from error
