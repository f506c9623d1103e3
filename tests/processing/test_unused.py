"""What devices say and no metric can use is counted and named: over restarts, in any order, in bounded memory."""

import json
import time
from pathlib import Path
from random import Random

import pytest

from analysis.unused import heard
from cli.answers.doctor import examine
from cli.answers.heard import check_heard
from fieldline.errors import SettingsError
from fieldline.frames import encode_readings
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry
from fieldline.settings import ProcessSettings, Settings
from fieldline.unused import Unused
from processing.timeline.unused import NAMES_OF_A_LINE
from tests.processing.engine_rig import SECOND, Row, event, frame_of
from tests.processing.test_stage import StageRig, stage

__all__ = ["stage"]

LINE = "plant/hall/line1"
PRESS, OVEN = f"{LINE}/press", f"{LINE}/oven"


def said(asset: str, kind: str, at: int, **attributes: object) -> Row:
    return event(asset, f"@{kind}", at, json.dumps(attributes, sort_keys=True).encode())


def send(stage: StageRig, rows: list[Row]) -> None:
    stage.append(encode_readings(frame_of(rows, time.time_ns())), len(rows))


def useless(start: int) -> list[Row]:
    """One of each sort, three unknown states, and readings of the press alone."""
    at = [start + k * SECOND for k in range(20)]
    return [
        *(Row(PRESS, "temp_degc", moment, 20.0) for moment in at),
        *(said(PRESS, "state", moment, state="Rüsten") for moment in at[:3]),
        said(PRESS, "state", at[4], state="down", resaon="die 7"),
        said(PRESS, "count", at[5], good=5, scrap="1"),
        said(PRESS, "maintenence", at[6], what="oil"),
        said(PRESS, "meter", at[6], tag="temp_degc", old=5.0, new=0.0),
        said(PRESS, "meter", at[6], tag="energy_kwh", old=5.0, new=0.0),
        said(PRESS, "meter", at[10], tag="energy_kwh", amount=5.0, until=at[19] // SECOND),
        event(PRESS, "@text/power_kw", at[7], b"n/a"),
        event(PRESS, "@text/state", at[7], b"Laufend"),
        event(PRESS, "@text/recipe", at[7], b"A 7"),  # a text that nobody takes for a number
        said(f"{LINE}/pres", "correction", at[8], state="down", until=at[9] // SECOND),
        said(PRESS, "correction", at[8], state="down", until=at[9] // SECOND),
        said(LINE, "order", at[9], order="4711", phase="start"),
        said("plant/hall/lin1", "order", at[9], order="4711", phase="start"),
    ]


FOUND = {
    ("state", "Rüsten", 3),
    ("attribute", "state.resaon", 1),
    ("number", "count.scrap", 1),
    ("event kind", "maintenence", 1),
    ("no meter", "temp_degc", 1),
    ("too short", "energy_kwh", 1),
    ("text", "power_kw", 1),
    ("text", "state", 1),
    ("unheard", "corrections", 1),
    ("unheard", "orders", 1),
}


def counted(stage: StageRig) -> set[tuple[str, str, int]]:
    return {(each.what, each.word, each.count) for each in heard(stage.log).unused}


@pytest.mark.parametrize("seed", range(3))
def test_each_sort_is_counted_and_named_in_any_order(stage: StageRig, seed: int) -> None:
    rows = useless(stage.start)
    Random(seed).shuffle(rows)

    stage.run()
    for row in rows:
        send(stage, [row])
    stage.until(stage.is_drained)

    assert counted(stage) == FOUND


def test_counts_go_on_after_a_restart(stage: StageRig) -> None:
    stage.run()
    send(stage, useless(stage.start))
    stage.until(stage.is_drained)
    stage.end()

    stage.run()
    send(stage, [said(PRESS, "state", stage.start + 30 * SECOND, state="rüsten")])  # another spelling is another word
    send(stage, [said(PRESS, "state", stage.start + 31 * SECOND, state="Rüsten")])
    stage.until(stage.is_drained)

    assert counted(stage) == FOUND - {("state", "Rüsten", 3)} | {("state", "Rüsten", 4), ("state", "rüsten", 1)}


def test_a_device_that_says_random_words_is_counted_in_bounded_memory(stage: StageRig) -> None:
    stage.run()
    send(stage, [said(PRESS, "state", stage.start + k * SECOND, state=f"word {k}") for k in range(200)])
    send(stage, [said("plant/hall/line2/saw", "state", stage.start, state="sägt")])
    stage.until(stage.is_drained)

    found = heard(stage.log)
    assert sum(each.line == LINE for each in found.unused) == NAMES_OF_A_LINE
    assert [(each.line, each.count) for each in found.beyond] == [(LINE, 200 - NAMES_OF_A_LINE)]
    assert any(each.word == "sägt" for each in found.unused)


def test_an_order_of_a_machine_that_takes_its_own_and_is_not_heard_of_is_named(stage: StageRig) -> None:
    stage.plant = Plant(PlantFile(line=(LineEntry(path=LINE, orders="machine"),)))
    stage.run()
    send(stage, [Row(f"{PRESS}/motor", "temp_degc", stage.start, 20.0)])
    for asset in (PRESS, f"{PRESS}/panel", OVEN, LINE):
        send(stage, [said(asset, "order", stage.start + SECOND, order="1", phase="start")])
    stage.until(stage.is_drained)

    assert [(each.what, each.word, each.asset) for each in heard(stage.log).unused] == [("unheard", "orders", OVEN)]


def test_what_is_heard_of_later_is_no_longer_named(stage: StageRig) -> None:
    stage.run()
    send(stage, [said(OVEN, "correction", stage.start, state="down", until=stage.start // SECOND + 60)])
    stage.until(stage.is_drained)
    before = counted(stage)
    send(stage, [Row(OVEN, "temp_degc", stage.start, 180.0)])
    stage.until(stage.is_drained)

    assert (before, counted(stage)) == ({("unheard", "corrections", 1)}, set())


def test_what_the_plant_file_explains_by_now_is_not_named_any_more(stage: StageRig) -> None:
    stage.run()
    send(stage, useless(stage.start))
    stage.until(stage.is_drained)
    stage.end()
    text = TagEntry(kind="text")

    stage.plant = Plant(PlantFile(states={"RÜSTEN": "setup"}, asset=(AssetEntry(path=PRESS, tags={"power_kw": text}),)))
    stage.run()
    send(stage, [Row(PRESS, "temp_degc", stage.start + 30 * SECOND, 20.0)])
    stage.until(stage.is_drained)

    assert counted(stage) == FOUND - {("state", "Rüsten", 3), ("text", "power_kw", 1)}


def test_the_doctor_names_it_with_a_remedy(stage: StageRig, tmp_path: Path) -> None:
    stage.run()
    send(stage, useless(stage.start))
    stage.until(stage.is_drained)
    stage.end()

    settings = Settings(log=f"sqlite:{tmp_path / 'plant.db'}", process=ProcessSettings())
    found = [finding.detail for finding in examine(settings) if finding.part == "messages"]

    assert any(
        "unknown state 'Rüsten'" in text and '[states] "Rüsten" =' in text and "3 times" in text for text in found
    )
    assert any("did you mean 'reason'?" in text for text in found)
    assert any(f"did you mean '{PRESS}'?" in text for text in found)
    assert len(found) == len(FOUND)


def test_a_correction_of_what_was_never_heard_of_is_refused(stage: StageRig, tmp_path: Path) -> None:
    stage.run()
    send(stage, useless(stage.start))
    stage.until(stage.is_drained)
    stage.end()
    send(stage, [Row(OVEN, "temp_degc", stage.start, 180.0)])  # not processed yet
    settings = Settings(log=f"sqlite:{tmp_path / 'plant.db'}")

    for known in (PRESS, OVEN, LINE):
        check_heard(known, "correct: --asset", settings)
    for unknown, near in (
        (f"{LINE}/pres", PRESS),
        ("plant/hall/lin1", LINE),
    ):  # of which events about others came alone
        with pytest.raises(
            SettingsError, match=f"--asset: no reading of '{unknown}' ever came .*did you mean '{near}'"
        ):
            check_heard(unknown, "correct: --asset", settings)


def test_every_sort_has_a_sentence() -> None:
    for what in ("event kind", "attribute", "number", "state", "text", "no meter", "unheard"):
        assert Unused(LINE, what, "count.good", PRESS, "'5'", 1).said.startswith(f"{PRESS}: ")


def test_an_event_of_a_meter_that_the_plant_file_knows_is_not_named_any_more(stage: StageRig) -> None:
    stage.run()
    send(stage, [Row(PRESS, "verbrauch", stage.start, 7.0), Row(PRESS, "energy_kwh", stage.start, 7.0)])
    send(stage, [said(PRESS, "meter", stage.start, tag="energie_kwh", old=5.0, new=0.0)])
    send(stage, [said(PRESS, "meter", stage.start + 1, tag="verbrauch", old=5.0, new=0.0)])
    stage.until(stage.is_drained)
    named = [each.said for each in heard(stage.log).unused]
    stage.end()

    declared = TagEntry(kind="register", unit="kWh")
    stage.plant = Plant(PlantFile(asset=(AssetEntry(path=PRESS, tags={"verbrauch": declared}),)))
    stage.run()
    send(stage, [Row(PRESS, "verbrauch", stage.start + SECOND, 8.0)])
    stage.until(stage.is_drained)

    assert named == [
        f"{PRESS}: a meter event is about verbrauch, which is no register or counter; it changes nothing. If it is one, say so in "
        "the plant file (kind of the tag); a reading that is wrong is told by an event of kind 'reading' (once)"
    ]
    assert counted(stage) == set()
