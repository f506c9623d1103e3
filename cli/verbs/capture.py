"""Write the messages of a broker to a file as they come, for a while; as a guest that leaves nothing behind."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cli import options
from cli.answers.listening import Stay, guest_of, listen
from cli.supervisor import stop_on_signals
from cli.terminal import say
from fieldline.errors import SettingsError
from ingest.capture import to_line


def capture(
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="One JSON object a line; - is standard output.")
    ] = "-",
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    topic: options.Topics = None,
    seconds: options.Listen = None,
    messages: options.MostMessages = 1_000_000,
    size: options.MostBytes = 1 << 30,
    force: options.Force = False,
) -> None:
    """Listen, write, and say on stderr how much there was."""
    settings, stop = (
        options.load(config, ingest__mqtt=mqtt, ingest__subscribe=options.several(topic)),
        threading.Event(),
    )
    if out != "-" and Path(out).exists() and not force:
        raise SettingsError(f"capture: {out} exists; --force writes over it")
    stay = Stay(60.0 if seconds is None else seconds, messages, size)
    with guest_of(settings.ingest) as guest, _opened(out) as file, stop_on_signals(stop):
        heard = listen(guest, stay, lambda message: print(to_line(message), file=file), stop)
    ended = f"; ended early: {heard.ended}" if heard.ended else ""
    say(f"{heard.messages} messages, {heard.size} bytes of payload, in {heard.seconds:.1f} s{ended}")


@contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    if path == "-":
        yield sys.stdout
        return
    try:
        with open(path, "w", encoding="ascii") as file:
            yield file
    except OSError as error:  # also of what is written within the block, as on a full disk
        raise SettingsError(f"capture: can't write {path}: {error.strerror}") from error
