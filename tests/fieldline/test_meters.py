"""What a tag's name tells of its asset's energy, and the order of sources."""

import pytest

from fieldline.meters import DECLARED, Share, is_fed_back, share_of, source_name, source_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile
from fieldline.plantfile.tags import TagEntry
from fieldline.units import Role, role_of_name


@pytest.mark.parametrize(
    ("names", "share"),
    [
        (
            "energy_kwh Usage_kWh total_power_import_kwh ENERGY/Total_kwh energyTotal_kwh 1_8_0_kwh power_kw grid_import_kwh",
            Share.TOTAL,
        ),
        ("energy_today_kwh daily_energy_kwh", Share.DAY),
        ("total_power_import_t1_kwh energy_tariff_2_kwh 1_8_2_kwh energy_ht_kwh", Share.TARIFF),
        ("power_l1_kw energy_phase_b_kwh active_power_phase3_kw", Share.PHASE),
        ("load_power_kw house_kwh", Share.LOAD),
        ("grid_power_kw", Share.GRID),
        ("heater1_kwh oven/power_kw energy_3_kwh", Share.PART),
    ],
)
def test_a_name_tells_which_share_of_the_energy_it_is(names: str, share: Share) -> None:
    found = {name: share_of(name) for name in names.split()}

    assert found == dict.fromkeys(names.split(), share)


@pytest.mark.parametrize(
    "name", ["energy_returned_kwh", "export_t1_kwh", "feed_in_kwh", "power_to_grid_kw", "2_8_0_kwh", "ret_aenergy_wh"]
)
def test_names_of_what_is_fed_back_say_so(name: str) -> None:
    assert is_fed_back(name)
    assert role_of_name(name) is not Role.NONE


def test_energy_from_the_grid_and_a_feed_pump_are_drawn() -> None:
    assert not any(is_fed_back(name) for name in ("energy_from_grid_kwh", "feed_pump_kwh", "energy_kwh", "1_8_0_kwh"))


def test_sources_go_before_each_other_as_the_table_says() -> None:
    register, interval, power = Role.ACTIVE_REGISTER, Role.ACTIVE_INTERVAL, Role.ACTIVE_POWER
    order = [
        source_of(Share.TOTAL, power, is_declared=True),
        source_of(Share.TOTAL, register),
        source_of(Share.DAY, register),
        source_of(Share.TARIFF, register),
        source_of(Share.PHASE, register),
        source_of(Share.LOAD, register),
        source_of(Share.TOTAL, interval),
        source_of(Share.TOTAL, Role.ACTIVE_PULSE),
        source_of(Share.TOTAL, power),
        source_of(Share.PHASE, power),
        source_of(Share.PART, register),
        source_of(Share.PART, power),
    ]

    assert order[0] == DECLARED < 63
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)
    assert source_of(Share.TOTAL, Role.STATE) == 0


def test_every_source_has_a_name_of_its_own() -> None:
    names = [source_name(number) for number in range(1, DECLARED + 1)]

    assert len(set(names)) == DECLARED
    assert source_name(source_of(Share.TARIFF, Role.ACTIVE_REGISTER)) == "register of tariffs"


def test_the_plant_file_says_what_a_name_does_not() -> None:
    tags = {"kwh_north": TagEntry(share="phase", unit="kWh"), "kwh_roof": TagEntry(share="fed_back", unit="kWh")}
    plant = Plant(PlantFile(asset=(AssetEntry(path="p/h/l/m", tags=tags),)))

    north, roof = (plant.tag_info("p/h/l/m", tag) for tag in tags)

    assert (north.share, north.is_fed_back) == (Share.PHASE, False)
    assert (roof.share, roof.is_fed_back) == (Share.TOTAL, True)
