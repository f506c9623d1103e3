"""Rows into a real InfluxDB 1.6 and back: the same bits, whatever the names, the faults and the types already there."""

import itertools
import math
from urllib.parse import urlencode

import numpy as np
import polars as pl
import pytest
import urllib3

from delivery.influx_sink import InfluxSink
from delivery.query import Only, query
from delivery.rows import MetricRows, read_rows
from delivery.sinks import SinkUnavailable
from delivery.store import LocalStore
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.frames import decode_batch, encode_metrics
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import labelled_rows, levels, metric_rows

_numbers = itertools.count(1)
T0 = 1_700_000_000_000_000_000
NASTY = [
    "a,b=c d",
    "q\"uo'te",
    "back\\slash",
    "tail\\",
    "two\\\\",
    "new\nline",
    "tab\tcr\r",
    "é␊日本 🏭",
    "#x",
    "a\\,b",
    "\\ ",
    "x=1 5\nevil v=1",
]


@pytest.fixture
def url(influxdb: Server) -> str:
    return f"{influxdb.url}/test_{next(_numbers)}?api=v1"


def sink_for(url: str, **options: object) -> InfluxSink:
    return InfluxSink(DeliverSettings(influx=url, **options), levels, SystemClock())  # type: ignore[arg-type]


def posted(url: str, lines: str) -> int:
    """What a stranger writes, past the sink."""
    base, _, rest = url.partition("/test_")
    database = "test_" + rest.split("?")[0]
    with urllib3.PoolManager() as http:
        http.request("POST", f"{base}/query?{urlencode({'q': f'CREATE DATABASE {database}'})}")
        answer = http.request(
            "POST", f"{base}/write?{urlencode({'db': database, 'precision': 'ns'})}", body=lines.encode()
        )
        return answer.status


def random_rows(count: int, seed: int) -> MetricRows:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(count) * 10.0 ** rng.integers(-300, 300, count)
    sparse = np.where(rng.random(count) < 0.3, math.nan, rng.standard_normal(count))
    assets, tags = [f"plant/hall/l{i}/m" for i in range(5)], ["p", "q"]
    codes = (rng.integers(0, 5, count).astype(np.int32), assets), (rng.integers(0, 2, count).astype(np.int32), tags)
    window = (np.zeros(count, np.int32), ["1m"])
    frame = encode_metrics("telemetry", T0 + np.arange(count), *codes, window, {"count": values, "mean": sparse})
    return read_rows(decode_batch(frame))


def test_every_row_comes_back_with_the_same_bits_and_as_from_the_local_store(url: str, tmp_path: object) -> None:
    rows = random_rows(12_000, seed=1)
    store = LocalStore(tmp_path / "r.db")  # type: ignore[operator]
    store.write([rows])
    store.close()
    sink = sink_for(url)

    outcome = sink.write([rows])
    again = sink.write([rows])

    sink.close()
    assert (outcome.stored, outcome.rejected, outcome.empty) == (12_000, [], 0) and again == outcome
    assert query("telemetry", source=url).equals(query("telemetry", source=str(tmp_path) + "/r.db"))


def test_names_of_every_kind_come_back_and_bring_no_point_of_their_own(url: str, tmp_path: object) -> None:
    count = len(NASTY)
    rows = metric_rows(
        "reading", [T0 + i for i in range(count)], NASTY, NASTY[::-1], value=[float(i) for i in range(count)]
    )
    store = LocalStore(tmp_path / "r.db")  # type: ignore[operator]
    store.write([rows])
    store.close()
    sink = sink_for(url)

    outcome = sink.write([rows])

    sink.close()
    got = query("reading", source=url)
    assert outcome.stored == count == got.height
    assert got.equals(query("reading", source=str(tmp_path) + "/r.db"))
    for name in NASTY:
        for source in (url, str(tmp_path) + "/r.db"):
            assert query("reading", name.replace("[", "[[]"), source=source).height == 1
    assert query("evil", source=url).height == 0


@pytest.mark.parametrize("glob", ["plant/*", "*/m?", "plant/[hx]all/l[!1-3]/m", "plant/hall/l1/m", "*'*", "*/l1/*"])
def test_a_glob_finds_the_same_assets_in_both(url: str, tmp_path: object, glob: str) -> None:
    assets = [*[f"plant/hall/l{i}/m" for i in range(5)], "plant/hall/l1/m2", "farm's/x", "plant.hall/l1/m"]
    rows = metric_rows(
        "energy", [T0 + i for i in range(8)], assets, None, ["1m", "1h"] * 4, active_energy_kwh=[1.0] * 8
    )
    store = LocalStore(tmp_path / "r.db")  # type: ignore[operator]
    store.write([rows])
    store.close()
    sink = sink_for(url)
    sink.write([rows])
    sink.close()

    from_influx = query("energy", glob, "1m", T0, T0 + 7, source=url)

    assert from_influx.equals(query("energy", glob, "1m", T0, T0 + 7, source=str(tmp_path) + "/r.db"))
    assert from_influx.height > 0 or glob in ("*/m?", "plant/hall/l1/m", "*/l1/*")


def labelled(count: int, rev: float = 0.0) -> MetricRows:
    """Rows of a line by shift and product, with names that need care, some without label or text."""
    shifts: list[str | None] = [[None, "early", "late, 2=x"][i % 3] for i in range(count)]
    products: list[str | None] = [None if i % 4 == 0 else NASTY[i % len(NASTY)] for i in range(count)]
    orders: list[str | None] = [None if i % 5 == 0 else NASTY[-i % len(NASTY)] for i in range(count)]
    return labelled_rows(
        "oee",
        [T0 + i for i in range(count)],
        ["p/h/l"] * count,
        {"shift": shifts, "product": products},
        {"order_id": orders},
        ["1h"] * count,
        oee=[math.nan if i % 7 == 0 else i / 8 for i in range(count)],
        rev=[rev] * count,
    )


def test_labels_and_texts_come_back_as_from_the_local_store(url: str, tmp_path: object) -> None:
    store, sink = LocalStore(tmp_path / "r.db"), sink_for(url)  # type: ignore[operator]
    rows = labelled(60)

    outcome = sink.write([rows])
    store.write([rows])

    sink.close()
    store.close()
    local = str(tmp_path) + "/r.db"
    assert (outcome.stored, outcome.rejected, outcome.empty) == (60, [], 0)
    assert query("oee", source=url).equals(query("oee", source=local)) and query("oee", source=url).height == 60
    for where in ({"shift": "early"}, {"shift": ""}, {"product": "new*"}, {"order_id": "*\\*"}, {"order_id": ""}):
        assert query("oee", source=url, only=Only(where=where)).equals(
            query("oee", source=local, only=Only(where=where))
        )
        assert 0 < query("oee", source=url, only=Only(where=where)).height < 60


def test_a_text_that_a_later_revision_no_longer_has_is_gone(url: str) -> None:
    sink = sink_for(url)
    told = [["planned time is zero"], [None]]

    for rev, why in enumerate(told):
        sink.write([labelled_rows("oee", [T0], ["a"], {}, {"null_reason": why}, rev=[float(rev)])])

    sink.close()
    assert query("oee", source=url).select("null_reason", "rev").rows() == [(None, 1.0)]


def test_a_text_that_the_database_holds_as_a_number_is_set_aside_and_the_rest_is_stored(url: str) -> None:
    assert posted(url, f"oee,asset=x order_id=5 {T0}") == 204
    sink = sink_for(url)

    outcome = sink.write([labelled(20)])

    sink.close()
    assert outcome.stored == 0 and len(outcome.rejected) == 20
    assert "float" in outcome.rejected[0].detail and outcome.rejected[0].source_asset == "p/h/l"
    assert query("oee", "p/*", source=url)["rev"].to_list() == [0.0] * 20


def test_labels_are_told_from_texts_in_a_retention_of_its_own_too(url: str) -> None:
    assert posted(url, "x v=1") == 204
    base, _, rest = url.partition("/test_")
    name = "test_" + rest.split("?")[0]
    with urllib3.PoolManager() as http:
        statement = f"CREATE RETENTION POLICY long ON {name} DURATION INF REPLICATION 1"
        http.request("POST", f"{base}/query?{urlencode({'q': statement})}")
    target = url.replace("?", "/long?")
    sink = sink_for(target)
    sink.write([labelled_rows("oee", [T0], ["a"], {"station": ["S1"]}, {"note": ["n"]}, oee=[0.5])])
    sink.close()

    frame = query("oee", source=target)

    assert frame.columns.index("station") < frame.columns.index("oee") < frame.columns.index("note")
    assert frame.select("station", "oee", "note").rows() == [("S1", 0.5, "n")]


def test_a_field_that_the_database_holds_as_integer_is_set_aside_with_both_types_and_the_rest_is_stored(
    url: str,
) -> None:
    assert posted(url, f"telemetry,asset=x count=1i {T0}") == 204
    rows = metric_rows("telemetry", [T0 + 1, T0 + 2, T0 + 3], ["a/b", "c", "d"], ["t"] * 3, ["1m"] * 3, count=[3.0, math.nan, 5.0], mean=[1.5, 2.5, 3.5])  # fmt: skip
    other = metric_rows("energy", [T0], ["a/b"], None, ["1m"], active_energy_kwh=[7.0])
    sink = sink_for(url)

    outcome = sink.write([rows, other])

    sink.close()
    assert outcome.stored == 2 and {row.source_asset for row in outcome.rejected} == {"a/b", "d"}
    for row in outcome.rejected:
        assert (
            row.reason == "type_conflict"
            and '"count"' in row.detail
            and "float" in row.detail
            and "integer" in row.detail
        )
        assert b"count=" in row.payload
    got = query("telemetry", source=url).filter(pl.col("asset") != "x")
    assert got["mean"].to_list() == [1.5, 2.5, 3.5] and got["count"].null_count() == 3
    assert query("energy", source=url)["active_energy_kwh"].to_list() == [7.0]


def test_a_kind_whose_only_field_has_another_type_is_set_aside_in_few_requests(url: str) -> None:
    assert posted(url, f'reading,asset=x value="text" {T0}') == 204
    rows = metric_rows(
        "reading", [T0 + i for i in range(3000)], ["a"] * 3000, ["t"] * 3000, value=[float(i) for i in range(3000)]
    )
    sink = sink_for(url)

    outcome = sink.write([rows])

    sink.close()
    assert outcome.stored == 0 and len(outcome.rejected) == 3000 and "string" in outcome.rejected[0].detail


def test_one_time_that_the_database_cannot_hold_costs_only_its_own_row(url: str) -> None:
    times = [T0, (1 << 63) - 1, T0 + 2]
    sink = sink_for(url)

    outcome = sink.write([metric_rows("reading", times, ["a", "b", "c"], ["t"] * 3, value=[1.0, 2.0, 3.0])])

    sink.close()
    assert outcome.stored == 2 and [(r.reason, r.source_asset) for r in outcome.rejected] == [("unreadable", "b")]
    assert query("reading", source=url)["value"].to_list() == [1.0, 3.0]


def test_rows_older_than_the_retention_are_set_aside_and_the_others_stored(url: str) -> None:
    assert posted(url, "x v=1") == 204
    base, _, rest = url.partition("/test_")
    name = "test_" + rest.split("?")[0]
    now = SystemClock().now_ns()
    with urllib3.PoolManager() as http:
        statement = f"CREATE RETENTION POLICY short ON {name} DURATION 1h REPLICATION 1 DEFAULT"
        http.request("POST", f"{base}/query?{urlencode({'q': statement})}")
    sink = sink_for(url.replace("?", "/short?"))
    times = [now, now - 10 * 86_400 * 10**9, now - 1]

    outcome = sink.write([metric_rows("reading", times, ["a", "b", "c"], ["t"] * 3, value=[1.0, 2.0, 3.0])])

    sink.close()
    assert outcome.stored == 2 and [(r.reason, r.source_asset) for r in outcome.rejected] == [("out_of_retention", "b")]


def test_a_retention_policy_that_does_not_exist_keeps_the_data_and_calls_the_operator(url: str) -> None:
    assert posted(url, "x v=1") == 204
    sink = sink_for(url.replace("?", "/nosuch?"))

    with pytest.raises(SinkUnavailable) as raised:
        sink.write([metric_rows("reading", [T0], ["a"], ["t"], value=[1.0])])

    sink.close()
    assert raised.value.needs_operator


def test_compressed_bodies_are_understood(url: str) -> None:
    sink = sink_for(url + "&gzip=on")

    outcome = sink.write([random_rows(500, seed=2)])

    sink.close()
    assert outcome.stored == 500 and query("telemetry", source=url).height == 500


def test_a_server_that_is_away_is_worth_waiting_for(influxdb: Server, url: str) -> None:
    rows = random_rows(100, seed=3)
    sink = sink_for(url, timeout_s=1.0)
    influxdb.stop()

    with pytest.raises(SinkUnavailable) as raised:
        sink.write([rows])
    influxdb.start()
    outcome = sink.write([rows])

    sink.close()
    assert not raised.value.needs_operator and outcome.stored == 100


def test_a_server_that_hangs_is_given_up_in_time(influxdb: Server, url: str) -> None:
    rows = random_rows(10, seed=4)
    sink, hasty = sink_for(url), sink_for(url, timeout_s=0.3)
    sink.write([rows])
    influxdb.freeze()

    with pytest.raises(SinkUnavailable, match="does not answer"):
        hasty.write([rows])
    influxdb.thaw()
    outcome = sink.write([rows])

    hasty.close()
    sink.close()
    assert outcome.stored == 10


def test_a_query_of_a_database_that_does_not_exist_says_so(influxdb: Server) -> None:
    with pytest.raises(SettingsError, match="database not found"):
        query("energy", source=f"{influxdb.url}/nosuch?api=v1")


def test_a_limit_and_an_empty_answer_keep_the_shape(url: str) -> None:
    sink = sink_for(url)
    sink.write([random_rows(50, seed=5)])
    sink.close()

    assert query("telemetry", only=Only(limit=7), source=url).height == 7
    assert query("telemetry", "nobody", source=url).schema == query("telemetry", source=url).schema
