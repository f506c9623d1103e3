import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import SettingsError
from fieldline.plant import load_plant
from fieldline.plantfile import RULES, PlantFile
from fieldline.tables import to_struct


def _fault(tmp_path, text: str) -> str:
    path = tmp_path / "plant.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_plant(path)
    return str(caught.value).replace(f"{path}: ", "")


def _calendar(*shifts: str) -> str:
    return "[[calendar]]\n" + "\n".join(f"[[calendar.shift]]\n{shift}" for shift in shifts)


@pytest.mark.parametrize(
    ("shifts", "told"),
    [
        (
            ('name = "early"\nstart = "06:00"\nend = "14:30"', 'name = "late"\nstart = "14:00"\nend = "22:00"'),
            "'early' (mon 06:00–14:30) and 'late' (mon 14:00–22:00) overlap",
        ),
        (
            ('name = "night"\nstart = "22:00"\nend = "06:30"', 'name = "early"\nstart = "06:00"\nend = "14:00"'),
            "'night' (mon 22:00–06:30) and 'early' (tue 06:00–14:00) overlap",
        ),
        (
            (
                'name = "weekend"\nstart = "20:00"\nend = "08:00"\ndays = ["sun"]',
                'name = "week"\nstart = "06:00"\nend = "14:00"\ndays = ["mon"]',
            ),
            "'weekend' (sun 20:00–08:00) and 'week' (mon 06:00–14:00) overlap",
        ),
        (
            ('name = "all"\nstart = "06:00"\nend = "06:00"', 'name = "day"\nstart = "09:00"\nend = "10:00"'),
            "'all' (mon 06:00–06:00) and 'day' (mon 09:00–10:00) overlap",
        ),
    ],
)
def test_overlapping_shifts_are_refused_naming_both(tmp_path, shifts, told):
    assert _fault(tmp_path, _calendar(*shifts)) == f"$.calendar[0].shift: {told}"


def test_shifts_that_only_touch_are_accepted(tmp_path):
    path = tmp_path / "plant.toml"
    path.write_text(
        _calendar('name = "a"\nstart = "06:00"\nend = "18:00"', 'name = "b"\nstart = "18:00"\nend = "06:00"')
    )

    assert len(load_plant(path).calendar("a/b/c").shifts(0, 86_400 * 10**9)) == 3


_SHIFT = 'name = "a"\nstart = "06:00"\nend = "14:00"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            _calendar('name = "a"\nstart = "6"\nend = "25:00"'),
            "shift[0].start: expected HH:MM, 00:00 to 23:59, got '6'",
        ),
        (
            _calendar(_SHIFT + 'days = ["mon", "tu"]'),
            "days: expected some of mon, tue, wed, thu, fri, sat, sun, got 'tu'",
        ),
        (_calendar(_SHIFT + "days = []"), "shift: 'a' has no days, and no exception names it"),
        (_calendar(_SHIFT + 'days = ["mon", "mon"]'), "days: 'mon' is declared twice"),
        (
            _calendar(_SHIFT + 'breaks = [{start = "13:45", end = "14:15"}]'),
            "breaks: 13:45–14:15 lies outside the shift",
        ),
        (
            _calendar(_SHIFT + 'breaks = [{start = "05:00", end = "05:15"}]'),
            "breaks: 05:00–05:15 lies outside the shift",
        ),
        (
            _calendar(_SHIFT + 'breaks = [{start = "09:00", end = "09:30"}, {start = "09:15", end = "09:20"}]'),
            "breaks: two of them overlap at 09:15",
        ),
        (_calendar(_SHIFT, 'name = "a"\nstart = "15:00"\nend = "16:00"'), "shift: 'a' is declared twice on mon"),
        ("[[calendar]]\n[[calendar]]", "calendar: 'the plant' is declared twice"),
        (
            '[[calendar]]\npath = "a/b/c/d"',
            "calendar: 'a/b/c/d' lies below its line (line_depth 3), which has one calendar",
        ),
        ('[[calendar]]\nholidays = ["25.12."]', "$.calendar[0].holidays[0]: invalid"),
        (
            '[[calendar]]\n[[calendar.stop]]\nfrom = "2026-08-03"\nto = "x"',
            "from: expected a local time such as 2026-08-03T06:00, got '2026-08-03'",
        ),
        (
            '[[calendar]]\n[[calendar.stop]]\nfrom = "2026-08-03T00:00"\nto = "2026-08-02T00:00"',
            "$.calendar[0].stop[0].to: expected later than from 2026-08-03T00:00, got 2026-08-02T00:00",
        ),
        (
            '[[calendar]]\n[[calendar.stop]]\nform = "2026-08-03T00:00"',
            "stop[0].form: unknown key, did you mean 'from'?",
        ),
    ],
)
def test_a_calendar_that_can_not_be_is_refused(tmp_path, text, told):
    assert told in _fault(tmp_path, text)


_TERMS = 'currency = "EUR"\ndemand_price_per_kw = 9.0\n'
_PERIOD = "[[tariff.period]]\nfrom_hour = {}\nto_hour = {}\nprice = {}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("price = 0.3", "currency: a tariff with a price needs it, such as 'EUR'"),
        ('currency = "euro"\nprice = 0.3', "$.tariff[0].currency: expected"),
        ('currency = "EUR"\nprice = nan', "price: expected a finite number, got nan"),
        ("co2_kg_per_kwh = -0.1", "co2_kg_per_kwh: expected at least 0, got -0.1"),
        (
            "co2_kg_per_kwh = [0.1, 0.2]",
            "co2_kg_per_kwh: expected one factor, or 24 of them, one for each local hour; got 2",
        ),
        ("ratchet_share = 0.5", "$.tariff[0].ratchet_share: is no setting any more: it is ratchet"),
        ("demand_rate = 5.0", "$.tariff[0].demand_rate: is no setting any more: it is demand_price_per_kw"),
        (
            "[[tariff.tiers]]\nprice = 1",
            "$.tariff[0].tiers: is no setting any more: name the blocks of a month's energy",
        ),
        ("tier = [{ price = 0.3 }]", "$.tariff[0].currency: a tariff with a price needs it"),
        ("demand_price_per_kw = 9.0", "$.tariff[0].currency: a tariff with a price needs it"),
        (
            _TERMS + "tier = [{ price = 0.3 }, { upto_kwh = 5, price = 0.2 }]",
            "tier: only the last one may be without upto",
        ),
        (
            _TERMS + "tier = [{ upto_kwh = 9, price = 0.3 }, { upto_kwh = 9, price = 0.2 }]",
            "$.tariff[0].tier: expected upto_kwh to ascend, got 9 after 9",
        ),
        (_TERMS + "tier = [{ upto_kwh = 0, price = 0.3 }]", "$.tariff[0].tier[0].upto_kwh: expected `float` > 0"),
        (_TERMS + "tier = [{ upto = 9, price = 0.3 }]", "tier[0].upto: unknown key, did you mean 'upto_kwh'?"),
        (_TERMS + "tier = [{ upto_kwh = 9 }]", "$.tariff[0].tier[0].price: is missing"),
        (_TERMS + 'demand_interval_s = "10m"', "demand_interval_s: expected 15m, 30m or 1h, got 600 s"),
        ("demand_interval_s = 900", "demand_interval_s: it is of demand_price_per_kw or demand_limit_kw, and neither"),
        ("demand_limit_kw = inf", "$.tariff[0].demand_limit_kw: expected a finite number, got inf"),
        (_TERMS + "ratchet = 80", "$.tariff[0].ratchet: expected `float` <= 1.0, got 80"),
        ("ratchet = 0.8", "$.tariff[0].ratchet: it is of demand_price_per_kw, which is not declared"),
        (_TERMS + "ratchet_months = 11", "$.tariff[0].ratchet_months: it is of ratchet, which is not declared"),
        (
            'currency = "EUR"\n' + _PERIOD.format(22, 6, 0.1) + _PERIOD.format(5, 8, 0.2),
            "period: mon 22–06 h (price 0.1) and tue 05–08 h (price 0.2) overlap",
        ),
        ('currency = "EUR"\n' + _PERIOD.format(24, 6, 0.1), "period[0].from_hour: expected `int` <= 23, got 24"),
        (
            'currency = "EUR"\n[[tariff.period]]\nstart = "22:30"\nto_hour = 6\nprice = 0.1',
            "period[0].start: expected start and end (HH:MM), or from_hour and to_hour, and not both",
        ),
        (
            'currency = "EUR"\n[[tariff.period]]\nstart = "22:60"\nend = "06:00"\nprice = 0.1',
            "period[0].start: expected HH:MM, 00:00 to 23:59, got '22:60'",
        ),
        (
            'currency = "EUR"\n[[tariff.period]]\nstart = "22:30"\nend = "06:00"\ndays = ["holidays"]\nprice = 0.1',
            "period[0].days: expected some of mon, tue, wed, thu, fri, sat, sun, holiday, got 'holidays', did you mean 'holiday'?",
        ),
        (
            'currency = "EUR"\n' + _PERIOD.format(0, 24, 0.1) + 'days = ["holiday"]\n' + _PERIOD.format(22, 6, 0.2),
            "period: holiday 00–24 h (price 0.1) and holiday 22–06 h (price 0.2) overlap",
        ),
        ('path = "a//b"', "$.tariff[0].path: expected levels"),
    ],
)
def test_a_tariff_that_can_not_be_is_refused(tmp_path, text, told):
    assert told in _fault(tmp_path, f"[[tariff]]\n{text}")


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        (
            'm = {kind = "state", codes = {"x" = "down"}}',
            "codes: expected each key to be another finite number, got 'x'",
        ),
        (
            'm = {kind = "state", codes = {"1" = "down", "1.0" = "idle"}}',
            "codes: expected each key to be another finite number",
        ),
        (
            'm = {kind = "state", codes = {"1" = "produceing"}}',
            "codes: \"1\": unknown state 'produceing', did you mean 'producing'?",
        ),
        ('m = {codes = {"1" = "down"}}', "tags.\"m\".codes: only kind 'state' has it, got None"),
        ('m = {kind = "state", unit = "kW"}', "unit: kind 'state' has none, got 'kW'"),
        ('m = {counts_by = "interval"}', 'tags."m".counts_by: only counts have it: kind good_count, total_count, '),
        (
            'm = {kind = "good_count", counts_by = "pulse"}',
            "counts_by: expected one of register, interval, got 'pulse'",
        ),
        ('m = {kind = "good_count", modulus = 5, max_delta = 6}', "max_delta: expected less than modulus 5, got 6"),
        ('m = {spc = {chart = "imr"}}', "spc.chart: expected one of i_mr, xbar_r, xbar_s, got 'imr'"),
        ('m = {spc = {every = "30s"}}', "spc.every: expected one of 1m, 15m, 1h, got '30s'"),
        (
            'm = {spc = {chart = "xbar_r", n = 1}}',
            "spc.n: a subgroup of chart 'xbar_r' needs at least 2 samples, got 1",
        ),
        ("m = {spc = {center = 1.0}}", "spc.center: center and sigma are declared together or not at all"),
        ("m = {spc = {sigma = 0.0, center = 1.0}}", "spc.sigma: expected `float` > 0.0, got 0.0"),
        ("m = {spc = {lsl = 2.0, usl = 1.0}}", "spc.lsl: expected less than usl 1, got 2"),
        ("m = {spc = {lsl = 2.0, target = 1.0}}", "spc.target: expected a value between lsl and usl, got 1"),
        ("m = {spc = {ewma_lambda = 0.0}}", "spc.ewma_lambda: expected `float` > 0.0, got 0.0"),
        ('m = {spc = {rules = ["nelson9"]}}', "spc.rules: unknown rule 'nelson9', did you mean 'nelson"),
        ('m = {spc = {limits = [{product = "A", center = 1.0}]}}', "spc.limits[0].sigma: is missing"),
        (
            'm = {spc = {limits = [{product = "A", center = 1.0, sigma = 1.0}, {product = "A", center = 2.0, sigma = 1.0}]}}',
            "spc.limits: 'A version 1' is declared twice",
        ),
    ],
)
def test_a_tag_that_can_not_be_is_refused(tmp_path, tag, told):
    assert told in _fault(tmp_path, f'[[asset]]\npath = "a"\n[asset.tags]\n{tag}')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[asset]]\npath = "a"\nideal_cycle_s = 0', "ideal_cycle_s: expected `float` > 0.0, got 0"),
        ('[[asset]]\npath = "a"\nmicrostop_s = -1', "microstop_s: expected `float` >= 0.0, got -1"),
        ('[[asset]]\npath = "a"\nmicrostop_s = inf', "microstop_s: expected a finite number, got inf"),
        (
            '[[asset]]\npath = "a/b/c/meter"\nstate_of = "a/b/d/press"',
            "$.asset: state_of 'a/b/d/press' lies outside the line of 'a/b/c/meter'",
        ),
        (
            '[[asset]]\npath = "a/*"\nstate_of = "a/b/d/press"',
            "$.asset: state_of 'a/b/d/press' lies outside the line of 'a/*'",
        ),
        ('[[product]]\nname = "A"', "$.product[0].ideal_cycle_s: is missing"),
        ('[[product]]\nname = "A"\nideal_cycle_s = "soon"', "ideal_cycle_s: expected a duration"),
        (
            '[[product]]\nname = "A"\nideal_cycle_s = 1\n[[product]]\nname = "A"\nideal_cycle_s = 2',
            "product: 'A on all assets' is declared twice",
        ),
        ('[[line]]\npath = "a/b/c/d"', "line: expected the path of a line, of at most 3 levels, got 'a/b/c/d'"),
        ('[[line]]\npath = "a/b/*"', "line: expected the path of a line"),
        (
            '[[line]]\npath = "a/b/c"\norders = "machines"',
            "line[0].orders: expected one of line, machine, got 'machines', did you mean 'machine'?",
        ),
        (
            '[[asset]]\npath = "a/b/c/main"\nfeeds = ["a/b/d/press"]',
            "asset: feeds 'a/b/d/press' lies outside the line of 'a/b/c/main'",
        ),
        (
            '[[asset]]\npath = "a/b/c/x"\nfeeds = ["a/b/c/y"]\n[[asset]]\npath = "a/b/c/y"\nfeeds = ["a/b/c/x"]',
            "asset: feeds: a/b/c/y is fed by a/b/c/x is fed by a/b/c/y",
        ),
        (
            '[[asset]]\npath = "a/b/c/x"\nfeeds = ["a/b/c/z"]\n[[asset]]\npath = "a/b/c/y"\nfeeds = ["a/b/c/z"]',
            "asset: 'a/b/c/z' is fed by 'a/b/c/x' and by 'a/b/c/y': name the nearer meter only",
        ),
        ('[[line]]\npath = "a/b/c"\noutput = "a/b/d/x"', "line: output 'a/b/d/x' lies outside the line 'a/b/c'"),
        ('[[line]]\npath = "a/b/c"\nmeters = ["a/b/c/m", "a/b/c/m"]', "meters: 'a/b/c/m' is declared twice"),
        ('[[line]]\npath = "a/b/c"\n[[line]]\npath = "a/b/c"', "line: 'a/b/c' is declared twice"),
    ],
)
def test_a_line_asset_or_product_that_can_not_be_is_refused(tmp_path, text, told):
    assert told in _fault(tmp_path, text)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('chart = "q"\ncenter = 0.1', "attribute_chart.chart: expected one of p, np, c, u, laney_p, laney_u, got 'q'"),
        ('chart = "p"', "attribute_chart.center: is missing"),
        ("center = 0.1", "attribute_chart.chart: is missing"),
        ('chart = "p"\ncenter = 0', "attribute_chart.center: expected `float` > 0.0, got 0"),
        (
            'chart = "laney_p"\ncenter = 2.1\nsigma_z = 1',
            "center: expected a share between 0 and 1 with chart 'laney_p', got 2.1",
        ),
        ('chart = "np"\ncenter = 60\nn = 50', "center: expected fewer defective units than n, 50, got 60"),
        ('chart = "np"\ncenter = 6', "n: expected a number with chart 'np': the units that each window has"),
        ('chart = "u"\ncenter = 6\nn = 50', "n: chart 'u' has none, only np"),
        ('chart = "laney_u"\ncenter = 6', "sigma_z: expected a number with chart 'laney_u'"),
        ('chart = "c"\ncenter = 6\nsigma_z = 1.2', "sigma_z: chart 'c' has none, only laney_p and laney_u"),
        ('chart = "c"\ncenter = inf', "center: expected a finite number, got inf"),
        ('chart = "c"\ncenter = 6\nevery = "1m"', "attribute_chart.every: expected one of 15m, 1h, day, got '1m'"),
        ('chart = "c"\ncenter = 6\ncount = "scrap"', "expected one of scrap_count, rework_count, got 'scrap'"),
        ('chart = "c"\ncenter = 6\nrules = ["nelson9"]', "rules: unknown rule 'nelson9'"),
        ('chart = "c"\ncentre = 6', "attribute_chart.centre: unknown key, did you mean 'center'?"),
    ],
)
def test_an_attribute_chart_that_can_not_be_is_refused(tmp_path, entry, told):
    assert told in _fault(tmp_path, f'[[asset]]\npath = "a"\n[asset.attribute_chart]\n{entry}')


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("iso_group = 3", "machine.iso_group: expected `int` <= 2, got 3"),
        ('iso_group = 1\nsupport = "flexibel"', "support: expected rigid or flexible, got 'flexibel', did you mean 'flexible'?"),
        ("iso_group = 1", "iso_group and support: expected both or neither"),
        ('speed_rpm = 1500\nbearing = "6205-2RS JEN"', "of '6205-2RS JEN', did you mean '6205-2RS JEM'?"),
        ('speed_rpm = 1500\nbearing = "22222"', "of '22222'; known are 6205-2RS JEM"),
        ('bearing = "UER204"', "bearing: expected speed_rpm too"),
        ("speed_rpm = 1500\nbearing = {elements = 9, element_mm = 8}", "machine.bearing.pitch_mm: is missing"),
        ("speed_rpm = 1500\nbearing = {elements = 9, element_mm = 8, pitch_mm = 7}", "expected less than pitch_mm, 7, got 8"),
        ("speed_rpm = 9\nbearing = {elements = 9, element_mm = 8, pitch_mm = 39, contact_deg = 90}", "expected an angle below 90"),
        ("speed_rpm = 9\nbearing = {element = 9, element_mm = 8, pitch_mm = 39}", "bearing.element: unknown key, did you mean 'elements'?"),
        ("bearing = 6205", "machine.bearing: expected `str"),
        ("speed_rpm = 9\nspeed_tag = 'rpm'", "speed_tag: expected a bearing too"),
        ("band_hz = [1000, 10]", "band_hz: expected two frequencies, the lower first, got [1000.0, 10.0]"),
        ("rate_hz = 1000", "rate_hz: expected at least twice the band's end, 1000 Hz, got 1000"),
        ('acceleration_unit = "mm/s"', "machine.acceleration_unit: expected one of m/s2, g, got 'mm/s'"),
        ("full_scale = inf", "full_scale: expected a finite number, got inf"),
        ("speed_rmp = 1500", "machine.speed_rmp: unknown key, did you mean 'speed_rpm'?"),
    ],
)  # fmt: skip
def test_a_machine_that_can_not_be_is_refused(tmp_path, entry, told):
    assert told in _fault(tmp_path, f'[[asset]]\npath = "a"\n[asset.machine]\n{entry}')


def test_a_number_of_the_plants_own_is_not_named_as_one_of_an_attribute_chart(tmp_path):
    text = '[[asset]]\npath = "a"\nvalues = {attribute_chart_center = 1.0}'

    assert "values: 'attribute_chart_center' is a key of [[asset]] itself" in _fault(tmp_path, text)


def test_all_twelve_rules_have_a_name():
    nelson = ["nelson1", "nelson2", "nelson3", "nelson4", "nelson5", "nelson6", "nelson7", "nelson8"]

    assert list(RULES) == [*nelson, "we1", "we2", "we3", "we4"]


_KEYS = st.sampled_from(
    "calendar shift stop name start end days breaks from to holidays tariff period price currency from_hour to_hour "
    "rota anchor pattern crews exception shifts crew country subdivision public_holidays co2_kg_per_kwh tier upto_kwh demand_price_per_kw demand_interval_s ratchet product ideal_cycle_s asset path tags spc limits codes kind counts_by line output meters "
    "state_of chart every rules center sigma lsl usl n x".split()
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.dates(),
    st.sampled_from(
        [
            "state",
            "06:00",
            "22:00",
            "2026-01-01T00:00",
            "mon",
            "EUR",
            "holiday",
            "DE",
            "BY",
            "i_mr",
            "15m",
            "nelson1",
            "A",
            "a/b/c",
            "*",
            "",
            "/",
        ]
    ),
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=15
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.dictionaries(_KEYS, _VALUES | st.lists(st.dictionaries(_KEYS, _VALUES, max_size=5), max_size=2), max_size=5))
def test_any_table_is_a_plant_file_or_a_list_of_faults_never_a_crash(table):
    wrong: list[str] = []

    struct = to_struct(PlantFile, table, "$", wrong)

    assert (struct is None) == bool(wrong)
    assert all(line.startswith("$") for line in wrong)
