"""Units of expressions: what goes together and what does not, by the SI."""

import pytest

from fieldline.expressions import Input, Statistic, parse
from fieldline.expressions.dimensions import judged, mismatch, unit_of
from fieldline.units import unit_of_name


def unit(one: Input) -> str | None:
    if isinstance(one, Statistic):
        found = unit_of_name(one.tag)
        return found and found.symbol
    return {"energy.active_energy_kwh": "kWh", "window.length_s": "s"}.get(str(one))


def faults_of(text: str, declared: str | None) -> list[str]:
    faults: list[str] = []
    found = judged(parse(text), unit, lambda _: None, faults)
    return [*faults, *filter(None, [mismatch(found, declared)])]


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("mean(cooling_kw) / mean(power_kw)", "1"),
        ("mean(return_degc) - mean(supply_degc)", "K"),
        ("energy.active_energy_kwh / mean(a_m3)", "kWh/m3"),
        ("mean(flow_m3_h) * 1.163 * (mean(a_degc) - mean(b_degc))", "kW"),  # 1.163 has a unit of its own
        ("max(mean(a_kw), mean(b_kw), 0)", "kW"),
        ("mean(speed_m_s) ** 2", None),
        ("mean(a_mystery) + mean(b_kw)", "degC"),
        ("mean(a_kw) if mean(b_degc) > 20 else 0", "kW"),
        ("energy.active_energy_kwh / window.length_s", "kWh/s"),
    ],
)
def test_units_that_fit_or_are_not_known_are_none_of_its_business(text: str, declared: str | None) -> None:
    assert faults_of(text, declared) == []


@pytest.mark.parametrize(
    ("text", "declared", "why"),
    [
        ("mean(a_kw) + mean(b_degc)", None, "mean(a_kw) is in kW and mean(b_degc) in degC; expected one unit on both sides"),
        ("mean(a_kwh) - mean(b_mwh)", None, "mean(a_kwh) is in kWh and mean(b_mwh) in MWh"),
        ("1 if mean(a_kw) > mean(b_kwh) else 0", None, "mean(a_kw) is in kW and mean(b_kwh) in kWh"),
        ("mean(a_kw)", "kWh", "its value is in kW, its unit is declared as kWh"),
        ("mean(a_kw) / mean(b_kw)", "kW", "its unit is declared as kW"),
        ("energy.active_energy_kwh / window.length_s", "kW", "its value is in kWh/s, its unit is declared as kW"),
    ],
)  # fmt: skip
def test_units_that_do_not_go_together_are_named(text: str, declared: str | None, why: str) -> None:
    assert any(why in fault for fault in faults_of(text, declared))


def test_a_compound_unit_is_known_by_its_parts() -> None:
    found = unit_of("kWh/m2")

    assert found is not None
    assert found.factor == pytest.approx(3.6e6)
    assert found.powers == (1, 0, -2, 0, 0, 0, 0)  # kg s^-2: m^2 goes
    assert unit_of("kWh/piece") is None
    assert unit_of(None) is None


def test_a_unit_that_is_divided_twice_is_divided_by_both() -> None:
    per_hour, per_area = unit_of("kWh/m2/h"), unit_of("kW/m2")

    assert per_hour is not None and per_area is not None
    assert per_hour.fits(per_area)


@pytest.mark.parametrize("symbol", ["m.m/" * 30 + "q", "m/" * 3000 + "m", "/", ".", "m/"])
def test_of_a_unit_of_many_or_no_parts_nothing_is_said(symbol: str) -> None:
    assert unit_of(symbol) is None


@pytest.mark.parametrize("text", ["((mean(a_kw) ** 8) ** 8) ** 8", "1 / ((mean(a_mm_s) ** 8) ** 8) ** 8", "mean(a_kw) / ((mean(a_mm_s) ** 8) ** 8) ** 8"])  # fmt: skip
def test_of_a_power_that_no_float_holds_nothing_is_said(text: str) -> None:
    assert faults_of(text, "kWh") == []
