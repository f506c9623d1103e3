"""The names that the world has for a time.

| rank | names, in any case, with or without `_` and `-` | tells |
|---|---|---|
| 1 | `SourceTimestamp`, `sourceTime`, `deviceTime`, `measuredAt`, `sampleTime`, `eventTime`, … | when the value was measured |
| 2 | `ts`, `timestamp`, `time`, `datetime`, `date`, `t`, `bt`, `utc`, `epoch`, `unixtime`, `Zeitstempel`, … | when the device spoke |
| 3 | `ServerTimestamp`, `serverTime`, `gatewayTime` | when a server took it over |
| 4 | `received_at`, `last_seen`, `time_fired`, `published_at`, `updated_at`, … | when somebody passed it on |

An ending tells the unit or the zone: `timestamp_ms`, `ts_us`, `time_ns`, `time_s`, `dateutc`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_SECOND_NS = 1_000_000_000
_RANKS = (
    "sourcetimestamp sourcetime sourcets devicetimestamp devicetime devicets measuredat measuredtime measurementtime measuretime "
    "measurementtimestamp sampletime sampledat sampletimestamp eventtime eventtimestamp eventts observedat observationtime "
    "phenomenontime recordedat recordtime readingtime readtime capturedat capturetime acquisitiontime occurredat",
    "ts timestamp time datetime datetimestamp date t bt tst dt utc utctime utctimestamp localtime localtimestamp isotime isotimestamp "
    "timestampiso timeiso epoch epochtime unixtime unixtimestamp unixts unix stamp when now currenttime currenttimestamp logtime "
    "logtimestamp reportedat reporttime zeitstempel zeit uhrzeit datum fecha hora fechahora horodatage",
    "servertimestamp servertime serverts gatewaytime gatewaytimestamp gatewayts brokertime",
    "receivedat receivedtime receivedtimestamp receivedts recvtime rxtime arrivaltime ingesttime lastseen lastseenat timefired "
    "publishedat publishtime updatedat lastupdated lastupdate lastchanged lastreported createdat sentat enqueuedtime",
)
HALVES = (("date", "time"), ("datum", "zeit"), ("datum", "uhrzeit"), ("fecha", "hora"))
"""Names of a day and a time of day that are only together a time."""
_RANK = {name: rank for rank, names in enumerate(_RANKS) for name in names.split()}
_CAREFUL = frozenset({"t", "bt", "dt", "date", "tst", "utc", "unix"})
_LONGEST_KEY = 40
"""No name of a time is longer, and longer keys are not worth remembering [characters]."""
_UNITS_NS = {"ms": 1_000_000, "us": 1000, "ns": 1, "s": _SECOND_NS, "sec": _SECOND_NS, "seconds": _SECOND_NS}
_ENDING = re.compile(r"(.*?)(?:[_-](?i:(ms|us|ns|s|sec|seconds|utc))|(?<=[a-z])(Ms|Us|Ns)|(?i:(utc)))")


class Meaning(NamedTuple):
    """What a key's name says of a time. unit_ns : of numbers, 0 where it is told by magnitude; is_sure : it is no tag."""

    rank: int
    unit_ns: int = 0
    is_utc: bool = False
    is_sure: bool = False
    is_careful: bool = False


def time_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of an object's keys that may tell its time, the first to be asked first."""
    short = [(at, key) for at, key in enumerate(keys) if len(key) <= _LONGEST_KEY]
    found = [(meaning.rank, at, key) for at, key in short if (meaning := meaning_of(key)) is not None]
    return tuple(key for _, _, key in sorted(found))


@lru_cache(maxsize=4096)
def meaning_of(key: str) -> Meaning | None:
    """What a key says of a time; None for a key of something else."""
    name = folded_name(key)
    unit, is_utc = 0, False
    if name not in _RANK:
        ending = _ENDING.fullmatch(key)
        if ending is None or folded_name(ending[1]) not in _RANK:
            return None
        name, told = folded_name(ending[1]), next(group for group in ending.groups()[1:] if group).lower()
        unit, is_utc = _UNITS_NS.get(told, 0), told == "utc"
    is_sure = name == "ts" or name.endswith("timestamp")
    return Meaning(_RANK[name], unit, is_utc, is_sure, name in _CAREFUL)


def lone_key(keys: tuple[str, ...]) -> str | None:
    """The one key that is always the time, and tells no unit: what nearly all objects have. `parse_time` reads its value."""
    if len(keys) != 1:
        return None
    meaning = meaning_of(keys[0])
    return keys[0] if meaning is not None and meaning.is_sure and not meaning.unit_ns and not meaning.is_utc else None


def folded_name(key: str) -> str:
    """A key by its letters and digits."""
    return key.replace("_", "").replace("-", "").lower()
