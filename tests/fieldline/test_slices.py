"""How long the slices of a site's lines are, and what of the plant file doesn't fit them."""

import tomllib

import pytest

from fieldline.localtime import MINUTE_NS
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct

FARM = '[[site]]\npath = "farm"\nslice = "1h"\n'
QUARTERS = FARM.replace("1h", "15m")


def faults(text: str) -> list[str]:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    return wrong


def test_the_nearest_site_says_it_and_a_minute_is_the_default() -> None:
    text = f'{FARM}[[site]]\npath = "farm/barn"\nslice = "1m"\n[[site]]\npath = "farm/north"\ntime_zone = "Europe/Berlin"\n'
    wrong: list[str] = []
    plant = Plant(to_struct(PlantFile, tomllib.loads(text), "$", wrong))

    told = {
        path: plant.slice_ns(path) // MINUTE_NS
        for path in ("farm/north/f1/probe", "farm/barn/b1", "farmhouse/x/y", "plant")
    }

    assert told == {"farm/north/f1/probe": 60, "farm/barn/b1": 1, "farmhouse/x/y": 1, "plant": 1}
    assert Plant.of_document(plant.document).slice_ns("farm/a") == 60 * MINUTE_NS


_SHIFT = '[[calendar.shift]]\nname = "a"\nstart = "06:30"\nend = "14:30"\n'
_TARIFF = 'currency = "EUR"\nprice = 0.3\n[[tariff.period]]\nstart = "22:30"\nend = "06:00"\nprice = 0.1\n'
_STOP = '[[calendar.stop]]\nfrom = "2026-01-05T10:10"\nto = "2026-01-05T11:00"\n'
_METRIC = '[[metric]]\nkind = "own"\nwindows = ["1m", "1h"]\nfield.a = { value = "mean(a_kw)" }\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FARM.replace("1h", "5m"), "slice: expected one of"),
        (
            f"{FARM}[[calendar]]\n{_SHIFT}",
            "calendar: the plant: shift 'a': expected a multiple of 1h, the slice of site 'farm', got 06:30",
        ),
        (
            f'{FARM}[[calendar]]\npath = "farm/north"\n{_SHIFT}',
            "calendar: farm/north: shift 'a': expected a multiple of 1h",
        ),
        (f"{QUARTERS}[[calendar]]\n{_STOP}", "calendar: the plant: stop 2026-01-05T10:10: expected a multiple of 15m"),
        (f'{FARM}[[tariff]]\npath = "far*"\n{_TARIFF}', "tariff: far*: 22:30–06:00: expected a multiple of 1h"),
        (
            f'{FARM}time_zone = "Asia/Kolkata"',
            "slice: expected a length by whose multiples the hours of Asia/Kolkata begin, got 1h",
        ),
        (f'time_zone = "Australia/Lord_Howe"\n{FARM}', "the hours of Australia/Lord_Howe begin"),
        (f'{FARM}[[site]]\npath = "farm/b"\ntime_zone = "Asia/Kathmandu"', "site: 'farm/b': slice"),
        (
            f"{FARM}{_METRIC}",
            "metric: 'own': windows: expected some of 1h, day, week, month, shift, order, for the slice of site 'farm' is 1h, got '1m'",
        ),
        (
            f'{FARM}[[asset]]\npath = "farm/*"\n[asset.tags.t.spc]\nevery = "15m"',
            "tags.t.spc.every: expected some of 1h",
        ),
        (f'{FARM}[[asset]]\npath = "*"\n[asset.tags.t.spc]', "tags.t.spc.every: expected some of 1h"),
        (
            f'{FARM}[[asset]]\npath = "farm/a/b/c"\n[asset.attribute_chart]\nchart = "c"\nevery = "15m"\ncenter = 9.0',
            "attribute_chart.every",
        ),
    ],
)
def test_what_begins_within_a_slice_or_is_shorter_is_refused(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(text)), faults(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{QUARTERS}[[calendar]]\n{_SHIFT}",
        f'{FARM}[[calendar]]\n{_SHIFT}[[calendar]]\npath = "farm"\n',  # the farm has its own
        f'{FARM}[[calendar]]\npath = "farming"\n{_SHIFT}',
        f'{QUARTERS}time_zone = "Asia/Kathmandu"',
        f'{FARM}time_zone = "America/Phoenix"',
        f'{FARM}[[asset]]\npath = "plant/*"\n[asset.tags.t.spc]',
        _METRIC.replace("[[metric]]\n", f'{FARM}[[metric]]\nasset = "plant/*"\n'),
        f'{FARM}[[tariff]]\npath = "plant"\n{_TARIFF}',
        FARM + _METRIC.replace('windows = ["1m", "1h"]\n', ""),
    ],
)
def test_what_fits_is_taken(text: str) -> None:
    assert faults(text) == []
