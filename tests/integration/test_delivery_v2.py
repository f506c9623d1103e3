"""The 2.x write endpoint of a real server, VictoriaMetrics."""

import json
from urllib.parse import urlencode

import pytest
import urllib3

from delivery.influx_sink import InfluxSink
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import levels, metric_rows


@pytest.mark.parametrize("option", ["", "&gzip=on"])
def test_rows_arrive_through_the_second_api(victoria_metrics: Server, option: str) -> None:
    now_ns = SystemClock().now_ns() // 10**9 * 10**9
    asset = f"plant/hall 1/line,2/press{len(option)}"
    sink = InfluxSink(DeliverSettings(influx=f"{victoria_metrics.url}/b?org=o{option}"), levels, SystemClock())
    rows = metric_rows("energy", [now_ns], [asset], None, ["1m"], active_energy_kwh=[1.5], rev=[2.0])

    outcome = sink.write([rows])

    sink.close()
    assert outcome.stored == 1
    found = _exported(victoria_metrics, asset)
    assert found["energy_active_energy_kwh"] == ([1.5], [now_ns // 10**6]) and found["energy_rev"][0] == [2.0]


def _exported(server: Server, asset: str) -> dict[str, tuple[list[float], list[int]]]:
    with urllib3.PoolManager() as http:
        http.request("GET", f"{server.url}/internal/force_flush")
        match = urlencode({"match[]": '{asset="%s",line="plant/hall 1/line,2",window="1m"}' % asset})  # noqa: UP031
        lines = http.request("GET", f"{server.url}/api/v1/export?{match}").data.splitlines()
    series = [json.loads(line) for line in lines]
    return {one["metric"]["__name__"]: (one["values"], one["timestamps"]) for one in series}
