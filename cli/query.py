"""`fieldline query`: metrics out of the local store or InfluxDB, as a table or JSON."""

from typing import Annotated, Any

import typer

from cli import options


def query(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="reading, telemetry, energy, oee, …")],
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Assets that match; * crosses levels.")] = "*",
    tag: Annotated[str, typer.Option("--tag", metavar="GLOB", help="Tags that match.")] = "*",
    window: Annotated[
        str | None,
        typer.Option(
            "--window", metavar="WINDOW", help="1s, 1m, 15m, 1h, day, week, month, shift or order. [default: all]"
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="NAME=GLOB",
            help="A label or a text field that matches, such as shift=early; may be given again.",
        ),
    ] = None,
    start: options.From = None,
    stop: options.To = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows by time.")] = None,
    taken_back: Annotated[
        bool, typer.Option("--taken-back", help="Also rows of orders that were corrected away (retracted is 1).")
    ] = False,
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Print metrics. Reads --influx if given, else --store, else the local store beside the log."""
    from cli.logs import results_path
    from cli.output import print_json
    from delivery import query as results
    from fieldline.catalogue import KINDS
    from fieldline.errors import SettingsError
    from fieldline.tables import nearest
    from processing.operators import WINDOWS

    if kind not in KINDS:
        raise SettingsError(f"query: expected a kind of {', '.join(KINDS)}, got {kind!r}{nearest(kind, KINDS)}")
    if start is not None and stop is not None and start >= stop:
        raise SettingsError("query: --from must be before --to")
    if window is not None and window not in WINDOWS:
        raise SettingsError(f"query: expected a window of {', '.join(WINDOWS)}, got {window!r}")
    settings = options.load(config, log=log, deliver__influx=influx, deliver__store=store)
    deliver = settings.deliver
    chosen = (influx or store) or deliver.store or deliver.influx or results_path(settings.log)
    token = _token(deliver) if chosen.startswith(("http://", "https://")) else ""
    found = results.query(
        kind,
        asset,
        window,
        start,
        stop,
        source=chosen,
        tag=tag,
        where=_conditions(where or []),
        token=token,
        limit=limit,
        taken_back=taken_back,
        timeout_s=deliver.timeout_s,
    )
    rows = _rows(found)
    if json:
        print_json(rows)
    else:
        _print(rows)


def _conditions(where: list[str]) -> dict[str, str]:
    from fieldline.errors import SettingsError

    found: dict[str, str] = {}
    for text in where:
        name, equals, glob = text.partition("=")
        if not equals or not name or name in found:
            raise SettingsError(f"query: --where is NAME=GLOB, each name once, such as shift=early; got {text!r}")
        found[name] = glob
    return found


def _token(deliver: Any) -> str:
    from delivery.influx_sink import influx_token

    return influx_token(deliver)


def _rows(frame: Any) -> list[dict[str, Any]]:
    """Rows with ISO times; a column that no row has a value in is left out of identity, and null elsewhere."""
    from cli.moments import iso

    times = frame["time"].dt.epoch("ns").to_list()
    absent = [name for name in ("tag", "window") if frame[name].is_null().all()]
    rows = frame.drop("time", *absent).to_dicts()
    return [{"time": iso(time), **row} for time, row in zip(times, rows, strict=True)]


def _print(rows: list[dict[str, Any]]) -> None:
    from cli.output import print_table

    if not rows:
        typer.echo("no rows")
        return
    columns = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    print_table(columns, [[row[name] for name in columns] for row in rows])
