"""Filters: what matches, what covers what, what overlaps; MQTT 5.0, 4.7."""

from itertools import product

import pytest

from fieldline.topic_filters import bare, covers, overlap, overlapping, without_covered

LEVELS = ("a", "b", "$s")
TOPICS = ["/".join(levels) for count in (1, 2, 3) for levels in product(LEVELS, repeat=count)]
FILTERS = [
    "/".join(levels) + end for count in (1, 2) for levels in product((*LEVELS, "+"), repeat=count) for end in ("", "/#")
] + ["#"]


@pytest.mark.parametrize(
    ("name", "topic", "is_match"),
    [
        ("sport/tennis/#", "sport/tennis", True),
        ("sport/tennis/#", "sport/tennis/p/ranking", True),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/x", False),
        ("+/monitor", "$SYS/monitor", False),
        ("$SYS/#", "$SYS/x", True),
        ("a", "A", False),
    ],
)
def test_topics_match_as_the_standard_says(name: str, topic: str, is_match: bool) -> None:
    assert covers(name, topic) is is_match


def test_covering_and_overlapping_are_what_the_topics_say() -> None:
    matched = {name: {topic for topic in TOPICS if covers(name, topic)} for name in FILTERS}

    for one, other in product(FILTERS, repeat=2):
        assert overlap(one, other) == bool(matched[one] & matched[other]), (one, other)
        if covers(one, other):
            assert matched[one] >= matched[other], (one, other)


def test_filters_that_another_covers_go_and_of_equal_ones_the_first_stays() -> None:
    assert without_covered(["plant/#", "plant/hall1/#", "farm/+", "plant/#"]) == ("plant/#", "farm/+")
    assert without_covered(["$share/g/a", "a/#", "b"]) == ("a/#", "b")
    assert bare("$share/g/a/#") == "a/#"


def test_two_that_overlap_and_do_not_cover_each_other_are_named() -> None:
    assert overlapping(["plant/#", "plant/hall1/#", "farm/#"]) is None
    assert overlapping(["plant/+/power", "farm/#", "plant/hall1/#"]) == ("plant/+/power", "plant/hall1/#")
