"""Lists of tags, samples with names of their own, wrappers, units, qualities: by one rule, whatever a vendor calls the keys."""

import itertools
import json
import random
from typing import Any

import pytest

from fieldline.frames import Quality
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from ingest.decoder import decode_message

NOW = 1_795_960_800_000_000_000
T_MS = 1_795_875_753_123
T = T_MS * 1_000_000
ASSET = "site/area/line/press"
Found = dict[str, Any]


def read(document: Any, plant: Plant | None = None) -> tuple[list[tuple[str, int, Any, Quality]], str | None, int]:
    """(tag, time, value or text, quality) of each row, without the asset of an object; the reason and number of what was lost."""
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    readings, problem = decode_message(ASSET, payload, NOW, plant)
    payloads = readings.payload or [None] * len(readings.time)
    rows = []
    for at, payload in enumerate(payloads):
        asset, tag = readings.assets[readings.asset[at]], readings.tags[readings.tag[at]].removeprefix("@text/")
        name = tag if asset == ASSET else f"^{tag}"
        value = float(readings.value[at]) if payload is None else payload.decode()
        rows.append((name, int(readings.time[at]), value, Quality(int(readings.quality[at]))))
    return rows, problem.reason if problem else None, problem.readings if problem else 0


def values(document: Any, plant: Plant | None = None) -> Found:
    """Value by tag of what is wholly read."""
    rows, reason, _ = read(document, plant)
    assert reason is None
    assert len({(tag, time) for tag, time, _, _ in rows}) == len(rows)
    return {tag: value for tag, _, value, _ in rows}


def times(document: Any) -> dict[str, int]:
    return {tag: time for tag, time, _, _ in read(document)[0]}


def plant_of(**file: Any) -> Plant:
    wrong: list[str] = []
    plant = Plant(to_struct(PlantFile, file, "$", wrong))
    assert not wrong
    return plant


NAMES = ["id", "name", "tag", "DisplayName", "tagname", "tagName", "TagName", "dataPointId", "n", "meter", "metric", "NodeId", "propertyAlias", "sensor_id", "variable-name"]  # fmt: skip
VALUES = ["v", "value", "Value", "val", "currentValue"]


@pytest.mark.parametrize(("name", "value"), list(itertools.product(NAMES, VALUES)))
def test_a_list_of_tags_is_read_by_name_in_whatever_order(name: str, value: str) -> None:
    items = [{name: f"Line1.T{at}", value: at + 0.5, "ts": T_MS} for at in range(5)]
    for order in (items, items[::-1]):
        for document in (order, {"tags": order}, {"ts": T_MS, "d": order}, {"values": order}):
            assert values(document) == {f"Line1.T{at}": at + 0.5 for at in range(5)}
            assert set(times(document).values()) == {T}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        # Two levels of names, names without a value, lists that have a name of their own.
        ({"gw": "a", "tags": [{"tagName": "power", "values": [{"ts": T_MS, "value": 42.5}]}]}, {"gw": "a", "power": 42.5}),
        ({"meters": [{"meter": "M1", "E": 1.5}, {"meter": "M2", "E": 2.5}]}, {"M1/E": 1.5, "M2/E": 2.5}),
        ({"pumps": [{"name": "P1", "speed": 3}, {"name": "P2", "speed": 4}]}, {"pumps/P1/speed": 3.0, "pumps/P2/speed": 4.0}),
        ({"inputs": [{"id": 1, "v": 0}], "outputs": [{"id": 1, "v": 1}]}, {"inputs/1": 0.0, "outputs/1": 1.0}),
        ([{"timestamp": T_MS, "values": [{"dataPointId": "dp1", "value": "42.5", "qualityCode": "0"}]}], {"dp1": 42.5}),
        ({"Messages": [{"DataSetWriterId": 7, "Timestamp": T_MS, "Payload": {"P": {"Value": 1.5}}}]}, {"7/P": 1.5}),
        ([{"NodeId": "ns=2;s=T", "DisplayName": "T", "Value": {"Value": 21, "timestamp": T_MS}, "Status": "Good"}], {"T": 21.0, "T/NodeId": "ns=2;s=T"}),
        ({"propertyAlias": "/l1/p", "propertyValues": [{"value": {"doubleValue": 4.5}, "ts": T_MS}]}, {"/l1/p": 4.5}),
        ({"seq": 8, "vals": [{"id": "101", "qc": 3, "val": 1.5}, {"id": "102", "qc": 3, "val": True}]}, {"101": 1.5, "102": 1.0}),
        ({"readings": [{"resourceName": "t", "value": "39", "valueType": "Float32"}]}, {"t": 39.0, "t/valueType": "Float32"}),
        ([{"code": "switch_1", "value": True}, {"type": "temperature", "value": 21.5}], {"switch_1": 1.0, "temperature": 21.5}),
        ([{"sensorsId": 12, "value": 3}, {"sensorsId": 13, "value": 4}], {"12": 3.0, "13": 4.0}),
        ({"temperature": {"type": "Number", "value": 21.5, "metadata": {}}}, {"temperature/value": 21.5, "temperature/type": "Number"}),
        ({"temperature": {"type": "Number", "value": 21.5}}, {"temperature": 21.5, "temperature/type": "Number"}),
        ('{"a": [1, 2], "b": "x"}', {"a/0": 1.0, "a/1": 2.0, "b": "x"}),
        # What stands beside a value stays.
        ([{"name": "p", "value": 1, "unit": "bar", "type": "REAL"}], {"p": 1.0, "p/unit": "bar", "p/type": "REAL"}),
        ({"name": "p", "value": 1.5}, {"p": 1.5}),
        # A number that counts messages, or an identifier drawn anew, names nothing outside of a list.
        ({"id": 4711, "value": 1.5}, {"id": 4711.0, "value": 1.5}),
        ({"messageId": "m17", "value": 1.5}, {"messageId": "m17", "value": 1.5}),
        ({"id": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "value": 1.5}, {"id": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "value": 1.5}),
        # Letters that are measures elsewhere.
        ({"v": 230.1, "n": 1450, "q": 3.5, "t": 21.5}, {"v": 230.1, "n": 1450.0, "q": 3.5, "t": 21.5}),
        ({"battery": {"v": 3.61}}, {"battery/v": 3.61}),
        # A sample under a name, and one of the topic itself.
        ({"power": {"value": 42.5, "ts": T_MS}, "temp": {"value": 21.5}}, {"power": 42.5, "temp": 21.5}),
        ({"max": 100, "min": 0, "value": 55.5}, {"^press": 55.5, "^press/max": 100.0, "^press/min": 0.0}),
        ({"Timestamp": T_MS, "GroupName": "Data", "Values": {"nCount": 12, "sState": "RUN"}}, {"GroupName": "Data", "nCount": 12.0, "sState": "RUN"}),
        ({"params": {"ts": T_MS, "switch:0": {"apower": 3}}}, {"switch:0/apower": 3.0}),
        # Lists without names are by place, as ever.
        ({"aenergy": {"by_minute": [0.5, 1.5]}}, {"aenergy/by_minute/0": 0.5, "aenergy/by_minute/1": 1.5}),
        ([1.2, 3.4, 5.6], {"^press/0": 1.2, "^press/1": 3.4, "^press/2": 5.6}),
        ({"rx": [{"rssi": -3}, {"rssi": -4}]}, {"rx/0/rssi": -3.0, "rx/1/rssi": -4.0}),
        ({"value": []}, {}),
        ([{"value": None}], {}),
    ],
)  # fmt: skip
def test_nested_forms_become_tags_by_name(document: Any, expected: Found) -> None:
    assert values(document) == expected


def test_each_value_has_its_own_time_and_else_that_of_what_it_stands_in() -> None:
    nested = {
        "ts": T_MS,
        "a": {"value": 1, "ts": T_MS + 1},
        "b": {"value": 2},
        "c": {"ts": T_MS + 2, "x": 3},
        "rack": [{"n": "e", "v": 4, "t": T_MS + 3}],
    }

    found = times(nested)

    assert {tag: time - T for tag, time in found.items()} == {"a": 10**6, "b": 0, "c/x": 2 * 10**6, "rack/e": 3 * 10**6}


def test_samples_of_one_tag_in_a_list_lie_at_their_own_times() -> None:
    samples = [{"ts": T_MS + at, "value": at} for at in range(3)]

    for document, tag in (
        ({"power": samples}, "power"),
        ({"name": "p", "values": samples}, "p"),
        ({"values": samples}, "^press"),
    ):
        rows, reason, _ = read(document)
        assert [(name, time - T, value) for name, time, value, _ in rows] == [(tag, at * 10**6, at) for at in range(3)]
        assert reason is None


def test_columns_beside_a_column_of_times_are_lines() -> None:
    rows, reason, _ = read(
        {
            "ts": [T_MS, T_MS + 1],
            "power": [1.5, None],
            "temp": [3, 4],
            "limits": [0, 9, 9],
            "device": "x",
            "quality": 64,
        }
    )

    found = [(tag, (time - T) // 10**6, value) for tag, time, value, _ in rows]
    assert sorted(found, key=str) == sorted(
        [
            ("power", 0, 1.5),
            ("temp", 0, 3.0),
            ("temp", 1, 4.0),
            ("device", 0, "x"),
            *((f"limits/{at}", 0, value) for at, value in enumerate([0.0, 9.0, 9.0])),
        ],
        key=str,
    )
    assert reason is None and {quality for *_, quality in rows} == {Quality.UNCERTAIN}
    assert read({"ts": [T_MS, "never"], "power": [1, 2]})[1:] == ("time", 1)
    assert read({"ts": [T_MS], "power": 1})[1:] == ("time", 1)


@pytest.mark.parametrize(
    ("document", "kept", "lost"),
    [
        ([{"value": 1}, {"value": 2}], [], 2),
        ([{"name": "p", "value": 1}, {"name": "q", "value": 5}, {"name": "p", "value": 2}], ["q"], 2),
        ({"ts": T_MS, "values": [{"value": 1}, {"value": 1}], "a": 3}, ["a"], 2),
        ([{"power": 1, "temp": 3}, {"power": 2}], ["temp"], 2),
        ({"rx": [{"ts": T_MS, "rssi": -3}, {"ts": T_MS, "rssi": -4}, {"ts": T_MS + 1, "rssi": -4}]}, ["rx/rssi"], 2),
        ({"tags": [{"tagName": "p", "values": [{"value": 1}, {"value": 2}]}]}, [], 2),
        ([1] * 65, [], 65),
    ],
)
def test_samples_that_no_time_tells_apart_are_refused_and_never_collapsed(
    document: Any, kept: list[str], lost: int
) -> None:
    rows, reason, count = read(document)

    assert [tag for tag, _, _, _ in rows] == kept
    assert (reason, count) == ("time", lost)


@pytest.mark.parametrize(
    ("told", "step_ns"),
    [({"rate_hz": 10}, 10**8), ({"interval_ms": 250}, 25 * 10**7), ({"interval_s": 60}, 60 * 10**9)],
)
def test_samples_are_spaced_where_the_message_says_how(told: dict[str, float], step_ns: int) -> None:
    from_start, _, _ = read({"ts": T_MS, "values": [1, 2, 3]} | told)
    until_now, reason, _ = read({"power": [1, 2, 3], "temp": 5} | told)

    assert [(tag, time - T, value) for tag, time, value, _ in from_start] == [
        ("^press", at * step_ns, at + 1) for at in range(3)
    ]
    assert [(tag, time - NOW, value) for tag, time, value, _ in until_now] == [
        *(("power", (at - 2) * step_ns, at + 1) for at in range(3)),
        ("temp", 0, 5),
    ]
    assert reason is None


def test_documents_that_were_run_together_are_messages_one_after_the_other() -> None:
    for payload in (b'{"power":1}{"power":2}', b'{"power":1}\n{"power":2}\n'):
        rows, reason, _ = read(payload)

        assert [(tag, time - NOW, value) for tag, time, value, _ in rows] == [("power", 0, 1.0), ("power", 1, 2.0)]
        assert reason is None


ODD = [{"quality": "fine"}, {"quality": 87.5}, {"quality": [1]}, {"seq": "x"}, {"seq": -1.5}, {"seq": {}}, {"event": 7}, {"event": []}, {"waveform": "sine"}, {"quality": {}, "seq": [], "event": {}}]  # fmt: skip


BESIDE = [{"a": 1, "b": "x"}, {"value": 1}, {"value": 1, "max": 3}, {"name": "p", "value": 1}, {"values": {"a": 1}}, {"power": [{"value": 1, "ts": T_MS}]}]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("values", BESIDE)
def test_one_odd_key_never_costs_the_values_beside_it_and_is_said_once(
    values: dict[str, Any], odd: dict[str, Any]
) -> None:
    def numbers(document: dict[str, Any]) -> list[float | str]:
        return [value for _, time, value, _ in read({"ts": T_MS} | document)[0] if time == T]

    rows, reason, lost = read({"ts": T_MS} | values | odd)

    assert set(numbers(values)) <= set(numbers(values | odd))
    if "waveform" in odd:  # a wave that is no block of samples is a text
        assert reason is None and "sine" in numbers(values | odd)
    else:
        assert reason in ("quality", "seq", "value") and lost == len(odd)
    assert {quality for *_, quality in rows} == {Quality.UNCERTAIN if "quality" in odd else Quality.GOOD}


def test_the_worst_quality_of_a_value_and_of_what_it_stands_in_counts() -> None:
    rows, _, _ = read(
        {
            "ts": T_MS,
            "quality": 64,
            "tags": [
                {"n": "a", "v": 1, "q": False},
                {"n": "b", "v": 2, "q": 192},
                {"n": "c", "v": 3, "Status": "Bad_Stale"},
            ],
        }
    )

    assert {tag: quality for tag, *_, quality in rows} == {"a": Quality.BAD, "b": Quality.UNCERTAIN, "c": Quality.STALE}


def test_a_bad_value_of_a_list_costs_only_itself() -> None:
    rows, reason, lost = read(
        b'[{"n":"a","v":1},{"n":"b","v":nan},{"n":"c","v":3,"t":"someday"},{"n":"@d","v":4},{"n":"e","v":5}]'
    )

    assert [tag for tag, *_ in rows] == ["a", "e"]
    assert (reason, lost) == ("value", 3)


def test_a_unit_beside_a_value_is_read_where_the_tag_has_one() -> None:
    items = [
        {"name": "power_kw", "value": 980, "unit": "W"},
        {"name": "other", "value": 980, "unit": "W"},
        {"name": "temp_c", "value": "50", "unit": "°F"},
    ]

    assert values(items) == {"power_kw": 0.98, "other": 980.0, "other/unit": "W", "temp_c": pytest.approx(10.0)}
    rows, reason, _ = read([{"name": "power_kw", "value": 3, "unit": "V"}])
    assert ([tag for tag, *_ in rows], reason) == (["power_kw/unit"], "value")


def test_what_the_plant_file_declares_decides_what_texts_are() -> None:
    tags = {"batch": {"kind": "text"}, "lamp": {"kind": "switch"}, "load": {"unit": "kW"}}
    plant = plant_of(asset=[{"path": ASSET, "tags": tags}])

    found = values({"batch": 4711, "lamp": "closed", "load": "0012,0".replace(",", "."), "other": "7"}, plant)

    assert found == {"batch": "4711", "lamp": 0.0, "load": 12.0, "other": 7.0}
    rows, reason, lost = read({"batch": True, "lamp": "dim", "load": "n/a"}, plant)
    assert [(tag, value) for tag, _, value, _ in rows] == [("batch", "true")]
    assert (reason, lost) == ("value", 2)


def test_a_decimal_comma_is_declared_for_the_plant_or_a_topic() -> None:
    topic = {"pattern": "site/{rest#}", "asset": "site/{rest}"}
    whole, one = plant_of(decimal=","), plant_of(topic=[topic | {"decimal": ","}])
    other = plant_of(decimal=",", topic=[topic | {"decimal": "."}])

    assert values({"a": "42,5"}, whole) == values({"a": "42,5"}, one) == values({"a": "42.5"}, other) == {"a": 42.5}
    assert values(b"1.307,2", whole) == {"^press": 1307.2}
    assert values(b'{"a": 42,5, "b": 1}', one) == {"a": 42.5, "b": 1.0}
    assert read({"a": "42,5"})[1:] == ("value", 1)


def test_any_tree_of_named_samples_is_read_the_same_with_its_lists_in_any_order() -> None:
    seeded = random.Random(11)

    def tree(depth: int, at: str) -> dict[str, Any]:
        name, value = seeded.choice(NAMES[:8]), seeded.choice(VALUES)
        if depth == 0:
            return {
                name: at,
                value: seeded.randrange(100),
                "q": seeded.choice([True, 192, "Good"]),
                "t": T_MS + seeded.randrange(9),
            }
        return {
            name: at,
            seeded.choice(["values", "tags", "readings"]): [tree(depth - 1, f"{at}{k}") for k in range(3)],
        }

    def turned(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: turned(node[key]) for key in seeded.sample(list(node), len(node))}
        return [turned(item) for item in seeded.sample(node, len(node))] if isinstance(node, list) else node

    for _ in range(30):
        document = [tree(seeded.randrange(3), f"x{k}") for k in range(3)]
        rows, reason, _ = read(document)
        assert reason is None and len({tag for tag, *_ in rows}) == len(rows)
        assert sorted(read(turned(document))[0]) == sorted(rows)
