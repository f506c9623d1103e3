"""What of a Kafka cluster's options loses records, commits or state: each with what is expected, what is there, and the remedy."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from fieldline.log.kafka_client import admin_client
from fieldline.log.kafka_settings import MAX_MESSAGE_BYTES, read_url
from fieldline.log.records import COMPACTED, Stream

_OFFSETS = "__consumer_offsets"
_SPARE_MS = 86_400_000
_SURVIVING = 3  # copies of which one may be away while two take what is acknowledged
_APPLY = "run `fieldline topics apply`"
_Options = Mapping[str, str]


class Fault(NamedTuple):
    """One option that is not as it should be; `is_grave` : it can lose what was acknowledged, or stops a stage."""

    where: str
    expected: str
    found: str
    remedy: str
    is_grave: bool

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.found}; {self.remedy}"


def examine_topics(log_url: str, horizon_s: float) -> list[Fault]:
    """Faults of the log's topics and of the brokers' options, the gravest kind of each topic first.

    horizon_s : the allowed lateness, for which readings have to be there [s]. Raises SettingsError, Unavailable.
    """
    settings = read_url(log_url)
    names = {stream: settings.topic(stream) for stream in Stream}
    with admin_client(settings) as admin:
        present = set(admin.list_topics())
        missing = [name for name in names.values() if name not in present]
        if missing:
            apply = "run `fieldline topics apply --partitions N`"
            return [Fault(", ".join(missing), "topics", "none", apply, True)]
        told = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(list(names.values()))}
        options = _options(admin, ConfigResourceType.TOPIC, list(names.values()))
        nodes = [str(broker["broker_id"]) for broker in admin.describe_cluster()["brokers"]]
        brokers = _options(admin, ConfigResourceType.BROKER, nodes)
        commits = _options(admin, ConfigResourceType.TOPIC, [_OFFSETS] if _OFFSETS in present else [])
    kept_ms = max(_kept_ms(options[names[stream]]) for stream in (Stream.READINGS, Stream.METRICS))
    return [
        *_shapes(told, len(nodes)),
        *(fault for stream, name in names.items() for fault in _topic(stream, name, options[name], horizon_s)),
        *(fault for node, found in brokers.items() for fault in _broker(node, found, kept_ms, len(nodes))),
        *(
            fault
            for name, found in commits.items()
            for fault in _compacted(name, found, "set it with kafka-configs.sh")
        ),
    ]


def retention_fault(log_url: str, horizon_s: float) -> Fault | None:
    """The fault of how long the topic of readings keeps them, alone; see `examine_topics`. Raises SettingsError, Unavailable."""
    settings = read_url(log_url)
    name = settings.topic(Stream.READINGS)
    with admin_client(settings) as admin:
        return _retention(name, _options(admin, ConfigResourceType.TOPIC, [name])[name], horizon_s)


def _options(admin: KafkaAdminClient, kind: ConfigResourceType, names: list[str]) -> dict[str, _Options]:
    if not names:
        return {}
    found = admin.describe_configs([ConfigResource(kind, name) for name in names], config_filter="all")
    told: dict[str, dict[str, Any]] = found["broker" if kind is ConfigResourceType.BROKER else "topic"]
    return {name: {key: str(entry["value"]) for key, entry in entries.items()} for name, entries in told.items()}


def _kept_ms(options: _Options) -> float:
    kept = float(options["retention.ms"])
    return kept if kept >= 0 else float("inf")


def _shapes(told: Mapping[str, list[dict[str, Any]]], brokers: int) -> Iterator[Fault]:
    """Partitions, copies and copies that are behind."""
    counts = {name: len(partitions) for name, partitions in told.items()}
    most = max(counts.values())
    for name, partitions in told.items():
        if counts[name] != most:
            yield Fault(name, f"{most} partitions, as the others have", str(counts[name]), _APPLY, True)
        copies = min(len(partition["replica_nodes"]) for partition in partitions)
        if copies < min(_SURVIVING, brokers):
            remedy = "a broker that is lost takes it along: raise it with kafka-reassign-partitions.sh"
            yield Fault(name, f"{min(_SURVIVING, brokers)} copies on {brokers} brokers", str(copies), remedy, False)
        behind = [p["partition_index"] for p in partitions if len(p["isr_nodes"]) < len(p["replica_nodes"])]
        if behind:
            found = f"partitions {', '.join(map(str, sorted(behind)))} with copies that are behind"
            yield Fault(name, "all copies in step", found, "is a broker away?", False)


def _topic(stream: Stream, name: str, options: _Options, horizon_s: float) -> Iterator[Fault]:
    def asked(
        key: str, expected: str, is_right: Callable[[str], bool], is_grave: bool = True, remedy: str = _APPLY
    ) -> Iterator[Fault]:
        if not is_right(options[key]):
            yield Fault(name, f"{key} {expected}", options[key], remedy, is_grave)

    most = str(MAX_MESSAGE_BYTES)
    yield from asked("max.message.bytes", f"of {most}", lambda found: int(found) >= MAX_MESSAGE_BYTES, is_grave=False)
    yield from asked("unclean.leader.election.enable", "false", lambda found: found == "false")
    if stream in COMPACTED:
        yield from _compacted(name, options, _APPLY)
        return
    yield from asked("cleanup.policy", "delete", lambda found: found == "delete")
    limit = "take the limit away with kafka-configs.sh: it removes records that nobody has read"
    yield from asked("retention.bytes", "-1", lambda found: int(found) < 0, remedy=limit)
    if stream is Stream.READINGS and (fault := _retention(name, options, horizon_s)) is not None:
        yield fault


def _retention(name: str, options: _Options, horizon_s: float) -> Fault | None:
    """Readings are removed while late rows may still need them."""
    least, found = int(horizon_s * 1000) + _SPARE_MS, options["retention.ms"]
    if _kept_ms(options) >= least:
        return None
    expected = f"retention.ms of {least} at least, the allowed lateness and a day"
    return Fault(name, expected, found, "run `fieldline topics apply --retention`, or lower process.horizon", True)


def _compacted(name: str, options: _Options, remedy: str) -> Iterator[Fault]:
    """State and commits are kept by key: with any other policy the newest go with their age."""
    if options["cleanup.policy"] != "compact":
        yield Fault(name, "cleanup.policy compact", options["cleanup.policy"], remedy, True)


def _broker(node: str, options: _Options, kept_ms: float, brokers: int) -> Iterator[Fault]:
    where = f"broker {node}"
    kept_min = kept_ms / 60_000
    found = int(options["offsets.retention.minutes"])
    if found < kept_min:
        least = (
            "as long as records are kept"
            if kept_min == float("inf")
            else f"{kept_min:.0f} at least, as records are kept"
        )
        remedy = "a group that rests loses its place: set it in server.properties and restart the broker"
        yield Fault(where, f"offsets.retention.minutes {least}", str(found), remedy, True)
    copies = int(options["offsets.topic.replication.factor"])
    if copies < min(_SURVIVING, brokers):
        remedy = "commits are lost with a broker: set it in server.properties before the first start"
        expected = f"offsets.topic.replication.factor {min(_SURVIVING, brokers)}"
        yield Fault(where, expected, str(copies), remedy, False)
