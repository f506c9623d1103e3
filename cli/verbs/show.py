"""Show a window: where time went, why, a control chart, or what good units took.

`oee` and `pareto` of an area or a site are those of the lines below it, together. Figures come from --influx or --store, causes from
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

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that it can be shown for."""
        return (*WINDOWS, "order") if self is What.ENERGY else WINDOWS


def show(
    what: Annotated[What, typer.Argument(help="The loss waterfall, causes, a control chart, or energy per good unit.")],
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
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(plant_of(settings), results_of(settings, influx or store), asset, window, at, tag)
    with errors_in_utc(utc):
        shown = report(what.value, asked, settings.log)
    tell(shown, as_json=json, is_utc=utc)
