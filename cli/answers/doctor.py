"""What the doctor examines: the clock, the disk, the log, the broker, the database, the store and the kernels."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from analysis.audit.lag import measure
from analysis.known_tags import known_tags
from analysis.logs import existing, results_path, sqlite_path
from analysis.series import crowded_paths, known_series
from analysis.unused import heard, refused
from cli.answers.uses import every_use, is_doubtful
from cli.broker import publisher_of
from delivery.influx import influxql_rows
from delivery.influx_http import InfluxHttp
from delivery.influx_retention import kept_s, told, too_long
from delivery.influx_sink import influx_token
from delivery.influx_url import parse_influx_url
from delivery.query import Only, query
from fieldline.errors import FieldlineError, Unavailable
from fieldline.log import Log
from fieldline.moments import iso
from fieldline.plant import load_plant
from fieldline.settings import Settings
from fieldline.unused import sentences
from processing.kernels.jit import cache_folder

_LEAST_FREE_BYTES = 100 << 20
_LITTLE_FREE_BYTES = 2 << 30
_SANE_SINCE_NS = 1_735_689_600_000_000_000  # 2025-01-01: an older wall clock was never set
_TIMEOUT_S = 5.0
_CERTIFICATE_S = 30 * 86_400.0
"""With less left than this a certificate should be renewed [s]."""


class Verdict(StrEnum):
    """What a finding means for a start now."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """What was asked, and what came."""

    part: str
    verdict: Verdict
    detail: str


def examine(settings: Settings) -> Iterator[Finding]:
    """What each part answers; one that does not is a finding too. Takes up to 5 s for each that does not answer."""
    checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("clock", lambda: [_clock()]),
        ("disk", lambda: [_disk(settings)]),
        ("log", lambda: _log(settings)),
        ("broker", lambda: [_broker(settings)]),
        ("influxdb", lambda: [_influx(settings)]),
        ("store", lambda: [_store(settings)]),
        ("kernels", lambda: [_kernels()]),
    )
    for part, check in checks:
        yield from _guarded(part, check)


def _guarded(part: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except (FieldlineError, OSError) as error:
        yield Finding(part, Verdict.FAIL, str(error))


def _clock() -> Finding:
    now = time.time_ns()
    shown = iso(now // 1_000_000_000 * 1_000_000_000)
    if now < _SANE_SINCE_NS:
        return Finding("clock", Verdict.FAIL, f"{shown}: never set; start NTP, readings without a time would be wrong")
    return Finding("clock", Verdict.OK, shown)


def _disk(settings: Settings) -> Finding:
    folder = (sqlite_path(settings.log) or Path("x")).absolute().parent
    free = shutil.disk_usage(folder).free
    detail = f"{free / (1 << 30):.1f} GiB free in {folder}"
    if free < _LEAST_FREE_BYTES:
        return Finding("disk", Verdict.FAIL, f"{detail}; stages stop taking data when the disk is full")
    return Finding("disk", Verdict.WARN if free < _LITTLE_FREE_BYTES else Verdict.OK, detail)


def _log(settings: Settings) -> Iterator[Finding]:
    """Whether the log can be read, and what is on it."""
    path = sqlite_path(settings.log)
    if path is not None and not path.exists():
        if not path.absolute().parent.is_dir():
            yield Finding("log", Verdict.FAIL, f"the folder of {path} does not exist; make it")
        else:
            yield Finding("log", Verdict.OK, f"{path} does not exist yet; the first start makes it")
        return
    checks: tuple[tuple[str, Callable[[Log, Settings], Iterable[Finding]]], ...] = (
        ("log", _lags),
        ("topics", _topics),
        ("series", _series),
        ("messages", _useless),
        ("tags", _tags),
    )
    with existing(settings.log) as log:
        for part, check in checks:
            yield from _guarded(part, partial(check, log, settings))


def _lags(log: Log, settings: Settings) -> Iterator[Finding]:
    lags = measure(log)
    behind, lost = sum(lag.lag for lag in lags), sum(lag.lost for lag in lags)
    detail = f"{settings.log}: {len({lag.partition for lag in lags})} partitions, {behind} records waiting"
    if lost:
        yield Finding("log", Verdict.WARN, f"{detail}, {lost} lost to retention")
    else:
        yield Finding("log", Verdict.OK, detail)


def _topics(log: Log, settings: Settings) -> Iterator[Finding]:
    """What of Kafka's options loses something, one finding each."""
    if not settings.log.startswith("kafka:"):
        return
    from fieldline.log.topics_check import examine_topics

    faults = examine_topics(settings.log, settings.process.horizon_s)
    for fault in faults:
        yield Finding("topics", Verdict.FAIL if fault.is_grave else Verdict.WARN, str(fault))
    if not faults:
        yield Finding("topics", Verdict.OK, "retention, limits, copies and compaction are as they should be")


def _series(log: Log, settings: Settings) -> Iterator[Finding]:
    known, limit = known_series(log), settings.process.max_series
    detail = f"{known.series} in the fullest partition, {limit} are allowed (max_series)"
    if known.overflow == 0 and known.series * 5 < limit * 4:
        yield Finding("series", Verdict.OK, detail)
        return
    paths = ", ".join(f"{top or '(top)'} ({count})" for top, count in crowded_paths(log))
    beyond = f"; {known.overflow} rows are beyond the budget and in no metric" if known.overflow else ""
    yield Finding("series", Verdict.WARN, f"{detail}{beyond}; paths with the most assets: {paths}")


def _useless(log: Log, settings: Settings) -> Iterator[Finding]:
    """What devices sent that no metric can use, one finding each."""
    letters, found = refused(log), sentences(heard(log))
    for letter in letters:
        about = f"{letter.source}: {letter.letters} of reason {letter.reason}; the last: {letter.detail}"
        yield Finding("dead letters", Verdict.WARN, about)
    for said in found:
        yield Finding("messages", Verdict.WARN, said)
    if not (letters or found):
        yield Finding("messages", Verdict.OK, "all that devices say can be used")


def _tags(log: Log, settings: Settings) -> Iterator[Finding]:
    """What energy, states and pieces come from, and which tags may have been meant for them and are not."""
    uses = every_use(load_plant(Path(settings.plant) if settings.plant else None), known_tags(log))
    counts = Counter(use.taken_for for use in uses if use.taken_for and not use.taken_for.endswith("in reserve"))
    taken = (
        ", ".join(f"{name} from {count}" for name, count in sorted(counts.items()))
        or "none is taken for energy, states or pieces"
    )
    detail = f"{len(uses)} tags: {taken}; `fieldline check --log` lists them"
    doubtful = [use for use in uses if is_doubtful(use)]
    if not doubtful:
        yield Finding("tags", Verdict.OK, detail)
        return
    named = "; ".join(f"{use.asset} {use.tag} ({use.why})" for use in doubtful[:3])
    more = "; …" if len(doubtful) > 3 else ""
    values = f"{len(doubtful)} that may be meant for them are values alone: {named}{more}"
    yield Finding("tags", Verdict.WARN, f"{detail}. {values}")


def _broker(settings: Settings) -> Finding:
    try:
        with publisher_of(settings, _TIMEOUT_S) as client:
            return _accepted(f"mqtt {client.address} accepts a connection", client.certificate_ends_s)
    except Unavailable as error:
        if "ingest.mqtt" in settings.given:
            return Finding("broker", Verdict.FAIL, f"{error}; is it running, and does a firewall let you through?")
        return Finding("broker", Verdict.OK, "none given: `fieldline run` starts its own")


def _accepted(detail: str, ends_s: float | None) -> Finding:
    if ends_s is None:
        return Finding("broker", Verdict.OK, detail)
    detail = f"{detail}; its certificate ends at {iso(int(ends_s) * 1_000_000_000)}"
    if ends_s - time.time() > _CERTIFICATE_S:
        return Finding("broker", Verdict.OK, detail)
    return Finding("broker", Verdict.WARN, f"{detail}: renew it, or ingest is refused from then on")


def _influx(settings: Settings) -> Finding:
    if settings.deliver.influx is None:
        return Finding("influxdb", Verdict.OK, "none given: results go to the local store")
    target = parse_influx_url(settings.deliver.influx)
    http = InfluxHttp(target, influx_token(settings.deliver), _TIMEOUT_S)
    try:
        answer = http.request("GET", "/ping")
        if answer.status >= 300:
            return Finding(
                "influxdb", Verdict.FAIL, f"{target} answers /ping with {answer.status}; is this an InfluxDB?"
            )
        release = answer.headers.get("x-influxdb-version", "of unknown version")
        influxql_rows(http, target.bucket, "SHOW MEASUREMENTS LIMIT 1")
        kept = kept_s(target, http)
    finally:
        http.close()
    if kept is not None and (long := too_long(settings.process.windows, kept)):
        return Finding("influxdb", Verdict.WARN, f"{target} answers, version {release}, but {told(long, kept)}")
    return Finding("influxdb", Verdict.OK, f"{target} answers, version {release}")


def _store(settings: Settings) -> Finding:
    path = Path(settings.deliver.store or results_path(settings.log))
    if not path.exists():
        return Finding("store", Verdict.OK, f"{path} does not exist yet; the first delivery makes it")
    query("energy", source=str(path), only=Only(limit=1))
    return Finding("store", Verdict.OK, f"{path} can be read")


def _kernels() -> Finding:
    folder = cache_folder()
    count = len(list(folder.rglob("*.nbc"))) if folder.is_dir() else 0
    if not count:
        return Finding(
            "kernels", Verdict.WARN, "not compiled yet: run `fieldline warmup`, or the first start takes a minute more"
        )
    return Finding("kernels", Verdict.OK, f"{count} compiled in {folder}")
