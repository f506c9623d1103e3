"""Report again what was reported wrongly: states, orders, counts.

Nothing is changed or deleted. A correction is one more event on the log, of the time that it is about; the windows that it
changes are emitted again with a higher `rev`. Of two events of one kind, asset and time the one entered last counts, so a
correction is withdrawn by another one.
"""

import re
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfoNotFoundError

import typer

from cli import options
from cli.answers.correct import Event, publish
from cli.report import tell
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import PayloadError, SettingsError
from fieldline.moments import Moment, iso, parse_moment
from fieldline.states import state_names
from fieldline.tables import nearest
from ingest.times import parse_iso

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Asset = Annotated[str, typer.Option("--asset", metavar="PATH", help="The machine that it is about.")]
_At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="2026-03-01T06:00, 2026-03-01T06:00Z, epoch seconds or -2h.")
]
_Reason = Annotated[str | None, typer.Option("--reason", help="Why, as Pareto counts it.")]
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?P<clock>[Tt ].*)?")


class Phase(StrEnum):
    """What an event says of an order."""

    START = "start"
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
    if plant_of(settings).state_of(name) is None:
        hint = nearest(name.lower(), state_names())
        raise SettingsError(f"correct: --state is a state such as producing, changeover or down, got {name!r}{hint}")
    now_ns = SystemClock().now_ns()
    start_ns, until_ns = (_moment(*flag, time_zone, now_ns) for flag in (("--from", start), ("--until", until)))
    if until_ns // 1_000_000 <= start_ns // 1_000_000:
        raise SettingsError(f"correct: --until must be after --from, got {iso(until_ns)} and {iso(start_ns)}")
    # Processing reads `until` to the millisecond.
    attributes = {"state": name, "until": iso(until_ns // 1_000_000 * 1_000_000), "reason": reason}
    correction = Event(asset, Moment(start_ns, time_zone), "correction", attributes)
    tell(publish(correction, now_ns, settings), as_json=json)


@app.command()
def order(
    line: Annotated[str, typer.Option("--line", metavar="PATH", help="The line that it is about.")],
    at: _At,
    number: Annotated[str, typer.Option("--order", metavar="ID", help="The order.")],
    phase: Annotated[
        Phase, typer.Option("--phase", help="It began, it ended, or what was reported for this moment was a mistake.")
    ],
    product: Annotated[str | None, typer.Option("--product", metavar="NAME", help="What it makes.")] = None,
    time_zone: options.TimeZone = "UTC",
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Say that an order began or ended, or that this was a mistake."""
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
