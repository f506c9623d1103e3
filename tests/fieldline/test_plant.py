from math import isnan
from pathlib import Path

import pytest

from fieldline.errors import SettingsError
from fieldline.plant import LineInfo, Plant, Role, load_plant
from fieldline.states import State
from fieldline.tags import PACKML_CODES


@pytest.fixture
def plant_of(tmp_path):
    def load(text: str) -> Plant:
        path = tmp_path / "plant.toml"
        path.write_text(text, "utf-8")
        return load_plant(path)

    return load


def test_without_a_file_names_tell_unit_and_role():
    plant = load_plant(None)

    info = plant.tag_info("plant/hall1/line1/press1", "energy_mwh")

    assert (info.unit, info.role, info.scale) == ("MWh", Role.ACTIVE_REGISTER, 1000.0)
    assert (info.max_gap_s, info.register_max_gap_s, info.clock) == (300.0, 7200.0, "accept")
    assert isnan(info.modulus) and isnan(info.low)


@pytest.mark.parametrize(
    ("path", "line"),
    [("a/b/c/d/e", "a/b/c"), ("a/b/c", "a/b/c"), ("a/b", "a/b"), ("a", "a"), ("", ""), ("a//c/d", "a//c")],
)
def test_a_line_is_the_first_three_levels(path, line):
    assert Plant().line_of(path) == line


def test_the_file_sets_how_deep_a_line_is(plant_of):
    plant = plant_of("line_depth = 2")

    assert plant.line_of("farm/field1/zone/probe") == "farm/field1"


_TWO_SITES = """
    [[site]]
    path = "farm"
    line_depth = 1
    [[site]]
    path = "works/old"
    time_zone = "Europe/Berlin"
    line_depth = 4
"""


@pytest.mark.parametrize(
    ("path", "line", "level", "above"),
    [
        ("farm/station", "farm", "machine", ()),
        ("farm/north/f1/probe", "farm", "machine", ()),
        ("farm", "farm", "line", ()),
        ("farmhouse/a/b/c", "farmhouse/a/b", "machine", ("farmhouse/a", "farmhouse")),
        ("works/hall/l1/press", "works/hall/l1", "machine", ("works/hall", "works")),
        ("works/old/hall/l1/press", "works/old/hall/l1", "machine", ("works/old/hall", "works")),
        ("works/old/hall", "works/old/hall", "area", ()),
        ("works/older/l1/press", "works/older/l1", "machine", ("works/older", "works")),
    ],
)
def test_a_site_sets_how_deep_its_own_lines_are(plant_of, path, line, level, above):
    plant = plant_of(_TWO_SITES)

    assert plant.line_of(path) == line
    assert plant.levels(path)["level"] == level
    assert plant.above(line) == above
    assert plant.is_above_lines(path) == (level in ("site", "area", "group"))


def test_what_a_site_leaves_out_is_the_next_one_s_above(plant_of):
    plant = plant_of("""
        [[site]]
        path = "farm"
        time_zone = "America/Phoenix"
        country = "US"
        [[site]]
        path = "farm/north"
        line_depth = 2
    """)

    assert plant.time_zone("farm/north/f1") == "America/Phoenix"
    assert plant.site("farm/north").country == "US"
    assert (plant.line_of("farm/north/f1"), plant.line_of("farm/south/f1/x")) == ("farm/north", "farm/south/f1")


def test_a_glob_may_be_of_the_deepest_lines_that_it_reaches(plant_of):
    plant = plant_of(_TWO_SITES)

    assert [plant.may_be_line(path) for path in ("farm/*", "works/old/*/l1", "*/*/*/l1", "work*/*/*/l1")] == [
        False,
        True,
        True,
        True,
    ]
    assert not plant.may_be_line("works/*/l1/press/x")


@pytest.mark.parametrize(
    ("depth", "path", "level", "above"),
    [
        (3, "plant", "site", ("plant",)),
        (3, "plant/hall1", "area", ("plant", "plant/hall1")),
        (3, "plant/hall1/line1", "line", ("plant", "plant/hall1", "plant/hall1/line1")),
        (3, "plant/hall1/line1/cell2/press", "machine", ("plant", "plant/hall1", "plant/hall1/line1")),
        (4, "acme/plant/hall1", "area", ("acme", "acme/plant/hall1")),
        (4, "acme/plant/hall1/line1", "line", ("acme", "acme/plant/hall1", "acme/plant/hall1/line1")),
        (2, "farm/field1", "line", ("farm", None, "farm/field1")),
        (2, "farm/field1/probe", "machine", ("farm", None, "farm/field1")),
        (1, "barn", "line", (None, None, "barn")),
        (1, "barn/fan", "machine", (None, None, "barn")),
    ],
)
def test_the_place_of_an_asset_follows_from_its_path(plant_of, depth, path, level, above):
    plant = plant_of(f"line_depth = {depth}")

    paths = {name: found for name, found in zip(("site", "area", "line"), above, strict=False) if found}
    assert plant.levels(path) == {"level": level, **paths, "name": path.rpartition("/")[2]}
    assert plant.levels("") == {}


def test_an_exact_path_wins_over_a_glob_and_a_later_glob_over_an_earlier(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "a/b/press1"
        tags.power_kw = {high = 10.0}
        [[asset]]
        path = "a/*"
        tags.power_kw = {high = 1.0, low = -1.0}
        [[asset]]
        path = "a/b/press*"
        tags.power_kw = {high = 2.0, max_gap_s = "1m"}
    """)

    exact, later = plant.tag_info("a/b/press1", "power_kw"), plant.tag_info("a/b/press2", "power_kw")

    assert (exact.low, exact.high, exact.max_gap_s) == (-1.0, 10.0, 60.0)
    assert later.high == 2.0


def test_a_glob_of_tags_yields_to_the_tags_own_name(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "a"
        [asset.tags."*_kw"]
        high = 1.0
        [asset.tags.main_kw]
        high = 2.0
    """)

    assert [plant.tag_info("a", tag).high for tag in ("main_kw", "fan_kw")] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("tag", "role", "scale"),
    [
        ('load = {unit = "W"}', Role.ACTIVE_POWER, 1e-3),
        ('total = {unit = "MWh"}', Role.ACTIVE_REGISTER, 1e3),
        ('used = {unit = "kWh", kind = "interval"}', Role.ACTIVE_INTERVAL, 1.0),
        ('q = {unit = "kvar", kind = "power"}', Role.REACTIVE_POWER, 1.0),
        ('s0 = {kind = "pulse", kwh_per_pulse = 0.0018}', Role.ACTIVE_PULSE, 0.0018),
        ('energy_kwh = {kind = "value"}', Role.NONE, 1.0),
        ('flow = {unit = "L/min"}', Role.NONE, 1.0),
        ('on = {kind = "running"}', Role.RUNNING, 1.0),
        ('mode = {kind = "state"}', Role.STATE, 1.0),
        ('n = {kind = "good_count"}', Role.GOOD_COUNT, 1.0),
        ('n = {kind = "scrap_count", unit = "t"}', Role.SCRAP_COUNT, 1000.0),
        ('good_count = {kind = "value"}', Role.NONE, 1.0),
    ],
)
def test_what_is_declared_decides_role_and_scale(plant_of, tag, role, scale):
    plant = plant_of(f'[[asset]]\npath = "a"\n[asset.tags]\n{tag}')

    info = plant.tag_info("a", tag.split()[0])

    assert (info.role, info.scale) == (role, scale)


def test_the_nearest_site_gives_the_time_zone(plant_of):
    plant = plant_of("""
        time_zone = "Europe/Paris"
        [[site]]
        path = "us"
        time_zone = "America/Chicago"
        [[site]]
        path = "us/west"
        time_zone = "America/Los_Angeles"
    """)

    zones = [plant.time_zone(asset) for asset in ("us/east/l1/m", "us/west/l1/m", "usa/x", "us")]

    assert zones == ["America/Chicago", "America/Los_Angeles", "Europe/Paris", "America/Chicago"]


def test_a_clock_policy_holds_where_it_is_declared(plant_of):
    plant = plant_of('[[asset]]\npath = "a/*"\nclock = "quarantine"')

    assert (plant.clock("a/b"), plant.clock("b")) == ("quarantine", None)
    assert plant.tag_info("a/b", "x").clock == "quarantine"


def test_all_faults_of_a_file_are_told_at_once(plant_of):
    with pytest.raises(SettingsError) as caught:
        plant_of("""
            line_dept = 2
            time_zone = "Mars"
            [[asset]]
            path = "a//b"
            clok = "x"
            tags.flow = {unit = "kW", kind = "register"}
            tags.e = {unit = "MWg", low = 4, high = 3, modulus = -1}
            tags.load = {kind = "power"}
            [[asset]]
            tags.p_kw = {high = "much"}
            [[topic]]
            pattern = "plant/#/{tag}"
            asset = "plant"
        """)

    told = [line.split("plant.toml: ")[1] for line in str(caught.value).split("\n")]
    assert told == [
        "$.line_dept: unknown key, did you mean 'line_depth'?",
        "$.asset[0].clok: unknown key, did you mean 'clock'?",
        "$.asset[0].tags.\"flow\".unit: kind 'register' needs a unit of active_energy or reactive_energy, got 'kW' (active_power)",
        '$.asset[0].tags."e".modulus: expected `float` > 0.0, got -1',
        "$.asset[0].tags.\"e\".unit: unknown unit 'MWg', did you mean 'MW'?",
        '$.asset[0].tags."e".low: expected less than high 3, got 4',
        "$.asset[0].path: expected levels joined by '/', none empty, got 'a//b'",
        "$.asset[1].tags.\"p_kw\".high: expected `float | null`, got `str`, got 'much'",
        "$.asset[1].path: is missing",
        "$.topic[0].pattern: '#' stands alone and last, got 'plant/#/{tag}'",
        "$.time_zone: expected an IANA name such as Europe/Berlin, got 'Mars'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("line_depth = 0", "line_depth: expected `int` >= 1"),
        (
            '[[site]]\npath = "a/b"\nline_depth = 1',
            "site: 'a/b': line_depth: expected at least 2, the levels of its own path",
        ),
        (
            '[[site]]\npath = "a"\nline_depth = 1\n[[site]]\npath = "a/b"\ntime_zone = "UTC"',
            "site: 'a/b' lies below its line (line_depth 1), which has one time zone, line_depth and slice for all",
        ),
        (
            '[[site]]\npath = "a"\nline_depth = 1\n[[line]]\npath = "a/b"',
            "expected the path of a line, of at most 1 levels",
        ),
        ('[[site]]\npath = "a"\nline_depth = 1\n[[calendar]]\npath = "a/b"', "calendar: 'a/b' lies below its line"),
        ('[[site]]\npath = "a"\nline_dept = 1', "$.site[0].line_dept: unknown key, did you mean 'line_depth'?"),
        ('[[site]]\npath = "a"', "site: 'a': expected time_zone, country, line_depth or slice, got none of them"),
        ("line_depth = true", "line_depth: expected `int`"),
        ("asset = 3", "asset: expected an array of tables"),
        ('[[asset]]\npath = "a"\n[[asset]]\npath = "a"', "asset: 'a' is declared twice"),
        ('[[asset]]\npath = "a"\ntags.x = {low = nan}', "low: expected a number, got nan"),
        ('[[asset]]\npath = "a"\ntags.x_kw = {max_gap_s = nan}', "max_gap_s: expected"),
        ('[[asset]]\npath = "a"\ntags.x_kw = {max_gap_s = "soon"}', "max_gap_s: expected a duration such as"),
        ('[[asset]]\npath = "a"\ntags.x = {kind = "pulse"}', "kwh_per_pulse: kind 'pulse' needs it"),
        ('[[asset]]\npath = "a"\ntags.x = {kwh_per_pulse = 1}', "only kind 'pulse' has it"),
        ('[[asset]]\npath = "a"\ntags.x_kwh = {modulus = 5, max_delta = 6}', "max_delta: expected less than modulus"),
        (
            '[[asset]]\npath = "a"\ntags.x = {kind = "counter"}',
            "kind: expected one of value, power, register, interval, pulse, state, running, good_count, total_count,"
            " scrap_count, rework_count, switch, text, got 'counter'",
        ),
        ('[[site]]\npath = "a/b/c/d"\ntime_zone = "UTC"', "lies below its line"),
        ('[[topic]]\npattern = "a/{x}"\nasset = "a/{y}"', "asset: 'a/{y}' may name only x"),
        ('[[topic]]\npattern = "a/{x}/{x}"\nasset = "a/{x}"', "pattern: expected levels such as"),
        ('[[topic]]\npattern = "a/b+"\nasset = "a"', "pattern: expected levels such as"),
        ("= 3", "Invalid statement"),
        (
            '[[asset]]\npath = "*"\ntags.m = {kind = "power", unit = "kW"}\n[[asset]]\npath = "a"\ntags.m = {unit = "kWh"}',
            "a m: unit: kind 'power' needs a unit of active_power",
        ),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(plant_of, text, message):
    with pytest.raises(SettingsError) as caught:
        plant_of(text)

    assert message in str(caught.value)
    assert "plant.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="nowhere.toml: no such file"):
        load_plant(tmp_path / "nowhere.toml")


def test_answers_stay_right_when_the_cache_is_full(monkeypatch):
    monkeypatch.setattr("fieldline.plant._CACHED_NAMES", 10)
    plant = Plant()

    lines = [plant.line_of(f"a/b/c{n}/d") for n in range(50)]

    assert lines == [f"a/b/c{n}" for n in range(50)]
    assert len(plant._lines) <= 10


def test_a_state_tag_without_codes_tells_packml_numbers(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "a"
        tags.mode = {kind = "state", codes = {"6" = "producing", "0" = "down", "2.5" = "Planned Stop"}}
        tags.other = {kind = "state"}
    """)

    codes = [plant.tag_info("a", tag).codes for tag in ("mode", "other", "StateCurrent", "good_count")]

    assert codes[0] == ((0.0, State.DOWN), (2.5, State.PLANNED_STOP), (6.0, State.PRODUCING))
    assert codes[1] == codes[2] == PACKML_CODES
    assert (len(PACKML_CODES), dict(PACKML_CODES)[6.0], codes[3]) == (17, State.PRODUCING, ())


def test_counts_are_cumulative_unless_declared_or_named_otherwise(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "a"
        tags.n = {kind = "total_count", counts_by = "interval", modulus = 1000, max_delta = 10}
        tags.good_count_delta = {counts_by = "register"}
    """)

    found = [plant.tag_info("a", tag) for tag in ("n", "good_count", "scrap_interval", "good_count_delta")]

    assert [info.counts_by for info in found] == ["interval", "register", "interval", "register"]
    assert (found[0].modulus, found[0].max_delta) == (1000.0, 10.0)


def test_a_tag_is_charted_only_where_the_file_says_so(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "a/*"
        [asset.tags."*_c".spc]
        every = "15m"
        center = 20.0
        sigma = 2.0
        [[asset.tags."*_c".spc.limits]]
        product = "A"
        version = 2
        center = 22.0
        sigma = 1.0
        [[asset.tags."*_c".spc.limits]]
        product = "A"
        center = 21.0
        sigma = 1.5
    """)

    chart, none = plant.tag_info("a/b", "temp_c").spc, plant.tag_info("a/b", "temp_k").spc

    assert none is None and chart is not None
    assert (chart.chart, chart.every_ns, chart.rules) == ("i_mr", 900 * 10**9, ("nelson1", "nelson2"))
    assert chart.limits_for("A") == (22.0, 1.0, 2)
    assert chart.limits_for("B") == chart.limits_for(None) == (20.0, 2.0, 0)


def test_without_limits_centre_and_spread_are_unknown(plant_of):
    chart = plant_of('[[asset]]\npath = "a"\ntags.t_c.spc = {}').tag_info("a", "t_c").spc

    assert chart is not None
    assert isnan(chart.limits_for("A").center) and isnan(chart.limits_for("A").sigma)


def test_the_most_exact_asset_of_a_product_gives_its_ideal_cycle(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "p/h/l1/press1"
        ideal_cycle_s = 9.0
        [[product]]
        name = "A"
        asset = "p/h/l1/press2"
        ideal_cycle_s = 3.0
        [[product]]
        name = "A"
        ideal_cycle_s = 1.0
        [[product]]
        name = "A"
        asset = "p/h/*/press*"
        ideal_cycle_s = "2s"
        [[product]]
        name = "A"
        asset = "p/*"
        ideal_cycle_s = 1.5
    """)

    def cycles(product: str | None, *assets: str) -> list[float]:
        return [plant.ideal_cycle_s(product, asset) for asset in assets]

    assert cycles("A", "p/h/l1/press2", "p/h/l1/press1", "p/h/l1/oven", "q") == [3.0, 2.0, 1.5, 1.0]
    assert cycles(None, "p/h/l1/press1") == cycles("B", "p/h/l1/press1") == [9.0]
    assert isnan(plant.ideal_cycle_s("B", "p/h/l1/oven")) and isnan(plant.ideal_cycle_s(None, "q"))


def test_an_asset_has_its_own_states_and_no_microstops_unless_declared(plant_of):
    plant = plant_of("""
        [[asset]]
        path = "p/h/l1/*"
        microstop_s = "1m"
        state_max_gap_s = "8h"
        [[asset]]
        path = "p/h/l1/meter"
        state_of = "p/h/l1/press"
    """)

    meter, other = plant.asset_info("p/h/l1/meter"), plant.asset_info("p/h/l2/meter")

    assert (meter.microstop_s, meter.state_of, meter.state_max_gap_s) == (60.0, "p/h/l1/press", 28_800.0)
    assert (other.microstop_s, other.state_of, other.state_max_gap_s) == (0.0, "p/h/l2/meter", 90_000.0)
    assert isnan(meter.ideal_cycle_s)


def test_a_line_says_what_is_its_output_and_its_meters(plant_of):
    plant = plant_of('[[line]]\npath = "a/b/c"\noutput = "a/b/c/packer"\nmeters = ["a/b/c/main"]')

    assert plant.line_entry("a/b/c") == LineInfo("a/b/c/packer", ("a/b/c/main",))
    assert plant.line_entry("a/b/d") == plant.line_entry("") == LineInfo(None, None)


def test_the_nearest_calendar_holds_by_the_clock_of_the_line(plant_of):
    plant = plant_of("""
        time_zone = "Europe/Berlin"
        [[site]]
        path = "us"
        time_zone = "America/Chicago"
        [[calendar]]
        shift = [{name = "day", start = "06:00", end = "18:00"}]
        [[calendar]]
        path = "us/west"
        shift = [{name = "short", start = "08:00", end = "12:00"}]
    """)
    noon = 1_780_315_200 * 10**9  # 2026-06-01T12:00 UTC: 14:00 in Berlin, 07:00 in Chicago

    found = {line: plant.calendar(line).shifts(noon, noon + 1) for line in ("de/h/l1", "us/east/l1", "us/west/l1")}

    assert [shift.name for shift in found["de/h/l1"] + found["us/east/l1"]] == ["day", "day"]
    assert found["us/west/l1"] == []
    assert found["us/east/l1"][0].start_ns - found["de/h/l1"][0].start_ns == 7 * 3600 * 10**9
    assert plant.calendar("us/east/l1") is plant.calendar("us/east/l2")


def test_without_a_calendar_all_time_is_scheduled():
    bounds, kinds = Plant().calendar("a/b/c").plan(0, 10**18)

    assert (bounds.tolist(), kinds.tolist()) == ([0, 10**18], [0])


def test_the_most_exact_tariff_tells_prices_and_another_may_tell_emissions(plant_of):
    plant = plant_of("""
        [[tariff]]
        co2_kg_per_kwh = 0.4
        [[tariff]]
        path = "p"
        currency = "EUR"
        price = 0.3
        [[tariff]]
        path = "p/*/l2"
        currency = "USD"
        price = 0.2
        [[tariff]]
        path = "p/h/l3"
        currency = "CHF"
        period = [{start = "12:30", end = "13:00", price = 1.0}]
    """)

    def told(line: str) -> tuple[str, float, float]:
        table = plant.price_table(line)
        return table.currency, float(table.price_at(0, 1)[1][0]), float(table.co2_at(0, 1)[1][0])

    assert [told(line) for line in ("p/h/l1", "p/h/l2")] == [("EUR", 0.3, 0.4), ("USD", 0.2, 0.4)]
    assert told("p/h/l3")[0] == "CHF" and isnan(told("p/h/l3")[1])
    assert told("q/h/l1")[0] == "" and isnan(told("q/h/l1")[1])
    tariff = plant.tariff("p/h/l3")
    assert tariff is not None and [period.span() for period in tariff.period] == [(750, 780)]
    assert plant.tariff("q/h/l1") is None


def test_the_example_plant_loads_and_says_what_its_comments_say():
    plant = load_plant(Path("examples/plant.toml"))

    meter = plant.tag_info("plant/hall1/line1/meter", "total")

    assert (meter.role, meter.scale, meter.modulus) == (Role.ACTIVE_REGISTER, 1000.0, 1_000_000)
    assert plant.time_zone("farm/field1/zone1") == "America/Phoenix"
    assert [topic.tag for topic in plant.topics][:2] == ["{tag}", None]
    assert [topic.preset or topic.codec or topic.values or topic.ignore for topic in plant.topics][2:] == [
        "tasmota",
        "line_protocol",
        "payload.fields",
        True,
    ]
    press = "plant/hall1/line1/press1"
    assert [plant.ideal_cycle_s(product, press) for product in ("A", "B", None)] == [4.0, 5.0, 4.0]
    assert plant.ideal_cycle_s("A", "plant/hall1/line1/packer") == 8.0
    assert plant.tag_info(press, "strokes").role is Role.TOTAL_COUNT
    assert dict(plant.tag_info(press, "mode").codes)[9.0] == State.DOWN
    chart = plant.tag_info(press, "oil_temp_c").spc
    assert chart is not None and chart.limits_for("A") == (50.6, 2.1, 2)
    assert plant.asset_info("plant/hall1/line1/meter").state_of == press
    assert plant.line_entry("plant/hall1/line1").output == "plant/hall1/line1/packer"
    assert plant.price_table("plant/hall1/line1").currency == "EUR"
    assert plant.calendar("plant/hall1/line1").zone == "Europe/Berlin"
