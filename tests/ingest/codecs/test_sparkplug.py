"""Sparkplug B: births, aliases, deaths, gaps and rebirths, as an edge node's session goes."""

import random
import struct
from typing import Any

import numpy as np
import pytest

from fieldline.frames import Quality
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.codecs import Explanation, Problem
from ingest.codecs.sparkplug import rebirth_request
from ingest.decoder import Decoder
from ingest.rows import Row, Rows
from ingest.sparkplug.payload import DataType, decode_payload
from ingest.sparkplug.wire import encode

T_MS = 1_767_225_600_000
NOW_NS = (T_MS + 500) * 1_000_000
Metric = tuple[int, bytes]


def metric(name: str | None = None, alias: int | None = None, **said: Any) -> Metric:
    """A metric as field 2 of a payload; values under the names of their types."""
    fields: list[tuple[int, Any]] = []
    fields += [(1, name)] if name is not None else []
    fields += [(2, alias)] if alias is not None else []
    fields += [(3, said.pop("ts", T_MS))]
    fields += [(4, int(DataType[said.pop("type")]))] if "type" in said else []
    numbers = {
        "historical": 5,
        "null": 7,
        "properties": 9,
        "int": 10,
        "long": 11,
        "boolean": 14,
        "text": 15,
        "bytes": 16,
        "dataset": 17,
    }
    block = encode(fields + sorted((numbers[key], value) for key, value in said.items() if key in numbers))
    block += b"\x65" + struct.pack("<f", said["float"]) if "float" in said else b""
    block += b"\x69" + struct.pack("<d", said["double"]) if "double" in said else b""
    return 2, block


def properties(**values: Any) -> bytes:
    told = [
        (2, encode([(1, 3), (3, value)]) if isinstance(value, int) else encode([(1, 12), (8, value)]))
        for value in values.values()
    ]
    return encode([*((1, key) for key in values), *told])


def payload(seq: int | None, *metrics: Metric) -> bytes:
    return encode([(1, T_MS), *metrics, *([] if seq is None else [(3, seq)])])


BIRTH = payload(
    0,
    metric("bdSeq", type="Int64", long=3),
    metric("Node Control/Rebirth", type="Boolean", boolean=0),
    metric("Power", 1, type="Double", double=3.5),
    metric("Count", 2, type="UInt64", long=7),
    metric("Level", 3, type="Int16", int=65535),
    metric("Run", 4, type="Boolean", boolean=1),
    metric("Temp", 5, type="Float", float=20.5),
    metric("Mode", 6, type="String", text="auto"),
)


class Host:
    """What Fieldline makes of a stream of messages."""

    def __init__(self, **keys: Any) -> None:
        declared = (Topic(preset="sparkplug", **keys),) if keys else ()
        self.decoder = Decoder(Plant(PlantFile(topic=declared)), IngestSettings())
        self.problem: Problem | None = None
        self.now_ns = NOW_NS
        self.names = Rows()

    def send(self, topic: str, message: bytes) -> dict[tuple[str, str], Row]:
        rows = Rows(self.names.assets, self.names.tags)
        self.problem = self.decoder.decode(f"spBv1.0/{topic}".encode(), message, self.now_ns, rows)
        found = rows.take(0)
        self.rows = found
        return {(rows.assets.texts[row.asset], rows.tags.texts[row.tag]): row for row in found}

    def values(self, topic: str, message: bytes) -> dict[str, float]:
        return {tag: row.value for (_, tag), row in self.send(topic, message).items() if not tag.startswith("@")}


def test_a_birth_gives_its_values_and_the_protocols_own_metrics_none() -> None:
    host = Host()

    found = host.send("G/NBIRTH/N", BIRTH)

    assert {tag for asset, tag in found if asset == "G/N"} == {"Power", "Count", "Level", "Run", "Temp", "@text/Mode"}
    assert [found["G/N", tag].value for tag in ("Power", "Count", "Level", "Run", "Temp")] == [3.5, 7, -1, 1, 20.5]
    assert found["G/N", "@text/Mode"].payload == b"auto"
    assert found["G/N", "Power"].time == T_MS * 1_000_000
    assert host.problem is None


@pytest.mark.parametrize("is_plain", [True, False], ids=["all in one go", "one by one"])
def test_data_by_alias_is_read_as_the_birth_says(is_plain: bool) -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    extra = [] if is_plain else [metric("Note", type="String", text="x")]

    found = host.values("G/NDATA/N", payload(1, metric(alias=1, double=4.5, ts=T_MS + 7), metric(alias=3, int=4294967295), metric(alias=4, boolean=0), metric(alias=5, float=-2.5), metric(alias=2, long=300), *extra))  # fmt: skip

    assert found == {"Power": 4.5, "Level": -1, "Run": 0, "Temp": -2.5, "Count": 300}
    assert {row.time for row in host.rows} >= {(T_MS + 7) * 1_000_000}
    assert host.problem is None


def test_random_plain_messages_are_read_alike_in_one_go_and_one_by_one() -> None:
    rng = random.Random(7)
    kinds = [("Double", "double"), ("Float", "float"), ("Int32", "int"), ("UInt64", "long"), ("Boolean", "boolean")]
    for _ in range(100):
        chosen = [rng.choice(kinds) for _ in range(rng.randint(1, 9))]
        host, slow = Host(), Host()
        born = payload(0, *(metric(f"m{at}", at + 120, type=kind, null=1) for at, (kind, _) in enumerate(chosen)))

        def value(field: str) -> Any:
            return {"double": rng.random(), "float": rng.random(), "boolean": rng.randint(0, 1)}.get(
                field, rng.getrandbits(31)
            )

        for each in (host, slow):
            each.send("G/NBIRTH/N", born)
        # The same aliases again and again: found by an expression of their own, and by another while all have one time.
        for seq in range(1, 8):
            spread = rng.choice([0, 0, 9])
            metrics = [
                metric(alias=at + 120, ts=T_MS + seq + rng.randint(0, spread), **{field: value(field)})
                for at, (_, field) in enumerate(chosen)
            ]
            in_one_go = host.send("G/NDATA/N", payload(seq, *metrics))
            one_by_one = slow.send("G/NDATA/N", payload(seq, *metrics) + encode([(4, "a uuid")]))

            assert in_one_go == one_by_one and len(in_one_go) == len(chosen)


def test_a_device_has_an_asset_and_aliases_of_its_own() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", payload(1, metric("Weight", 1, type="Float", float=1.0)))

    found = host.send("G/DDATA/N/D", payload(2, metric(alias=1, float=2.0), metric(alias=5, float=9.0)))

    assert found["G/N/D", "Weight"].value == 2.0
    assert found["G/N/D", "Temp"].value == 9.0  # told by the node for all of its metrics


def test_a_group_that_is_a_hierarchy_gives_levels() -> None:
    found = Host().send(
        "Plant1:Area3:Line4:Cell2/DBIRTH/Heater/Sensor",
        payload(0, metric("Current/Celsius", 1, type="Float", float=1.0)),
    )

    assert list(found) == [("Plant1/Area3/Line4/Cell2/Heater/Sensor", "Current/Celsius")]


def test_an_alias_that_no_birth_told_is_a_dead_letter_and_a_name_is_read() -> None:
    host = Host()

    found = host.values("G/NDATA/N", payload(9, metric(alias=1, double=4.5), metric("Speed", type="Float", float=2.0)))

    assert found == {"Speed": 2.0}
    assert host.problem is not None and (host.problem.reason, host.problem.readings) == ("birth", 1)


def test_nulls_are_no_samples_and_qualities_and_old_times_are_kept() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)

    found = host.send("G/NDATA/N", payload(1, metric(alias=1, null=1), metric(alias=5, float=1.0, properties=properties(Quality=500)), metric(alias=2, long=1, historical=1, ts=T_MS - 60_000), metric(alias=4, boolean=1, properties=properties(Quality=0))))  # fmt: skip

    assert {(tag, row.quality, row.time // 1_000_000 - T_MS) for (_, tag), row in found.items()} == {
        ("Temp", Quality.STALE, 0), ("Count", Quality.GOOD, -60_000), ("Run", Quality.BAD, 0)
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), [("DataSet", "dataset"), ("Bytes", "bytes"), ("File", "bytes")])
def test_what_is_not_read_is_named_and_the_rest_goes_on(kind: str, field: str) -> None:
    host = Host()

    found = host.values(
        "G/NBIRTH/N",
        payload(0, metric("Odd", 1, type=kind, **{field: b"\1\2"}), metric("Good", 2, type="Float", float=1.0)),
    )

    assert found == {"Good": 1.0}
    assert host.problem == Problem("value", f"Odd: a {kind} is not read")


def test_arrays_become_tags_by_number() -> None:
    packed = np.array([-30000, 30000], "<i2").tobytes()

    found = Host().values("G/NBIRTH/N", payload(0, metric("Axis", 1, type="Int16Array", bytes=packed)))

    assert found == {"Axis/0": -30000, "Axis/1": 30000}


def test_a_float_that_is_none_costs_itself_alone() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)

    found = host.values("G/NDATA/N", payload(1, metric(alias=1, double=float("nan")), metric(alias=5, float=1.0)))

    assert found == {"Temp": 1.0}
    assert host.problem is not None and host.problem.reason == "value"


def test_a_death_makes_stale_what_the_node_and_its_devices_said_last() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", payload(1, metric("Weight", 9, type="Float", float=1.0)))
    host.send("G/DDATA/N/D", payload(2, metric(alias=9, float=2.5)))
    host.now_ns += 1_000_000_000

    late = host.send("G/NDEATH/N", payload(None, metric("bdSeq", type="Int64", long=2)))
    found = host.send("G/NDEATH/N", payload(None, metric("bdSeq", type="Int64", long=3)))

    assert late == {}
    assert found["G/N/D", "Weight"].value == 2.5
    assert {row.quality for row in found.values()} == {Quality.STALE} and len(found) == 6
    assert {row.time for row in found.values()} == {host.now_ns}
    assert host.values("G/NDATA/N", payload(3, metric(alias=1, double=1.0))) == {}
    assert host.problem is not None and host.problem.reason == "birth"


def test_a_device_dies_alone() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", payload(1, metric("Weight", 9, type="Float", float=1.0)))

    found = host.send("G/DDEATH/N/D", payload(2))

    assert [(key, row.quality) for key, row in found.items()] == [(("G/N/D", "Weight"), Quality.STALE)]
    assert host.values("G/NDATA/N", payload(3, metric(alias=1, double=1.0))) == {"Power": 1.0}


def test_a_number_that_never_came_is_counted_once_its_time_is_up_and_data_goes_on() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    reader = host.decoder.readers[0]

    for seq, seconds in ((1, 0), (4, 1), (5, 2), (6, 4), (7, 5)):
        host.now_ns = NOW_NS + seconds * 1_000_000_000
        assert host.values("G/NDATA/N", payload(seq, metric(alias=1, double=1.0))) == {"Power": 1.0}

    assert reader.missing == {"G/N": 2}
    assert reader.requests == []


def test_numbers_that_come_late_or_wrap_are_not_missing() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH.replace(encode([(3, 0)]), encode([(3, 254)])))

    for seq, seconds in ((255, 0), (1, 1), (0, 2), (2, 9), (2, 9), (3, 20)):
        host.now_ns = NOW_NS + seconds * 1_000_000_000
        host.send("G/NDATA/N", payload(seq, metric(alias=1, double=1.0)))

    assert host.decoder.readers[0].missing == {}


def test_a_rebirth_is_asked_for_where_it_is_allowed_and_at_most_once_a_minute() -> None:
    host = Host(options={"rebirth": True})
    reader = host.decoder.readers[0]

    for seconds in (0, 1, 59, 61):
        host.now_ns = NOW_NS + seconds * 1_000_000_000
        host.send("G/NDATA/N", payload(9, metric(alias=1, double=1.0)))

    assert [topic for topic, _ in reader.requests] == ["spBv1.0/G/NCMD/N"] * 2
    asked = decode_payload(reader.requests[0][1])["metrics"][0]
    assert (asked["name"], asked["boolean_value"]) == ("Node Control/Rebirth", True)


def test_a_rebirth_request_is_what_the_specifications_example_is() -> None:
    golden = "08f299f6a8a02b12210a144e6f646520436f6e74726f6c2f5265626972746818f299f6a8a02b200b7001"

    assert rebirth_request(1_486_144_507_122).hex() == golden


def test_units_of_a_birth_end_the_tags_where_that_is_asked_for() -> None:
    born = payload(0, metric("Power", 1, type="Float", float=1.0, properties=properties(engUnit="kW")))

    assert Host().values("G/NBIRTH/N", born) == {"Power": 1.0}
    assert Host(options={"units": True}).values("G/NBIRTH/N", born) == {"Power_kw": 1.0}


def test_a_hosts_state_is_a_reading_and_an_old_form_is_refused() -> None:
    host = Host()

    found = host.send("STATE/scada", b'{"online":true,"timestamp":%d}' % T_MS)

    assert {key: (row.value, row.time) for key, row in found.items()} == {
        ("spBv1.0/STATE/scada", "online"): (True, T_MS * 1_000_000)
    }
    assert host.send("STATE/scada", b"ONLINE") == {} and host.problem is not None and host.problem.reason == "syntax"


def test_a_birth_that_comes_again_gives_the_same_readings() -> None:
    host = Host()

    first, again = host.send("G/NBIRTH/N", BIRTH), host.send("G/NBIRTH/N", BIRTH)

    assert first == again


@pytest.mark.parametrize("messages", [1, 100, 200, 300], ids=lambda count: f"{count} messages later")
@pytest.mark.parametrize("copy", ["G/NBIRTH/N", "G/DBIRTH/N/D"])
def test_after_a_copy_of_a_birth_data_go_on_and_no_number_is_missing(copy: str, messages: int) -> None:
    host = Host()
    births = {"G/NBIRTH/N": BIRTH, "G/DBIRTH/N/D": payload(1, metric("Weight", 1, type="Float", float=1.0))}
    for topic, born in births.items():
        host.send(topic, born)
    for seq in range(2, messages + 2):
        host.send("G/DDATA/N/D", payload(seq % 256, metric(alias=1, float=2.0)))

    host.send(copy, births[copy])

    host.now_ns += 60 * 1_000_000_000
    assert host.values("G/DDATA/N/D", payload((messages + 2) % 256, metric(alias=1, float=3.0))) == {"Weight": 3.0}
    assert host.problem is None
    assert host.decoder.readers[0].missing == {}


def test_a_death_after_a_copy_of_a_birth_makes_the_newest_value_stale() -> None:
    host = Host()
    born = payload(1, metric("Weight", 1, type="Float", float=1.0))
    for topic, message in (("G/NBIRTH/N", BIRTH), ("G/DBIRTH/N/D", born)):
        host.send(topic, message)
    host.send("G/DDATA/N/D", payload(2, metric(alias=1, float=2.0)))

    host.send("G/DBIRTH/N/D", born)

    assert host.values("G/DDEATH/N/D", payload(3)) == {"Weight": 2.0}


def test_a_copy_of_a_devices_earlier_birth_leaves_what_its_newest_one_told() -> None:
    host = Host()
    first = payload(1, metric("Weight", 1, type="Float", float=1.0))
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", first)
    host.send("G/DBIRTH/N/D", payload(2, metric("Speed", 1, type="Float", float=7.0)))

    host.send("G/DBIRTH/N/D", first)

    assert host.values("G/DDATA/N/D", payload(3, metric(alias=1, float=8.0))) == {"Speed": 8.0}


@pytest.mark.parametrize("later_ms", [-3_600_000, 5])
def test_a_birth_of_another_time_is_another_birth_whatever_its_clock_says(later_ms: int) -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", payload(1, metric("Weight", 9, type="Float", float=1.0)))

    host.send("G/NBIRTH/N", BIRTH.replace(encode([(1, T_MS)]), encode([(1, T_MS + later_ms)]), 1))

    assert host.values("G/DDATA/N/D", payload(1, metric(alias=9, float=2.0))) == {}
    assert host.problem is not None and host.problem.reason == "birth"


def test_a_copy_of_a_birth_after_the_death_tells_what_aliases_mean() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/NDEATH/N", payload(None, metric("bdSeq", type="Int64", long=3)))

    host.send("G/NBIRTH/N", BIRTH)

    assert host.values("G/NDATA/N", payload(1, metric(alias=1, double=4.5))) == {"Power": 4.5}


def test_a_birth_explains_what_came_by_alias_before_it() -> None:
    host = Host()
    reader = host.decoder.readers[0]
    host.send("G/NDATA/N", payload(8, metric(alias=1, double=4.5)))
    host.now_ns += 7_000_000_000
    host.send("G/DDATA/N/D", payload(9, metric(alias=1, double=4.5)))
    host.now_ns += 1_000_000_000
    device = payload(1, metric("Weight", 1, type="Double", double=1.0))

    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DBIRTH/N/D", device)
    host.send("G/NBIRTH/N", BIRTH.replace(encode([(1, T_MS)]), encode([(1, T_MS + 5)]), 1))

    topics, now_ns = "spBv1.0/G/+/N/#", NOW_NS + 8_000_000_000
    assert reader.explanations == [
        Explanation(topics, NOW_NS, now_ns, "spBv1.0/G/NBIRTH/N", BIRTH),
        Explanation(topics, NOW_NS + 7_000_000_000, now_ns, "spBv1.0/G/DBIRTH/N/D", device),
    ]


@pytest.mark.parametrize(
    "had_birth", [False, True], ids=["its birth was not heard", "a device of a node that was born"]
)
def test_a_birth_after_a_death_explains_nothing_that_came_before_it(had_birth: bool) -> None:
    host = Host()
    if had_birth:
        host.send("G/NBIRTH/N", BIRTH)
    host.send("G/DDATA/N/D", payload(8, metric(alias=77, double=4.5)))

    host.send("G/NDEATH/N", payload(None, metric("bdSeq", type="Int64", long=3)))
    host.send("G/NBIRTH/N", BIRTH)

    assert host.decoder.readers[0].explanations == []


def test_a_dead_letter_by_alias_says_what_is_to_be_done() -> None:
    host = Host()

    host.send("G/NDATA/N", payload(9, *(metric(alias=alias, double=4.5) for alias in range(7))))

    assert host.problem is not None and host.problem.readings == 7
    assert host.problem.detail.startswith("alias 0, alias 1, alias 2, alias 3, alias 4, …: no birth that ingest heard")
    assert "`fieldline dlq replay --reason birth`" in host.problem.detail


def test_names_that_begin_anew_do_not_mix_up_series() -> None:
    host = Host()
    host.send("G/NBIRTH/N", BIRTH)
    host.send("G/NDATA/N", payload(1, metric(alias=1, double=1.0)))
    host.decoder.forget()
    host.names = Rows()

    assert host.values("G/NDATA/N", payload(2, metric(alias=5, float=2.0))) == {"Temp": 2.0}
    assert host.values("G/NDATA/N", payload(3, metric(alias=1, double=3.0))) == {"Power": 3.0}
