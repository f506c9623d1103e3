"""Health: what every stage shows of itself: its state with the reason, counters and gauges, over HTTP and in the log.

Safe to use from several threads. States are logged when they change; counts never are. Label values come from a bounded
set: beyond 1,000 label sets of one name, further ones are counted together as `__overflow__`.
"""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fieldline.errors import SettingsError
from fieldline.memory import hidden

# Where rich is installed structlog imports it, for tracebacks that we do not print: 4 MB of each stage.
with hidden("rich"):
    import structlog

_MAX_LABEL_SETS = 1000
_LOOK_S = 0.25  # how often the server looks whether it is to end
_OVERFLOW = (("label", "__overflow__"),)
_Labels = tuple[tuple[str, str], ...]


class State(StrEnum):
    """What a stage is doing."""

    STARTING = "starting"
    RECOVERING = "recovering"
    ACTIVE = "active"
    IDLE = "idle"
    DEGRADED = "degraded"
    STOPPED = "stopped"


READY = frozenset({State.ACTIVE, State.IDLE})


class Health:
    """One stage's state and numbers."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._lock = threading.Lock()
        self._state, self._reason = State.STARTING, ""
        self._said = State.STARTING, ""
        self._worry = ""
        self._counters: dict[str, dict[_Labels, float]] = {}
        self._gauges: dict[str, dict[_Labels, float]] = {}
        self._log = structlog.get_logger().bind(stage=stage)

    @property
    def state(self) -> State:
        return self._state

    @property
    def reason(self) -> str:
        return self._reason

    def set(self, state: str, reason: str = "") -> None:
        """Enter a state; a change is logged. Raises ValueError for a state that does not exist."""
        self._said = State(state), reason
        self._show()

    def worry(self, reason: str) -> None:
        """Something that lasts whatever the stage does: while there is a reason, active and idle show as degraded for it; "" ends it."""
        if reason != self._worry:
            self._worry = reason
            self._show()

    def _show(self) -> None:
        new, reason = self._said
        if self._worry and new in READY:
            new, reason = State.DEGRADED, self._worry
        with self._lock:
            if (new, reason) == (self._state, self._reason):
                return
            old, self._state, self._reason = self._state, new, reason
        level = self._log.warning if new is State.DEGRADED else self._log.info
        if old is not new and {old, new} == READY:
            level = self._log.debug  # with a slow device that is every reading, and logs are for changes
        level("state", state=str(new), before=str(old), reason=reason)

    def count(self, name: str, n: float = 1, **labels: str) -> None:
        """Add to a counter. Call once per batch, not per reading."""
        with self._lock:
            series = self._counters.setdefault(name, {})
            key = _bounded(series, labels)
            series[key] = series.get(key, 0) + n

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a value that goes up and down."""
        with self._lock:
            series = self._gauges.setdefault(name, {})
            series[_bounded(series, labels)] = value

    def total(self, name: str) -> float:
        """A counter's sum over its labels; 0 when it never counted."""
        with self._lock:
            return sum(self._counters.get(name, {}).values())

    def snapshot(self) -> dict[str, Any]:
        """State and numbers as JSON-ready dicts; names with labels look like `received{source="a/b"}`."""
        with self._lock:
            return {
                "stage": self.stage,
                "state": str(self._state),
                "reason": self._reason,
                "counters": _flat(self._counters),
                "gauges": _flat(self._gauges),
            }

    def series(self) -> list[tuple[str, str, _Labels, float]]:
        """(counter or gauge, name, labels, value) of all numbers."""
        with self._lock:
            return [
                (kind, name, labels, value)
                for kind, table in (("counter", self._counters), ("gauge", self._gauges))
                for name, series in table.items()
                for labels, value in series.items()
            ]


class HealthServer:
    """The HTTP side: /healthz (lives), /readyz (all stages active or idle), /metrics (Prometheus)."""

    def __init__(self, healths: Sequence[Health], host: str, port: int) -> None:
        self._healths = list(healths)
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(self._healths))
        except (OSError, OverflowError) as error:
            raise SettingsError(f"http: can't listen on {host}:{port}: {error}") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_S,), name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


def serve(healths: Sequence[Health], host: str = "127.0.0.1", port: int = 0) -> HealthServer:
    """Answer /healthz, /readyz and /metrics until `close`; port 0 takes a free one. Raises SettingsError."""
    return HealthServer(healths, host, port)


class _Stderr:
    """Whatever standard error is when a line is written: it may be another one than when logging was configured."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(json_lines: bool = False, level: str = "info") -> None:
    """Structured logs on stderr: for people, or one JSON object a line. Call once at the start of a process."""
    import logging

    last: Any = (
        structlog.processors.JSONRenderer()
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def exposition(healths: Sequence[Health]) -> bytes:
    """All numbers in the Prometheus text format."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(healths))
    return bytes(generate_latest(registry))


class _Collector:
    def __init__(self, healths: Sequence[Health]) -> None:
        self._healths = healths

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        state = GaugeMetricFamily("fieldline_state", "1 for the state that the stage is in", labels=["stage", "state"])
        families: dict[tuple[str, str], Any] = {}
        for health in self._healths:
            for each in State:
                state.add_metric([health.stage, str(each)], float(each is health.state))
            for kind, name, labels, value in health.series():
                family = families.get((kind, name))
                if family is None:
                    make = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                    family = families[kind, name] = make(f"fieldline_{name}", f"{name} of a stage")
                sample = f"fieldline_{name}_total" if kind == "counter" else f"fieldline_{name}"
                family.add_sample(sample, {"stage": health.stage, **dict(labels)}, value)
        yield state
        yield from families.values()


def _handler(healths: list[Health]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "fieldline"
        timeout = 5.0

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, exposition(healths), "text/plain; version=0.0.4; charset=utf-8")
            elif path in ("/healthz", "/readyz"):
                good = all(h.state != State.STOPPED if path == "/healthz" else h.state in READY for h in healths)
                body = [{"stage": h.stage, "state": str(h.state), "reason": h.reason} for h in healths]
                self._answer(200 if good else 503, json.dumps(body).encode(), "application/json")
            else:
                self._answer(404, b"not here: /healthz, /readyz, /metrics\n", "text/plain")

        def _answer(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not logged: a scrape every few seconds is no change of state."""

    return Handler


def _bounded(series: dict[_Labels, float], labels: dict[str, str]) -> _Labels:
    key = tuple(sorted((name, str(value)) for name, value in labels.items()))
    return key if key in series or len(series) < _MAX_LABEL_SETS else _OVERFLOW


def _flat(table: dict[str, dict[_Labels, float]]) -> dict[str, float]:
    return {
        name + ("{" + ",".join(f'{k}="{v}"' for k, v in labels) + "}" if labels else ""): value
        for name, series in table.items()
        for labels, value in series.items()
    }
