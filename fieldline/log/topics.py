"""The topics of a Kafka log and their options (`fieldline topics apply`); partitions are added by `fieldline topics grow`."""

from collections.abc import Mapping
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from fieldline.errors import SettingsError
from fieldline.log.kafka_client import admin_client
from fieldline.log.kafka_settings import MAX_MESSAGE_BYTES, read_url
from fieldline.log.records import COMPACTED, Stream

_ALREADY_EXISTS = 36
_DAY_MS = 86_400_000
_KEEP_MS: Mapping[Stream, int] = {
    Stream.READINGS: 7 * _DAY_MS,
    Stream.METRICS: 7 * _DAY_MS,
    Stream.ALERTS: 30 * _DAY_MS,
    Stream.DEADLETTER: 30 * _DAY_MS,
    Stream.COMMANDS: 7 * _DAY_MS,
}


def apply_topics(
    log_url: str,
    partitions: int,
    *,
    prefix: str = "fieldline",
    replication: int = 1,
    retention_s: Mapping[Stream, float] | None = None,
) -> list[str]:
    """Make the topics that are missing, and set the options of all.

    `retention_s` : how long a stream's records are kept [s], instead of 7 days (alerts and dead letters: 30 days).
    Gives one sentence for each thing done; applying again does nothing. Raises SettingsError (not Kafka, another number of
    partitions already, refused by the broker) and Unavailable; what was done before that stays.
    """
    if not log_url.startswith("kafka://"):
        raise SettingsError(f"topics: only a Kafka log has topics, got {log_url!r}")
    if not 1 <= partitions <= 1000:
        raise SettingsError(f"topics: partitions: expected 1 to 1000, got {partitions}")
    if not 1 <= replication <= 100:
        raise SettingsError(f"topics: replication: expected 1 to 100, got {replication}")
    settings = read_url(log_url, prefix)
    kept = {stream: int(retention_s[stream] * 1000) for stream in retention_s or {} if retention_s}
    wanted = {settings.topic(stream): _options(stream, {**_KEEP_MS, **kept}) for stream in Stream}
    with admin_client(settings) as admin:
        existing = _existing(admin, list(wanted))
        _refuse_others(existing, partitions)
        done = _create(admin, {name: wanted[name] for name in wanted if name not in existing}, partitions, replication)
        return done + _configure(admin, {name: wanted[name] for name in existing})


def _options(stream: Stream, keep_ms: Mapping[Stream, int]) -> dict[str, str]:
    options = {
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",
        # A replica that is behind must not become the leader: what the others acknowledged would be gone.
        "unclean.leader.election.enable": "false",
    }
    if stream in COMPACTED:
        # Small segments: only closed ones are compacted.
        compact = {
            "cleanup.policy": "compact",
            "segment.bytes": str(64 << 20),
            "segment.ms": "600000",
            "min.cleanable.dirty.ratio": "0.2",
        }
        return options | compact
    milliseconds = keep_ms[stream]
    # Records go by whole segments, so a segment is no longer than a seventh of what is kept.
    segment_ms = max(60_000, milliseconds // 7)
    return options | {"cleanup.policy": "delete", "retention.ms": str(milliseconds), "segment.ms": str(segment_ms)}


def _existing(admin: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    present = set(admin.list_topics())
    found = [name for name in names if name in present]
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(found)} if found else {}


def _refuse_others(existing: dict[str, int], partitions: int) -> None:
    """The state of the lines was made for as many partitions as there are."""
    larger = [f"{name} has {count}" for name, count in existing.items() if count > partitions]
    if larger:
        raise SettingsError(
            f"topics: partitions cannot be taken away: {', '.join(larger)}, asked for {partitions};"
            " nothing was changed. Ask for as many, or use another prefix"
        )
    smaller = [f"{name} has {count}" for name, count in existing.items() if count < partitions]
    if smaller:
        raise SettingsError(
            f"topics: {', '.join(smaller)} partitions, asked for {partitions}; nothing was changed."
            f" `fieldline topics grow --partitions {partitions}` adds them and moves the state of the lines"
        )


def _create(
    admin: KafkaAdminClient, missing: dict[str, dict[str, str]], partitions: int, replication: int
) -> list[str]:
    if not missing:
        return []
    # With three copies one broker may be away, and what is acknowledged lies on two.
    safety = {"min.insync.replicas": "2"} if replication >= 3 else {}
    topics: dict[str, dict[str, Any]] = {
        name: {"num_partitions": partitions, "replication_factor": replication, "configs": options | safety}
        for name, options in missing.items()
    }
    result = admin.create_topics(topics, timeout_ms=15_000, raise_errors=False)
    refused = {topic["error_message"] for topic in result["topics"] if topic["error_code"] not in (0, _ALREADY_EXISTS)}
    if refused:
        raise SettingsError(f"topics: the broker refuses: {'; '.join(sorted(map(str, refused)))}")
    admin.wait_for_topics(list(topics), timeout_ms=15_000)
    return [f"{name}: created with {partitions} partitions" for name in topics]


def _configure(admin: KafkaAdminClient, wanted: dict[str, dict[str, str]]) -> list[str]:
    done: list[str] = []
    if not wanted:
        return done
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    for name, options in wanted.items():
        now = {key: str(entry["value"]) for key, entry in described[name].items()}
        changes = {key: value for key, value in options.items() if now.get(key) != value}
        if changes:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, changes)])
            done += [f"{name}: {key} set to {value} (was {now.get(key)})" for key, value in changes.items()]
    return done
