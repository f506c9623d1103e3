"""TLS to an InfluxDB: a CA of one's own is trusted when it is named, and what is wrong with a certificate is said in words."""

import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery.influx_sink import InfluxSink
from delivery.sinks import Outcome, SinkUnavailable
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.settings import DeliverSettings, load_settings
from tests.delivery.metric_frames import levels, metric_rows
from tests.integration.scripted_server import Reply, ScriptedServer, scripted

_Serve = Callable[..., ScriptedServer]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def _certificate(folder: Path, name: str, days: str, alternative: str) -> ssl.SSLContext:
    """A server's certificate of the folder's CA."""
    key, request, found = (str(folder / f"{name}.{end}") for end in ("key", "csr", "crt"))
    extra = folder / f"{name}.ext"
    extra.write_text(f"subjectAltName={alternative}\n")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    signed = ("-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial", "-days", days)
    _openssl("x509", "-req", "-in", request, "-out", found, "-extfile", str(extra), *signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(found, key)
    return context


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    key, found = str(folder / "ca.key"), str(folder / "ca.crt")
    _openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        found,
        "-days",
        "2",
        "-subj",
        "/CN=our CA",
    )
    return folder


@pytest.fixture
def serve() -> Iterator[_Serve]:
    opened = []

    def start(tls: ssl.SSLContext | None) -> ScriptedServer:
        block = scripted(lambda lines: Reply(), tls)
        opened.append(block)
        return block.__enter__()

    yield start
    for block in opened:
        block.__exit__(None, None, None)


def _write(url: str) -> Outcome:
    sink = InfluxSink(DeliverSettings(influx=url), levels, SystemClock())
    try:
        return sink.write([metric_rows("reading", [0], ["a"], ["t"], value=[1.0])])
    finally:
        sink.close()


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_ca_that_is_named_is_trusted(ca: Path, serve: _Serve, api: str) -> None:
    server = serve(_certificate(ca, "good", "2", "IP:127.0.0.1"))

    sink = InfluxSink(DeliverSettings(influx=f"{server.url}/b?api={api}&ca={ca / 'ca.crt'}"), levels, SystemClock())
    outcome = sink.write([metric_rows("reading", [0], ["a"], ["t"], value=[1.0])])

    assert outcome.stored == 1
    ends_s = sink.certificate_ends_s
    assert ends_s is not None and abs(ends_s - time.time() - 2 * 86_400) < 600
    sink.close()


def test_a_ca_that_is_renewed_is_taken_up_at_the_next_try(ca: Path, tmp_path: Path, serve: _Serve) -> None:
    server, named = serve(_certificate(ca, "renewed", "2", "IP:127.0.0.1")), tmp_path / "ca.crt"
    other = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key"), "-subj", "/CN=other CA")
    _openssl(*other, "-out", str(named))
    sink = InfluxSink(DeliverSettings(influx=f"{server.url}/b?org=o&ca={named}"), levels, SystemClock())
    rows = [metric_rows("reading", [0], ["a"], ["t"], value=[1.0])]
    with pytest.raises(SinkUnavailable, match="nobody that we trust"):
        sink.write(rows)

    named.write_bytes((ca / "ca.crt").read_bytes())

    assert sink.write(rows).stored == 1
    sink.close()


@pytest.mark.parametrize(
    ("days", "alternative", "is_named", "words"),
    [
        (
            "2",
            "IP:127.0.0.1",
            False,
            "nobody that we trust vouches for its certificate (system store); name its CA with &ca=FILE",
        ),
        ("2", "DNS:influx.plant", True, "its certificate is for another host name"),
        ("-1", "IP:127.0.0.1", True, "its certificate has expired"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    ca: Path, serve: _Serve, days: str, alternative: str, is_named: bool, words: str
) -> None:
    server = serve(_certificate(ca, "odd", days, alternative))

    with pytest.raises(SinkUnavailable) as raised:
        _write(f"{server.url}/b?org=o{f'&ca={ca}/ca.crt' if is_named else ''}")

    assert words in str(raised.value) and raised.value.needs_operator


def test_plain_and_encrypted_that_are_mixed_up_are_told_apart(ca: Path, serve: _Serve) -> None:
    plain, encrypted = serve(None), serve(_certificate(ca, "mixed", "2", "IP:127.0.0.1"))

    with pytest.raises(SinkUnavailable) as first:
        _write(plain.url.replace("http:", "https:") + "/b?org=o")
    with pytest.raises(SinkUnavailable) as second:
        _write(encrypted.url.replace("https:", "http:") + "/b?org=o")

    assert "it speaks plain HTTP on this port" in str(first.value) and first.value.needs_operator
    assert "does not answer" in str(second.value) and "https://" in str(second.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://h/b?ca=/x", "ca is for https"),
        ("https://h/b?ca=/no/such", "there is no file '/no/such'"),
    ],
)
def test_a_ca_that_can_not_be_used_stops_the_start(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(None, {"FIELDLINE_INFLUX": url})


def test_a_file_that_holds_no_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    sink = InfluxSink(DeliverSettings(influx=f"https://h/b?ca={tmp_path}/ca.crt"), levels, SystemClock())

    with pytest.raises(SettingsError, match="holds no certificates in PEM form"):
        sink.open()
