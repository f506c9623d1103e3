"""Show a window: where time went, why, a chart, good units, machines, labour, demand, a bill; or sessions; a spectrum; a field.

`oee` and `pareto` of an area or a site are those of the lines below it, together. `oee --against` compares with another window: what
availability, performance and quality each did to OEE. `demand` and `bill` are of an asset, a line (its meters together), or the lines
of an area or a site. `sessions` of a tag are the runs of its readings between pauses. `spectrum` is of a machine's last waveform up to
--at: acceleration and envelope, with the lines of its bearing's faults. `field` is the water of a field's last days up to --at, and
what is advised. Figures come from --influx or --store; causes, sessions and spectra from the log.
"""

from enum import StrEnum
from math import isfinite, nan
from pathlib import Path
from typing import Annotated

import typer

from analysis.overview import bill, demand
from analysis.overview.asked import ALL_TIME, WINDOWS, Asked
from analysis.overview.sessions import Wanted
from analysis.results import results_of
from cli import options
from cli.answers import show_bill, show_demand
from cli.answers.sessions import report as sessions
from cli.answers.show import report
from cli.answers.show_field import report as field
from cli.answers.show_spectrum import report as spectrum
from cli.report import tell
from cli.terminal import errors_in_utc
from cli.wiring import plant_of
from fieldline.errors import SettingsError

_GAP_S = 300.0
"""As long as a sample holds where the plant file says nothing else."""


class What(StrEnum):
    """What can be shown."""

    OEE = "oee"
    PARETO = "pareto"
    SPC = "spc"
    ENERGY = "energy"
    STATIONS = "stations"
    DEMAND = "demand"
    BILL = "bill"
    LABOUR = "labour"
    SESSIONS = "sessions"
    SPECTRUM = "spectrum"
    FIELD = "field"

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that it can be shown for."""
        of = {
            What.ENERGY: (*WINDOWS, "order"),
            What.DEMAND: demand.WINDOWS,
            What.BILL: bill.WINDOWS,
            What.FIELD: ("day",),
        }
        return of.get(self, WINDOWS)


def show(
    what: Annotated[
        What,
        typer.Argument(
            help="Where time went, causes, a control chart, energy a good unit, machines, labour, demand, bill, sessions, spectrum, field."
        ),
    ],
    asset: Annotated[
        str,
        typer.Option(
            "--asset",
            metavar="PATH",
            help="The machine or line; of oee, pareto, demand and bill also an area or a site.",
        ),
    ],
    window: options.Window = None,
    at: Annotated[
        int | None,
        typer.Option(
            "--at",
            parser=options.moment,
            metavar="TIME",
            help="A moment in the window, or -2h. [default: its newest one]",
        ),
    ] = None,
    tag: Annotated[
        str, typer.Option("--tag", metavar="TAG", help="The tag; of spc and sessions. [default of spc: what it counts]")
    ] = "",
    against: Annotated[
        int | None,
        typer.Option(
            "--against", parser=options.moment, metavar="TIME", help="A moment in a window to compare with; of oee."
        ),
    ] = None,
    pieces: Annotated[
        float | None,
        typer.Option(
            "--demand", metavar="PIECES", min=0.0, help="Pieces wanted of the window, for the takt; of stations."
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            parser=options.duration,
            metavar="DURATION",
            help="5m to 1h; of demand. [default: the tariff's, 15m]",
        ),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option("--limit", metavar="KW", min=0.0, help="Not to be passed; of demand. [default: the tariff's]"),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(
            "--gap",
            parser=options.duration,
            metavar="DURATION",
            help="The longest pause within a session. [default: 5m]",
        ),
    ] = None,
    run_up: Annotated[
        str,
        typer.Option(
            "--run-up",
            metavar="RPM:RPM",
            help="Speed at the begin and at the end of the waveform, to show orders; of spectrum.",
        ),
    ] = "",
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it into FILE, .png or .svg; of spectrum.")
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option("--kept", metavar="FOLDER", help="Look there too, where `waveforms keep` wrote; of spectrum."),
    ] = None,
    start: options.From = None,
    stop: options.To = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Check what is asked for, then show it."""
    _check(what, window, tag)
    for name, value, of in (
        ("--against", against, What.OEE),
        ("--demand", pieces, What.STATIONS),
        ("--interval", interval, What.DEMAND),
        ("--limit", limit, What.DEMAND),
        ("--gap", gap, What.SESSIONS),
        ("--from", start, What.SESSIONS),
        ("--to", stop, What.SESSIONS),
        ("--run-up", run_up or None, What.SPECTRUM),
        ("--picture", picture, What.SPECTRUM),
        ("--kept", kept, What.SPECTRUM),
    ):
        if value is not None and what is not of:
            raise SettingsError(f"show {what.value}: {name} is about {of.value}")
    if interval is not None and interval not in demand.INTERVALS_S:
        known = ", ".join(f"{seconds // 60}m" for seconds in demand.INTERVALS_S)
        raise SettingsError(f"show demand: --interval is one of {known}; got {interval:g} s")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    model = plant_of(settings)
    if what is What.SESSIONS:
        gap_ns = int((_GAP_S if gap is None else gap) * 1e9)
        wanted = Wanted(asset, tag, start or 0, ALL_TIME if stop is None else stop, gap_ns)
        with errors_in_utc(utc):
            tell(sessions(wanted, model, settings.log), as_json=json, is_utc=utc)
        return
    if what is What.SPECTRUM:
        with errors_in_utc(utc):
            until = ALL_TIME if at is None else at
            drawn = spectrum(model, settings.log, asset, until, _speeds(run_up), picture, kept)
            tell(drawn, as_json=json, is_utc=utc)
        return
    asked = Asked(model, results_of(settings, influx or store), asset, window, at, tag)
    with errors_in_utc(utc):
        if what is What.DEMAND:
            shown = show_demand.report(asked, None if interval is None else round(interval), limit)
        elif what is What.BILL:
            shown = show_bill.report(asked)
        elif what is What.FIELD:
            shown = field(asked)
        else:
            shown = report(what.value, asked, settings.log, against=against, demand=pieces)
    tell(shown, as_json=json, is_utc=utc)


def _speeds(run_up: str) -> tuple[float, float] | None:
    """The two speeds of --run-up [r/min]."""
    if not run_up:
        return None
    try:
        begin, end = (float(text) for text in run_up.split(":"))
    except ValueError:
        begin = end = nan
    if not (begin > 0.0 and end > 0.0 and isfinite(begin + end)):
        raise SettingsError(f"show spectrum: --run-up: expected two speeds such as 600:1500, got {run_up!r}")
    return begin, end


def _check(what: What, window: str | None, tag: str) -> None:
    if what is What.SESSIONS and not tag:
        raise SettingsError("show sessions: it is about one tag; name it with --tag")
    if window is not None and window not in what.windows:
        raise SettingsError(f"show {what.value}: --window is one of {', '.join(what.windows)}; got {window!r}")
