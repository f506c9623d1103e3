"""Configuration of the deployment on the real servers: the broker's accounts and limits, the dashboards' queries."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deploy.native.server import Server, free_port
from fieldline.catalogue import fields, kinds, texts
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.log import open_log
from fieldline.plant import Plant
from fieldline.tables import Secret
from ingest.endpoint import Login
from ingest.publisher import Publisher
from ingest.simulator import Simulation, simulate
from processing.metric_rows import WINDOWS
from tests.integration.ingest_rig import ingest, rows

ROOT = Path(__file__).parents[2]
ASSETS = (
    "plant/hall1/line1/press1",
    "plant/hall1/line1/press2",
    "plant/hall1/line1",
    "plant/hall1",
    "plant/hall2/line1/press1",
)
PASSWORDS = {"fieldline": "reads-all", "device": "writes-lines"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """Mosquitto with the deployment's own configuration and start script; only paths and the port differ."""
    port, secrets, auth = free_port(), tmp_path / "secrets", tmp_path / "auth"
    auth.mkdir()
    subprocess.run([ROOT / "deploy" / "secrets", secrets], check=True, capture_output=True, timeout=30)
    (tmp_path / "data").mkdir()
    shutil.copytree(ROOT / "deploy" / "mosquitto", tmp_path / "config")
    for account, password in PASSWORDS.items():
        (secrets / f"mqtt_{account}").write_text(password)
    text = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    text = text.replace("/mosquitto/", f"{tmp_path}/").replace("/run/secrets/", f"{secrets}/")
    text = text.replace("listener 1883", f"listener {port} 127.0.0.1")
    text = text.replace("listener 8883", f"listener {_secure_port(tmp_path)} 127.0.0.1")
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(text + ("user root\n" if os.getuid() == 0 else ""))
    environment = {**os.environ, "SECRETS": str(secrets), "AUTH": str(auth), "CONF": str(conf)}
    with open(tmp_path / "out", "wb") as out:
        process = subprocess.Popen(
            [ROOT / "deploy" / "mosquitto" / "start"], env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(port, process, tmp_path / "out")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _secure_port(folder: Path) -> int:
    """The port of the broker's TLS listener in this folder, chosen once."""
    chosen = folder / "secure_port"
    if not chosen.exists():
        chosen.write_text(str(free_port()))
    return int(chosen.read_text())


def _wait_for(port: int, process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            process.poll() or threading.Event().wait(0.05)
    raise AssertionError(f"mosquitto did not start: {out.read_text()}")


class Listener:
    """A subscriber with an account; `messages` grows."""

    def __init__(self, port: int, account: str, topic: str) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._arrived = threading.Condition()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(account, PASSWORDS[account])
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topic, qos=1)
        self._client.loop_start()
        assert subscribed.wait(10)

    def wait_for(self, number: int, timeout_s: float) -> list[tuple[str, bytes]]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.messages) >= number, timeout_s)
        return self.messages

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, client: Client, data: Any, message: Any) -> None:
        with self._arrived:
            self.messages.append((message.topic, message.payload))
            self._arrived.notify_all()


def login(account: str, ca_file: Path | None = None) -> Login:
    return Login(account, Secret(PASSWORDS[account]), ca_file=str(ca_file) if ca_file else None)


def test_a_device_may_publish_and_ingest_may_read(broker: int) -> None:
    listener = Listener(broker, "fieldline", "plant/#")

    with Publisher(f"mqtt://127.0.0.1:{broker}", login=login("device")) as publisher:
        publisher.publish("plant/hall1/line1/press1", b"1")
        publisher.publish("office/printer", b"2")
        publisher.flush(10)
        publisher.publish("plant/hall1/line1/press1", b"3")
        publisher.flush(10)

    assert [payload for _, payload in listener.wait_for(2, 10)] == [b"1", b"3"]
    listener.close()


def test_a_device_comes_in_by_tls_when_it_trusts_the_brokers_authority(broker: int, tmp_path: Path) -> None:
    url = f"mqtts://localhost:{_secure_port(tmp_path)}"
    listener = Listener(broker, "fieldline", "plant/#")

    with Publisher(url, login=login("device", tmp_path / "secrets" / "mqtts_ca")) as publisher:
        publisher.publish("plant/hall1/line1/press1", b"1")
        publisher.flush(10)

    assert [payload for _, payload in listener.wait_for(1, 10)] == [b"1"]
    listener.close()
    # Nobody else trusts this authority.
    with (
        socket.create_connection(("localhost", _secure_port(tmp_path)), 10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def test_ingest_may_not_publish_and_a_device_may_not_read(broker: int) -> None:
    spy = Listener(broker, "device", "#")
    reader = Listener(broker, "fieldline", "#")

    with Publisher(f"mqtt://127.0.0.1:{broker}", login=login("fieldline")) as publisher:
        publisher.publish("plant/hall1/line1/press1", b"forged")
        publisher.flush(10)
    with Publisher(f"mqtt://127.0.0.1:{broker}", login=login("device")) as publisher:
        publisher.publish("plant/hall1/line1/press1", b"1")
        publisher.flush(10)

    assert reader.wait_for(1, 10) == [("plant/hall1/line1/press1", b"1")]
    assert spy.messages == []
    spy.close()
    reader.close()


def test_the_simulator_reaches_ingest_with_the_accounts_of_the_deployment(broker: int, tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{broker}"
    log = open_log(f"sqlite:{tmp_path / 'log.db'}")
    simulation = Simulation(1_767_225_600_000_000_000)
    account = {"username": "fieldline", "password": Secret(PASSWORDS["fieldline"])}

    with (
        ingest(log, mqtt=url, subscribe=("plant/#", "farm/#"), **account) as rig,
        Publisher(url, login=login("device")) as devices,
    ):
        rig.until_subscribed()
        clock, stop = SystemClock(), threading.Event()
        done = simulate(simulation, devices, seconds=10, clock=clock, stop=stop, speed=None)
        rig.until(lambda: rig.total("acknowledged") == done.messages)

    assert len(rows(log)) == done.readings
    log.close()


@pytest.mark.parametrize("stranger", [Login(), Login("device", Secret("wrong"))])
def test_strangers_are_refused(broker: int, stranger: Login) -> None:
    with pytest.raises(SettingsError, match="refuses the connection: (Not authorized|Bad user name)"):
        Publisher(f"mqtt://127.0.0.1:{broker}", login=stranger)


def test_a_password_that_would_break_the_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "mqtt_device").write_text("a:b")
    environment = {**os.environ, "SECRETS": str(tmp_path), "AUTH": str(tmp_path), "CONF": "/none"}

    done = subprocess.run(
        [ROOT / "deploy" / "mosquitto" / "start"], env=environment, capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 2
    assert "is empty or has a colon" in done.stderr


def _ask(influxdb: Server, path: str, **parameters: str) -> Any:
    body = urllib.parse.urlencode(parameters).encode()
    with urllib.request.urlopen(f"{influxdb.url}/{path}", data=body, timeout=10) as reply:
        return json.loads(reply.read() or b"{}")


@pytest.fixture
def filled(influxdb: Server) -> Iterator[Server]:
    """A database with one row of each kind, window and asset, as the pipeline writes them."""
    _ask(influxdb, "query", q="CREATE DATABASE boards")
    rows = []
    for kind in kinds().values():
        tag = ",tag=power_kw" if "tag" in kind.tags else ""
        numbers = ",".join(f"{name}={0 if name == 'retracted' else 1}" for name in fields(kind.name))
        words = "".join(f',{name}="none"' for name in texts(kind.name))
        for asset in ASSETS:
            where = ",".join(f"{name}={text}" for name, text in sorted(Plant().levels(asset).items()))
            for window in WINDOWS if "window" in kind.tags else ():
                rows.append(
                    f"{kind.name},asset={asset},{where}{tag},window={window} {numbers}{words} 1767225600000000000"
                )
    request = urllib.request.Request(f"{influxdb.url}/write?db=boards", data="\n".join(rows).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).close()
    yield influxdb
    _ask(influxdb, "query", q="DROP DATABASE boards")


def _as_grafana(query: str, **in_regex: str) -> str:
    """Grafana's variables and macros replaced as Grafana replaces them. in_regex : what is chosen where it is not all."""
    query = query.replace("$timeFilter", "time >= 1767225000000ms AND time <= 1767229200000ms")
    chosen = {
        "level": "machine",
        "line": "plant/hall1/line1",
        "asset": "plant/hall1/line1/press1",
        "tag": "power_kw",
        "window": "1h",
        "cell": "1m",
    }
    for name, value in (chosen | {"charted": chosen["asset"]}).items():
        query = query.replace(f"'${name}'", f"'{value}'")
    for name, value in in_regex.items():
        # Grafana escapes what is chosen for a regular expression, the slash too.
        query = query.replace(f"^${name}$", f"^{re.escape(value).replace('/', chr(92) + '/')}$")
    return re.sub(r"\^\$(?:site|area|line)\$", "^.*$", query)


def test_every_query_of_the_dashboards_finds_its_row_in_influxdb(filled: Server) -> None:
    asked = 0
    for path in sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        queries = [target["query"] for panel in board["panels"] for target in panel["targets"]]
        lists = [variable["query"] for variable in board["templating"]["list"] if variable["type"] == "query"]
        for query in [*queries, *lists]:
            answer = _ask(filled, "query", db="boards", q=_as_grafana(query))
            asked += 1

            assert "error" not in answer["results"][0], (query, answer)
            assert answer["results"][0].get("series"), f"no rows for {query}"
    assert asked > 15


def _query_of(panel: str) -> str:
    board = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "lines.json").read_text(encoding="utf-8"))
    return next(str(one["targets"][0]["query"]) for one in board["panels"] if one["title"] == panel)


def test_the_same_line_of_two_halls_stays_two_and_a_line_is_not_added_to_its_machines(filled: Server) -> None:
    def found(panel: str, **chosen: str) -> list[tuple[str | None, float]]:
        answer = _ask(filled, "query", db="boards", q=_as_grafana(_query_of(panel), **chosen))
        return [(one.get("tags", {}).get("line"), one["values"][0][1]) for one in answer["results"][0]["series"]]

    machines = [("plant/hall1/line1", 2.0), ("plant/hall2/line1", 1.0)]
    assert found("Energy per line and hour") == machines
    assert found("Energy per line and hour", line="plant/hall1/line1") == machines[:1]
    assert found("Energy in the time shown", area="plant/hall1") == [(None, 2.0)]
