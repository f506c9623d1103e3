"""More partitions for a log: of every stream the same number, and never fewer than there are."""

import contextlib
from pathlib import Path

from fieldline.errors import SettingsError
from fieldline.log.options import Options
from fieldline.log.records import Stream


def add_partitions(url: str, partitions: int) -> None:
    """Have every stream of a log have `partitions` partitions; those that are new are empty.

    A SQLite file must be open nowhere; whoever works on Kafka's topics goes on with as many as there were. Raises SettingsError, InUse,
    LogCorrupt, Unavailable.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        _add_to_file(Path(Options.split(rest.removeprefix("//"))[0]).resolve(), partitions)
    elif scheme == "kafka":
        _add_to_topics(url, partitions)
    else:
        raise SettingsError(f"log: expected sqlite:PATH or kafka://host:port[,host:port], got {url!r}")


def _add_to_file(path: Path, partitions: int) -> None:
    from fieldline.log.sqlite_file import MAX_PARTITIONS, Presence, open_file, translated

    if partitions > MAX_PARTITIONS:
        raise SettingsError(f"log: expected at most {MAX_PARTITIONS} partitions, got {partitions}")
    presence = Presence(path, alone=True)
    try:
        db, before = open_file(path, None)
        fresh = [(stream.value, partition) for stream in Stream for partition in range(before, partitions)]
        with contextlib.closing(db), translated(path):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO head(stream, partition, next) VALUES(?, ?, 0)", fresh)
            db.execute("COMMIT")
    finally:
        presence.end()


def _add_to_topics(url: str, partitions: int) -> None:
    from fieldline.log.kafka_client import admin_client
    from fieldline.log.kafka_settings import read_url

    settings = read_url(url)
    names = [settings.topic(stream) for stream in Stream]
    with admin_client(settings) as admin:
        counts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(names)}
        smaller = {name: partitions for name, count in counts.items() if count < partitions}
        if smaller:
            admin.create_partitions(smaller, timeout_ms=15_000)
            admin.wait_for_topics(list(smaller), timeout_ms=15_000)
