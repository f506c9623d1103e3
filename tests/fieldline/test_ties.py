"""What can be wrong with ties, stations and fields of a plant file."""

import tomllib

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct

FARM = """
[[site]]
path = "farm"
line_depth = 1
[[asset]]
path = "farm/north/weather"
station = { latitude_deg = 48.1, longitude_deg = 11.6, altitude_m = 520 }
"""
CROPS = """
[[crop]]
name = "maize"
kcb = [0.15, 1.15, 0.5]
stage_days = [20, 35, 40, 30]
height_m = [0.1, 2.0]
root_m = [0.3, 1.0]
[[soil]]
name = "loam"
field_capacity = 0.3
wilting_point = 0.12
"""
FIELD = """
[[asset]]
path = "farm/north/field1"
field = { crop = "maize", planted = 2026-04-20, soil = "loam", area_ha = 4.0 }
"""


def file_of(text: str) -> tuple[PlantFile, list[str]]:
    wrong: list[str] = []
    return to_struct(PlantFile, tomllib.loads(text), "$", wrong), wrong


def asset(path: str, **ties: str) -> str:
    said = ", ".join(f'{name} = "{target}"' for name, target in ties.items())
    return f'[[asset]]\npath = "{path}"\nties = {{ {said} }}\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (asset("farm/field", station="farm/north/wether"), "expected the path of an [[asset]], got 'farm/north/wether', did you mean"),
        (asset("farm/field", station="farm/*/weather"), "ties.station: expected one path"),
        (asset("farm/field", station="farm/field"), "'farm/field' is the asset itself"),
        (asset("yard/hall/line1/field", station="farm/north/weather"), "lies on the line 'farm', and yard/hall/line1/field on 'yard/hall/line1'"),
        (asset("farm/a", pump="farm/b") + asset("farm/b", tank="farm/a"), "ties go in a circle: farm/a → farm/b → farm/a"),
        (asset("farm/field", line="farm/north/weather"), "ties: 'line' means something else in expressions"),
        (FIELD, "field.crop: no crop is called 'maize'"),
        (CROPS.replace("loam", "lome") + FIELD, "field.soil: no soil is called 'loam', did you mean 'lome'?"),
        (CROPS.replace("0.12", "0.4"), "wilting_point: expected less than field_capacity, 0.3"),
        (CROPS.replace("stage_days = [20, 35, 40, 30]", ""), "stage_days: expected these or stage_degree_days"),
        ("[[metric]]\nkind = 'x'\nfield.a = { value = 'mean(statoin.rain_mm)' }\n" + asset("farm/field", station="farm/north/weather"), "unknown 'statoin': expected line, a name of [metric.assets], or of an asset's ties, did you mean 'station'?"),
    ],
)  # fmt: skip
def test_what_ties_and_fields_name_must_be_there_and_on_their_line(text: str, why: str) -> None:
    assert why in "\n".join(file_of(FARM + text)[1])


def test_the_more_exact_entry_says_what_an_asset_is_tied_to() -> None:
    text = FARM + asset("farm/*/field*", station="farm/north/weather") + asset("farm/north/pump1")
    text += asset("farm/north/field1", water="farm/north/pump1")

    file, wrong = file_of(text)

    assert not wrong
    assert Plant(file).ties("farm/north/field1") == {"station": "farm/north/weather", "water": "farm/north/pump1"}
    assert Plant(file).tie("farm/south/field7", "station") == "farm/north/weather"
    assert Plant(file).tie("farm/south/field7", "water") == ""


def test_a_field_has_the_numbers_of_its_crop_soil_and_system() -> None:
    file, wrong = file_of(FARM + CROPS + FIELD)

    assert not wrong
    plant = Plant(file)
    assert plant.value_of("farm/north/field1", "field_kcb_mid") == 1.15
    assert plant.value_of("farm/north/field1", "field_planted_day") == 20_563.0  # 2026-04-20
    assert plant.value_of("farm/north/field1", "field_flow_m3_h") != plant.value_of(
        "farm/north/field1", "field_flow_m3_h"
    )
    assert plant.value_of("farm/north/weather", "station_altitude_m") == 520.0
    assert Plant.of_document(plant.document).document == plant.document
