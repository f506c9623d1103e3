"""What an event lacks to say anything, and which of its parts say nothing."""

from typing import Any

import pytest

from fieldline.event_kinds import AMOUNTS, EVENT_KINDS, NUMBERS, TEXTS, TIMES, fault_of, odd_parts


@pytest.mark.parametrize(
    ("kind", "said", "fault"),
    [
        ("order", {"order": "0012", "phase": "stop"}, None),
        ("order", {"order": 4711}, None),
        ("order", {"product": "A"}, None),
        ("order", {"phase": "void"}, None),  # takes back what was told of its moment
        ("order", {"phase": "start"}, "expected order (a text) or product (a text); got only phase"),
        ("order", {"order": "", "phase": "stop"}, "got order ''"),
        ("order", {"ordr": "7"}, "got only ordr"),
        ("order", {}, "got no attribute"),
        ("order", {"order": "7", "phase": "halfway"}, "phase: expected a start"),
        ("product", {"phase": "stop"}, None),
        ("product", {}, "expected product (a text) or phase (a text)"),
        ("state", {"state": "Rüsten"}, None),  # a word that nobody knows is time that is not qualified
        ("state", {"state": 6}, "expected state (a text); got state 6"),
        ("state", {"reason": "die 7"}, "got only reason"),
        ("count", {"good": 5, "scrap": "1"}, None),
        ("count", {"good": -3.5}, None),
        ("count", {"good": "5"}, "expected good (a number) or scrap (a number) or rework (a number); got good '5'"),
        ("count", {"good": True}, "got good True"),
        ("correction", {"state": "down"}, None),
        ("correction", {"state": "down", "until": 1790769600}, None),
        ("correction", {"state": "down", "until": "2026-03-01T06:45Z"}, None),
        ("correction", {"state": "down", "until": "06:45"}, "until: expected epoch seconds or ISO 8601"),
        ("correction", {"scrap": 2}, None),
        ("correction", {"until": 5}, "a correction says state"),
        ("reject", {}, None),
        ("spray", {"x": 1}, None),
    ],
)
def test_an_event_that_says_nothing_names_what_it_lacks(kind: str, said: dict[str, Any], fault: str | None) -> None:
    found = fault_of(kind, said)

    assert found == fault if fault is None else found is not None and fault in found


@pytest.mark.parametrize(
    ("kind", "said", "parts"),
    [
        ("state", {"state": "idle", "reason": "x", "recorded": 5}, []),
        ("state", {"state": "idle", "resaon": "x"}, [("attribute", "state.resaon", ", did you mean 'reason'?")]),
        ("count", {"good": 5, "scrap": "1", "rework": None}, [("number", "count.scrap", "")]),
        ("ordr", {"order": "7"}, [("event kind", "ordr", ", did you mean 'order'?")]),
        ("sprayed", {}, [("event kind", "sprayed", ", did you mean 'spray'?")]),
    ],
)
def test_parts_that_nothing_reads_are_named(kind: str, said: dict[str, Any], parts: list[tuple[str, str, str]]) -> None:
    assert [(odd.what, odd.word, odd.hint) for odd in odd_parts(kind, said)] == parts


def test_every_attribute_that_a_file_may_have_is_read_of_some_kind() -> None:
    read = {name for kind in EVENT_KINDS.values() for name in kind.attributes}

    assert read >= NUMBERS | AMOUNTS | TIMES | TEXTS


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("meter", {"tag": "energy_kwh", "new": 0}),
    ("meter", {"tag": "energy_kwh", "old": 12.5, "new": 0}),
    ("meter", {"tag": "energy_kwh", "amount": 12.5, "until": "2026-03-01T09:00Z"}),
    ("meter", {"tag": "energy_kwh", "phase": "void"}),
    ("reading", {"tag": "energy_kwh", "value": 12.5}),
    ("reading", {"tag": "energy_kwh", "phase": "withdrawn"}),
    ("reading", {"tag": "energy_kwh", "phase": "Void"}),
    ("price", {"price_per_kwh": -0.02}),
    ("price", {"price_per_mwh": 85, "from": "2026-03-01T09:00Z", "until": 1772359200}),
    ("price", {"price_per_kwh": [0.31, 0.29], "from": "2026-03-01T09:00Z", "every_s": 900}),
    ("price", {"phase": "stop", "from": "2026-03-01T09:00Z"}),
    ("price", {"phase": "Void"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("meter", {"new": 0}, "tag: expected the name of the tag that it is about, got none"),
    ("meter", {"tag": "@state", "new": 0}, "tag: expected the name of the tag that it is about, got '@state'"),
    ("meter", {"tag": "e"}, "expected one of new (with old), amount (with until) and phase void; got none of them"),
    ("meter", {"tag": "e", "new": 0, "amount": 1}, "got new and amount"),
    ("meter", {"tag": "e", "amount": 1}, "until: expected the time until which the amount was counted, got none"),
    ("meter", {"tag": "e", "new": "0"}, "new: expected a number, got '0'"),
    ("meter", {"tag": "e", "new": True}, "new: expected a number, got True"),
    ("meter", {"tag": "e", "phase": "start"}, "phase: expected void, got 'start'"),
    ("reading", {"tag": "e"}, "expected value, or phase withdrawn or void; got none of them"),
    ("reading", {"tag": "e", "value": 1, "phase": "void"}, "got both"),
    ("reading", {"tag": "e", "phase": "gone"}, "phase: expected withdrawn (it is no reading) or void"),
    ("price", {}, "expected one of price_per_kwh, price_per_mwh and phase; got none of them"),
    ("price", {"price_per_kwh": 1, "price_per_mwh": 1000}, "got price_per_kwh and price_per_mwh"),
    ("price", {"price_per_kwh": 1, "phase": "stop"}, "got price_per_kwh and phase"),
    ("price", {"price_per_kwh": "0.31"}, "price_per_kwh: expected a number, got '0.31'"),
    ("price", {"price_per_kwh": [0.31, None], "every_s": 900}, "price_per_kwh: expected a number, got None"),
    ("price", {"price_per_kwh": [0.31]}, "every_s: expected for how long each price of the list holds, 60 to 90000 s"),
    ("price", {"price_per_kwh": [], "every_s": 900}, "expected a price, or a list of some, got an empty one"),
    ("price", {"price_per_kwh": [1], "every_s": 900, "until": 5}, "until: expected none beside a list"),
    (
        "price",
        {"price_per_kwh": 1, "from": "09:00"},
        "from: expected epoch seconds or ISO 8601 with a date; got '09:00'",
    ),
    ("price", {"phase": "pause"}, "phase: expected stop (the tariff's price holds from then on) or void, got 'pause'"),
]


@pytest.mark.parametrize(("kind", "attributes"), GOOD)
def test_events_about_meters_readings_and_prices_are_taken(kind: str, attributes: dict[str, Any]) -> None:
    assert fault_of(kind, attributes) is None


@pytest.mark.parametrize(("kind", "attributes", "told"), WRONG)
def test_one_that_says_nothing_or_two_things_is_told_as_such(kind: str, attributes: dict[str, Any], told: str) -> None:
    fault = fault_of(kind, attributes)

    assert fault is not None and told in fault
