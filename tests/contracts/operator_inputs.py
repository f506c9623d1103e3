"""Input that suits an operator, made of what it declares: series of the random plant (`tests/bits`), and rows of them."""

import tomllib
from dataclasses import dataclass
from datetime import date
from math import inf, nan
from random import Random

import msgspec
from hypothesis import strategies as st

from fieldline.plant import Plant
from fieldline.plantfile import (
    AssetEntry,
    CropEntry,
    DiseaseEntry,
    FieldEntry,
    GrowthEntry,
    PlantFile,
    SoilEntry,
    StationEntry,
    SystemEntry,
    TagEntry,
    TariffEntry,
)
from fieldline.plantfile.disease import MODELS
from fieldline.tables import to_struct
from processing.derived.of_plant import operators_of
from processing.operator import Operator
from processing.operators import known
from processing.timeline.events import ROLES as EVENT_ROLES
from tests.bits import events, waves
from tests.bits.arrivals import event
from tests.bits.plants import plant_text
from tests.bits.readings import LINE1, LINE2, LINE3, LINE4, ODD, SERIES, Walk
from tests.processing.engine_rig import SECOND, T0, Row

PRESS = f"{LINE1}/press"

METRICS = f"""
[[metric]]
kind = "heat"                 # statistics of tags, a parameter, a field made of others, a choice
asset = "works/*"
windows = ["1m", "15m", "1h", "day", "shift", "order"]
field.rise_k = {{ value = "max(temp_c) - min(temp_c)", unit = "K" }}
field.per_kw = {{ value = "rise_k / mean(power_kw)" }}
field.spread_k = {{ value = "p95(temp_c) - p05(temp_c)", unit = "K" }}
field.spread = {{ value = "rise_k ** 2 if last(temp_c) > 180 else sqrt(abs(mean(temp_c))) * asset.area_m2" }}
[[metric]]
kind = "share"                # of the machine, beside those of its line
windows = ["1m", "1h", "week", "month", "order"]
field.of_line = {{ value = "energy.active_energy_kwh / line.production_order.active_energy_kwh", unit = "1" }}
field.a_piece = {{ value = "energy.active_energy_kwh / line.production_order.good_count", unit = "kWh" }}
field.mean_kw = {{ value = "energy.active_energy_kwh * 3600 / window.length_s" }}
[[metric]]
kind = "line_index"           # rows of lines, and of metrics of the plant's own
asset = "*/*/line?"
windows = ["15m", "day", "shift"]
field.index = {{ value = "oee.availability * 100 + max(oven.heat.rise_k, 0) + min(1, last(press.force_kn))" }}
assets.oven = "{LINE1}/oven"
assets.press = "{LINE1}/press"
[[metric]]
kind = "beside"               # nothing of its own
asset = "*/*/*/*"
windows = ["1m", "15m", "1h"]
field.oven_degc = {{ value = "time_weighted_mean(oven.temp_c)", unit = "degC" }}
field.only = {{ value = "mean(oven.quantity.pressure) + count(oven.role.total_count)" }}
field.hot_degc = {{ value = "mean(oven.temp_c) if max(oven.temp_c) > 180 else mean(oven.never)" }}
assets.oven = "{LINE1}/oven"
[[metric]]
kind = "beside"               # from later on another one
asset = "*/*/*/*"
windows = ["1m", "15m", "1h"]
since = 2023-11-14T22:24:00Z
field.oven_degc = {{ value = "max(oven.temp_c)", unit = "degC" }}
assets.oven = "{LINE1}/oven"
[[metric]]
kind = "of_window"            # by the clock and the calendar, and by orders that come late
windows = ["1m", "15m", "1h", "day", "week", "shift", "order"]
field.at = {{ value = "window.hour + 100 * window.weekday" }}
field.at_work = {{ value = "count(temp_c) if window.shift == 'early' and window.crew != 'B' else -window.working_share" }}
field.of_b = {{ value = "1 + (window.product == 'B')" }}
[[metric]]
kind = "by_window"            # the same, remembered
windows = ["15m", "1h"]
field.of_b = {{ value = "previous(window.product == 'B') + previous(window.hour)" }}
field.early_degc = {{ value = "ewma(mean(temp_c) if window.shift == 'early' else 0, 0.5)" }}
[[metric]]
kind = "watch"                # every function that remembers
asset = "works/*"
windows = ["15m", "1h"]
field.step_k = {{ value = "mean(temp_c) - previous(mean(temp_c))", unit = "K" }}
field.smooth = {{ value = "ewma(step_k, 0.5, 0) if rise > 0 else ewma(mean(temp_c), 0.25)" }}
field.rise = {{ value = "cusum_high(mean(temp_c), 150, 1) - cusum_low(mean(temp_c), 150, 1, 2)", unit = "K" }}
field.newest = {{ value = "rolling_max(max(temp_c), 2) - rolling_min(min(temp_c), 2) + rolling_mean(smooth, 2)" }}
field.counted = {{ value = "rolling_sum(count(temp_c), 2) + rolling_slope(count(temp_c), 3) * rolling_deviation(count(temp_c), 2)" }}
field.turned = {{ value = "page_hinkley(mean(temp_c), 0.1, 3, 1, 2) + adwin(mean(temp_c) / 10, 0.5)" }}
field.worse = {{ value = "ddm(min(count(seal_c), count(temp_c)), count(temp_c), 0.5, 1, 2)", unit = "1" }}
field.of_line = {{ value = "ewma(line.smoother.slow, 0.5)" }}
[[metric]]
kind = "watch"                # from later on another one, made of a metric that remembers
asset = "works/*/*/oven"
windows = ["15m", "1h"]
since = 2023-11-14T22:45:00Z
field.smooth = {{ value = "ewma(mean(temp_c), 0.125) + previous(line.smoother.slow)" }}
[[metric]]
kind = "smoother"
asset = "*/*/line?"
windows = ["15m", "1h"]
field.slow = {{ value = "ewma(max(oven.temp_c), 0.125) + 0 * previous(max(oven.temp_c))" }}
assets.oven = "{LINE1}/oven"
"""
"""Metrics of the plant's own, of every form that inputs have."""


YARD = {
    name: f"{LINE3}/{name}"
    for name in (
        *("weather", "mast", "hut", "glade"),
        *("plot", "patch", "strip", "valve"),
        *("barn", "coop", "pump", "tractor"),
        *("lateral", "shut", "silo", "bin"),
    )
}
"""Stations, of which one has but a thermometer, one a broken one and one stands where it is night; fields that are tied to them, and a
valve of one; barns and machines; irrigation lines, of which one is closed, and grain stores.
"""


def _farm(file: PlantFile) -> PlantFile:
    """The plant with what grows in its yard."""
    place = StationEntry(latitude_deg=-27.5, longitude_deg=153.0, altitude_m=10.0)
    dusk = msgspec.structs.replace(place, longitude_deg=-28.0)  # two hours after sunset in the middle of T0's hour
    crop = CropEntry(
        name="maize", kcb=(0.15, 1.15, 0.5), stage_days=(20, 30, 40, 30), height_m=(0.1, 2.0), root_m=(0.3, 1.0)
    )
    soil = SoilEntry(name="loam", field_capacity=0.3, wilting_point=0.12, curve_number=75.0)
    system = SystemEntry(name="drip", kind="drip", flow_m3_h=20.0, power_kw=5.0, most_mm=20.0)
    field = FieldEntry(crop="maize", planted=date(2023, 10, 1), soil="loam", system="drip", area_ha=0.5)
    dry = msgspec.structs.replace(field, system=None, initial_water=0.2)
    growth = GrowthEntry(
        lower_degc=10.0, upper_degc=30.0, season_start="11-15", stages_kd=(1.0, 500.0), chill_start="11-15"
    )
    disease = DiseaseEntry(models=MODELS, season_start="11-15", spray_at=1.0)
    calm = msgspec.structs.replace(disease, spray_at=None)
    of_pump = {"lift_m": 3.0, "rated_flow_m3_h": 18.0, "rated_head_m": 40.0, "rated_kw": 5.0, "rated_rpm": 1500.0}
    of_line = {"line_flow_m3_h": 20.0, "line_pressure_bar": 1.5}
    of_tractor = {"implement_width_m": 3.0, "rated_pto_kw": 80.0, "rated_rpm": 2000.0}
    assets = (
        *(AssetEntry(path=YARD[name], station=place) for name in ("weather", "hut")),
        AssetEntry(path=YARD["mast"], station=place, values={"frost_limit_c": 0.0}),
        AssetEntry(path=YARD["glade"], station=dusk, values={"frost_limit_c": 18.0}),
        AssetEntry(path=YARD["valve"]),
        AssetEntry(
            path=YARD["plot"],
            field=field,
            ties={"station": YARD["weather"], "water": YARD["valve"]},
            growth=growth,
            disease=disease,
        ),
        AssetEntry(path=YARD["patch"], field=dry, ties={"station": YARD["mast"]}, growth=growth, disease=calm),
        AssetEntry(path=YARD["strip"], ties={"station": YARD["hut"]}, growth=growth, disease=calm),
        *(AssetEntry(path=YARD[name], values={"thi_limit": 68.0}) for name in ("barn", "coop")),
        AssetEntry(path=YARD["pump"], values=of_pump),
        AssetEntry(path=YARD["tractor"], values=of_tractor),
        *(AssetEntry(path=YARD[name], values={"hot_spot_k": 2.0}) for name in ("silo", "bin")),
        *(AssetEntry(path=YARD[name], values=of_line) for name in ("lateral", "shut")),
    )
    return msgspec.structs.replace(
        file,
        asset=(*file.asset, *assets),
        crop=(crop,),
        soil=(soil,),
        irrigation_system=(system,),
        tariff=(*file.tariff, TariffEntry(path=LINE3, currency="EUR", price=0.2)),
    )


def _plant() -> Plant:
    # In Brisbane it is 08:14 at T0: a shift runs, its break is near, and stocktaking takes five minutes of it.
    text = plant_text("Australia/Brisbane", "Europe/Berlin", "", "2023-11-15T08:16", "2023-11-15T08:21") + METRICS
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert not wrong, wrong
    shaken = AssetEntry(path=f"{LINE1}/pres?", machine=waves.MACHINE)
    driven = msgspec.structs.replace(waves.MACHINE, speed_tag="speed_rpm", speed_rpm=6300.0)
    sawing = AssetEntry(path=f"{LINE2}/sa?", machine=driven)
    made = {"spread_k": TagEntry(formula="temp_c - seal_c"), "lag_k": TagEntry(formula="abs(temp_c) / asset.area_m2")}
    of_oven = AssetEntry(path=f"{LINE1}/ove?", tags=made)
    every = AssetEntry(
        path="*/*/*/*",
        state_max_gap_s=1000.0,
        ideal_cycle_s=2.0,
        values={"area_m2": 2.5},
        tags={"*_*": TagEntry(quantiles=True)},
    )
    lines = tuple(msgspec.structs.replace(e, orders="machine") if e.path == LINE2 else e for e in file.line)
    entries = (every, of_oven, shaken, sawing, *file.asset)
    return Plant(_farm(msgspec.structs.replace(file, asset=entries, line=lines)))


PLANT = _plant()
"""Three lines, in two time zones: every role, sort of chart, calendar, tariff; on one machines take orders each for itself.

States hold shortly, so that silence costs little.
"""

OFFERS: dict[tuple[str, str], Walk] = {
    (series.asset, series.tag): series.walk for series in SERIES if not series.asset.startswith(LINE4)
}
OFFERS[f"{LINE2}/saw", "speed_rpm"] = lambda random, last: random.choice([6000.0, 6000.0, 5940.0, last, 0.0])
OFFERS |= {
    (YARD[name], tag): walk
    for name, tag, walk in (
        ("weather", "air_temperature_c", lambda random, _: random.gauss(22.0, 2.0)),
        ("weather", "humidity_pct", lambda random, _: random.choice([35.0, 50.0, 60.0, 101.0])),
        ("weather", "wind_speed_m_s", lambda random, _: random.uniform(0.0, 5.0)),
        ("weather", "irradiance_w_m2", lambda random, _: random.choice([0.0, 300.0, 400.0])),
        ("weather", "rain_mm", lambda random, last: random.choice([last, last, last + 0.2, 0.0])),
        ("weather", "leaf_wetness_pct", lambda random, _: random.choice([0.0, 60.0, 100.0])),
        ("hut", "humidity_pct", lambda random, _: random.gauss(70.0, 5.0)),
        ("hut", "air_temperature_c", lambda random, _: 999.0),
        ("glade", "air_temperature_c", lambda random, _: random.gauss(19.0, 1.0)),
        ("glade", "humidity_pct", lambda random, _: random.choice([35.0, 50.0, 60.0, 101.0])),
        ("glade", "wind_speed_m_s", lambda random, _: random.uniform(0.0, 5.0)),
        ("strip", "moisture_pct", lambda random, _: random.gauss(25.0, 1.0)),
        ("barn", "temperature_c", lambda random, _: random.gauss(24.0, 3.0)),
        ("barn", "humidity_pct", lambda random, _: random.gauss(70.0, 5.0)),
        ("coop", "temperature_c", lambda random, _: random.gauss(24.0, 3.0)),
        ("pump", "flow_m3_h", lambda random, _: random.choice([0.0, 16.0, 18.0])),
        ("pump", "pressure_bar", lambda random, _: random.gauss(3.5, 0.1)),
        ("pump", "power_kw", lambda random, _: random.gauss(4.5, 0.1)),
        ("pump", "speed_rpm", lambda random, _: random.gauss(1450.0, 10.0)),
        ("tractor", "speed_km_h", lambda random, _: random.choice([0.0, 7.0, 8.0, 8.0, 8.0, -1.0])),
        ("tractor", "wheel_speed_km_h", lambda random, _: random.gauss(8.5, 0.2)),
        ("tractor", "engine_rpm", lambda random, _: random.gauss(1650.0, 40.0)),
        ("tractor", "engine_torque_nm", lambda random, _: random.gauss(300.0, 20.0)),
        ("tractor", "fuel_rate_l_per_h", lambda random, _: random.gauss(14.0, 1.0)),
        ("tractor", "is_idling", lambda random, _: random.choice([0.0, 0.0, 1.0])),
        ("lateral", "flow_m3_h", lambda random, _: random.gauss(18.0, 3.0)),
        ("lateral", "pressure_bar", lambda random, _: random.gauss(1.5, 0.1)),
        ("lateral", "end_pressure_bar", lambda random, _: random.gauss(1.2, 0.1)),
        ("lateral", "is_open", lambda random, _: 1.0),
        ("shut", "flow_m3_h", lambda random, _: random.choice([0.0, 0.0, 2.0])),
        ("shut", "is_open", lambda random, _: 0.0),
        *(("silo", f"grain_{k}_c", lambda random, _: random.gauss(15.0, 3.0)) for k in (1, 2, 3, 16)),
        ("bin", "grain_2_c", lambda random, _: random.gauss(15.0, 3.0)),
        ("mast", "air_temperature_c", lambda random, _: random.gauss(20.0, 3.0)),
        ("mast", "rain_interval_mm", lambda random, _: random.choice([0.0, 1.5, 400.0])),
        ("plot", "moisture_pct", lambda random, _: random.gauss(25.0, 1.0)),
        ("valve", "flow_m3_h", lambda random, _: random.choice([0.0, 20.0])),
        ("patch", "flow_m3_h", lambda random, _: random.choice([0.0, 5.0, -3.0])),
        ("patch", "irrigation_mm", lambda random, _: random.choice([5.0, 12.0])),
    )
}
"""Series of numbers, and how their values go on."""

OF_YARD = {
    "et0": ("weather", "mast"),
    "rain": ("weather", "mast"),
    "irrigation": ("plot", "patch", "valve"),
    "soil_water": ("weather", "mast", "plot", "patch", "valve"),
    **dict.fromkeys(("leaf_wetness", "growth", "chill", *MODELS), ("weather", "mast", "hut", "plot", "patch", "strip")),
    "spray_window": ("weather", "mast"),
    "frost": ("mast", "glade"),
    "barn": ("barn", "coop"),
    "pump": ("pump",),
    "tractor": ("tractor",),
    "water_line": ("lateral", "shut"),
    "grain_store": ("silo", "bin"),
}
"""Operators for which nothing but these assets of the yard counts."""

EVENTS = (
    (f"{LINE1}/oven", "@state"),
    (PRESS, "@correction"),
    (f"{LINE1}/oven", "@correction"),
    (f"{LINE1}/oven", "@count"),
    (f"{LINE2}/drill", "@count"),
    *((asset, "@meter") for asset in events.METERED),
    (YARD["plot"], "@spray"),
)
ORDERS = (
    (LINE1, "@order"),
    *((asset, "@order") for asset in (LINE2, f"{LINE2}/saw", f"{LINE2}/drill", f"{LINE2}/meter")),
    *((asset, "@product") for asset in (LINE3, f"{LINE2}/drill")),
)
WAVES = ((PRESS, "@waveform"), (f"{LINE2}/saw", "@waveform"))
"""Machines that send waveforms, of a declared speed and of one that a tag measures."""
_SAID = {
    "@waveform": waves.wave,
    "@state": events.state,
    "@correction": events.correction,
    "@count": events.count,
    "@meter": events.meter,
    "@product": events.product,
    "@spray": events.spray,
}


@dataclass(frozen=True)
class Subject:
    """An operator under test, with those that it needs, and the series that suit it.

    numbers, events : series; those of lines' orders, which cut slices, come to any operator. waves : series of waveforms.
    """

    operator: Operator
    operators: tuple[Operator, ...]
    numbers: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, str], ...]
    waves: tuple[tuple[str, str], ...]

    @property
    def is_raw(self) -> bool:
        """Whether its rows are readings, which only globs ask for."""
        return not self.operator.windows

    @property
    def has_seconds(self) -> bool:
        """Whether rows of single seconds are emitted: those of readings that are withdrawn late are not retracted (docs/decisions.md)."""
        return any(one.seconds is not None for one in self.operators)


def installed() -> dict[str, Operator]:
    """Every operator by its name: those of files, and those of the metrics that the plant file states."""
    there = known()
    return {**there, **{one.name: one for one in operators_of(PLANT, list(there.values()))}}


def subject_of(operator: Operator) -> Subject:
    """Raises AssertionError when it is for a role that no tag of the plant has."""
    operators = tuple(_with_needs(operator))
    roles = frozenset[int]().union(*(one.roles for one in operators))
    suiting, yard = {YARD[name] for name in OF_YARD.get(operator.name, ())}, {*YARD.values()}
    numbers = tuple(
        one
        for one in OFFERS
        if (
            one[0] in suiting
            if suiting
            else one[0] not in yard and (not roles or PLANT.tag_info(*one).role in {*roles, 0})
        )
    )
    events = tuple(
        one
        for one in EVENTS
        if (one[0] in suiting if suiting else one[0] not in yard) and (not roles or EVENT_ROLES[one[1]] in roles)
    )
    offered = {int(PLANT.tag_info(*one).role) for one in numbers}
    offered |= {EVENT_ROLES[tag] for _, tag in (*events, *ORDERS)}
    assert roles <= offered, f"no tag of the plant has the roles {sorted(roles - offered)}: give it some here"
    return Subject(operator, operators, numbers, events, () if roles else WAVES)


def _with_needs(operator: Operator) -> list[Operator]:
    needed: list[Operator] = []
    for name in operator.needs:
        needed += [one for one in _with_needs(installed()[name]) if one.name not in {each.name for each in needed}]
    return [*needed, operator]


# -- rows

_STEPS_S = (0.0, 0.001, 0.25, 1.0, 7.0, 20.0, 44.0, 59.999999999, 60.0, 91.0, 299.0, 301.0, 900.0, 3601.0)
_NASTY = (*ODD, 1.5, -2.25, 990.0)
_BEGINS = (0, 1, 30 * SECOND, 59_999_999_999)


def made_rows(subject: Subject, random: Random, count: int, steps_s: tuple[float, ...] = _STEPS_S) -> list[Row]:
    """Rows of some series in time order, some bad, some sparse, some at the same time; no two of a series and time.

    Events say of some readings what they should have said, or that they were none.
    """
    suiting = [*subject.numbers, *subject.events]
    series = [
        *random.sample(suiting, min(len(suiting), 6)),
        *random.sample(ORDERS, 2),
        *random.sample(subject.waves, min(len(subject.waves), 1)),
    ]
    rows: dict[tuple[str, str, int], Row] = {}
    last: dict[tuple[str, str], float] = {}
    time = T0 + random.choice(_BEGINS)
    for _ in range(count):
        time += round(random.choice(steps_s) * SECOND)
        asset, tag = random.choice(series)
        if tag.startswith("@"):
            row = event_row(random, asset, tag, time)
        else:
            value = last[asset, tag] = _value(random, asset, tag, last.get((asset, tag), 0.0))
            row = Row(asset, tag, time, value, random.choice([0, 0, 0, 0, 0, 1, 2]))
        rows[asset, tag, time] = row
    readings = [key for key, row in rows.items() if row.payload is None]
    for key in random.sample(readings, min(len(readings) // 8, 3)):
        value = rows[key].value + random.choice([0.0, 1.0, -3.5])
        said = _plain(events.about(random, key, value, may_withdraw=not subject.has_seconds))
        rows.setdefault((said.asset, said.tag, said.time), said)
    return sorted(rows.values(), key=lambda row: row.time)


def _value(random: Random, asset: str, tag: str, last: float) -> float:
    return random.choice(_NASTY) if random.random() < 0.2 else float(OFFERS[asset, tag](random, last))


def event_row(random: Random, asset: str, tag: str, time: int) -> Row:
    """An event of a kind, as a plant sends it."""
    if tag != "@order":
        return _plain(_SAID[tag](random, asset, time))
    number, phase = random.choice("12"), random.choice(["start", "start", "start", "stop", "void"])
    return said_row(asset, tag, time, order=number, phase=phase, product="AB"[int(number) - 1])


def said_row(asset: str, tag: str, time: int, **said: object) -> Row:
    """An event that says something."""
    return _plain(event(asset, tag.removeprefix("@"), time, **said))


def _plain(row: events.Row) -> Row:
    """Without when it is received, which frames tell here."""
    return Row(*row[: len(Row._fields)])


@st.composite
def row_lists(draw: st.DrawFn, subject: Subject, most: int = 30) -> list[Row]:
    """As `made_rows`; shrinks to fewer."""
    return made_rows(subject, Random(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, most)))


@st.composite
def rivals(draw: st.DrawFn, rows: list[Row]) -> list[Row]:
    """Rows that contend with some of `rows`: the same series and time, another value or quality."""
    drawn = st.tuples(st.sampled_from(rows), st.sampled_from([-3.0, -0.0, 0.0, 2.0, 500.0]), st.sampled_from([0, 1, 2]))
    found = draw(st.lists(drawn, max_size=6))
    return [row._replace(value=value, quality=mark) for row, value, mark in found if row.payload is None]


def with_odd_values(random: Random, rows: list[Row]) -> list[Row]:
    """Some values are not-a-number or infinite, as a frame of another program may hold."""

    def odd(row: Row) -> Row:
        is_odd = row.payload is None and random.random() < 0.15
        return row._replace(value=random.choice([nan, inf, -inf, 1e300])) if is_odd else row

    return [odd(row) for row in rows]


def busy_rows(subject: Subject, seed: int = 1, minutes: float = 100.0) -> list[Row]:
    """Every series of the subject at a rhythm, with orders one after the other: for what is to have values."""
    random, rows = Random(seed), []
    for number, (asset, tag) in enumerate((*subject.numbers, *subject.events, *subject.waves)):
        value, second = 0.0, 1.0 + number % 3
        while second < minutes * 60:
            time = T0 + round(second * SECOND)
            if tag.startswith("@"):
                rows.append(event_row(random, asset, tag, time))
            else:
                value = OFFERS[asset, tag](random, value)
                rows.append(Row(asset, tag, time, value))
            second += 20 + number % 7 if not tag.startswith("@") else 200.0
    for line in (LINE1, LINE2, f"{LINE2}/saw"):
        for k, second in enumerate((90, 1500, 3000)):
            said = {"order": f"{k}", "product": "AB"[k % 2], "phase": "start"}
            rows.append(said_row(line, "@order", T0 + second * SECOND, **said))
    return in_time_order(rows)


def in_time_order(rows: list[Row]) -> list[Row]:
    """As an in-order run has them."""
    return sorted(rows, key=lambda row: (row.time, row.asset, row.tag))
