"""Settings: defaults, a TOML file with its `conf.d`, the environment and flags become one frozen struct.

A flag wins over the environment, that over the file, that over the default. Each `[table]` of the file is one
struct below; `examples/fieldline.toml` explains every key. The environment has `FIELDLINE_LOG`, `FIELDLINE_MQTT`,
`FIELDLINE_INFLUX`, `FIELDLINE_STORE`, `FIELDLINE_PLANT`, `FIELDLINE_HTTP`, the secrets `FIELDLINE_INFLUX_TOKEN` and
`FIELDLINE_MQTT_PASSWORD` (each also as `…_FILE`), and for any other key `FIELDLINE_<TABLE>_<KEY>`.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from math import nan
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fieldline.errors import SettingsError
from fieldline.tables import Secret, merge, nearest, read_toml, substitute, to_struct
from fieldline.urls import filter_fault, filters_fault, http_fault, influx_fault, log_fault, url_fault
from fieldline.windows import DEFAULT, WINDOWS

__all__ = ["DeliverSettings", "IngestSettings", "ProcessSettings", "Secret", "Settings", "load_settings"]

_Positive = Annotated[float, Meta(gt=0)]
_Count = Annotated[int, Meta(ge=1)]


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """From MQTT to the log. Suffix `_s`: seconds, or in the file a duration such as `"25h"`."""

    mqtt: str = "mqtt://127.0.0.1:1883"
    subscribe: tuple[str, ...] = ("#",)
    client_id: str = "fieldline-ingest"
    share: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: Annotated[int, Meta(ge=1, le=65_535)] = 30
    receive_maximum: Annotated[int, Meta(ge=1, le=65_535)] = 2000
    session_expiry_s: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] = 604_800
    batch_s: Annotated[float, Meta(gt=0, le=10)] = 0.01
    batch_rows: _Count = 10_000
    codec: str = "json"
    max_payload_bytes: _Count = 1 << 20
    max_depth: Annotated[int, Meta(ge=1, le=100)] = 16
    max_values: _Count = 20_000
    clock: Literal["accept", "correct", "quarantine"] = "accept"
    max_future_s: _Positive = 3600.0
    max_age_s: float = nan
    username: str | None = None
    password: Secret | None = None
    password_file: str | None = None
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None

    def __post_init__(self) -> None:
        _raise_first(
            url_fault("mqtt", self.mqtt, ("mqtt", "mqtts")),
            *(filter_fault(entry) for entry in self.subscribe),
            filters_fault(self.subscribe),
            "" if not self.max_age_s <= 0 else f"max_age_s: expected more than 0, got {self.max_age_s:g}",
            "" if not self.tls_key or self.tls_cert else "tls_key: needs tls_cert beside it",
            "" if not self.share or not set(self.share) & set("/+#") else "share: may not hold '/', '+' or '#'",
            _secret_fault("password", self.password, self.password_file),
        )


class ProcessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """From readings to metrics.

    operators : None: those that are on by default, which only they themselves say (`processing/operators`)
    models : the folder of the registry, where the versions of models lie that score
    """

    settle_s: Annotated[float, Meta(ge=0, le=3600)] = 0.1
    horizon_s: _Positive = 90_000.0
    raw: tuple[str, ...] = ()
    operators: tuple[str, ...] | None = None
    windows: tuple[str, ...] = DEFAULT
    checkpoint_s: _Positive = 5.0
    max_future_s: _Positive = 3600.0
    row_cache_mb: _Count = 64
    node_cache_mb: _Count = 32
    max_series: _Count = 20_000
    max_series_of_line: _Count = 10_000
    models: str = "registry"

    def __post_init__(self) -> None:
        odd = [window for window in self.windows if window not in WINDOWS]
        _raise_first(
            ""
            if not odd
            else f"windows: expected some of {', '.join(WINDOWS)}, got {odd[0]!r}{nearest(odd[0], WINDOWS)}",
            "" if self.horizon_s > self.settle_s else f"horizon_s: expected more than settle_s, got {self.horizon_s:g}",
        )


class DeliverSettings(msgspec.Struct, frozen=True, kw_only=True):
    """From metrics to InfluxDB and the local store, and to the rows of areas, sites and groups.

    rollup : the file with the lines' rows that these are made of; None or `none`: no such rows are made here
    """

    influx: str | None = None
    store: str | None = None
    rollup: str | None = None
    sinks: dict[str, str] = {}
    token: Secret | None = None
    token_file: str | None = None
    username: str | None = None
    password: Secret | None = None
    password_file: str | None = None
    batch_lines: _Count = 5000
    timeout_s: _Positive = 10.0
    retention_s: _Positive | None = None

    def __post_init__(self) -> None:
        _raise_first(
            influx_fault(self.influx) if self.influx is not None else "",
            _secret_fault("token", self.token, self.token_file),
            _secret_fault("password", self.password, self.password_file),
        )


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a process is told.

    log, plant, http : the log's URL; the plant file's path or None; HOST:PORT for health and metrics or None
    given : dotted names (`ingest.mqtt`) of what a file, the environment or a flag set; the rest are defaults
    """

    log: str = "sqlite:fieldline.db"
    plant: str | None = None
    http: str | None = None
    ingest: IngestSettings = msgspec.field(default_factory=IngestSettings)
    process: ProcessSettings = msgspec.field(default_factory=ProcessSettings)
    deliver: DeliverSettings = msgspec.field(default_factory=DeliverSettings)
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _raise_first(log_fault(self.log), http_fault(self.http))


_SHORT = {
    "FIELDLINE_LOG": "log",
    "FIELDLINE_PLANT": "plant",
    "FIELDLINE_HTTP": "http",
    "FIELDLINE_MQTT": "ingest.mqtt",
    "FIELDLINE_MQTT_USERNAME": "ingest.username",
    "FIELDLINE_MQTT_PASSWORD": "ingest.password",
    "FIELDLINE_MQTT_PASSWORD_FILE": "ingest.password_file",
    "FIELDLINE_INFLUX": "deliver.influx",
    "FIELDLINE_INFLUX_TOKEN": "deliver.token",
    "FIELDLINE_INFLUX_TOKEN_FILE": "deliver.token_file",
    "FIELDLINE_STORE": "deliver.store",
}
_TABLES: dict[str, type[msgspec.Struct]] = {
    "ingest": IngestSettings,
    "process": ProcessSettings,
    "deliver": DeliverSettings,
}
_SECRETS = (("ingest", "password"), ("deliver", "token"), ("deliver", "password"))
# InfluxDB's secrets may be rotated while we run: the sink reads their files itself, here they are only looked at.
_READ_LATER = frozenset({"deliver"})


def load_settings(
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of a process.

    `env` is the environment; `flags` maps dotted names (`ingest.mqtt`, `log`) to values, None where not given.
    Secret files are read. Raises SettingsError with one line for each fault.
    """
    wrong: list[str] = []
    env = env or {}
    table = _from_files(path, env, wrong)
    above = {**_from_env(env, wrong), **{name: value for name, value in (flags or {}).items() if value is not None}}
    for name, value in above.items():
        table = _override(table, name, value)
    given = frozenset(_dotted(table))
    for section, key in _SECRETS:
        _read_secret(table, section, key, wrong)
    if "given" in table:
        wrong.append("$.given: unknown key")
    settings = to_struct(Settings, table, "$", wrong)
    if wrong:
        raise SettingsError("\n".join(_located(line, path, above) for line in wrong))
    return msgspec.structs.replace(settings, given=given)


def _located(fault: str, path: Path | None, above: Mapping[str, Any]) -> str:
    """The fault with the file's name before it, unless the value came from the environment or a flag."""
    name = fault.partition(":")[0].removeprefix("$.")
    return fault if path is None or name in above or name.startswith("environment") else f"{path}: {fault}"


def _from_files(path: Path | None, env: Mapping[str, str], wrong: list[str]) -> dict[str, Any]:
    if path is None:
        return {}
    table = read_toml(path)
    for extra in sorted((path.parent / "conf.d").glob("*.toml")):
        table = merge(table, read_toml(extra))
    table = substitute(table, env, "$", wrong)
    if isinstance(plant := table.get("plant"), str):
        table["plant"] = str(path.parent / plant)
    return table


def _from_env(env: Mapping[str, str], wrong: list[str]) -> dict[str, Any]:
    known = dict(_SHORT)
    kinds: dict[str, Any] = {}
    for section, kind in _TABLES.items():
        for field in msgspec.structs.fields(kind):
            known[f"FIELDLINE_{section}_{field.name}".upper()] = f"{section}.{field.name}"
            kinds[f"{section}.{field.name}"] = field.type
    found: dict[str, Any] = {}
    for name, text in env.items():
        if name in known and text:
            found[known[name]] = _env_value(text, kinds.get(known[name], str))
        elif name not in known and _is_slip(name, known):
            wrong.append(f"environment {name}: unknown variable{nearest(name, known)}")
    return found


def _is_slip(name: str, known: Mapping[str, str]) -> bool:
    """Whether a name is so near to a known one that it was meant; others may belong to something else."""
    return name.startswith("FIELDLINE_") and bool(get_close_matches(name, known, 1, cutoff=0.9))


def _env_value(text: str, kind: Any) -> Any:
    if "tuple" in str(kind):
        return [part.strip() for part in text.split(",") if part.strip()]
    if "str" in str(kind) or "Secret" in str(kind) or "Literal" in str(kind):
        return text
    try:
        return int(text) if text.strip().lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _override(table: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The table with one value set; a secret given in one form takes the place of its other form."""
    section, _, key = name.rpartition(".")
    if not section:
        return {**table, name: value}
    below = table.get(section, {})
    if not isinstance(below, Mapping):
        return dict(table)  # a table is due there: `to_struct` says so
    inner = dict(below)
    inner.pop(key.removesuffix("_file") if key.endswith("_file") else f"{key}_file", None)
    return {**table, section: {**inner, key: list(value) if isinstance(value, tuple) else value}}


def _read_secret(table: Mapping[str, Any], section: str, key: str, wrong: list[str]) -> None:
    """Put what the secret's file holds in place of the file's name; both at once is left for the struct to refuse."""
    inner = table.get(section)
    file = inner.get(f"{key}_file") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(file, str) or inner.get(key) is not None:
        return
    try:
        text = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        wrong.append(f"$.{section}.{key}_file: {error}")
        return
    if not text:
        wrong.append(f"$.{section}.{key}_file: {file} is empty")
    if section not in _READ_LATER:
        inner[key] = text
        del inner[f"{key}_file"]


def _dotted(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in table.items():
        names += _dotted(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [prefix + key]
    return names


def _raise_first(*faults: str) -> None:
    told = [fault for fault in faults if fault]
    if told:
        raise ValueError("\n".join(told))


def _secret_fault(name: str, value: Secret | None, file: str | None) -> str:
    return f"{name}: give it or {name}_file, not both" if value is not None and file is not None else ""
