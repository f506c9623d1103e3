"""Show a window: where time went, why, a control chart, what good units took, or which machine holds a line back.

`oee` and `pareto` of an area or a site are those of the lines below it, together. `oee --against` compares with another window: what
availability, performance and quality each did to OEE. Figures come from --influx or --store, causes from
the log.
"""

from enum import StrEnum
from typing import Annotated

import typer

from analysis.overview.asked import WINDOWS, Asked
from analysis.results import results_of
from cli import options
from cli.answers.show import report
from cli.report import tell
from cli.terminal import errors_in_utc
from cli.wiring import plant_of
from fieldline.errors import SettingsError


class What(StrEnum):
    """What can be shown."""

    OEE = "oee"
    PARETO = "pareto"
    SPC = "spc"
    ENERGY = "energy"
    STATIONS = "stations"

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that it can be shown for."""
        return (*WINDOWS, "order") if self is What.ENERGY else WINDOWS


def show(
    what: Annotated[
        What,
        typer.Argument(help="The loss waterfall, causes, a control chart, energy per good unit, or a line's machines."),
    ],
    asset: Annotated[
        str,
        typer.Option("--asset", metavar="PATH", help="The machine or line; of oee and pareto also an area or a site."),
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
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The charted tag; of spc.")] = "",
    against: Annotated[
        int | None,
        typer.Option(
            "--against", parser=options.moment, metavar="TIME", help="A moment in a window to compare with; of oee."
        ),
    ] = None,
    demand: Annotated[
        float | None,
        typer.Option(
            "--demand", metavar="PIECES", min=0.0, help="Pieces wanted of the window, for the takt; of stations."
        ),
    ] = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Check what is asked for, then show it."""
    if what is What.SPC and not tag:
        raise SettingsError("show spc: it is about one tag; name it with --tag")
    if window is not None and window not in what.windows:
        raise SettingsError(f"show {what.value}: --window is one of {', '.join(what.windows)}; got {window!r}")
    if against is not None and what is not What.OEE:
        raise SettingsError(f"show {what.value}: --against is about oee")
    if demand is not None and what is not What.STATIONS:
        raise SettingsError(f"show {what.value}: --demand is about stations")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(plant_of(settings), results_of(settings, influx or store), asset, window, at, tag)
    with errors_in_utc(utc):
        shown = report(what.value, asked, settings.log, against=against, demand=demand)
    tell(shown, as_json=json, is_utc=utc)
