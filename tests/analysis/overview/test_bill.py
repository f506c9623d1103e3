"""The bill of a window, from readings of meters through the engine."""

import json

import pytest

from analysis.overview.bill import Bill, bill_of
from fieldline.errors import SettingsError
from fieldline.moments import local
from fieldline.plantfile import PeriodEntry, PlantFile, TariffEntry, TierEntry
from tests.analysis.overview.metered_plant import HOUR, LINE, MINUTE, drawn, metered, ns
from tests.processing.engine_rig import Row, event

BERLIN = "Europe/Berlin"
QUARTER = 15 * MINUTE
NIGHT = PeriodEntry(from_hour=22, to_hour=6, price=0.18)
MARCH = ns("2026-03-10T08:00")


def file(zone: str = "UTC", **terms: object) -> PlantFile:
    return PlantFile(time_zone=zone, tariff=(TariffEntry(currency="EUR", **terms),))  # type: ignore[arg-type]


def parts(found: Bill) -> dict[str, tuple[float | None, float, float | None]]:
    return {
        part.name: (part.price, round(part.energy_kwh, 9), part.cost and round(part.cost, 9)) for part in found.parts
    }


@pytest.mark.parametrize(("day", "hours", "night"), [("2025-03-30", 23, 7), ("2025-10-26", 25, 9)])
def test_a_day_over_a_clock_change_costs_its_hours(day: str, hours: int, night: int) -> None:
    midnight = ns(day, BERLIN)
    asked = metered(file(BERLIN, price=0.30, period=(NIGHT,)), drawn(midnight, HOUR, [2.0] * (hours + 1)))

    found = bill_of(asked._replace(window="day", at=midnight))

    rest = 2.0 * (hours - night)
    assert parts(found) == {
        "other times": (0.30, rest, pytest.approx(rest * 0.30)),
        "22:00–06:00": (0.18, 2.0 * night, pytest.approx(2.0 * night * 0.18)),
    }
    assert found.total == found.energy_cost == pytest.approx(rest * 0.30 + 2.0 * night * 0.18)
    assert (found.currency, found.coverage, found.missing) == ("EUR", pytest.approx(1.0), [])


def test_a_price_that_changes_within_a_quarter_hour_is_told_apart_by_minutes() -> None:
    begins = PeriodEntry(start="08:07", end="09:00", price=0.5, days=("tue",))
    asked = metered(file(price=0.1, period=(begins,)), drawn(MARCH, QUARTER, [60.0]))

    assert parts(bill_of(asked)) == {"08:07–09:00 tue": (0.5, 8.0, 4.0), "other times": (0.1, 7.0, 0.7)}


def test_prices_that_events_told_are_as_they_were_booked() -> None:
    said = json.dumps({"price_per_kwh": 0.9, "until": (MARCH + 30 * MINUTE) // 10**9}).encode()
    rows = [event(LINE, "@price", MARCH + QUARTER, said), *drawn(MARCH, QUARTER, [40.0] * 4)]

    found = bill_of(metered(file(price=0.1), rows))

    assert parts(found) == {"all times": (0.1, 30.0, 3.0), "other prices": (None, 10.0, 9.0)}
    assert found.total == pytest.approx(12.0)


def test_energy_without_a_price_leaves_no_total() -> None:
    only = PeriodEntry(from_hour=8, to_hour=9, price=0.5)
    asked = metered(file(period=(only,)), drawn(MARCH, QUARTER, [40.0] * 5))

    found = bill_of(asked)

    assert parts(found) == {"08:00–09:00": (0.5, 40.0, 20.0), "no price known": (None, 10.0, None)}
    assert found.total is None and found.missing[0].startswith("10 kWh have no price")
    assert bill_of(metered(PlantFile(), drawn(MARCH, QUARTER, [40.0]))).total is None


@pytest.mark.parametrize(
    ("kwh", "within", "cost"),
    [
        (100.0, [100.0, 0.0, 0.0], 10.0),
        (200.0, [100.0, 100.0, 0.0], 30.0),
        (300.0, [100.0, 100.0, 100.0], 80.0),
        (400.0, [100.0, 100.0, 100.0], None),
    ],
)
def test_each_kwh_of_a_month_is_billed_in_its_tier(kwh: float, within: list[float], cost: float | None) -> None:
    tiers = tuple(TierEntry(upto_kwh=upto, price=price) for upto, price in ((100, 0.1), (200, 0.2), (300, 0.5)))
    asked = metered(file(tier=tiers), drawn(MARCH, HOUR, [kwh / 4] * 4))

    found = bill_of(asked)

    assert [tier.energy_kwh for tier in found.tiers] == pytest.approx(within)
    assert found.tier_cost == found.total == (None if cost is None else pytest.approx(cost))
    beyond = [told for told in found.missing if "beyond the last tier, which ends at 300 kWh" in told]
    assert len(beyond) == (cost is None) and found.energy_cost is None


def test_price_of_the_time_tiers_and_demand_add_up() -> None:
    tiers = (TierEntry(upto_kwh=10.0, price=0.02), TierEntry(price=0.01))
    asked = metered(file(price=0.3, tier=tiers, demand_price_per_kw=9.0), drawn(MARCH, QUARTER, [40.0, 100.0]))

    found = bill_of(asked)

    assert (found.energy_cost, found.tier_cost) == (pytest.approx(35 * 0.3), pytest.approx(0.2 + 0.25))
    assert found.demand.cost == pytest.approx(900.0) and found.total == pytest.approx(10.5 + 0.45 + 900.0)


def ratcheted(february: float, march: float, months: int = 3) -> Bill:
    """The bill of March with peaks of both months."""
    terms = {"demand_price_per_kw": 10.0, "ratchet": 0.8, "ratchet_months": months}
    rows = drawn(ns("2026-02-27T12:00"), QUARTER, [20.0, february, 20.0])
    rows += drawn(MARCH, QUARTER, [20.0, march, 20.0], base=rows[-1].value)
    return bill_of(metered(file(price=0.1, **terms), rows)._replace(at=MARCH))


def test_a_higher_demand_of_a_month_before_is_billed_by_its_share() -> None:
    found = ratcheted(100.0, 60.0).demand

    assert (found.peak.demand_kw, found.earlier.demand_kw) == (pytest.approx(60.0), pytest.approx(100.0))
    assert found.earlier.time.time_ns == ns("2026-02-27T12:15")  # type: ignore[union-attr]
    assert (found.billed_kw, found.cost) == (pytest.approx(80.0), pytest.approx(800.0))
    assert local(found.billed_from) == "2026-02-01T00:00Z"  # type: ignore[arg-type]


def test_the_month_s_own_demand_is_billed_where_it_is_more() -> None:
    found = ratcheted(100.0, 81.0)

    assert found.demand.billed_kw == pytest.approx(81.0)
    assert local(found.demand.billed_from) == "2026-03-01T00:00Z"  # type: ignore[arg-type]
    assert "the ratchet looks back at 3 months; no demand is known of 2025-12, 2026-01" in found.missing


def test_a_ratchet_looks_back_no_further_than_its_months() -> None:
    rows = drawn(ns("2026-01-31T23:00"), QUARTER, [500.0, 20.0])
    rows += drawn(ns("2026-02-01T12:00"), QUARTER, [100.0], base=rows[-1].value)
    rows += drawn(MARCH, QUARTER, [60.0], base=rows[-1].value)
    terms = {"demand_price_per_kw": 10.0, "ratchet": 1.0, "ratchet_months": 1}

    found = bill_of(metered(file(**terms), rows)._replace(at=MARCH))

    assert found.demand.billed_kw == pytest.approx(100.0)


def test_a_ratchet_looks_for_the_highest_demand_of_meters_at_the_same_time() -> None:
    # In January both peak at 100 kW, but apart; in February at 70 kW together: 110 against 140 kW.
    other, rows = f"{LINE}/press", list[Row]()
    for month, one, two in ((1, [100.0, 10.0], [10.0, 100.0]), (2, [70.0, 10.0], [70.0, 10.0]), (3, [20.0], [20.0])):
        start, before = ns(f"2026-0{month}-10"), rows[-1].value if rows else 1000.0
        rows += drawn(start, QUARTER, two, other, before) + drawn(start, QUARTER, one, base=before)
    terms = {"demand_price_per_kw": 10.0, "ratchet": 0.5, "ratchet_months": 2}

    found = bill_of(metered(file(price=0.1, **terms), rows)._replace(at=MARCH))

    assert found.demand.earlier.demand_kw == pytest.approx(140.0)
    assert found.demand.billed_kw == pytest.approx(70.0) and len(found.missing) == 1  # but for the hours not observed


def test_demand_of_half_hours_is_billed_where_the_tariff_says_so() -> None:
    terms = {"demand_price_per_kw": 10.0, "demand_interval_s": 1800}
    asked = metered(file(**terms), drawn(MARCH, QUARTER, [20.0, 100.0, 40.0, 40.0]))

    assert bill_of(asked).demand.billed_kw == pytest.approx(60.0)


def test_a_part_of_a_line_and_a_day_have_no_tiers_and_no_demand_charge() -> None:
    terms = file(price=0.1, tier=(TierEntry(price=0.01),), demand_price_per_kw=9.0)
    rows = drawn(MARCH, QUARTER, [40.0] * 4) + drawn(MARCH, QUARTER, [10.0] * 4, f"{LINE}/press")
    asked = metered(terms, rows)

    of_press, of_day = bill_of(asked._replace(asset=f"{LINE}/press")), bill_of(asked._replace(window="day"))

    assert of_press.total == pytest.approx(1.0) and of_press.missing[-1].endswith(f"ask for {LINE}")
    assert of_day.total == pytest.approx(5.0) and of_day.missing[-1].endswith("ask for --window month")
    assert (of_press.demand.cost, of_day.tiers, of_day.demand.peak.demand_kw) == (None, [], pytest.approx(50.0))


def test_an_area_whose_lines_have_contracts_of_their_own_is_billed_the_energy_alone() -> None:
    asked = metered(
        file(path="plant/hall/line*", price=0.1, demand_price_per_kw=9.0), drawn(MARCH, QUARTER, [40.0] * 4)
    )

    of_area = bill_of(asked._replace(asset="plant/hall"))

    assert of_area.total == pytest.approx(4.0)
    assert of_area.missing[-1] == f"tiers and demand are billed of single lines: ask for one of {LINE}"


def test_a_missing_hour_is_in_no_figure_and_said() -> None:
    rows = drawn(MARCH, QUARTER, [40.0] * 4)
    rows += drawn(MARCH + 4 * HOUR, QUARTER, [40.0] * 4, base=rows[-1].value)  # three hours, and none of it counted

    found = bill_of(metered(file(price=0.1), rows)._replace(window="day"))

    assert found.energy_kwh == pytest.approx(80.0) and found.coverage == pytest.approx(2 / 13)  # of thirteen hours
    assert found.missing == ["84.6 % of the time was not observed: what was drawn then is in no figure"]


def test_one_bill_has_one_currency() -> None:
    tariffs = (
        TariffEntry(path=LINE, currency="EUR", price=0.1),
        TariffEntry(path="plant/hall/line2", currency="CHF", price=0.1),
    )
    rows = drawn(MARCH, QUARTER, [40.0]) + drawn(MARCH, QUARTER, [40.0], "plant/hall/line2/meter")

    with pytest.raises(SettingsError, match="prices below plant are in CHF, EUR"):
        bill_of(metered(PlantFile(tariff=tariffs), rows)._replace(asset="plant"))
