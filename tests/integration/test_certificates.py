"""A broker's certificate that expires and is renewed, by another authority too: nothing is lost, and nobody has to restart ingest."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.servers import Mosquitto
from fieldline.health import Health
from fieldline.log import Log, open_log
from ingest.publisher import Publisher
from tests.integration.ingest_rig import ingest, rows
from tests.integration.pipe_rig import fieldline

T0 = 1_767_225_600_000
DAY_S = 86_400


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}")
    yield opened
    opened.close()


class Authority:
    """An authority in a folder of its own: its certificate is `ca.pem`, the broker's are `server.pem` and `server.key`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"

    def begin(self, name: str) -> None:
        """Be another authority, whatever there was before."""
        _openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", str(self.folder / "ca.key"), "-out", str(self.ca)),
        )

    def sign(self, days: int) -> None:
        """Give the broker a certificate that ends in so many days; with less than 0 it has ended."""
        request, names = self.folder / "server.csr", self.folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        subject = ("-subj", "/CN=broker", "-keyout", str(self.key), "-out", str(request))
        _openssl("req", "-newkey", "rsa:2048", "-nodes", *subject)
        authority = ("-CA", str(self.ca), "-CAkey", str(self.folder / "ca.key"), "-CAcreateserial")
        signed = ("-days", str(days), "-extfile", str(names), "-out", str(self.certificate))
        _openssl("x509", "-req", "-in", str(request), *authority, *signed)
        self.key.chmod(0o644)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def test_an_expired_certificate_is_told_and_a_renewed_one_is_taken_up_without_a_restart(
    log: Log, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    authority.begin("the first authority")
    authority.sign(days=2)
    port = Mosquitto(tmp_path / "unused").port
    listener = f"listener {port} 127.0.0.1\ncertfile {authority.certificate}\nkeyfile {authority.key}"
    broker = Mosquitto(tmp_path / "broker", extra=listener)
    broker.start()
    sent = 0

    def publish(count: int) -> None:
        nonlocal sent
        with Publisher(broker.url) as device:
            for at in range(sent, sent + count):
                device.publish("plant/l/m/x", b'{"ts":%d,"value":1}' % (T0 + at))
            device.flush()
        sent += count

    try:
        own = {"tls_ca": str(authority.ca), "tls_cert": str(authority.certificate), "tls_key": str(authority.key)}
        with ingest(log, mqtt=f"mqtts://127.0.0.1:{port}", client_id="tls", **own) as rig:
            rig.until_subscribed()
            publish(10)
            rig.until(lambda: len(rows(log)) == 10)
            first = certificate_ends_s(rig.health)
            assert first == pytest.approx(time.time() + 2 * DAY_S, abs=600)

            authority.sign(days=-1)
            broker.restart()
            rig.until(lambda: rig.health.state == "degraded" and "certificate has expired" in rig.health.reason)
            publish(10)
            assert len(rows(log)) == 10

            authority.begin("the second authority")
            authority.sign(days=3)
            broker.restart()
            rig.until(lambda: len(rows(log)) == 20, 60.0)
            rig.until(lambda: rig.health.state == "active")
            assert certificate_ends_s(rig.health) == pytest.approx(first + DAY_S, abs=600)
            assert certificate_ends_s(rig.health, "client") == certificate_ends_s(rig.health)  # the same file
    finally:
        broker.stop()


def certificate_ends_s(health: Health, whose: str = "broker") -> float:
    found: float = health.snapshot()["gauges"][f'certificate_ends_s{{whose="{whose}"}}']
    return found


@pytest.mark.parametrize(("days", "verdict"), [(29, "warn"), (31, "ok")])
def test_the_doctor_warns_a_month_before_the_certificate_ends(tmp_path: Path, days: int, verdict: str) -> None:
    authority = Authority(tmp_path)
    authority.begin("an authority")
    authority.sign(days)
    port = Mosquitto(tmp_path / "unused").port
    listener = f"listener {port} 127.0.0.1\ncertfile {authority.certificate}\nkeyfile {authority.key}"
    broker = Mosquitto(tmp_path / "broker", extra=listener)
    (tmp_path / "fieldline.toml").write_text(
        f'[ingest]\nmqtt = "mqtts://127.0.0.1:{port}"\ntls_ca = "{authority.ca}"\n'
    )
    broker.start()
    try:
        told = json.loads(fieldline("doctor", "--json", "--config", "fieldline.toml", folder=tmp_path))
    finally:
        broker.stop()

    (found,) = (finding for finding in told if finding["part"] == "broker")
    assert found["verdict"] == verdict
    assert "its certificate ends at 20" in found["detail"]
