"""What can be wrong with `[asset.command]`, and what a plant makes of it."""

import tomllib

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from ingest.topics import TopicMap

VALVE = """
[[asset]]
path = "farm/north/valve1"
[asset.command]
topic = "farm/north/valve1/set"
actions = ["open", "close"]
most_minutes = 240
most_a_day = 3
"""
INTERLOCK = '[[asset.command.interlock]]\nasset = "farm/north/tank"\ntag = "level_ratio"\n'
ACKNOWLEDGED = '[asset.command.acknowledged]\ntag = "is_open"\n'


def file_of(text: str) -> tuple[PlantFile, list[str]]:
    wrong: list[str] = []
    return to_struct(PlantFile, tomllib.loads(text), "$", wrong), wrong


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (VALVE.replace("valve1", "valve*", 1), "command: expected at the path of one asset"),
        (VALVE.replace("1/set", "1/#"), "topic: expected one topic"),
        (VALVE.replace("most_a_day = 3", ""), "most_a_day: expected with open"),
        (VALVE.replace('["open", "close"]', "[]"), "actions: expected some of open, close, run"),
        (VALVE.replace('"close"', '"open"'), "actions: 'open' is declared twice"),
        (VALVE + INTERLOCK, "above: expected above or below"),
        (VALVE + INTERLOCK + "above = 0.5\nbelow = 0.1\n", "above: expected less than below"),
        (VALVE + ACKNOWLEDGED + "open = 1\n", "acknowledged.close: expected what is_open says then"),
        (
            VALVE + VALVE.replace("valve1", "valve2", 1),
            "asset.command.topic: 'farm/north/valve1/set' is declared twice",
        ),
    ],
)
def test_what_can_not_be_meant_is_named(text: str, why: str) -> None:
    _, wrong = file_of(text)

    assert why in "\n".join(wrong)


def test_what_is_sent_to_a_device_is_no_reading_of_it() -> None:
    file, wrong = file_of(VALVE + '[[topic]]\npattern = "farm/{where}/{what#}"\nasset = "farm/{where}/{what}"\n')
    routes = TopicMap(Plant(file))

    assert wrong == []
    declared = routes.route(b"farm/north/valve1/set").declared
    assert declared is not None and declared.ignore
    assert routes.route(b"farm/north/valve1/flow").object_asset == "farm/north/valve1/flow"
