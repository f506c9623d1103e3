"""Where an object's time stands: names, ranks, agreement, and keys that are tags after all."""

import json
from typing import Any

import pytest

from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from ingest.decoder import decode_message
from ingest.time_names import time_keys

S = 1_795_875_753
T = S * 10**9
NOW = T + 60 * 10**9
ISO = "2026-11-28T14:22:33Z"

Rows = dict[str, tuple[int, float | str]]


def read(payload: Any, plant: Plant | None = None) -> tuple[Rows, tuple[str, int] | None]:
    """Time and value by tag, and reason and number of what was refused."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    decoded = decode_message("p/l/m/x", text, NOW, plant)
    rows, problem = decoded.readings, decoded.problem
    payloads = rows.payload or [None] * len(rows.time)
    found = {
        rows.tags[tag]: (int(time), float(value) if told is None else told.decode())
        for time, tag, value, told in zip(rows.time, rows.tag, rows.value, payloads, strict=True)
    }
    return found, problem and (problem.reason, problem.readings)


def topic(**keys: Any) -> Plant:
    return Plant(PlantFile(topic=(Topic(pattern="p/#", asset="a/b/c", **keys),)))


@pytest.mark.parametrize("value", [ISO, S, S * 1000, S * 10**6, T, float(S), str(S), "28.11.2026 14:22:33"])
@pytest.mark.parametrize(
    "key",
    [
        "ts", "timestamp", "Timestamp", "TimeStamp", "TIMESTAMP", "time_stamp", "SourceTimestamp", "sourceTimestamp", "source_timestamp",
        "ServerTimestamp", "time", "Time", "datetime", "date_time", "dateTime", "date", "t", "bt", "utc", "eventTime", "measured_at",
        "received_at", "receivedAt", "last_seen", "lastSeen", "time_fired", "published_at", "updatedAt", "unixtime", "epoch",
        "recorded_at", "readingTime", "device_ts", "Zeitstempel", "localTime", "stamp", "gateway_ts", "rxTime",
    ],
)  # fmt: skip
def test_the_time_is_found_under_the_names_that_the_world_has_for_it(key: str, value: Any) -> None:
    assert read({key: value, "p": 1}) == ({"p": (T, 1)}, None)
    assert read({"p": 1, key: value}) == ({"p": (T, 1)}, None)
    assert read({key: value, "value": 2}) == ({"x": (T, 2)}, None)
    assert read([{key: value, "value": 2}, {key: value, "p": 1}]) == ({"x": (T, 2), "p": (T, 1)}, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timestamp_ms", S * 1000),
        ("timestampMs", S * 1000),
        ("timestamp_ms", str(S * 1000)),
        ("timestamp_ms", ISO),
        ("ts_us", S * 10**6),
        ("time_ns", T),
        ("time_s", S),
        ("time_ms", float(S * 1000)),
        ("Timestamp-ms", S * 1000),
        ("timestamp_utc", "2026-11-28 14:22:33"),
        ("dateutc", "2026-11-28 14:22:33"),
        ("timeUTC", "2026-11-28 14:22:33"),
    ],
)
def test_an_ending_tells_the_unit_or_the_zone(key: str, value: Any) -> None:
    assert read({key: value, "p": 1}, topic(time_zone="Asia/Tokyo")) == ({"p": (T, 1)}, None)


def test_an_ending_tells_the_unit_even_where_the_magnitude_says_another() -> None:
    # 817561353123 ms are 1995: by magnitude they would be refused.
    assert read({"timestamp_ms": 817_561_353_123, "p": 1}) == ({"p": (817_561_353_123 * 10**6, 1)}, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("time", 12.5),
        ("time", 0),
        ("time", 86_400_000),
        ("time", True),
        ("time_s", 12.5),
        ("time_ms", 250),
        ("time_ms", S),
        ("t", 21.5),
        ("bt", -3),
        ("date", 20_261_128),
        ("epoch", 4),
        ("last_seen", 17),
        ("utc", 1.5),
    ],
)
def test_a_number_that_can_be_no_time_is_a_tag(key: str, value: float) -> None:
    assert read({key: value, "p": 1}) == ({key: (NOW, value), "p": (NOW, 1)}, None)
    assert read({"ts": S, key: value, "p": 1}) == ({key: (T, value), "p": (T, 1)}, None)


@pytest.mark.parametrize(
    ("key", "value"), [("time", "14:22:33"), ("time", "N/A"), ("t", "warm"), ("date", ""), ("utc", "cold")]
)
def test_a_text_that_is_no_time_is_a_text(key: str, value: str) -> None:
    assert read({key: value, "p": 1}) == ({f"@text/{key}": (NOW, value), "p": (NOW, 1)}, None)
    assert read({"ts": S, key: value, "p": 1}) == ({f"@text/{key}": (T, value), "p": (T, 1)}, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ts", "N/A"),
        ("ts", "14:22:33"),
        ("Timestamp", 12_345_678_901),
        ("SourceTimestamp", True),
        ("timestamp", [S]),
        ("time", "05/06/2026 14:22"),
        ("time", "28.11.26 14:22"),
        ("date", "2026-11-28"),
        ("date_time", "28 Nov"),
        # 13.9 days in ms, counted since the start, and a counter of that size: near no time of now.
        ("time", 1_200_000_000),
        ("t", S - 400 * 86_400),
        ("t", (S + 2 * 86_400) * 1000),
        ("bt", 3_000_000_000),
    ],
)
def test_what_is_meant_as_a_time_and_can_not_be_read_costs_the_readings_and_says_so(key: str, value: Any) -> None:
    assert read({key: value, "p": 1, "q": 2}) == ({}, ("time", 2))


def test_a_bad_time_takes_no_other_item_and_no_other_message_with_it() -> None:
    items = [{"ts": S, "p": 1}, {"ts": "N/A", "q": 2}, {"Timestamp": ISO, "r": 3}]

    assert read(items) == ({"p": (T, 1), "r": (T, 3)}, ("time", 1))


def test_an_unset_clock_is_left_to_the_clock_policy() -> None:
    assert read({"ts": 0, "p": 1}) == ({}, ("clock", 1))
    assert read({"time": "1970-01-01T00:00:12Z", "p": 1}) == ({}, ("clock", 1))


def test_null_is_no_time() -> None:
    assert read({"ts": None, "p": 1}) == ({"p": (NOW, 1)}, None)
    assert read({"ts": None, "time": S, "p": 1}) == ({"p": (T, 1)}, None)


@pytest.mark.parametrize(
    ("fields", "time"),
    [
        ({"ServerTimestamp": S + 9, "SourceTimestamp": S}, T),
        ({"ts": S + 9, "sourceTimestamp": S}, T),
        ({"received_at": S + 9, "time": S}, T),
        ({"last_seen": S + 9, "ServerTimestamp": S}, T),
        ({"received_at": S + 9, "time": 12.5, "ServerTimestamp": S}, T),
        # Of one rank they agree: to the second, and a local clock's text gives way.
        ({"ts": S, "timestamp": S * 1000 + 999}, T),
        ({"timestamp": S * 1000 + 999, "ts": S}, T + 999_000_000),
        ({"time": "2026-11-28T15:22:33", "ts": S}, T),
        ({"time": "2026-11-28T19:52:33", "epoch": S}, T),
        ({"date_time": "2026-11-28 14:22:33", "time": ISO}, T),
        # What was not filled in gives way, and what nobody needs costs nothing.
        ({"SourceTimestamp": "0001-01-01T00:00:00Z", "ServerTimestamp": ISO}, T),
        ({"ts": 0, "time": ISO}, T),
        ({"SourceTimestamp": ISO, "ServerTimestamp": "n/a"}, T),
    ],
)
def test_the_best_of_several_times_holds(fields: dict[str, Any], time: int) -> None:
    found, problem = read({**fields, "p": 1})

    assert found["p"] == (time, 1)
    assert problem is None


@pytest.mark.parametrize(
    "fields",
    [
        {"ts": S, "timestamp": S + 2},
        {"ts": S, "time": "2026-11-28T15:22:33Z"},
        {"ts": S, "time": "2026-11-28T15:25:33"},
        {"ts": S, "time": "2026-11-27T14:22:33"},
        {"SourceTimestamp": S, "measuredAt": S - 5},
    ],
)
def test_two_times_of_one_rank_that_disagree_are_none(fields: dict[str, Any]) -> None:
    assert read({**fields, "p": 1}) == ({}, ("time", 1))
    decoded = decode_message("p/l/m/x", json.dumps({**fields, "p": 1}).encode(), NOW)
    assert decoded.problem is not None and "disagree" in decoded.problem.detail
    assert all(key in decoded.problem.detail for key in fields)


def test_a_date_and_a_time_are_two_halves() -> None:
    assert read({"date": "2026-11-28", "time": "14:22:33", "p": 1}) == ({"p": (T, 1)}, None)
    assert read({"Date": "28.11.2026", "Time": "14:22:33", "p": 1}) == ({"p": (T, 1)}, None)
    assert read({"Datum": "28.11.2026", "Uhrzeit": "14:22:33", "p": 1}) == ({"p": (T, 1)}, None)
    assert read({"date": "2026-11-28", "time": "noon", "p": 1}) == ({}, ("time", 1))


def test_values_packed_may_have_a_time_of_their_own() -> None:
    assert read({"values": {"Timestamp": ISO, "p": 1}, "q": 2}) == ({"p": (T, 1), "q": (NOW, 2)}, None)
    assert read({"ts": S, "values": {"time": 12.5, "p": 1}}) == ({"time": (T, 12.5), "p": (T, 1)}, None)


def test_events_and_waveforms_find_their_time_as_well() -> None:
    event = {"Timestamp": ISO, "event": "state", "state": "down"}
    assert read(event) == ({"@state": (T, '{"state":"down"}')}, None)
    waveform = decode_message("p/l/m/x", json.dumps({"time": S, "rate_hz": 10, "waveform": [1, 2]}).encode(), NOW)
    assert waveform.problem is None and waveform.readings.time.tolist() == [T]


def test_a_column_of_times_under_any_name_gives_each_line_its_own() -> None:
    assert read({"time": [S, S + 1], "p": [1, 2]}) == ({"p": (T + 10**9, 2)}, None)
    assert read({"time": [1.5, 2.5], "p": 1}) == ({"time/0": (NOW, 1.5), "time/1": (NOW, 2.5), "p": (NOW, 1)}, None)


# -- one object in another


def test_each_value_may_have_a_time_of_its_own() -> None:
    payload = {"power": {"value": 42.5, "ts": S}, "temp": {"value": 21.5, "Timestamp": "2026-11-28T14:22:34Z"}, "p": 1}

    assert read(payload) == ({"power": (T, 42.5), "temp": (T + 10**9, 21.5), "p": (NOW, 1)}, None)


def test_a_bad_time_of_one_value_costs_that_value_alone() -> None:
    payload = {
        "ts": S,
        "power": {"value": 42.5, "ts": "N/A"},
        "temp": {"value": 21.5, "time": 3},
        "p": {"value": 1},
        "q": 2,
    }

    assert read(payload) == ({"p": (T, 1), "q": (T, 2)}, ("time", 2))


def test_of_two_times_of_a_value_the_source_s_holds() -> None:
    value = {"Value": 1, "SourceTimestamp": ISO, "ServerTimestamp": "2026-11-28T14:22:43Z", "StatusCode": 0}

    assert read({"Speed": value}) == ({"Speed": (T, 1)}, None)


def test_the_time_of_an_object_holds_for_all_that_is_in_it() -> None:
    assert read({"m": {"time": S, "a": {"b": 1}}, "q": 2}) == ({"m/a/b": (T, 1), "q": (NOW, 2)}, None)
    assert read({"src": "x", "params": {"ts": S + 0.5, "switch:0": {"apower": 1}}})[0]["switch:0/apower"] == (
        T + 5 * 10**8,
        1,
    )


def test_a_counter_below_a_key_that_is_called_like_a_time_is_a_tag() -> None:
    radio = {"timestamp": 2_463_457_000, "rssi": -35}

    assert read({"ts": S, "radio": radio}) == ({"radio/timestamp": (T, 2_463_457_000), "radio/rssi": (T, -35)}, None)
    assert read({"ts": S, "radio": radio | {"time": "2026-11-28T14:22:34Z"}})[0]["radio/rssi"] == (T + 10**9, -35)
    assert read({"ts": S, "m": {"time": "05/06/2026 14:22", "p": 1}})[0]["m/p"] == (T, 1)


# -- what the plant file declares


def test_a_declared_path_is_the_time_and_nothing_else_is() -> None:
    plant = topic(time="meta.when")
    payload = {"meta": {"when": S, "p": 1}, "ts": 7, "time": S}

    assert read(payload, plant) == ({"meta/p": (T, 1), "ts": (T, 7), "time": (T, S)}, None)
    assert read({"meta": {"when": S}, "p": 1}, plant) == ({"p": (T, 1)}, None)
    assert read([payload, {"meta": {"when": S + 1}, "q": 2}], plant)[0]["q"] == (T + 10**9, 2)


@pytest.mark.parametrize("payload", [{"p": 1}, {"when": None, "p": 1}, {"when": "soon", "p": 1}, {"ts": S, "p": 1}])
def test_a_declared_time_that_is_not_there_or_no_time_costs_the_readings(payload: dict[str, Any]) -> None:
    found, problem = read(payload, topic(time="when"))

    assert found == {} and problem is not None and problem[0] == "time"


def test_a_declared_zone_and_form_hold_for_every_name() -> None:
    berlin = topic(time_zone="Europe/Berlin", time_format="day_first")

    assert read({"time": "28/11/2026 15:22:33", "p": 1}, berlin) == ({"p": (T, 1)}, None)
    assert read([{"ts": "28/11/2026 15:22:33", "value": 1}], berlin) == ({"value": (T, 1)}, None)
    assert read({"ts": 134_403_493_530_000_000, "p": 1}, topic(time_format="filetime")) == ({"p": (T, 1)}, None)
    assert read({"t": 134_403_493_530_000_000, "p": 1}, topic(time_format="filetime")) == ({"p": (T, 1)}, None)
    assert read({"t": 21.5, "p": 1}, topic(time_format="filetime")) == ({"t": (NOW, 21.5), "p": (NOW, 1)}, None)
    assert read({"ts": ISO, "p": 1}, topic(time_format="filetime")) == ({}, ("time", 1))


def test_a_topic_of_another_pattern_has_the_zone_of_its_asset() -> None:
    plant = Plant(
        PlantFile(time_zone="Europe/Berlin", topic=(Topic(pattern="q/#", asset="a", time_zone="Asia/Tokyo"),))
    )

    assert read({"time": "2026-11-28 15:22:33", "p": 1}, plant) == ({"p": (T, 1)}, None)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"time": "a..b"}, "time: expected keys joined by dots"),
        ({"time": ""}, "time: expected keys joined by dots"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone: expected an IANA name"),
        ({"time_format": "ticls"}, "time_format: expected one of epoch_s"),
    ],
)
def test_the_plant_file_is_checked(keys: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        topic(**keys)


def test_keys_that_only_look_like_a_time_are_none() -> None:
    keys = (
        "minute_ts",
        "times",
        "timer",
        "cycle_time",
        "uptime",
        "dates",
        "items",
        "params",
        "lastError",
        "tms",
        "thickness_t",
        "runtime_s",
    )

    assert time_keys(keys) == ()


def test_the_order_is_by_rank_and_then_as_the_object_has_it() -> None:
    keys = ("p", "last_seen", "time", "ServerTimestamp", "ts", "SourceTimestamp")

    assert time_keys(keys) == ("SourceTimestamp", "time", "ts", "ServerTimestamp", "last_seen")


def test_every_reading_keeps_the_age_that_the_device_tells() -> None:
    """A year and ten years are bounds of doubt for short names, not of what may be read under a sure one."""
    old = S - 20 * 366 * 86_400

    assert read({"ts": old, "p": 1}) == ({"p": (old * 10**9, 1)}, None)
    assert read({"time": "2006-01-01T00:00:00Z", "p": 1})[1] is None
