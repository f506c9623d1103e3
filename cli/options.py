"""Flags that several verbs share, and the settings that come of them."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fieldline.durations import parse_duration
from fieldline.moments import parse_moment
from fieldline.settings import Settings, load_settings


def duration(text: str) -> float:
    """The seconds that a flag's text stands for."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def moment(text: str) -> int:
    """The moment that a flag's text stands for [ns UTC]."""
    try:
        return parse_moment(text, time.time_ns())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="FIELDLINE_CONFIG",
        metavar="FILE",
        help="Settings in TOML; conf.d/*.toml beside it are read too.",
    ),
]
LogUrl = Annotated[
    str | None,
    typer.Option(
        "--log", metavar="URL", help="sqlite:PATH or kafka://host:port[,host:port]. [default: sqlite:fieldline.db]"
    ),
]
PlantFile = Annotated[
    str | None,
    typer.Option("--plant", metavar="FILE", help="Plant file in TOML; without one, names of topics and tags decide."),
]
Http = Annotated[
    str | None,
    typer.Option("--http", metavar="HOST:PORT", help="Answer /healthz, /readyz and /metrics there. [default: off]"),
]
RegistryFolder = Annotated[
    str | None, typer.Option("--registry", metavar="FOLDER", help="The folder of models. [default: registry]")
]
Mqtt = Annotated[str | None, typer.Option("--mqtt", metavar="URL", help="mqtt://host:port or mqtts://host:port.")]
PublishTo = Annotated[
    str | None, typer.Option("--to", "--mqtt", metavar="URL", help="The broker. [default: mqtt://127.0.0.1:1883]")
]
Subscribe = Annotated[
    list[str] | None,
    typer.Option("--subscribe", metavar="FILTER", help="MQTT topic filter; may be given again. [default: #]"),
]
ClientId = Annotated[
    str | None,
    typer.Option(
        "--client-id", help="The MQTT session's name; one for each ingest process. [default: fieldline-ingest]"
    ),
]
Share = Annotated[
    str | None, typer.Option("--share", metavar="GROUP", help="Share the subscription with other ingest processes.")
]
Influx = Annotated[
    str | None,
    typer.Option(
        "--influx", metavar="URL", help="http://host:port/BUCKET?org=ORG, or http://host:port/DATABASE?api=v1."
    ),
]
Store = Annotated[str | None, typer.Option("--store", metavar="PATH", help="The local store, an SQLite file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Utc = Annotated[bool, typer.Option("--utc", help="Show times in UTC, not in the site's zone.")]
JsonLogs = Annotated[bool, typer.Option("--json-logs", help="Log one JSON object a line instead of text.")]
Window = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="WINDOW",
        help="1m, 15m, 1h, day, week, month, shift or order. [default: the shift, else the hour; the order; a chart's cell; "
        "of demand the day, of a bill the month]",
    ),
]
From = Annotated[
    int | None,
    typer.Option("--from", parser=moment, metavar="TIME", help="2026-03-01, 2026-03-01T06:00Z, epoch seconds or -2h."),
]
To = Annotated[
    int | None, typer.Option("--to", parser=moment, metavar="TIME", help="As --from; exclusive. [default: now]")
]
TimeColumn = Annotated[str, typer.Option("--time", metavar="COLUMN", help="The file's column with the time.")]
TimeFormat = Annotated[
    str | None,
    typer.Option("--time-format", metavar="FORMAT", help="Such as '%d/%m/%Y %H:%M', where the file leaves doubt."),
]
TimeZone = Annotated[str, typer.Option("--time-zone", metavar="ZONE", help="IANA name; of times without an offset.")]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="FILTER", help="MQTT topic filter; may be given again. [default: #]"),
]
Listen = Annotated[
    float | None, typer.Option("--for", parser=duration, metavar="DURATION", help="How long to listen. [default: 60s]")
]
MostMessages = Annotated[int, typer.Option("--max-messages", min=1, help="Stop after so many messages.")]
MostBytes = Annotated[int, typer.Option("--max-bytes", min=1, help="Stop after so many bytes of payload.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that exists.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed is the same plant, day and faults.")]


def words(text: str | None) -> tuple[str, ...] | None:
    """The words of a comma-separated flag; None stays None."""
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def several(values: list[str] | None) -> tuple[str, ...] | None:
    """A flag that may be given again; None when it was not given at all."""
    return tuple(values) if values else None


def load(config: Path | None, **flags: Any) -> Settings:
    """The settings from the file, the environment and flags (`ingest__mqtt`: `ingest.mqtt`). Raises SettingsError."""
    named = {name.replace("__", "."): value for name, value in flags.items()}
    return load_settings(config, os.environ, named)
