"""What a Kafka log's URL means."""

from pathlib import Path

import pytest

from fieldline.errors import SettingsError, Unavailable
from fieldline.log import Stream, open_log
from fieldline.log.kafka_settings import read_url
from fieldline.log.topics import apply_topics


def test_a_plain_url_gives_servers_and_defaults() -> None:
    settings = read_url("kafka://one:9092,two:9093")

    assert settings.servers == ("one:9092", "two:9093")
    assert settings.topic(Stream.READINGS) == "fieldline.readings.v1"
    assert settings.group(Stream.METRICS, "deliver.influx") == "fieldline.metrics.deliver.influx"
    assert settings.session_timeout_ms == 10_000
    assert settings.compression is None
    assert settings.security == {"security_protocol": "PLAINTEXT"}


def test_options_in_the_url_win() -> None:
    settings = read_url("h:1?prefix=plant.a&compression=lz4&session_timeout_ms=6000", prefix="other")

    assert settings.topic(Stream.CHECKPOINTS) == "plant.a.checkpoints.v1"
    assert (settings.compression, settings.session_timeout_ms) == ("lz4", 6000)


def test_a_user_gets_the_password_from_the_environment_and_it_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDLINE_KAFKA_PASSWORD", "s3cret")

    settings = read_url("plant@h:9093?tls=true")

    assert settings.security["security_protocol"] == "SASL_SSL"
    assert settings.security["sasl_mechanism"] == "SCRAM-SHA-512"
    assert settings.security["sasl_plain_username"] == "plant"
    assert settings.security["sasl_plain_password"] == "s3cret"
    assert "s3cret" not in repr(settings)


def test_a_password_file_loses_its_last_newline_only(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" pass word \n")

    settings = read_url(f"plant@h:9093?sasl=PLAIN&password_file={file}")

    assert settings.security["sasl_plain_password"] == " pass word "
    assert settings.security["security_protocol"] == "SASL_PLAINTEXT"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "as a server"),
        ("host", "as a server"),
        ("host:port", "as a server"),
        ("host:70000", "as a server"),
        ("h:1,,h:2", "as a server"),
        ("h:1?prefx=a", "unknown option prefx"),
        ("h:1?compression=rar", "compression: expected one of none, lz4"),
        ("h:1?session_timeout_ms=soon", "session_timeout_ms: expected a number"),
        ("h:1?session_timeout_ms=1", "session_timeout_ms: expected a number from 1000"),
        ("h:1?prefix=a b", "prefix: expected letters"),
        ("h:1?nonsense", "expected options as name=value"),
        ("h:1?sasl=PLAIN", "sasl needs a user"),
        ("h:1?ca=/no/such/file.pem", "ca: there is no file"),
        ("user@h:1?password_env=NOT_SET_ANYWHERE", "set NOT_SET_ANYWHERE or password_file"),
        ("user@h:1?password_file=/no/such/file", "password_file: cannot read"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(address: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_url(address)


def test_a_broker_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="127.0.0.1:1"):
        open_log("kafka://127.0.0.1:1?connect_timeout_ms=300")


@pytest.mark.parametrize(
    ("url", "partitions", "replication", "message"),
    [
        ("sqlite:plant.db", 1, 1, "only a Kafka log has topics"),
        ("kafka://h:1", 0, 1, "partitions: expected 1 to 1000"),
        ("kafka://h:1", 1, 0, "replication: expected 1 to 100"),
    ],
)
def test_impossible_topics_are_refused_before_connecting(
    url: str, partitions: int, replication: int, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        apply_topics(url, partitions, replication=replication)
