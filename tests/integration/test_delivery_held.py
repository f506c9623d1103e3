"""InfluxDB holds what the local store holds, row by row, after every kind of revision."""

import json
import math
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars as pl
import pytest

from delivery.influx_points import InfluxPoints
from delivery.influx_sink import InfluxSink
from delivery.lineprotocol import LineEncoder
from delivery.query import Only, query
from delivery.rows import MetricRows
from delivery.sinks import SinkUnavailable
from delivery.store import LocalStore
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import labelled_rows, levels, metric_rows
from tests.integration.scripted_server import Reply, scripted
from tests.passing_on import PassingOn

NAN = math.nan
T0 = 1_700_000_000_000_000_000
HOUR = 3_600 * 10**9
PRESS, LINE = "plant/hall1/line1/press", "plant/hall1/line1"
_NUMBER = count()


class Both:
    """A local store and an InfluxDB that are given the same rows."""

    def __init__(self, influxdb: Server, folder: Path) -> None:
        self.url = f"{influxdb.url}/held_{next(_NUMBER)}?api=v1"
        self.path = str(folder / "r.db")
        self._store = LocalStore(Path(self.path))
        self.sink = self._sink()

    def _sink(self) -> InfluxSink:
        return InfluxSink(DeliverSettings(influx=self.url, batch_lines=7), levels, SystemClock())

    def write(self, *batches: MetricRows) -> None:
        self._store.write(batches)
        outcome = self.sink.write(batches)
        assert outcome.stored == sum(rows.size for rows in batches) and not outcome.rejected

    def restart(self) -> None:
        self.sink.close()
        self.sink = self._sink()

    def close(self) -> None:
        self.sink.close()
        self._store.close()

    def same(self, kind: str) -> pl.DataFrame:
        """What both hold of a kind, retracted rows too."""
        held, wanted = (query(kind, source=source, only=Only(retracted=True)) for source in (self.url, self.path))
        columns = [name for name in wanted.columns if wanted[name].is_not_null().any()]
        assert {name for name in held.columns if held[name].is_not_null().any()} == set(columns)
        assert held.select(columns).equals(wanted.select(columns))
        return wanted


@pytest.fixture
def both(influxdb: Server, tmp_path: Path) -> Iterator[Both]:
    held = Both(influxdb, tmp_path)
    yield held
    held.close()


def oee(time: int, ratio: float, mttr_s: float, rev: float = 0.0, asset: str = PRESS) -> MetricRows:
    return metric_rows(
        "oee",
        [time],
        [asset],
        None,
        ["1h"],
        oee=[ratio],
        mttr_s=[mttr_s],
        stop_count=[0.0 if mttr_s != mttr_s else 1.0],
        rev=[rev],
    )


@pytest.mark.parametrize("restart", [False, True], ids=["one process", "another process"])
@pytest.mark.parametrize("later", [0, 3], ids=["of the window that runs", "of one behind it"])
def test_a_row_that_was_retracted_and_comes_again_is_retracted_no_more(both: Both, restart: bool, later: int) -> None:
    gone = metric_rows("oee", [T0], [PRESS], None, ["1h"], oee=[NAN], mttr_s=[NAN], stop_count=[NAN], rev=[1.0], retracted=[1.0])  # fmt: skip
    both.write(oee(T0, 0.643, 722.9))
    for hour in range(1, later + 1):
        both.write(oee(T0 + hour * HOUR, 0.5, 60.0))
    both.write(gone)
    if restart:
        both.restart()

    both.write(oee(T0, 0.7, 50.0, rev=2.0))

    assert both.same("oee").filter(pl.col("rev") == 2.0)["retracted"].to_list() == [None]


class UnderWay:
    """A write of somebody who was killed: the server has most of it, and works on what it has."""

    def __init__(self, url: str, line: bytes) -> None:
        parts = urlsplit(url)
        self._left = line[-1:]
        self._socket = socket.create_connection((parts.hostname, parts.port), 10.0)
        head = (
            f"POST /write?db={parts.path[1:]}&precision=ns HTTP/1.1\r\nHost: x\r\nContent-Length: {len(line)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + line[:-1])

    def come_to_its_end(self) -> bytes:
        self._socket.sendall(self._left)
        answer = self._socket.recv(1000)
        self._socket.close()
        return answer.split(b"\r\n")[0]


def test_a_write_that_a_killed_process_left_under_way_brings_back_no_value(both: Both) -> None:
    both.write(oee(T0, NAN, 60.0), oee(T0 + HOUR, 0.5, 60.0))
    encoder, revised = LineEncoder(levels), oee(T0, 0.9, 60.0, rev=1.0)
    (lines,) = encoder.encode(revised, 100, encoder.series(revised), None)
    left = UnderWay(both.url, lines.body)
    both.restart()

    writing = threading.Thread(target=both.write, args=(oee(T0, NAN, 70.0, rev=2.0),), daemon=True)
    writing.start()
    writing.join(0.5)
    assert writing.is_alive()  # it waits for what is under way
    assert left.come_to_its_end() == b"HTTP/1.1 204 No Content"
    writing.join(20.0)

    assert not writing.is_alive()
    assert both.same("oee").filter(pl.col("rev") == 2.0)["oee"].to_list() == [None]


def told_active(*counts: int) -> Iterator[object]:
    """What an InfluxDB 1.x says of the writes that it is at, one after the other, the last for ever."""
    yield from (
        {"httpd::8086": {"name": "httpd", "values": {"writeReqActive": active}}, "x": 1} for active in counts[:-1]
    )
    while True:
        yield {"httpd::8086": {"name": "httpd", "values": {"writeReqActive": counts[-1]}}}


def test_a_write_waits_until_the_server_was_at_none_twice_and_again_after_one_that_failed() -> None:
    answers, told = iter([Reply(500, "no"), Reply(), Reply()]), told_active(1, 0, 1, 1, 0)
    asked = count()
    with scripted(lambda lines: next(answers) if lines else Reply(404)) as server:
        server.vars = lambda: (next(asked), next(told))[1]
        sink = InfluxSink(DeliverSettings(influx=f"{server.url}/b?api=v1"), levels, SystemClock())
        with pytest.raises(SinkUnavailable):
            sink.write([metric_rows("reading", [T0], ["a"], ["t"], value=[1.0])])
        first = next(asked)
        sink.write([metric_rows("reading", [T0], ["a"], ["t"], value=[1.0])])
        second = next(asked)
        sink.write([metric_rows("reading", [T0], ["a"], ["t"], value=[1.0])])
        sink.close()

    assert (first, second, next(asked)) == (6, 9, 10)


@pytest.mark.parametrize("before", [False, True], ids=["never written", "written before"])
def test_a_row_that_is_retracted_and_comes_again_within_one_write_is_not_retracted(both: Both, before: bool) -> None:
    gone = metric_rows("oee", [T0], [PRESS], None, ["1h"], oee=[NAN], mttr_s=[NAN], stop_count=[NAN], rev=[1.0], retracted=[1.0])  # fmt: skip
    if before:
        both.write(oee(T0, 0.643, 722.9))

    both.write(gone, oee(T0, 0.7, NAN, rev=2.0))

    assert both.same("oee").filter(pl.col("rev") == 2.0)["oee"].to_list() == [0.7]


@pytest.mark.parametrize("restart", [False, True], ids=["one process", "another process"])
@pytest.mark.parametrize("later", [0, 3], ids=["of the window that runs", "of one behind it"])
def test_a_value_that_became_null_is_gone(both: Both, restart: bool, later: int) -> None:
    both.write(oee(T0, 0.643, 722.9), oee(T0, 0.7, NAN, asset=LINE))
    for hour in range(later):
        both.write(oee(T0 + (hour + 1) * HOUR, 0.5, 30.0), oee(T0 + (hour + 1) * HOUR, 0.5, NAN, asset=LINE))
    if restart:
        both.restart()

    both.write(oee(T0, NAN, NAN, rev=1.0))

    row = both.same("oee").row(0, named=True)
    assert (row["asset"], row["rev"]) == (LINE, 0.0)
    row = both.same("oee").row(1, named=True)
    assert (row["oee"], row["mttr_s"], row["stop_count"], row["rev"]) == (None, None, 0.0, 1.0)


class Forgetful(PassingOn):
    """Points of a server that says of its first deletions that they are done, as one does that writes its cache to the disk."""

    def __init__(self, real: InfluxPoints, times: int) -> None:
        super().__init__(real)
        self.times = times

    def delete(self, kind: str, points: Sequence[Any]) -> list[bool]:
        self.times -= 1
        return [True] * len(points) if self.times >= 0 else self._real.delete(kind, points)  # type: ignore[no-any-return]


def test_a_value_that_a_server_did_not_delete_though_it_says_so_is_deleted_again(both: Both) -> None:
    hours = [T0 + hour * HOUR for hour in range(9)]
    both.write(*(oee(hour, 0.643, 722.9) for hour in hours))
    assert both.sink._points is not None
    both.sink._points = Forgetful(both.sink._points, 2)  # type: ignore[assignment]

    both.write(*(oee(hour, NAN, 1.0, rev=1.0) for hour in hours))

    assert both.same("oee")["oee"].to_list() == [None] * 9
    assert both.same("oee")["mttr_s"].to_list() == [1.0] * 9


def test_a_value_that_comes_back_whatever_is_done_fails_the_write(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.influx_sink._PAUSE_S", 0.0)
    both.write(oee(T0, 0.643, 722.9))
    assert both.sink._points is not None
    both.sink._points = Forgetful(both.sink._points, 1000)  # type: ignore[assignment]

    with pytest.raises(SinkUnavailable, match="1 points of oee have values that were deleted, whatever is done"):
        both.write(oee(T0, NAN, 1.0, rev=1.0))


def test_a_value_that_comes_and_goes_within_one_write_is_gone(both: Both) -> None:
    both.write(oee(T0, 0.5, 9.0), oee(T0, NAN, NAN, rev=1.0), oee(T0 + HOUR, NAN, NAN), oee(T0 + HOUR, 0.25, NAN))

    assert both.same("oee")["oee"].to_list() == [None, 0.25]


def test_values_come_back_and_go_again(both: Both) -> None:
    both.write(oee(T0, 0.5, 9.0), oee(T0 + HOUR, 0.4, NAN))
    for rev in range(1, 6):
        both.write(oee(T0, NAN if rev % 2 else 0.1 * rev, 3.0 if rev % 3 else NAN, rev))
        both.write(oee(T0 + HOUR, NAN if rev % 2 else 0.1 * rev, NAN))
        both.same("oee")


def test_the_row_of_an_order_that_moved_has_nothing_left_of_its_figures(both: Both) -> None:
    def order(time: int, product: str | None, name: str | None, kwh: float, retracted: float) -> MetricRows:
        texts = {"order_id": [name], "null_reason": [None]}
        values = {"active_energy_kwh": [kwh], "oee": [kwh / 100], "retracted": [retracted]}
        return labelled_rows("production_order", [time], [LINE], {"product": [product]}, texts, ["order"], **values)

    both.write(order(T0, "A", "4711", 12.5, 0.0), order(T0, None, "4711", 3.5, 0.0))
    both.write(order(T0 + HOUR, "B", "4712", 12.5, 0.0))
    both.write(order(T0 + 60, "A", "4711", 12.0, 0.0), order(T0, "A", None, NAN, 1.0))
    both.restart()
    both.write(order(T0, None, None, NAN, 1.0))

    rows = both.same("production_order").filter(pl.col("retracted") == 1.0)
    assert rows.select("product", "active_energy_kwh", "oee", "order_id").rows() == [
        (None, None, None, None),
        ("A", None, None, None),
    ]


def test_the_row_of_a_shift_that_was_renamed_is_taken_back_under_its_old_name(both: Both) -> None:
    def shift(name: str, kwh: float, retracted: float) -> MetricRows:
        return labelled_rows(
            "energy", [T0], [PRESS], {"shift": [name]}, None, ["shift"], active_energy_kwh=[kwh], retracted=[retracted]
        )

    both.write(shift("Früh, 1", 7.5, 0.0))
    both.write(shift("Früh, 1", NAN, 1.0), shift("early", 7.5, 0.0))

    both.same("energy")
    assert query("energy", source=both.url).select("shift", "active_energy_kwh").rows() == [("early", 7.5)]


@pytest.mark.parametrize("seed", range(4))
def test_any_revisions_in_any_writes_leave_both_alike(both: Both, seed: int) -> None:
    random = np.random.default_rng(seed)
    assets = [f"plant/hall1/line1/m'{n}=, \\{n}" for n in range(3)]
    for step in range(25):
        batches = []
        for _ in range(int(random.integers(1, 4))):
            size = int(random.integers(1, 6))
            times = (T0 + HOUR * random.integers(0, 3 + step // 3, size)).tolist()
            values = {
                name: np.where(random.random(size) < 0.5, NAN, random.random(size)).tolist() for name in ("a", "b", "c")
            }
            labels = {"shift": random.choice(["early", "x y", None], size).tolist()}
            names = random.choice(assets, size).tolist()
            batches.append(
                labelled_rows("oee", times, names, labels, None, ["shift"] * size, rev=[float(step)] * size, **values)
            )
        both.write(*batches)
        if random.random() < 0.2:
            both.restart()
        both.same("oee")


def test_a_database_that_was_there_before_is_asked_once_a_series_and_never_for_new_windows(
    influxdb: Server, tmp_path: Path
) -> None:
    both = Both(influxdb, tmp_path)
    asked: list[str] = []
    both.write(oee(T0, 0.5, 9.0))
    points = both.sink._points
    assert points is not None
    run, points._asked = points._asked, lambda statement: asked.append(statement) or run(statement)  # type: ignore[func-returns-value,method-assign]

    for hour in range(1, 50):
        both.write(oee(T0 + hour * HOUR, 0.5, NAN))
        both.write(oee(T0 + hour * HOUR, 0.6, NAN))

    both.same("oee")
    both.close()
    assert [statement.split(" ")[0] for statement in asked] == ["SELECT"]


def test_minutes_of_a_past_hour_are_asked_for_at_once(both: Both) -> None:
    minutes = [T0 + minute * HOUR // 60 for minute in range(61)]

    def rows(times: list[int], mttr: float, rev: float) -> MetricRows:
        count = len(times)
        return labelled_rows("oee", times, [LINE] * count, {}, None, ["1m"] * count, rev=[rev] * count, oee=[0.5] * count, mttr=[mttr] * count)  # fmt: skip

    both.write(rows(minutes, 722.9, 0.0))
    both.restart()
    both.write(rows(minutes[-1:], 1.0, 1.0))
    asked: list[str] = []
    points = both.sink._points
    assert points is not None
    run, points._asked = points._asked, lambda statement: asked.append(statement) or run(statement)  # type: ignore[func-returns-value,method-assign]

    both.write(rows(minutes[:60], NAN, 1.0))

    both.same("oee")
    assert sum(statement.count("SELECT") for statement in asked) == 3, (
        "the newest row of the series, the hour, and it again"
    )


def test_a_crash_between_the_deletion_and_the_write_loses_nothing(both: Both) -> None:
    both.write(oee(T0, 0.643, 722.9), oee(T0, 0.5, 1.0, asset=LINE))
    wire = both.sink._wire
    assert wire is not None
    send, wire.send = wire.send, _fails  # type: ignore[method-assign]
    with pytest.raises(SinkUnavailable):
        both.sink.write([oee(T0, NAN, NAN, rev=1.0)])
    wire.send = send  # type: ignore[method-assign]

    both.restart()
    both.write(oee(T0, NAN, NAN, rev=1.0))

    assert both.same("oee")["oee"].to_list() == [0.5, None]


def _fails(body: bytes) -> None:
    raise SinkUnavailable("killed")


class Unerasing:
    """A server with InfluxQL and without a delete, as version 3: it holds one point, whose fields only ever grow."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        self.tags: dict[str, str] = {}

    def answer(self, lines: list[str]) -> Reply:
        if lines[0].startswith("oee,"):
            tags, fields, _ = lines[0].split(" ")
            self.tags = dict(pair.split("=") for pair in tags.split(",")[1:])
            self.fields |= {name: text.strip('"') for name, text in re.findall(r'(\w+)=("[^"]*"|[^,]+)', fields)}
            return Reply()
        if lines[0].startswith("q=SHOW+FIELD+KEYS"):
            return self._series(["fieldKey", "fieldType"], [[name, "float"] for name in self.fields])
        if lines[0].startswith("q=SELECT"):
            return self._series(["time", *self.fields], [[T0, *self.fields.values()]])
        return Reply(400 if lines[0].startswith("q=") else 404, "only SELECT and SHOW")

    def _series(self, columns: list[str], values: list[list[object]]) -> Reply:
        series = [{"name": "oee", "tags": self.tags, "columns": columns, "values": values}]
        return Reply(200, body=json.dumps({"results": [{"series": series}]}).encode())


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_server_without_a_delete_is_told_which_fields_are_none_any_more(api: str) -> None:
    server_3 = Unerasing()
    with scripted(server_3.answer) as server:
        url = f"{server.url}/b?org=o&api={api}"
        sink = InfluxSink(DeliverSettings(influx=url), levels, SystemClock())
        told = []
        for ratio, mttr_s in ((0.643, 722.9), (NAN, NAN), (0.5, NAN), (0.5, NAN), (0.5, 4.0)):
            sink.write([oee(T0, ratio, mttr_s)])
            told.append(server_3.fields.get("null_fields"))
        sink.close()

    assert told == [None, ",mttr_s,oee,", ",mttr_s,", ",mttr_s,", ""]


def test_a_query_leaves_out_what_a_marker_names(both: Both) -> None:
    both.write(oee(T0, 0.643, 722.9))
    marked = [labelled_rows("oee", [T0], [PRESS], {}, {"null_fields": [",mttr_s,"]}, ["1h"], rev=[1.0])]
    both.sink.write(marked)

    row = query("oee", source=both.url).row(0, named=True)

    assert (row["oee"], row["mttr_s"], row["rev"]) == (0.643, None, 1.0) and "null_fields" not in row


def test_a_token_that_may_not_read_is_an_operators_matter() -> None:
    def answer(lines: list[str]) -> Reply:
        return Reply() if lines[0].startswith("oee,") else Reply(403, "read access denied")

    with scripted(answer) as server:
        sink = InfluxSink(DeliverSettings(influx=f"{server.url}/b?org=o"), levels, SystemClock())
        with pytest.raises(SinkUnavailable, match="let its token read what it writes") as raised:
            sink.write([oee(T0, 0.643, NAN)])
        sink.close()

    assert raised.value.needs_operator


def test_points_are_deleted_by_the_second_api_with_all_their_tags() -> None:
    def answer(lines: list[str]) -> Reply:
        if lines[0].startswith(("oee,", "{")):
            return Reply()
        return Reply(404, "no such endpoint")

    with scripted(answer) as server:
        sink = InfluxSink(DeliverSettings(influx=f"{server.url}/b?org=o"), levels, SystemClock())
        sink.write([oee(T0, 0.643, 722.9)])
        sink.write([oee(T0, 0.643, NAN)])
        sink.close()
        (deletion,) = [
            lines[0]
            for lines, path in zip(server.requests, server.paths, strict=True)
            if path.startswith("/api/v2/delete?bucket=b&org=o")
        ]

    assert '"start": "2023-11-14T22:13:20.000000000Z", "stop": "2023-11-14T22:13:20.000000001Z"' in deletion
    assert (
        '_measurement=\\"oee\\" AND \\"area\\"=\\"plant/hall1\\" AND \\"asset\\"=\\"plant/hall1/line1/press\\"'
        in deletion
    )
