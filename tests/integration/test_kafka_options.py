"""What topics apply sets, and what the doctor says when somebody, or a broker's default, has other ideas."""

import json
from collections.abc import Callable

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs

from cli.stages.process import process_part
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.log import Stream, open_log
from fieldline.log.topics import apply_topics
from fieldline.log.topics_check import examine_topics
from fieldline.plant import Plant
from fieldline.settings import Settings
from tests.integration.kafka_rig import admin_of, poll_until
from tests.integration.pipe_rig import fieldline

HORIZON_S = 90_000.0


def prefix_of(url: str) -> str:
    return url.partition("prefix=")[2].partition("&")[0]


def test_what_apply_makes_is_right(kafka_url: Callable[..., str]) -> None:
    assert examine_topics(kafka_url(2), HORIZON_S) == []


@pytest.mark.parametrize(
    ("stream", "option", "value", "told"),
    [
        ("readings", "retention.ms", "90000000", "expected retention.ms of 176400000 at least, the allowed lateness and a day, got 90000000"),
        ("readings", "retention.bytes", "1000000", "expected retention.bytes -1, got 1000000"),
        ("readings", "cleanup.policy", "compact", "expected cleanup.policy delete, got compact"),
        ("metrics", "unclean.leader.election.enable", "true", "expected unclean.leader.election.enable false, got true"),
        ("checkpoints", "cleanup.policy", "delete", "expected cleanup.policy compact, got delete"),
        ("deadletter", "max.message.bytes", "1000000", "expected max.message.bytes of 16777216, got 1000000"),
    ],
)  # fmt: skip
def test_an_option_that_loses_something_is_told_with_its_remedy_and_most_are_set_back(
    kafka: Server, kafka_url: Callable[..., str], stream: str, option: str, value: str, told: str
) -> None:
    url = kafka_url(1)
    name = f"{prefix_of(url)}.{stream}.v1"
    admin = admin_of(kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {option: value})])
    admin.close()

    poll_until(lambda: bool(examine_topics(url, HORIZON_S)))
    (fault,) = examine_topics(url, HORIZON_S)

    assert str(fault).startswith(f"{name}: {told}; ")
    assert ("fieldline topics apply" in fault.remedy) is (option != "retention.bytes")
    apply_topics(kafka.url, 1, prefix=prefix_of(url))
    if option != "retention.bytes":
        poll_until(lambda: examine_topics(url, HORIZON_S) == [])


def test_commits_that_expire_before_the_records_are_told_of(kafka_url: Callable[..., str], kafka: Server) -> None:
    url = kafka_url(1)
    prefix = prefix_of(url)
    two_years_s = 2 * 365 * 86_400.0
    apply_topics(kafka.url, 1, prefix=prefix, retention_s={Stream.READINGS: two_years_s})
    poll_until(lambda: bool(examine_topics(url, HORIZON_S)))

    (fault,) = examine_topics(url, HORIZON_S)

    assert str(fault).startswith(
        "broker 1: expected offsets.retention.minutes 1051200 at least, as records are kept, got 525600; "
    )
    assert fault.is_grave


def test_the_doctor_shows_them_and_fails(kafka: Server, kafka_url: Callable[..., str]) -> None:
    url = kafka_url(1)
    name = f"{prefix_of(url)}.checkpoints.v1"
    healthy = json.loads(fieldline("doctor", "--log", url, "--json", code=None))
    admin = admin_of(kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": "delete"})])
    admin.close()
    poll_until(lambda: bool(examine_topics(url, HORIZON_S)))

    ill = json.loads(fieldline("doctor", "--log", url, "--json", code=1))

    assert ("topics", "ok") in [(each["part"], each["verdict"]) for each in healthy]
    (finding,) = (each for each in ill if each["part"] == "topics")
    assert finding["verdict"] == "fail" and "cleanup.policy compact, got delete" in finding["detail"]


def test_check_and_a_start_warn_of_a_topic_that_forgets_before_rows_may_be_late(
    kafka: Server, kafka_url: Callable[..., str]
) -> None:
    url = kafka_url(1)
    settings, log = Settings(log=url), open_log(url)

    with capture_logs() as healthy:
        process_part(settings, Plant(), log, SystemClock())
    apply_topics(kafka.url, 1, prefix=prefix_of(url), retention_s={Stream.READINGS: HORIZON_S})
    poll_until(lambda: bool(examine_topics(url, HORIZON_S)))
    with capture_logs() as said:
        process_part(settings, Plant(), log, SystemClock())
    checked = fieldline("check", "--log", url)
    log.close()

    told = f"{prefix_of(url)}.readings.v1: expected retention.ms of 176400000 at least"
    assert healthy == [] and [event["what"].startswith(told) for event in said] == [True]
    assert told in " ".join(checked.split())


def test_topics_that_are_not_there_name_the_command_that_makes_them(kafka: Server) -> None:
    (fault,) = examine_topics(f"{kafka.url}?prefix=nobody-made-these-either", HORIZON_S)

    assert fault.is_grave and "fieldline topics apply --partitions N" in str(fault)
