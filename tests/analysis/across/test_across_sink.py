"""Metrics across lines: rows follow those that they are made of, whoever's they are, in any order, over crashes and other definitions."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analysis.across.making import Across
from delivery.rows import MetricRows
from delivery.sinks import SinkLost
from fieldline.across import is_across
from fieldline.log import Stream
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.readable import metrics_in, turn_of
from tests.analysis.rollup.sink_rig import SinkRig
from tests.delivery.metric_frames import labelled_rows, metric_rows
from tests.processing.engine_rig import T0

HOUR = 3600 * 10**9
LINE1, LINE2, WATER = "plant/hall1/line1", "plant/hall1/line2", "plant/utility/water"


def plant_of(*metrics: dict[str, Any], **more: Any) -> Plant:
    return Plant(msgspec.convert({"metric": [*metrics], **more}, PlantFile))


WATER_A_PIECE = {
    "kind": "water",
    "asset": "plant/hall1/*",
    "windows": ["1h", "day"],
    "assets": {"meter": f"{WATER}/meter"},
    "field": {
        "l_per_piece": {"value": "mean(meter.flow_l_h) * window.length_s / 3600 / quality.good_count", "unit": "1"}
    },
}
OF_HALL = {
    "kind": "hall",
    "asset": "plant/hall1",
    "windows": ["1h"],
    "assets": {"meter": f"{WATER}/meter"},
    "field": {
        "l_per_piece": {"value": "mean(meter.flow_l_h) / quality.good_count"},
        "scrap": {"value": "quality.scrap_count / quality.total_count"},
    },
}


class Rig(SinkRig):
    """What stands on its stream."""

    def __init__(self, folder: Path, plant: Plant) -> None:
        super().__init__(folder, plant, Across)

    def rows(self, kind: str) -> dict[tuple[str, int], dict[str, Any]]:
        """What stands on the stream by asset and hour, without what does not exist."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            assert turn_of(record) is not None
            if record.headers["kind"].decode() == kind:
                for row in metrics_in(record).to_pylist():
                    hour = (int(row.pop("time").timestamp()) - T0 // 10**9) // 3600
                    asset = row.pop("asset")
                    found[asset, hour] = {name: value for name, value in row.items() if value is not None}
        return {key: row for key, row in found.items() if row.get("retracted") != 1.0}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE, OF_HALL))
    yield rig
    rig.close()


def counts(line: str, hour: int, good: float, scrap: float = 0.0, **more: float) -> MetricRows:
    fields = {"good_count": good, "scrap_count": scrap, "total_count": good + scrap, "rev": 0.0} | more
    return metric_rows("quality", [T0 + hour * HOUR], [line], None, ["1h"], **{name: [v] for name, v in fields.items()})


def flow(hour: int, mean: float, tag: str = "flow_l_h", **more: float) -> MetricRows:
    fields = {"mean": mean, "count": 60.0, "coverage": 0.9, "rev": 0.0} | more
    columns = {name: [value] for name, value in fields.items()}
    return metric_rows("telemetry", [T0 + hour * HOUR], [f"{WATER}/meter"], [tag], ["1h"], **columns)


def test_a_line_has_a_metric_of_a_meter_that_lies_on_another(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0), counts(LINE1, 0, 30.0), counts(LINE2, 0, 0.0)])

    rows = rig.rows("water")

    assert rows[LINE1, 0] == {"window": "1h", "l_per_piece": 20.0, "coverage": 0.9, "rev": 0.0}
    assert (
        rows[LINE2, 0]["null_reason"] == "l_per_piece: quality.good_count is 0" and "l_per_piece" not in rows[LINE2, 0]
    )
    assert rows.keys() == {(LINE1, 0), (LINE2, 0)}


def test_what_comes_late_from_either_line_makes_the_row_anew(rig: Rig) -> None:
    rig.sink.write([counts(LINE1, 0, 30.0)])
    assert rig.rows("water")[LINE1, 0]["null_reason"] == "l_per_piece: no mean(meter.flow_l_h)"

    rig.sink.write([flow(0, 600.0)])
    rig.sink.write([counts(LINE1, 0, 60.0, rev=1.0)])
    rig.sink.write([flow(0, 1200.0, rev=2.0)])

    assert rig.rows("water")[LINE1, 0] == {"window": "1h", "l_per_piece": 20.0, "coverage": 0.9, "rev": 3.0}


def test_an_area_has_a_metric_of_what_its_lines_have_together(rig: Rig) -> None:
    rig.sink.write([counts(LINE1, 0, 30.0, 10.0, rev=1.0), counts(LINE2, 0, 50.0, 10.0), flow(0, 400.0)])

    assert rig.rows("hall")["plant/hall1", 0] == {
        "window": "1h", "l_per_piece": 5.0, "scrap": 0.2, "coverage": 0.9, "rev": 1.0,
    }  # fmt: skip


def test_a_row_goes_with_all_that_its_own_asset_had(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0), counts(LINE1, 0, 30.0), counts(LINE2, 0, 20.0)])

    rig.sink.write([counts(LINE1, 0, float("nan"), float("nan"), rev=1.0, retracted=1.0)])

    assert rig.rows("water").keys() == {(LINE2, 0)}
    assert rig.rows("hall")["plant/hall1", 0]["l_per_piece"] == 30.0


def test_tags_and_assets_that_nothing_is_made_of_are_not_kept(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0, "temp_degc"), counts("plant/hall2/line1", 0, 5.0)])

    assert not rig.rows("water") and not rig.rows("hall")
    assert rig.sink._opened().assets() == set()


def test_shifts_of_two_lines_that_begin_together_are_one_window_though_they_have_other_names(tmp_path: Path) -> None:
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE | {"windows": ["shift"], "field": {"share": {"value": "quality.good_count / meter.energy.active_energy_kwh"}}}))  # fmt: skip
    shift = {"windows": ["shift"], "rev": [0.0]}

    rig.sink.write([labelled_rows("quality", [T0], [LINE1], {"shift": ["early"]}, good_count=[30.0], **shift)])
    rig.sink.write([labelled_rows("energy", [T0], [f"{WATER}/meter"], {"shift": ["Früh"]}, active_energy_kwh=[3.0], **shift)])  # fmt: skip

    assert rig.rows("water")[LINE1, 0] == {"window": "shift", "shift": "early", "share": 10.0, "rev": 0.0}
    rig.close()


@pytest.mark.parametrize("seed", range(6))
def test_any_portions_in_any_order_with_crashes_end_in_the_same_rows(tmp_path: Path, seed: int) -> None:
    rand = random.Random(seed)
    plant = plant_of(WATER_A_PIECE, OF_HALL)
    last: dict[Any, MetricRows] = {}
    stream = []
    for rev in range(3):  # each series in its order of revisions; series among each other in any
        for hour in range(3):
            for line in (LINE1, LINE2):
                stream.append(((line, hour), counts(line, hour, float(rand.randrange(5)), 1.0, rev=float(rev))))
            stream.append((("flow", hour), flow(hour, float(rand.randrange(1, 5)), rev=float(rev))))
    by_key: dict[Any, list[MetricRows]] = {}
    for key, rows in stream:
        by_key.setdefault(key, []).append(rows)
        last[key] = rows
    straight = Rig(tmp_path, plant)
    straight.sink.write(list(last.values()))
    wanted = {kind: straight.rows(kind) for kind in ("water", "hall")}
    straight.close()
    folder = tmp_path / "shuffled"
    folder.mkdir()

    rig = Rig(folder, plant)
    while by_key:
        portion = [
            by_key[key].pop(0) for key in rand.sample(sorted(by_key, key=str), rand.randrange(1, len(by_key) + 1))
        ]
        rig.sink.write(portion)
        if rand.random() < 0.3:  # a crash after the rows were kept: they come again
            rig.sink.close()
            rig.open(plant)
            rig.sink.write(portion)
        by_key = {key: left for key, left in by_key.items() if left}

    assert {kind: rig.rows(kind) for kind in ("water", "hall")} == wanted
    assert len(wanted["water"]) == 6 and len(wanted["hall"]) == 3
    rig.close()


def test_another_definition_is_made_of_what_the_stream_still_has(rig: Rig) -> None:
    batches = [flow(0, 600.0), counts(LINE1, 0, 30.0), counts(LINE2, 0, 60.0)]
    rig.sink.write(batches)
    mark = rig.sink.mark()
    other = WATER_A_PIECE | {
        "asset": LINE2,
        "field": {"m3_per_piece": {"value": "mean(meter.flow_l_h) / 1000 / quality.good_count"}},
    }
    rig.sink.close()

    rig.open(plant_of(other))

    assert not rig.sink.has(mark)
    assert not rig.rows("water") and not rig.rows("hall")
    rig.sink.write(batches)  # the stage gives everything again
    assert rig.rows("water") == {(LINE2, 0): {"window": "1h", "m3_per_piece": 0.01, "coverage": 0.9, "rev": 0.0}}
    assert rig.sink.has(rig.sink.mark())


def test_a_plant_file_that_says_the_same_of_them_changes_nothing(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0), counts(LINE1, 0, 30.0)])
    mark = rig.sink.mark()
    rig.sink.close()

    rig.open(plant_of(WATER_A_PIECE, OF_HALL, tariff=[{"path": "plant", "price": 0.3, "currency": "EUR"}]))

    assert rig.sink.has(mark) and (LINE1, 0) in rig.rows("water")


def test_a_definition_holds_from_its_time_on(tmp_path: Path) -> None:
    since = "2023-11-14T23:00:00Z"  # the second hour
    later = WATER_A_PIECE | {"since": since, "field": {"l_per_piece": {"value": "quality.good_count", "unit": "1"}}}
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE, later))

    for hour in range(2):
        rig.sink.write([flow(hour, 600.0), counts(LINE1, hour, 30.0)])

    assert [rig.rows("water")[LINE1, hour]["l_per_piece"] for hour in range(2)] == [20.0, 30.0]
    rig.close()


def test_what_a_timeline_makes_since_the_definition_changed_is_not_retracted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE, OF_HALL))
    rig.sink.write([flow(0, 600.0), counts(LINE1, 0, 30.0), counts(LINE2, 0, 30.0)])
    rig.sink.close()

    rig.open(plant_of(WATER_A_PIECE | {"asset": f"{LINE1}*", "assets": {"meter": f"{LINE1}/meter"}}, OF_HALL))

    assert rig.rows("water").keys() == {(LINE1, 0)}
    rig.close()


def test_a_definition_that_can_t_be_read_any_more_does_not_end_the_stage(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0), counts(LINE1, 0, 30.0)])
    rig.sink._opened().definition = '{"metric": [{"kind": "water", "of": "another version"}]}'
    mark = rig.sink.mark()
    rig.sink.close()

    rig.open(plant_of(WATER_A_PIECE, OF_HALL))

    assert not rig.sink.has(mark) and (LINE1, 0) in rig.rows("water")


@pytest.mark.parametrize("pattern", ["*", "plant/*"])
def test_a_glob_of_few_levels_is_of_lines_and_machines_too(tmp_path: Path, pattern: str) -> None:
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE | {"asset": pattern}))

    for batch in (flow(0, 600.0), counts(LINE1, 0, 30.0)):
        rig.sink.write([batch])

    assert rig.rows("water")[LINE1, 0]["l_per_piece"] == 20.0
    rig.close()


def test_the_line_of_an_area_is_the_area(tmp_path: Path) -> None:
    share = OF_HALL | {"field": {"share": {"value": "mean(meter.flow_l_h) / line.quality.good_count"}}}
    rig = Rig(tmp_path, plant_of(share))

    for batch in (flow(0, 600.0), counts(LINE1, 0, 30.0)):
        rig.sink.write([batch])

    assert rig.rows("hall")["plant/hall1", 0]["share"] == 20.0
    rig.close()


@pytest.mark.parametrize("first", [0, 1])
def test_a_metric_of_others_whose_shifts_have_two_names_has_one_row_whichever_came_first(
    tmp_path: Path, first: int
) -> None:
    meters = {"a": f"{LINE1}/meter", "b": f"{LINE2}/meter"}
    both = "a.energy.active_energy_kwh + b.energy.active_energy_kwh"
    rig = Rig(tmp_path, plant_of(OF_HALL | {"windows": ["shift"], "assets": meters, "field": {"kwh": {"value": both}}}))
    batches = [
        labelled_rows("energy", [T0], [path], {"shift": [name]}, active_energy_kwh=[3.0], windows=["shift"], rev=[0.0])
        for path, name in zip(meters.values(), ("early", "morning"), strict=True)
    ]

    for batch in (batches[first], batches[1 - first]):
        rig.sink.write([batch])

    assert standing_shifts(rig, "hall") == {"early": 6.0}
    rig.close()


def standing_shifts(rig: Rig, kind: str) -> dict[str, float]:
    found = {row["shift"]: row for record in rig.log.read(Stream.METRICS, 0, 0) for row in metrics_in(record).to_pylist() if record.headers["kind"].decode() == kind}  # fmt: skip
    return {shift: row["kwh"] for shift, row in found.items() if row["retracted"] != 1.0}


@pytest.mark.parametrize("at_once", [True, False])
def test_an_area_that_devices_send_for_has_what_they_say_beside_its_lines_rows(tmp_path: Path, at_once: bool) -> None:
    fields = {"good": {"value": "quality.good_count"}, "degc": {"value": "mean(temp_degc)"}}
    rig = Rig(tmp_path, plant_of({"kind": "hall", "asset": "plant/hall1", "windows": ["1h"], "field": fields}))
    sent = metric_rows("telemetry", [T0], ["plant/hall1"], ["temp_degc"], ["1h"], mean=[20.0], rev=[0.0])
    batches = [sent, counts(LINE1, 0, 5.0), counts(LINE1, 1, 7.0)]

    for portion in [batches] if at_once else [[batch] for batch in batches]:
        rig.sink.write(portion)

    rows = {hour: row for (_, hour), row in rig.rows("hall").items()}
    assert {hour: (row["good"], row.get("degc")) for hour, row in rows.items()} == {0: (5.0, 20.0), 1: (7.0, None)}
    rig.close()


def test_numbers_beyond_all_and_texts_where_numbers_belong_are_none(tmp_path: Path) -> None:
    fields = {"kw": {"value": "mean(meter.quantity.active_power)"}, "good": {"value": "quality.good_count"}}
    rig = Rig(tmp_path, plant_of(WATER_A_PIECE | {"field": fields}))
    text = labelled_rows("quality", [T0], [LINE1], {}, {"good_count": ["many"]}, windows=["1h"], rev=[1.7e308])

    rig.sink.write([flow(0, 1e308, "power_mw", rev=1.7e308), text])

    why = "kw: not a finite number; good: no quality.good_count"
    assert rig.rows("water")[LINE1, 0] == {"window": "1h", "coverage": 0.9, "null_reason": why}
    rig.close()


GROUP = {"path": "dept/pack", "lines": ["berlin/hall1/*"]}


def test_a_window_of_a_group_is_as_long_as_its_lines_have_it(tmp_path: Path) -> None:
    zone = [{"path": "berlin", "time_zone": "Europe/Berlin"}]
    fields = {"hours": {"value": "window.length_s / 3600"}, "good": {"value": "quality.good_count"}}
    of_group = {"kind": "pack", "asset": "dept/pack", "windows": ["day"], "field": fields}
    rig = Rig(tmp_path, plant_of(of_group, group=[GROUP], site=zone))
    start = 1_743_289_200 * 10**9  # 2025-03-30 in Berlin, where clocks go forward

    rig.sink.write(
        [metric_rows("quality", [start], ["berlin/hall1/line1"], None, ["day"], good_count=[3.0], rev=[0.0])]
    )

    assert [row["hours"] for row in rig.rows("pack").values()] == [23.0]
    rig.close()


def test_a_group_has_values_of_its_own(tmp_path: Path) -> None:
    of_group = {"kind": "pack", "asset": "dept/pack", "windows": ["1h"], "field": {"each": {"value": "quality.good_count / asset.people"}}}  # fmt: skip
    plant = plant_of(of_group, group=[GROUP], asset=[{"path": "dept/pack", "values": {"people": 4.0}}])
    rig = Rig(tmp_path, plant)

    rig.sink.write([counts("berlin/hall1/line1", 0, 8.0)])

    assert rig.rows("pack")["dept/pack", 0]["each"] == 2.0 and plant.named_lines == ()
    rig.close()


def test_a_group_is_of_several_lines_though_its_path_lies_on_one(tmp_path: Path) -> None:
    share = WATER_A_PIECE | {"asset": LINE1, "assets": {"all": f"{LINE1}/both"}, "field": {"share": {"value": "quality.good_count / all.quality.good_count"}}}  # fmt: skip
    rig = Rig(tmp_path, plant_of(share, group=[{"path": f"{LINE1}/both", "lines": ["plant/hall1/*"]}]))

    rig.sink.write([counts(LINE1, 0, 5.0), counts(LINE2, 0, 15.0)])

    assert rig.rows("water")[LINE1, 0]["share"] == 0.25
    rig.close()


def test_a_file_that_was_deleted_is_asked_for_again(rig: Rig) -> None:
    rig.sink.write([flow(0, 600.0)])
    mark = rig.sink.mark()
    rig.path.unlink()

    with pytest.raises(SinkLost, match="made again"):
        rig.sink.write([counts(LINE1, 0, 30.0)])

    assert not rig.sink.has(mark)


def test_a_site_s_own_meter_is_set_against_what_its_lines_made(tmp_path: Path) -> None:
    metric = {
        "kind": "site",
        "asset": "plant",
        "windows": ["1h"],
        "field": {"l": {"value": "mean(flow_l_h) / quality.good_count"}},
    }
    plant = plant_of(metric)
    rig = Rig(tmp_path, plant)
    at_site = metric_rows("telemetry", [T0], ["plant"], ["flow_l_h"], ["1h"], mean=[600.0], coverage=[1.0], rev=[0.0])

    rig.sink.write([at_site, counts(LINE1, 0, 30.0), counts(LINE2, 0, 20.0)])

    assert rig.rows("site") == {("plant", 0): {"window": "1h", "l": 12.0, "coverage": 1.0, "rev": 0.0}}
    assert is_across(plant, "site", "plant")  # so the timeline of the site's own readings leaves it out
    rig.close()
