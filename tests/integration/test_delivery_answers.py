"""Answers that no real server gives on request: limits, overload, slowness, resets, and 2.9's all-or-nothing parser."""

import math
import tracemalloc
from collections.abc import Callable
from email.utils import formatdate

import pytest

from delivery.influx_sink import InfluxSink
from delivery.sinks import Outcome, SinkUnavailable
from fieldline.clock import ManualClock
from fieldline.settings import DeliverSettings
from fieldline.tables import Secret
from tests.delivery.metric_frames import levels, metric_rows
from tests.integration.scripted_server import Reply, ScriptedServer, influx2, scripted

NOW_NS = 1_700_000_000_000_000_000


def sink_for(server: ScriptedServer, api: str = "v2", **options: object) -> InfluxSink:
    settings = DeliverSettings(influx=f"{server.url}/b?org=o&api={api}", token=Secret("t0ken"), **options)  # type: ignore[arg-type]
    return InfluxSink(settings, levels, ManualClock(NOW_NS))


def write(server: ScriptedServer, count: int, api: str = "v2", **options: object) -> Outcome:
    """Write `count` readings of assets a0, a1 …, in one request unless the options say otherwise."""
    sink = sink_for(server, api, **options)
    try:
        names = [f"a{i}" for i in range(count)]
        return sink.write([metric_rows("reading", list(range(count)), names, ["t"] * count, value=[1.0] * count)])
    finally:
        sink.close()


def has_asset(*numbers: int) -> Callable[[str], bool]:
    return lambda line: any(f"asset=a{n}," in line for n in numbers)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_quoted_bad_line_costs_one_more_request(api: str) -> None:
    with scripted(influx2(has_asset(77))) as server:
        outcome = write(server, 1000, api)

        assert outcome.stored == 999 and [row.source_asset for row in outcome.rejected] == ["a77"]
        assert outcome.rejected[0].payload == b"reading,asset=a77,level=site,name=a77,site=a77,tag=t value=1 77"
        assert [len(lines) for lines in server.requests] == [1000, 999]
        assert server.authorizations[0] == "Token t0ken"


def test_bad_lines_that_are_not_quoted_are_found_in_logarithmic_time() -> None:
    is_bad = has_asset(500)
    with scripted(lambda lines: Reply(400, "invalid") if any(map(is_bad, lines)) else Reply()) as server:
        outcome = write(server, 1024)

        # 1 + 2 for each of log2(1024) = 10 halvings
        assert len(server.requests) == 21
        assert outcome.stored == 1023 and [(r.source_asset, r.reason) for r in outcome.rejected] == [
            ("a500", "refused")
        ]


def test_a_refusal_that_meets_every_line_is_a_matter_for_the_operator_and_loses_nothing() -> None:
    with scripted(lambda lines: Reply(400, "go away")) as server:
        with pytest.raises(SinkUnavailable) as raised:
            write(server, 1000)

        assert raised.value.needs_operator and len(server.requests) < 25


def test_a_body_that_is_too_large_is_halved_down_to_the_line_that_never_fits() -> None:
    def answer(lines: list[str]) -> Reply:
        is_large = len(lines) > 100 or any(map(has_asset(7), lines))
        return Reply(413, "too large") if is_large else Reply()

    with scripted(answer) as server:
        outcome = write(server, 400)

        assert outcome.stored == 399 and [(r.source_asset, r.reason) for r in outcome.rejected] == [("a7", "too_large")]


def test_a_partial_write_keeps_the_good_rows_and_names_field_and_types() -> None:
    words = 'partial write: field type conflict: input field "value" on measurement "reading" is type float, already exists as type string dropped='

    def answer(lines: list[str]) -> Reply:
        dropped = sum(map(has_asset(3, 4), lines))
        return Reply(422, words + str(dropped)) if dropped else Reply()

    with scripted(answer) as server:
        outcome = write(server, 64)

        assert outcome.stored == 62 and {row.source_asset for row in outcome.rejected} == {"a3", "a4"}
        assert all(row.reason == "type_conflict" and "string" in row.detail for row in outcome.rejected)
        # 64 to 4 lines: 1 + 4 halvings of 2; then the two bad ones lie apart, each another 2 halvings of 2
        assert len(server.requests) == 1 + 8 + 2 * 4


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("status", [200, 201, 202, 206, 302])
def test_only_204_means_stored(api: str, status: int) -> None:
    page = Reply(status, headers={"Content-Type": "text/html"}, body=b"<html><title>Guest Wi-Fi</title>")
    with scripted(lambda lines: page) as server:
        with pytest.raises(SinkUnavailable) as raised:
            write(server, 10, api)

        assert raised.value.needs_operator
        assert f"expected 204 from InfluxDB, got {status}: a proxy, a login page" in str(raised.value)
        assert "Guest Wi-Fi" in str(raised.value)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_of_an_errors_body_only_the_beginning_is_read(api: str) -> None:
    with scripted(lambda lines: Reply(503, body=b"busy " * (4 << 20))) as server:
        sink = sink_for(server, api)
        tracemalloc.start()
        try:
            with pytest.raises(SinkUnavailable, match="503: busy"):
                sink.write([metric_rows("reading", [0], ["a"], ["t"], value=[1.0])])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            sink.close()

        assert peak < 20 * (1 << 20) + (4 << 20)  # the server's own 20 MiB, and little of ours


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_a_refused_token_or_bucket_keeps_the_rows_and_calls_the_operator(api: str, status: int) -> None:
    headers = {"Location": "http://127.0.0.1:1/"} if status == 301 else {}
    with scripted(lambda lines: Reply(status, "no", headers)) as server:
        with pytest.raises(SinkUnavailable) as raised:
            write(server, 10, api)

        assert raised.value.needs_operator and str(status) in str(raised.value) and "t0ken" not in str(raised.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize(
    ("status", "header", "wait_s"),
    [
        (429, "7", 7.0),
        (503, formatdate(NOW_NS / 1e9 + 30, usegmt=True), 30.0),
        (503, "100000", 600.0),
        (503, None, None),
        (500, None, None),
        (502, "4", 4.0),
    ],
)
def test_an_overloaded_server_says_how_long_to_wait(
    api: str, status: int, header: str | None, wait_s: float | None
) -> None:
    with scripted(lambda lines: Reply(status, "later", {"Retry-After": header} if header else {})) as server:
        with pytest.raises(SinkUnavailable) as raised:
            write(server, 10, api)

        assert not raised.value.needs_operator and len(server.requests) == 1
        assert raised.value.retry_after_s == (None if wait_s is None else pytest.approx(wait_s))


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("reply", [Reply(reset=True), Reply(delay_s=0.6)], ids=["reset", "slow"])
def test_a_reset_or_a_silence_is_worth_waiting_for(api: str, reply: Reply) -> None:
    with scripted(lambda lines: reply) as server, pytest.raises(SinkUnavailable, match="does not answer") as raised:
        write(server, 10, api, timeout_s=0.2)

    assert not raised.value.needs_operator


def test_small_frames_share_requests_and_large_ones_are_cut() -> None:
    with scripted(lambda lines: Reply()) as server:
        sink = sink_for(server, batch_lines=100)
        small = [metric_rows("reading", [i], [f"a{i}"], ["t"], value=[1.0]) for i in range(150)]
        large = metric_rows("reading", list(range(230)), [f"b{i}" for i in range(230)], ["t"] * 230, value=[1.0] * 230)

        outcome = sink.write([*small, large])

        sink.close()
        assert outcome.stored == 380 and [len(lines) for lines in server.requests] == [100, 50, 100, 100, 30]


def test_rows_without_values_make_no_request() -> None:
    with scripted(lambda lines: Reply()) as server:
        sink = sink_for(server)

        outcome = sink.write([metric_rows("reading", [1, 2], ["a", "b"], ["t", "t"], value=[math.nan, math.inf])])

        sink.close()
        assert outcome == Outcome(0, [], 2) and server.requests == []


def test_a_write_is_given_up_between_requests_when_asked() -> None:
    with scripted(lambda lines: Reply()) as server:
        sink = sink_for(server, batch_lines=10)
        rows = metric_rows("reading", list(range(100)), [f"a{i}" for i in range(100)], ["t"] * 100, value=[1.0] * 100)

        with pytest.raises(SinkUnavailable, match="given up"):
            sink.write([rows], lambda: len(server.requests) >= 3)

        sink.close()
        assert len(server.requests) == 3
