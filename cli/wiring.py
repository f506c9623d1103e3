"""The plant of the settings, and stages put under a supervisor."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cli.options import load
from cli.supervisor import Stage, Supervisor, stop_on_signals
from cli.terminal import say
from fieldline.health import READY, Health, HealthServer, configure_logging, serve
from fieldline.memory import share_heap
from fieldline.plant import Plant, load_plant
from fieldline.settings import Settings


class Part(NamedTuple):
    """One stage with its name and health."""

    name: str
    stage: Stage
    health: Health


def plant_of(settings: Settings) -> Plant:
    """The plant of the settings' file. Raises SettingsError."""
    return load_plant(Path(settings.plant) if settings.plant else None)


def started(json_logs: bool, config: Path | None, **flags: Any) -> Settings:
    """What every stage's process does first: check the settings, before any connection, and begin to log."""
    share_heap()
    settings = load(config, **flags)
    configure_logging(json_lines=json_logs)
    return settings


def run_parts(
    parts: Sequence[Part],
    http: str | None = None,
    ready: str | None = None,
) -> None:
    """Run until a signal, or until a stage ends by itself: that raises its reason. Call in the main thread.

    ready : printed once, when all stages are at work
    """
    stop = threading.Event()
    supervisor = Supervisor(stop, _said_once(ready, [part.health for part in parts]) if ready else None)
    for part in parts:
        supervisor.add(part.name, part.stage)
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        stack.enter_context(answering([part.health for part in parts], http))
        supervisor.run()


def _said_once(text: str, healths: Sequence[Health]) -> Callable[[], None]:
    waiting = [text]

    def look() -> None:
        if waiting and all(health.state in READY for health in healths):
            say(waiting.pop())

    return look


@contextmanager
def answering(healths: Sequence[Health], address: str | None) -> Iterator[HealthServer | None]:
    """Health over HTTP at HOST:PORT within this block; nothing without an address."""
    if address is None:
        yield None
        return
    host, _, port = address.rpartition(":")
    server = serve(healths, host.strip("[]"), int(port))
    try:
        yield server
    finally:
        server.close()
