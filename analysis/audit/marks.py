"""Which figures stand from settings that are no more: what the process stage noted when they changed."""

import json

from analysis.audit.balance import counters_record
from fieldline.errors import LogCorrupt
from fieldline.log import Log, Stream


def marks(log: Log) -> list[str]:
    """What changes of settings did to figures, by line, oldest first. Raises Unavailable, and LogCorrupt when a record is not there."""
    found: list[str] = []
    for partition in range(log.partitions(Stream.READINGS)):
        record = counters_record(log, partition)
        try:
            found += json.loads(record[1]).get("marks", []) if record is not None else []
        except (ValueError, AttributeError) as error:
            raise LogCorrupt(
                f"the process commit of partition {partition}: its counters record can't be read"
            ) from error
    return found
