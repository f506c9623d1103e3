"""Where results lie, and rows of them as dictionaries."""

from typing import Any, NamedTuple

from analysis.logs import results_path
from delivery.influx_sink import influx_token
from delivery.query import Only, Source, query
from fieldline.settings import Settings

Row = dict[str, Any]


class Results(NamedTuple):
    """A place that results can be read from."""

    source: Source

    def rows(
        self,
        kind: str,
        asset: str,
        window: str,
        start: int,
        stop: int,
        *,
        is_below: bool = False,
        is_glob: bool = False,
    ) -> list[Row]:
        """Rows of an asset's windows from `start` inclusive to `stop` exclusive [ns UTC], by time; each with its `time` in ns.

        is_below : those of all paths below the asset instead; is_glob : those of all paths that match it.

        Raises SettingsError, LogCorrupt, Unavailable.
        """
        glob = asset if is_glob else _literal(asset) + ("/*" if is_below else "")
        frame = query(kind, glob, window, start, stop, source=self.source)
        times = frame["time"].dt.epoch("ns").to_list()
        return [{**row, "time": time} for time, row in zip(times, frame.to_dicts(), strict=True)]

    def has_below(self, kind: str, asset: str, window: str) -> bool:
        """Whether any path below an asset has a row of a window. Raises SettingsError, LogCorrupt, Unavailable."""
        return bool(len(query(kind, f"{_literal(asset)}/*", window, source=self.source, only=Only(limit=1))))


def results_of(settings: Settings, asked: str | None = None) -> Results:
    """Which store is read: the one asked for, else the settings' store, else their InfluxDB, else the store beside the log."""
    deliver = settings.deliver
    source = asked or deliver.store or deliver.influx or results_path(settings.log)
    token = influx_token(deliver) if source.startswith(("http://", "https://")) else ""
    return Results(Source(source, token, deliver.timeout_s))


def _literal(asset: str) -> str:
    """A glob that only this asset matches."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in asset)
