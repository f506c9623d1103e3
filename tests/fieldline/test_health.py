import json
import threading
import urllib.error
import urllib.request

import pytest
from structlog.testing import capture_logs

from fieldline.errors import SettingsError
from fieldline.health import Health, exposition, serve


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def server_of():
    servers = []

    def start(*healths):
        servers.append(serve(healths))
        return servers[-1].port

    yield start
    for server in servers:
        server.close()


def test_a_change_of_state_is_logged_once_with_its_reason():
    with capture_logs() as logs:
        health = Health("ingest")
        health.set("degraded", "broker does not answer")
        health.set("degraded", "broker does not answer")
        health.count("received", 5)

    assert [(log["log_level"], log["state"], log["before"], log["reason"]) for log in logs] == [
        ("warning", "degraded", "starting", "broker does not answer")
    ]


def test_going_idle_and_active_again_is_no_news():
    with capture_logs() as logs:
        health = Health("process")
        health.set("idle", "1 partitions")
        health.set("active", "1 partitions")
        health.set("idle", "1 partitions")
        health.set("degraded", "disk full")
        health.set("active", "1 partitions")

    assert [log["state"] for log in logs if log["log_level"] != "debug"] == ["idle", "degraded", "active"]


def test_a_state_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="sleepy"):
        Health("ingest").set("sleepy")


def test_counters_add_up_by_label_and_in_all():
    health = Health("ingest")

    health.count("received", 2, source="a/b")
    health.count("received", source="a/b")
    health.count("received", 4, source="c")
    health.gauge("lag", 7.5)
    health.gauge("lag", 1.5)

    snapshot = health.snapshot()
    assert snapshot["counters"] == {'received{source="a/b"}': 3, 'received{source="c"}': 4}
    assert snapshot["gauges"] == {"lag": 1.5}
    assert (snapshot["stage"], snapshot["state"]) == ("ingest", "starting")
    assert (health.total("received"), health.total("never")) == (7, 0)


def test_label_sets_beyond_a_thousand_are_counted_together():
    health = Health("ingest")

    for n in range(1500):
        health.count("received", source=f"device{n}")

    counters = health.snapshot()["counters"]
    assert len(counters) == 1001
    assert counters['received{label="__overflow__"}'] == 500


def test_counting_from_several_threads_loses_nothing():
    health = Health("process")
    threads = [threading.Thread(target=lambda: [health.count("rows") for _ in range(2000)]) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert health.total("rows") == 8000


def test_metrics_are_prometheus_text_with_labels_escaped(server_of):
    health = Health("ingest")
    health.count("received", 3, source='quote " and\nnewline')
    port = server_of(health)

    status, text = get(port, "/metrics")

    assert status == 200
    assert 'fieldline_received_total{source="quote \\" and\\nnewline",stage="ingest"} 3.0' in text
    assert 'fieldline_state{stage="ingest",state="starting"} 1.0' in text


def test_two_stages_share_one_family_of_a_counter():
    first, second = Health("ingest"), Health("process")
    first.count("rows", 1)
    second.count("rows", 2)

    text = exposition([first, second]).decode()

    assert text.count("# TYPE fieldline_rows_total counter") == 1
    assert 'fieldline_rows_total{stage="process"} 2.0' in text


@pytest.mark.parametrize(
    ("states", "alive", "ready"),
    [
        (("active", "idle"), 200, 200),
        (("active", "recovering"), 200, 503),
        (("degraded", "active"), 200, 503),
        (("stopped", "active"), 503, 503),
    ],
)
def test_ready_is_when_all_stages_are_active_or_idle(server_of, states, alive, ready):
    healths = [Health("ingest"), Health("process")]
    for health, state in zip(healths, states, strict=True):
        health.set(state, "because")
    port = server_of(*healths)

    lives, readiness = get(port, "/healthz"), get(port, "/readyz")

    assert (lives[0], readiness[0]) == (alive, ready)
    assert [stage["state"] for stage in json.loads(readiness[1])] == list(states)


def test_other_paths_say_what_there_is(server_of):
    status, text = get(server_of(Health("ingest")), "/favicon.ico")

    assert status == 404
    assert "/readyz" in text


def test_a_port_in_use_is_a_clear_error(server_of):
    port = server_of(Health("ingest"))

    with pytest.raises(SettingsError, match=f"can't listen on 127.0.0.1:{port}"):
        serve([Health("ingest")], "127.0.0.1", port)
