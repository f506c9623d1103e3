"""What is found in a capture of a stranger's plant, and the plant file that is drafted of it."""

import tomllib
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from analysis.discovery.findings import Findings, findings
from analysis.discovery.plant_file import plant_file
from analysis.discovery.survey import Bounds, Survey
from fieldline.plant import Plant, load_plant
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from fieldline.tables import to_struct
from fieldline.units import Role
from ingest.capture import Captured, read_capture
from ingest.decoder import Decoder
from ingest.rows import Rows
from ingest.simulator import Simulation
from ingest.simulator.plantfile import plant_file as demo_plant_file
from tests.ingest.codecs.test_sparkplug import T_MS, metric
from tests.ingest.codecs.test_sparkplug import payload as sparkplug

T = 1_767_225_600_000_000_000
STRANGER = Path(__file__).parents[2] / "data" / "discovery" / "stranger.jsonl"


def surveyed(messages: list[Captured], plant: Plant | None = None, bounds: Bounds | None = None) -> Survey:
    survey = Survey(plant or Plant(), IngestSettings(), bounds)
    for message in messages:
        survey.take(message)
    survey.finish()
    return survey


@pytest.fixture(scope="module")
def stranger() -> tuple[Survey, Findings]:
    survey = surveyed(list(read_capture(STRANGER)))
    return survey, findings(survey)


def sent(topic: str, payloads: list[str | bytes], step_s: float = 1.0) -> list[Captured]:
    raw = [payload if isinstance(payload, bytes) else payload.encode() for payload in payloads]
    return [
        Captured(topic.encode(), one, T + round(at * step_s * 1e9), False, 0, len(one)) for at, one in enumerate(raw)
    ]


def test_topics_that_are_alike_are_one_and_each_is_read_as_suits_it(stranger: tuple[Survey, Findings]) -> None:
    found = stranger[1]

    assert {row.pattern: (row.topics, row.messages, row.shape, row.way.name, row.way.root) for row in found.topics} == {
        "farm/v3/barn/devices/probe7/up": (1, 3, "object", "preset ttn", "farm"),
        "plant/hall1/main/meter": (1, 12, "object", "", ""),
        "plant/hall1/{line}/{machine}/{tag}": (46, 541, "bare", "", ""),
        "plant/hall2/blob": (1, 1, "binary", "", ""),
        "plant/hall2/packed": (1, 4, "binary", "codec msgpack", ""),
        "plant/hall2/robot": (1, 12, "object", "", ""),
        "tele/plug1/INFO1": (1, 1, "object", "preset tasmota", ""),
        "tele/plug1/SENSOR": (1, 12, "object", "preset tasmota", ""),
        "tele/plug1/STATE": (1, 12, "object", "preset tasmota", ""),
        "telegraf/pump1": (1, 12, "bare", "codec line_protocol", ""),
    }
    assert [row.pattern for row in found.topics if row.way.is_ignored] == ["tele/plug1/INFO1"]


def test_times_are_named_by_their_keys_with_their_offset_from_reception(stranger: tuple[Survey, Findings]) -> None:
    rows = {row.pattern: row for row in stranger[1].topics}

    # Sent 200 ms after its `ts` and received 7 ms later; a probe's uplink 2 s later.
    assert (rows["plant/hall1/main/meter"].time, rows["plant/hall1/main/meter"].offset) == ("ts", 0.207)
    assert rows["farm/v3/barn/devices/probe7/up"].time == "received_at"
    assert rows["farm/v3/barn/devices/probe7/up"].offset == pytest.approx(2.007, abs=1e-6)
    assert (rows["plant/hall1/{line}/{machine}/{tag}"].time, rows["plant/hall1/{line}/{machine}/{tag}"].offset) == (
        "(reception)",
        0.0,
    )
    assert rows["tele/plug1/SENSOR"].time == "Time"


def test_tags_have_unit_and_kind_by_their_names_else_a_guess_by_their_values(stranger: tuple[Survey, Findings]) -> None:
    tags = {(row.pattern, row.tag): (row.assets, row.unit, row.kind, row.guess) for row in stranger[1].tags}
    machine = "plant/hall1/{line}/{machine}"

    assert tags[machine, "power_kw"] == (9, "kW", "power", "")
    assert tags[machine, "energy_kwh"] == (9, "kWh", "register", "")
    assert tags[machine, "door"] == (9, None, "", "switch")
    assert tags[machine, "mode"] == (9, None, "", "state")
    assert tags[machine, "strokes"] == (9, None, "", "counter")
    assert tags[machine, "serial"] == (1, None, "", "text")
    assert tags["plug1", "energy_kwh"] == (1, "kWh", "register", "")
    assert tags["plug1", "POWER"] == (1, None, "", "switch")
    assert tags["plant/hall2/packed", "temp_c"] == (1, "degC", "value", "")
    assert not any("Module" in tag for _, tag in tags)  # on a topic that the preset ignores


def test_what_would_be_dead_letters_is_named_with_its_reason_and_an_example(stranger: tuple[Survey, Findings]) -> None:
    letters = {row.pattern: (row.reason, row.readings, row.example) for row in stranger[1].letters}

    assert letters["plant/hall2/robot"] == ("time", 12, b'{"time": "not a time, 31/31/2026", "torque_nm": 4.5}')
    assert letters["plant/hall2/blob"] == ("syntax", 1, b"\xff\xfe\xfd\x00garbage")
    assert len(letters) == 2


def test_energy_is_of_the_total_before_its_tariffs_and_its_power(stranger: tuple[Survey, Findings]) -> None:
    energy = {(row.pattern, row.flow): (row.assets, row.source, row.tags, row.others) for row in stranger[1].energy}

    total, parts = ["total_power_import_kwh"], ["import_t1_kwh", "import_t2_kwh", "power_kw"]
    assert energy["plant/hall1/main/meter", "drawn"] == (1, "register", total, parts)
    assert energy["plant/hall1/main/meter", "fed back"] == (1, "register", ["export_kwh"], [])
    assert energy["plant/hall1/{line}/{machine}", "drawn"] == (9, "register", ["energy_kwh"], ["power_kw"])


def read(messages: list[Captured], plant: Plant) -> tuple[set[tuple[str, str, int, float]], int]:
    """The numbers, and how many readings could not be read."""
    decoder, lost, found = Decoder(plant, IngestSettings()), 0, set()
    rows = Rows()
    for message in messages:
        problem = decoder.decode(message.topic, message.payload, message.received, rows)
        lost += problem.readings if problem is not None else 0
    at = 0
    for count, asset, _ in rows.runs:
        for row in range(at, at + count):
            if row not in rows.payload:
                found.add(
                    (rows.assets.texts[asset], rows.tags.texts[rows.tag[row]], rows.time[row], float(rows.value[row]))
                )
        at += count
    return found, lost


def test_the_draft_is_a_plant_file_by_which_no_reading_is_lost_and_more_are_read(
    stranger: tuple[Survey, Findings], tmp_path: Path
) -> None:
    messages, path = list(read_capture(STRANGER)), tmp_path / "plant.toml"

    path.write_text(plant_file(stranger[1], stranger[0], "a capture"), encoding="utf-8")
    plant = load_plant(path)
    before, lost_before = read(messages, Plant())
    after, lost_after = read(messages, plant)

    assert {row for row in before if row[0].startswith("plant/hall1")} <= after
    assert {(asset, tag) for asset, tag, _, _ in after} >= {
        ("plug1", "energy_kwh"),
        ("barn/probe7", "soil_moisture_pct"),
        ("plant/hall2/packed", "temp_c"),
        ("telegraf/pump1/plant", "pump/flow_m3_h"),
    }
    # Four packed messages and twelve of line protocol are read now; the robot's twelve times and the blob are still none.
    assert (lost_before, lost_after) == (4 + 12 + 13, 13)
    assert plant.tag_info("plant/hall1/line2/oven", "mode").role is Role.STATE
    doors = sorted(
        (time, value) for asset, tag, time, value in after if (asset, tag) == ("plant/hall1/line1/press", "door")
    )
    assert [value for _, value in doors[:5]] == [1.0, 0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("payloads", "guess"),
    [
        (["0", "1", "0", "1"], "switch"),
        (["1", "1", "1", "1"], "value"),
        (["5", "6", "8", "8", "11", "12"], "counter"),
        (["5.5", "6", "8", "8", "11", "12"], "register"),
        (["5", "6", "8", "7", "11", "12"], "value"),
        (["3", "5", "3", "6", "5", "3", "6", "3", "3", "5"], "state"),
        (["running", "idle", "Running"], "state"),
        (["running", "hello"], "text"),
        (["ON", "off"], "switch"),
        (["SN-1"], "text"),
    ],
)
def test_a_guess_follows_from_what_the_values_do(payloads: list[str | bytes], guess: str) -> None:
    found = findings(surveyed(sent("plant/press/thing", payloads)))

    assert [(row.tag, row.kind, row.guess) for row in found.tags] == [("thing", "", guess)]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ('a/b"\\c/d', "1.5"),
        ("a/*/[x]?", '{"b.c [d]\\"": 1, "e\\u00e9 = \\u007f": "on"}'),
        ("a/{b}/c", b"\x82\xa1x\xcb@\x04\x00\x00\x00\x00\x00\x00\xa1y\x01"),
        ("{a}/{a}/c", b"\x82\xa1x\xcb@\x04\x00\x00\x00\x00\x00\x00\xa1y\x01"),
        ("x/" * 50 + "{a}", b"\x82\xa1x\xcb@\x04\x00\x00\x00\x00\x00\x00\xa1y\x01"),
        ("a/#[table]/c", '{"]]": 3}'),
        ("l" * 300 + "/x" * 100, "ON"),
    ],
)
def test_any_name_from_a_device_makes_a_draft_that_can_be_loaded(topic: str, payload: str | bytes) -> None:
    survey = surveyed(sent(topic, [payload] * 3))

    text = plant_file(findings(survey), survey, "mqtt://a\n[[topic]]")

    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert wrong == []


def test_what_the_plant_file_declares_stands() -> None:
    declared = 'topic = [{pattern = "tele/{plug}/SENSOR", asset = "house/{plug}"}]'
    plant = Plant(to_struct(PlantFile, tomllib.loads(declared), "$", []))

    found = findings(surveyed(sent("tele/plug1/SENSOR", ['{"ENERGY": {"Power": 40}}'] * 6), plant))

    assert [(row.pattern, row.tag) for row in found.tags] == [("house/plug1", "ENERGY/Power")]
    assert found.ways == []


def test_of_the_demos_broker_the_draft_tells_of_each_tag_what_the_plant_file_by_hand_tells(tmp_path: Path) -> None:
    simulation = Simulation(T, pack_s=5)
    sent_by_it = [
        Captured(m.topic.encode(), m.payload, m.due_ns, False, 0, len(m.payload)) for m in simulation.messages(60)
    ]
    survey, (draft, by_hand) = surveyed(sent_by_it), (tmp_path / "draft.toml", tmp_path / "hand.toml")
    draft.write_text(plant_file(findings(survey), survey, "the demo"))
    by_hand.write_text(demo_plant_file(simulation.plant))
    ours, theirs = load_plant(draft), load_plant(by_hand)

    told = {key: msgspec.structs.replace(ours.tag_info(*key), spc=None) for key in survey.tags}

    assert len(told) > 80
    assert told == {key: msgspec.structs.replace(theirs.tag_info(*key), spc=None) for key in survey.tags}
    assert read(sent_by_it, ours) == read(sent_by_it, theirs)


def test_sparkplug_is_read_by_its_births_and_an_alias_without_one_is_a_dead_letter() -> None:
    birth = sent("spBv1.0/G/NBIRTH/N", [sparkplug(0, metric("power_kw", 1, type="Double", double=2.5))])
    data = sent("spBv1.0/G/NDATA/N", [sparkplug(1, metric(alias=1, double=3.5, ts=T_MS + 1))] * 3)
    unborn = sent("spBv1.0/G/NDATA/M", [sparkplug(7, metric(alias=1, double=3.5, ts=T_MS))])

    found = findings(surveyed([*birth, *data, *unborn]))

    assert [(row.tag, row.kind) for row in found.tags if row.pattern == "G/N"] == [("power_kw", "power")]
    assert [(row.pattern, row.reason) for row in found.letters] == [("spBv1.0/G/NDATA/M", "birth")]
    assert {row.shape for row in found.topics} == {"binary"}
    assert found.ways == []


def test_times_that_are_off_by_a_zone_are_said_to_look_local() -> None:
    local, utc = ["2026-01-01T00:59:58"], ["2025-12-31T23:59:58"]

    [berlin], [london] = (
        findings(surveyed(sent("a/b/c", [f'{{"ts": "{ts}", "x": 1}}']))).topics for [ts] in (local, utc)
    )

    survey = surveyed(sent("a/b/c", [f'{{"ts": "{local[0]}", "x": 1}}']))
    draft = plant_file(findings(survey), survey, "here")

    assert "#   a/b/c: ts, off by -3598 s" in draft.splitlines()
    assert (berlin.offset, berlin.looks_local) == (-3598.0, True)
    assert (london.offset, london.looks_local) == (2.0, False)


def test_a_hundred_thousand_topics_take_no_more_memory_than_are_remembered() -> None:
    survey = Survey(Plant(), IngestSettings(), Bounds(topics=500, tags=300))
    tracemalloc.start()
    try:
        for number in range(100_000):
            survey.take(Captured(b"flood/%d/value" % number, b'{"a":1}', T + number, False, 0, 7))
            if number == 1_000:
                early = tracemalloc.get_traced_memory()[0]
        late = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    survey.finish()

    assert (len(survey.topics), survey.topics_left_out) == (500, 99_500)
    assert (len(survey.tags), survey.tags_left_out) == (300, 200)
    assert survey.messages == 100_000
    assert late < early + 100_000


def test_behind_the_first_fifty_messages_of_a_topic_every_tenth_is_read() -> None:
    messages = sent("plant/hall1/line1/press", ['{"power_kw": 1.5}'] * 1_050)

    survey = surveyed(messages)
    [seen] = survey.topics.values()
    [row] = findings(survey, seconds=105.0).tags

    assert (seen.messages, seen.read, survey.unread) == (1_050, 150, 900)
    assert row.rate == pytest.approx(10.0)


def test_of_a_site_whose_assets_are_lines_of_their_own_the_draft_says_how_they_share_one() -> None:
    messages = [*sent("farm/station", ['{"rain": 1.5}'] * 3), *sent("farm/field1", ['{"moisture": 0.25}'] * 3)]
    survey = surveyed([*messages, *sent("works/hall/line1/oven", ['{"temp": 20.5}'] * 3)])

    text = plant_file(findings(survey), survey, "a capture")

    (begin,) = [at for at, line in enumerate(text.splitlines()) if line == "# [[site]]"]
    said = "\n".join(line.removeprefix("# ") for line in text.splitlines()[begin : begin + 3])
    plant = Plant(to_struct(PlantFile, tomllib.loads(said), "$", []))
    assert {plant.line_of(path) for path in ("farm/station", "farm/field1")} == {"farm"}
    assert "works" not in said
