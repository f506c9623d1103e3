"""What an event lacks to say anything, and which of its parts say nothing."""

from typing import Any

import pytest

from fieldline.event_kinds import EVENT_KINDS, NUMBERS, TEXTS, TIMES, fault_of, odd_parts


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
        ("spray", {}, [("event kind", "spray", "")]),
    ],
)
def test_parts_that_nothing_reads_are_named(kind: str, said: dict[str, Any], parts: list[tuple[str, str, str]]) -> None:
    assert [(odd.what, odd.word, odd.hint) for odd in odd_parts(kind, said)] == parts


def test_every_attribute_that_a_file_may_have_is_read_of_some_kind() -> None:
    read = {name for kind in EVENT_KINDS.values() for name in kind.attributes}

    assert read >= NUMBERS | TIMES | TEXTS
