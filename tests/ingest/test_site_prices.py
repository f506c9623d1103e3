"""Prices told of a site: events of the lines below it that the plant file names."""

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, LineEntry, PlantFile
from ingest.decoder import decode_message

NOW_NS = 1_790_769_600_000_000_000
PLANT = Plant(
    PlantFile(
        line=(LineEntry(path="plant/hall1/line1"),),
        asset=(
            AssetEntry(path="plant/hall1/line1/press"),
            AssetEntry(path="plant/hall2/line3/saw"),
            AssetEntry(path="plant/hall1/*"),
            AssetEntry(path="other/hall1/line1/press"),
        ),
    )
)
PRICE = b'{"ts": 1790769600, "event": "price", "price_per_kwh": 0.31}'


def told_of(topic: str, payload: bytes = PRICE, plant: Plant = PLANT) -> list[tuple[str, str]]:
    readings, problem = decode_message(topic, payload, NOW_NS, plant)
    assert problem is None
    return [(readings.assets[a], readings.tags[t]) for a, t in zip(readings.asset, readings.tag, strict=True)]


@pytest.mark.parametrize(
    ("topic", "lines"),
    [
        ("plant", ["plant/hall1/line1", "plant/hall2/line3"]),
        ("plant/hall1", ["plant/hall1/line1"]),
        ("plant/hall1/line1", ["plant/hall1/line1"]),
        ("plant/hall1/line1/press", ["plant/hall1/line1/press"]),
        ("plant/hall9", ["plant/hall9"]),
    ],
)
def test_a_price_of_a_site_or_an_area_is_one_of_each_of_its_lines(topic: str, lines: list[str]) -> None:
    assert told_of(topic) == [(line, "@price") for line in lines]


def test_what_stands_beside_it_stays_what_it_is() -> None:
    payload = (
        b"[" + PRICE + b', {"ts": 1790769600, "outdoor_degc": 7}, {"ts": 1790769600, "event": "state", "state": "off"}]'
    )

    assert sorted(told_of("plant/hall1", payload)) == [
        ("plant/hall1", "@state"),
        ("plant/hall1", "outdoor_degc"),
        ("plant/hall1/line1", "@price"),
    ]


def test_copies_say_what_was_told() -> None:
    readings, _ = decode_message("plant", PRICE, NOW_NS, PLANT)

    assert readings.payload == [b'{"price_per_kwh":0.31}'] * 2
    assert readings.time.tolist() == [NOW_NS] * 2
    assert len(set(readings.value.tolist())) == 1


def test_a_price_that_says_nothing_is_a_dead_letter() -> None:
    _, problem = decode_message("plant", b'{"event": "price", "price_per_kwh": "0.31"}', NOW_NS, PLANT)

    assert problem is not None and problem.reason == "event"
    assert problem.detail == "event price: price_per_kwh: expected a number, got '0.31'"
