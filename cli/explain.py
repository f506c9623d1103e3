"""`fieldline explain`: one figure taken apart, from the raw readings on the log to the row that was stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options

if TYPE_CHECKING:
    from cli.explained import Explained, Query


class Explainable(StrEnum):
    """The kinds of figures that can be taken apart."""

    OEE = "oee"
    LOSSES = "losses"
    QUALITY = "quality"
    ORDER = "order"
    ENERGY = "energy"
    SPC = "spc"


At = Annotated[
    int,
    typer.Option(
        "--at", parser=options.moment, metavar="TIME", help="A moment in the window; as --from of query, or -2h."
    ),
]
Window = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="WINDOW",
        help="1m, 15m, 1h, day, week, month, shift or order. [default: the shift, else the hour; the order; a chart's cell]",
    ),
]


def explain(
    kind: Annotated[Explainable, typer.Argument(help="What to explain.", show_default=False)],
    asset: Annotated[str, typer.Option("--asset", metavar="PATH", help="The machine or line.")],
    at: At,
    window: Window = None,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The tag; of spc.")] = "",
    readings: Annotated[
        int, typer.Option("--readings", min=1, help="Rows shown of each series, at either end of the window.")
    ] = 3,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Print a window's figures with formula, inputs and the readings behind them, and work them out once more."""
    from cli.explained import Asked
    from fieldline.errors import SettingsError

    if kind is Explainable.SPC and not tag:
        raise SettingsError("explain: spc is about one tag; name it with --tag")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(kind.value, asset, tag if kind is Explainable.SPC else "", at, window)
    with taken_apart(settings, influx or store, asked) as found:
        from cli.explain_document import document
        from cli.explain_view import print_document
        from cli.output import print_json

        told = document(found, readings, settings.plant)
        if json:
            print_json(told)
        else:
            print_document(told)


@contextmanager
def taken_apart(settings: Any, source: str | None, asked: Any) -> Iterator["Explained"]:
    """The figure that is asked for, taken apart, with the log open. source : where results lie if that was told."""
    import time

    from cli.explained import explain as take_apart
    from cli.logs import existing
    from cli.output import progress
    from cli.wiring import plant_of

    plant = plant_of(settings)
    query = results_of(settings, source)
    with existing(settings.log) as opened, progress("reading the log", None) as advance:
        yield take_apart(opened, plant, query, asked, time.time_ns(), advance)


def results_of(settings: Any, source: str | None, is_below: bool = False) -> "Query":
    """How rows of a kind are asked for, wherever they lie; is_below: those of all paths below the one that is asked for."""
    from cli.logs import results_path
    from delivery import query as results

    deliver = settings.deliver
    chosen = source or deliver.store or deliver.influx or results_path(settings.log)
    token = ""
    if chosen.startswith(("http://", "https://")):
        from delivery.influx_sink import influx_token

        token = influx_token(deliver)

    def rows(kind: str, asset: str, window: str, start: int, stop: int) -> list[dict[str, Any]]:
        frame = results.query(
            kind,
            _literal(asset) + ("/*" if is_below else ""),
            window,
            start,
            stop,
            source=chosen,
            token=token,
            timeout_s=deliver.timeout_s,
        )
        times = frame["time"].dt.epoch("ns").to_list()
        return [{**row, "time": time} for time, row in zip(times, frame.to_dicts(), strict=True)]

    return rows


def _literal(asset: str) -> str:
    """A glob that only this asset matches."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in asset)
