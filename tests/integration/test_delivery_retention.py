"""Windows that a database does not keep long enough are told; what it refuses for its age is counted and no dead letter."""

import itertools
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
import structlog
import urllib3

from cli.answers.doctor import examine
from delivery.influx_http import InfluxHttp
from delivery.influx_retention import kept_s
from delivery.influx_sink import InfluxSink
from delivery.influx_url import parse_influx_url
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.log import Stream, open_log
from fieldline.settings import DeliverSettings, Settings
from tests.delivery.metric_frames import levels, metric_frame, metric_rows
from tests.integration.scripted_server import Reply, scripted
from tests.integration.test_delivery_stage import running

_numbers = itertools.count(1)


@pytest.fixture
def url(influxdb: Server) -> str:
    """A database that keeps a week."""
    database = f"weeks_{next(_numbers)}"
    statement = f'CREATE DATABASE "{database}" WITH DURATION 7d NAME "week"'
    with urllib3.PoolManager() as http:
        assert http.request("POST", f"{influxdb.url}/query?{urlencode({'q': statement})}").status == 200
    return f"{influxdb.url}/{database}?api=v1"


def test_windows_that_the_retention_is_too_short_for_are_told_once(url: str) -> None:
    now_ns = SystemClock().now_ns() // 10**9 * 10**9
    windows = ["1m", "day", "week", "month"]
    rows = metric_rows("energy", [now_ns] * 4, ["p/h/l/m"] * 4, None, windows, active_energy_kwh=[1.0] * 4)
    sink = InfluxSink(DeliverSettings(influx=url), levels, SystemClock())

    with structlog.testing.capture_logs() as logs:
        sink.write([rows])
        sink.write([rows])

    sink.close()
    (warning,) = [entry for entry in logs if entry["event"] == "retention_too_short"]
    assert "it keeps rows for 7 days" in warning["reason"] and "figures of month, week are refused" in warning["reason"]
    found = next(one for one in examine(Settings(deliver=DeliverSettings(influx=url))) if one.part == "influxdb")
    assert found.verdict == "warn" and "figures of week, month are refused" in found.detail


def test_what_is_older_than_the_retention_is_counted_and_no_dead_letter(url: str, tmp_path: Path) -> None:
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}")
    now_ns = SystemClock().now_ns()
    for age_days in (0, 20):
        frame = metric_frame(
            "energy", [now_ns - age_days * 86_400 * 10**9], ["p/h/l/m"], None, ["1h"], active_energy_kwh=[1.0]
        )
        log.append(Stream.METRICS, 0, b"", frame, {"kind": b"energy", "rows": b"1", "epoch": b"1"}).result(10)
    settings = DeliverSettings(influx=url)

    with running(log, InfluxSink(settings, levels, SystemClock()), settings) as stage:
        stage.until_drained()

    assert (stage.health.total("rows_stored"), stage.health.total("rows_rejected")) == (1, 1)
    assert log.bounds(Stream.DEADLETTER, 0) == (0, 0)
    log.close()


@pytest.mark.parametrize("seconds", [0, 604_800])
def test_a_bucket_says_how_long_it_keeps_rows(seconds: int) -> None:
    bucket = {"name": "b", "retentionRules": [{"type": "expire", "everySeconds": seconds}]}
    with scripted(lambda lines: Reply(200, body=json.dumps({"buckets": [bucket]}).encode())) as server:
        target = parse_influx_url(f"{server.url}/b?org=o")
        http = InfluxHttp(target, "", 5.0)

        kept = kept_s(target, http)

        http.close()
        assert kept == (seconds or None) and server.paths == ["/api/v2/buckets?name=b&org=o"]
