"""TLS and users of a real Kafka broker: what works, and what each mistake is called."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.server import HOST, free_port
from fieldline.errors import SettingsError, Unavailable
from fieldline.log import Stream, open_log
from fieldline.log.topics import apply_topics
from tests.integration import secure_kafka
from tests.integration.kafka_rig import read_some
from tests.integration.pipe_rig import fieldline
from tests.integration.secure_kafka import PASSWORDS, PLAIN_PASSWORD, SecureKafka

SOON = "connect_timeout_ms=500"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    found = secure_kafka.start(tmp_path_factory.mktemp("secure") / "kafka")
    yield found
    found.server.stop()


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAM", PASSWORDS["scram"])
    monkeypatch.setenv("PLAIN", PLAIN_PASSWORD)
    monkeypatch.setenv("WRONG", "guess")


def url_of(secure: SecureKafka, listener: str, options: str, user: str) -> str:
    told = options.format(ca=secure.ca, folder=secure.ca.parent)
    return f"kafka://{user}{secure.listeners[listener]}?{told}"


WORKING = {
    "tls": ("TLS", "ca={ca}", ""),
    "certificate": ("MUTUAL", "ca={ca}&cert={folder}/server.pem&key={folder}/server.key", ""),
    "scram": ("USERS", "password_env=SCRAM", "scram@"),
    "plain": ("USERS", "sasl=PLAIN&password_env=PLAIN", "plain@"),
    "scram under tls": ("BOTH", "ca={ca}&password_env=SCRAM", "scram@"),
    "plain under tls": ("BOTH", "ca={ca}&sasl=PLAIN&password_env=PLAIN", "plain@"),
}


@pytest.mark.parametrize("way", WORKING)
@pytest.mark.usefixtures("passwords")
def test_records_are_appended_read_and_committed_over(secure: SecureKafka, way: str) -> None:
    prefix = way.replace(" ", "-")
    url = url_of(secure, *WORKING[way])
    apply_topics(url, 1, prefix=prefix)
    log = open_log(url, prefix=prefix)

    offset = log.append(Stream.READINGS, 0, b"line", b"value").result(60.0)
    reader = log.reader(Stream.READINGS, "process")
    records = read_some(reader, 1)
    reader.commit(0, offset + 1)

    assert [record.value for record in records] == [b"value"]
    assert log.commits(Stream.READINGS, "process")[0].offset == 1
    log.close()


MISTAKES = {
    "a wrong password under SCRAM": ("BOTH", "ca={ca}&password_env=WRONG", "scram@", "user scram is refused under SCRAM-SHA-512: the password"),
    "a wrong password under PLAIN": ("USERS", "sasl=PLAIN&password_env=WRONG", "plain@", "user plain is refused under PLAIN: the password"),
    "a user that is not there": ("USERS", "password_env=WRONG", "nobody@", "user nobody is refused under SCRAM-SHA-512"),
    "a mechanism that is not offered": ("USERS", "sasl=SCRAM-SHA-256&password_env=SCRAM", "scram@", "expected sasl to be one of PLAIN, SCRAM-SHA-512, got SCRAM-SHA-256"),
    "no TLS where it is asked for": ("TLS", "tls=false", "", "the listener speaks TLS: add tls=true"),
    "a user without TLS where it is asked for": ("BOTH", "password_env=SCRAM", "scram@", "the listener speaks TLS: add tls=true"),
    "TLS where there is none": ("PLAIN", "ca={ca}", "", "TLS is asked for and the listener speaks none"),
    "TLS with a user where there is none": ("USERS", "ca={ca}&password_env=SCRAM", "scram@", "TLS is asked for and the listener speaks none"),
    "an authority that is unknown": ("TLS", "tls=true", "", "signed by nobody we trust .*; give the authority's certificate with ca=FILE"),
    "a certificate for another name": ("ALIEN", "ca={ca}", "", "the server's certificate is not for the name 127.0.0.1"),
    "no certificate where one is asked for": ("MUTUAL", "ca={ca}", "", "if it asks for a client's certificate, give cert=FILE and key=FILE"),
    "no user where one is asked for": ("USERS", "tls=false", "", "it asks for a user .SASL."),
    "no user under TLS where one is asked for": ("BOTH", "ca={ca}", "", "it asks for a user .SASL."),
    "a user where none is asked for": ("PLAIN", "password_env=SCRAM", "scram@", "the listener takes no user"),
    "a certificate that is none": ("TLS", "ca=/etc/hostname", "", "ca=/etc/hostname: expected certificates and a key in PEM format"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.usefixtures("passwords")
def test_the_cause_is_told_of(secure: SecureKafka, mistake: str) -> None:
    listener, options, user, told = MISTAKES[mistake]

    with pytest.raises(SettingsError, match=told):
        open_log(f"{url_of(secure, listener, options, user)}&{SOON}")


@pytest.mark.parametrize(
    ("server", "told"),
    [(f"{HOST}:{free_port()}", "nobody listens there"), ("no-such-host.invalid:9092", "can't be resolved")],
    ids=["a free port", "a name of nobody"],  # workers of pytest-xdist must find the same tests
)
def test_a_server_that_is_not_there_may_come(server: str, told: str) -> None:
    with pytest.raises(Unavailable, match=told):
        open_log(f"kafka://{server}?{SOON}")


@pytest.mark.usefixtures("passwords")
def test_a_wrong_password_ends_a_stage_and_topics_apply_with_2(
    secure: SecureKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINE_KAFKA_PASSWORD_FILE", str(secure.ca))  # any text that is not the password
    url = f"kafka://scram@{secure.listeners['BOTH']}?ca={secure.ca}&password_file={secure.ca}&{SOON}"

    fieldline("process", "--log", url, code=2)
    fieldline("topics", "apply", "--partitions", "1", "--log", url, code=2)


@pytest.mark.parametrize(
    ("server", "options", "is_warned"),
    [
        ("plant-server.invalid:9092", "", True),
        ("192.0.2.1:9092", "", True),
        ("plant-server.invalid:9092", "&tls=true", False),
        ("127.0.0.1:1", "", False),
        ("localhost:1", "", False),
    ],
)
@pytest.mark.usefixtures("passwords")
def test_a_user_without_tls_beyond_this_machine_is_warned_of(
    server: str, options: str, is_warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        open_log(f"kafka://scram@{server}?password_env=SCRAM&connect_timeout_ms=200{options}")

    assert ("logs in without TLS beyond this machine" in caplog.text) is is_warned


def test_a_password_stands_in_no_message(secure: SecureKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse battery")

    with pytest.raises(SettingsError) as caught:
        open_log(f"kafka://scram@{secure.listeners['USERS']}?password_file={file}&{SOON}")

    assert "horse" not in str(caught.value)
