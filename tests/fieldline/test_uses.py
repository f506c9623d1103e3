"""What tags are taken for, and what is said of those that are not."""

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.uses import energy_sources, uses_of

ASSET = "plant/hall/line1/press"


def plant(energy_tags: tuple[str, ...] | None = None, **tags: TagEntry) -> Plant:
    return Plant(PlantFile(asset=(AssetEntry(path=ASSET, tags=tags, energy_tags=energy_tags),)))


@pytest.mark.parametrize(
    ("tag", "taken_for", "why"),
    [
        ("energy_kwh", "energy", "register; by its name: kWh"),
        ("interval_energy_kwh", "energy", "interval energy; by its name: kWh"),
        ("export_kwh", "exported energy", "register; by its name: kWh"),
        ("reactive_power_kvar", "reactive energy", "power; by its name: kvar"),
        ("good_count", "good pieces", "register; by its name"),
        ("packml_state", "state", "PackML numbers; by its name"),
        ("running", "state", "producing or not; by its name"),
        ("hp", "", "its name ends in no unit"),
        ("box_w", "", "its name ends in no unit"),
        ("tx_power_mw", "", "its name says tx: not what the asset draws or feeds back"),
        ("energy_yesterday_kwh", "", "its name says yesterday: not what the asset draws or feeds back"),
        ("battery_power_w", "", "its name says battery: not what the asset draws or feeds back"),
        ("oven_degc", "", "temperature in degC"),
        ("serial_number", "", "by its name a label"),
        ("@text/recipe", "", "a text"),
        ("@state", "events", "state"),
    ],
)
def test_a_tag_by_its_name_alone(tag: str, taken_for: str, why: str) -> None:
    (use,) = uses_of(Plant(), ASSET, [tag])

    assert (use.taken_for, use.why) == (taken_for, why)


def test_a_total_goes_before_tariffs_phases_today_and_power() -> None:
    tags = ["energy_kwh", "import_t1_kwh", "import_t2_kwh", "energy_l1_kwh", "energy_today_kwh", "power_kw"]

    uses = {use.tag: use for use in uses_of(Plant(), ASSET, tags)}

    assert [tag for tag, use in uses.items() if use.taken_for == "energy"] == ["energy_kwh"]
    assert {use.taken_for for tag, use in uses.items() if tag != "energy_kwh"} == {"energy, in reserve"}
    assert uses["power_kw"].why == "energy_kwh (register) goes before it; by its name: kW"


def test_parts_of_a_whole_are_taken_together_and_of_equals_the_first_by_name() -> None:
    assert energy_sources(Plant(), ASSET, ["import_t2_kwh", "import_t1_kwh"])[0].taken == (
        "import_t1_kwh",
        "import_t2_kwh",
    )
    (sources,) = energy_sources(Plant(), ASSET, ["total_power_kw", "power_kw"])
    assert (sources.taken, sources.in_reserve) == (("power_kw",), ("total_power_kw",))


def test_what_is_declared_is_said_to_be() -> None:
    declared = plant(
        ("a_kwh", "b"),
        b=TagEntry(kind="register", unit="kWh"),
        mode=TagEntry(kind="state", codes={"1": "producing"}),
        hp=TagEntry(kind="power", unit="kW"),
        x=TagEntry(kind="value", unit="kW"),
    )

    uses = {use.tag: (use.taken_for, use.why) for use in uses_of(declared, ASSET, ["a_kwh", "b", "mode", "hp", "x"])}

    assert uses == {
        "a_kwh": ("energy", "declared (energy_tags)"),
        "b": ("energy", "declared (energy_tags)"),
        "mode": ("state", "codes of the plant file; declared"),
        "hp": ("energy, in reserve", "a_kwh, b (declared) goes before it; declared: kW"),
        "x": ("", "declared as value"),
    }
