"""Say what a broker's devices send and how it would be read, and draft the plant file; as a guest that leaves nothing behind."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from analysis.discovery.survey import Survey
from cli import options
from cli.answers.discover import Source, draft, report
from cli.answers.listening import Stay, guest_of, listen
from cli.report import tell
from cli.supervisor import stop_on_signals
from cli.wiring import plant_of
from fieldline.errors import SettingsError
from fieldline.urls import shown
from ingest.capture import read_capture


def discover(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    topic: options.Topics = None,
    seconds: options.Listen = None,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A file of `fieldline capture`, in place of a broker.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write a draft of the plant file there.")
    ] = None,
    force: options.Force = False,
    plant: options.PlantFile = None,
    messages: options.MostMessages = 1_000_000,
    size: options.MostBytes = 1 << 30,
    json: options.Json = False,
) -> None:
    """Listen or read, then report; with --write also draft the plant file."""
    flags = {"ingest__mqtt": mqtt, "ingest__subscribe": options.several(topic), "plant": plant}
    settings, stop = options.load(config, **flags), threading.Event()
    if file is not None and mqtt is not None:
        raise SettingsError("discover: expected --mqtt or --from, not both")
    if write is not None and write.exists() and not force:
        raise SettingsError(f"discover: {write} exists; --force writes over it")
    survey = Survey(plant_of(settings), settings.ingest)
    if file is not None:
        source = Source(str(file))
        for message in read_capture(file):
            survey.take(message)
    else:
        stay = Stay(60.0 if seconds is None else seconds, messages, size)
        with guest_of(settings.ingest) as guest, stop_on_signals(stop):
            heard = listen(guest, stay, survey.take, stop)
        source = Source(shown(settings.ingest.mqtt), heard.seconds, heard.ended)
    survey.finish()
    if write is not None:
        draft(survey, source, write)
    tell(report(survey, source, write), as_json=json)
