import pytest

from fieldline.units import (
    QUANTITIES,
    SUFFIXES,
    UNITS,
    Role,
    canonical_unit,
    convert,
    find_unit,
    role_of_name,
    unit_of_name,
)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("power_kw", "kW"),
        ("Usage_kWh", "kWh"),
        ("usageKWh", "kWh"),
        ("energyMWh", "MWh"),
        ("power_mw", "MW"),
        ("kwh", "kWh"),
        ("Lagging_Current_Reactive.Power_kVarh", "kvarh"),
        ("wind_speed_m_s", "m/s"),
        ("vibration_rms_mm_s", "mm/s"),
        ("flow_m3_h", "m3/h"),
        ("meter/total/energy_kwh", "kWh"),
        ("soil_temp_c", "degC"),
        ("PowerW", "W"),
    ],
)
def test_a_name_that_ends_in_a_unit_has_it(name, unit):
    found = unit_of_name(name)

    assert found is not None
    assert found.symbol == unit


# `usagekWh` may be usage in kWh or "usagek" in Wh, a factor of 1000: no guess.
@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("fuel_rate_l_per_h", "L/h"),
        ("flow_l_per_min", "L/min"),
        ("speed_m_per_s", "m/s"),
        ("co2_kg_per_kwh", "kg/kWh"),
        ("CO2 (kg/kWh)", "kg/kWh"),
        ("kg/kWh", "kg/kWh"),
        ("l/h", "L/h"),
        ("flow m³/h", "m3/h"),
        ("speed m/min", "m/min"),
        ("energy_kwh_per_kg", None),
        ("parts_per_h", None),
        ("per_kwh", None),
        ("eur_kwh", None),
        ("ct/kWh", None),
        ("Verbrauch kWh/t", None),
        ("kWh / kg", None),
    ],
)
def test_what_a_name_says_by_a_unit_is_a_rate_whose_last_word_alone_is_no_unit(name, unit):
    found = unit_of_name(name)

    assert (found and found.symbol) == unit
    assert role_of_name(name) is Role.NONE


@pytest.mark.parametrize("name", ["energy_per_good_unit_kwh", "kwh_per_batch_kwh", "usd_spent_kwh"])
def test_energy_by_a_piece_or_in_money_is_not_what_the_asset_draws(name):
    assert role_of_name(name) is Role.NONE


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Energy/kWh", "kWh"), ("A/kW", "kW"), ("L1/kW", "kW"), ("Wasser [m³]", "m3"), ("motor_a_kw", "kW")],
)
def test_a_folder_or_a_phase_before_a_unit_makes_no_rate(name, unit):
    found = unit_of_name(name)

    assert found is not None
    assert found.symbol == unit


@pytest.mark.parametrize("name", ["", "a", "v", "state", "good_parts", "usagekWh", "CO2(tCO2)", "///", "日本語"])
def test_a_name_without_a_clear_unit_has_none(name):
    assert unit_of_name(name) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("power_kw", Role.ACTIVE_POWER),
        ("power_w", Role.ACTIVE_POWER),
        ("reactive_power_kvar", Role.REACTIVE_POWER),
        ("energy_kwh", Role.ACTIVE_REGISTER),
        ("reactive_energy_kvarh", Role.REACTIVE_REGISTER),
        ("interval_energy_kwh", Role.ACTIVE_INTERVAL),
        ("lagging_interval_kvarh", Role.REACTIVE_INTERVAL),
        ("energy_delta_kwh", Role.ACTIVE_INTERVAL),
        ("temperature_c", Role.NONE),
        ("apparent_power_kva", Role.NONE),
    ],
)
def test_the_name_tells_the_part_in_the_energy(name, role):
    assert role_of_name(name) is role


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("good_count good_parts good goodCount good_count_delta", Role.GOOD_COUNT),
        ("total_count parts_count count_total", Role.TOTAL_COUNT),
        ("reject_count scrap_count scrap bad_count", Role.SCRAP_COUNT),
        ("rework_count", Role.REWORK_COUNT),
        ("packml_state state_packml StateCurrent Status.StateCurrent", Role.STATE),
        ("running run is_running isRunning", Role.RUNNING),
        ("state shift_good_count good_ratio run_h scrap_kg running_kw press2/good_count", Role.NONE),
    ],
)
def test_whole_names_tell_states_and_counts(names, role):
    found = {name: role_of_name(name) for name in names.split()}

    expected = {"running_kw": Role.ACTIVE_POWER}
    assert found == {name: expected.get(name, role) for name in names.split()}


def test_numbers_of_roles_stay_as_they_were_stored():
    names = (
        "NONE ACTIVE_POWER REACTIVE_POWER ACTIVE_REGISTER REACTIVE_REGISTER ACTIVE_INTERVAL REACTIVE_INTERVAL ACTIVE_PULSE "
        "STATE RUNNING GOOD_COUNT TOTAL_COUNT SCRAP_COUNT REWORK_COUNT"
    )

    assert [(role.name, int(role)) for role in Role] == [(name, k) for k, name in enumerate(names.split())]


@pytest.mark.parametrize(
    "name",
    [
        "leading_reactive_kvarh",
        "power_setpoint_kw",
        "max_power_kw",
        "peak_demand_kw",
        "energy_yesterday_kwh",
        "last_month_kwh",
        "price_kwh",
        "battery_power_w",
        "pv_power_kw",
        "tx_power_mw",
        "hp",
        "pump_hp",
        "box_w",
        "q/w",
    ],
)
def test_names_of_what_the_asset_does_not_draw_get_no_role(name):
    assert role_of_name(name) is Role.NONE


def test_every_unit_and_every_suffix_belongs_to_a_quantity_of_the_table():
    assert all(unit.quantity in QUANTITIES for unit in UNITS.values())
    assert all(symbol in UNITS for symbol in SUFFIXES.values())


def test_every_quantity_has_its_canonical_unit_with_factor_one():
    for quantity in QUANTITIES.values():
        unit = UNITS[quantity.unit]

        assert (unit.quantity, unit.factor, unit.offset) == (quantity.name, 1.0, 0.0)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1.5, "MWh", "kWh", 1500.0),
        (3.6, "MJ", "kWh", 1.0),
        (212.0, "°F", "degC", 100.0),  # water boils
        (-40.0, "degC", "degF", -40.0),  # where both scales meet
        (0.0, "K", "degC", -273.15),
        (36.0, "km/h", "m/s", 10.0),
        (14.5037737730, "psi", "bar", 1.0),  # NIST SP 811
        (60.0, "L/min", "m3/h", 3.6),
    ],
)
def test_conversion_between_units_of_one_quantity(value, unit, to, expected):
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-9)


def test_conversion_between_quantities_is_refused():
    with pytest.raises(ValueError, match="kW is active_power, kWh is active_energy"):
        convert(1.0, "kW", "kWh")


def test_case_counts_only_where_it_makes_a_difference():
    assert find_unit("KWH").symbol == "kWh"
    assert find_unit("MW").factor == 1e9 * find_unit("mW").factor
    with pytest.raises(ValueError, match="mind the case"):
        find_unit("Mw")


def test_an_unknown_unit_names_the_nearest_one():
    with pytest.raises(ValueError, match="did you mean"):
        find_unit("kWhh")


def test_canonical_units():
    assert [canonical_unit(unit) for unit in ("MWh", "hp", "VAr", "bar")] == ["kWh", "kW", "kvar", "kPa"]
