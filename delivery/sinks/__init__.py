"""Sinks: where metric rows end up.

One file is one sink and ends in `COMPONENT` (see `fieldline/components.py`); other distributions add theirs by the entry point group
`fieldline.sinks`. docs/adding.md has a worked example. A sink is safe to write to again: every row has an identity (kind, asset, tag,
window, time) and the newest write of it wins.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from delivery.lineprotocol import Levels
from delivery.rows import MetricRows
from fieldline import components
from fieldline.clock import Clock
from fieldline.errors import SettingsError, Unavailable
from fieldline.settings import DeliverSettings


class Rejected(NamedTuple):
    """A row that the sink will never take.

    payload : the row as it was offered
    reason : `unreadable`, `type_conflict`, `out_of_retention`, `refused` or `too_large`
    source_asset : whose row it was
    """

    payload: bytes
    reason: str
    detail: str
    source_asset: str


class Outcome(NamedTuple):
    """What became of the rows of one write: `stored` + len(`rejected`) + `empty` + `left` = rows offered.

    `empty` counts rows in which no value exists: there is nothing to store of them; `left` those of windows that stand, see `Standing`.
    """

    stored: int
    rejected: list[Rejected]
    empty: int
    left: int = 0


class SinkUnavailable(Unavailable):
    """The sink took nothing for now; writing the same rows again is right.

    `retry_after_s` is what the server asked for [s], None where it did not; `needs_operator` says that waiting alone
    will hardly help (a wrong token, a missing bucket), so that the stage asks more rarely and says so.
    """

    def __init__(self, message: str, retry_after_s: float | None = None, needs_operator: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.needs_operator = needs_operator


class SinkLost(SinkUnavailable):
    """What the sink had taken is gone: it is to be given everything again that the log still has."""


def never() -> bool:
    """The write may take as long as it needs."""
    return False


class Sink(Protocol):
    """Used by one thread."""

    group: str
    """The reader group whose offset says how far this sink has come: `deliver.influx`, `deliver.store`."""

    target: str
    """Where it writes, fit for a log line: never a secret in it."""

    def open(self) -> None:
        """Make ready, without asking a server. Raises SettingsError when it can never work; SinkUnavailable."""

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Store the rows durably, as far as the sink promises that, opening what is not open.

        `is_over` is asked between requests; when it says yes, the rest is given up as if the sink had gone away. Raises
        SinkUnavailable: nothing may be assumed then; SinkLost.
        """

    def close(self) -> None:
        """Let go of connections and files. Calling it again does nothing."""


@runtime_checkable
class Losable(Protocol):
    """A sink whose rows may go away unseen, as a file is deleted, and that can tell; others need not have these."""

    def mark(self) -> str:
        """A short text that stands for what the sink has taken so far, empty for nothing; it is kept beside the offset."""

    def has(self, mark: str) -> bool:
        """Whether the sink still has what it had taken when it gave the mark. Raises SinkUnavailable."""


@runtime_checkable
class Standing(Protocol):
    """A sink that can let rows stand that another log wrote, as a log that begins later can't work them out; others need not have these."""

    def let_stand(self, before_ns: int) -> str:
        """Let what it holds of windows that began before a time [ns UTC] stand; a name for that, empty where it holds nothing of them.

        From now on `write` leaves a row that is not newer than the newest of its series that stands.
        """

    def go_by(self, name: str) -> None:
        """Leave what `let_stand` gave a name, in an earlier process; empty: nothing stands for this log."""

    def release(self) -> None:
        """Let nothing stand any more, whatever log writes."""


@runtime_checkable
class Deriving(Protocol):
    """A sink that makes further rows of those that it takes, and appends them to the stream that they come from.

    It is one for all partitions: it takes nothing while another process holds some of them.
    """

    kinds: frozenset[str]
    """Of these it takes rows, but none of its own."""

    linger_s: float
    """Rows are gathered for so long, for many change what comes of the same windows."""

    def begin(self, turn: int) -> None:
        """Append from now on as holder number `turn` of the partitions, which is larger than that of any before. Raises Unavailable."""

    def missed(self) -> None:
        """Rows that it should have taken were removed from the stream before. Raises Unavailable."""


@runtime_checkable
class Certified(Protocol):
    """A sink that speaks TLS with a server; others need not have this."""

    @property
    def certificate_ends_s(self) -> float | None:
        """When the server's certificate ends [s since 1970]; None without TLS, or before the first answer."""


@dataclass(frozen=True)
class SinkComponent:
    """How a sink is made. `accepts` says whether the settings ask for it.

    A sink of another distribution is asked for by its name in `settings.sinks`, which says where it writes.
    """

    accepts: Callable[[DeliverSettings], bool]
    make: Callable[[DeliverSettings, Levels, Clock], Sink]


def sink_components() -> components.Components[SinkComponent]:
    """Every sink that is installed, by name."""
    return components.found(__name__, SinkComponent, group="fieldline.sinks")


def make_sinks(settings: DeliverSettings, levels: Levels, clock: Clock) -> list[Sink]:
    """The sinks that the settings ask for, one a URL.

    Raises SettingsError when they ask for none, or for one that is not installed.
    """
    known = sink_components()
    for name in settings.sinks:
        if not known.chosen(name, "$.deliver.sinks").accepts(settings):
            raise SettingsError(f"$.deliver.sinks.{name}: this sink has a setting of its own")
    wanted = [component for component in known.values() if component.accepts(settings)]
    if not wanted:
        raise SettingsError("deliver: expected an InfluxDB URL (--influx) or a local store (--store), got neither")
    return [component.make(settings, levels, clock) for component in wanted]
