"""`energy.json` by the project's formulas and baselines; power, registers, demand and bills by the engine and what reads its rows."""

from collections.abc import Callable
from typing import Any

from analysis.baseline_fit import fit_baseline
from analysis.overview.bill import bill_of
from analysis.overview.demand import Demand, demand_of
from analysis.savings import judge
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PeriodEntry, PlantFile, TagEntry, TariffEntry, TierEntry
from processing.formulas import demand, emissions, power
from tests.analysis.overview.metered_plant import METER, MINUTE, drawn, metered, ns
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of

Case = dict[str, Any]

MIDNIGHT = 1_700_006_400 * SECOND
NOON = ns("2026-03-02T12:00")
_HOUR = 3600 * SECOND


def run(rows: list[tuple[str, float, float]], **tags: TagEntry) -> EngineRig:
    """Rows (tag, second, value) of one meter through the engine."""
    plant = Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),)))
    frame = frame_of([Row(METER, tag, MIDNIGHT + round(second * SECOND), value) for tag, second, value in rows])
    return EngineRig(plant).send([frame]).finish()


def day(rig: EngineRig) -> dict[str, float]:
    """The energy of the meter's day."""
    return rig.values("energy", METER, "day")[MIDNIGHT]


def _integrate_power(given: Case) -> Case:
    samples, gap = given["samples_t_s_p_kw"], given["max_gap_s"]
    rig = run([("power_kw", second, kw) for second, kw in samples], power_kw=TagEntry(unit="kW", max_gap_s=gap))
    # Times are whole nanoseconds, so a covered time out of a share of a day is as well.
    covered = round(day(rig)["coverage"] * 86_400, 9)
    pieces = _pieces(samples, gap)
    held = sum(piece[-1][0] - piece[0][0] for piece in pieces)
    whole = samples[-1][0] - samples[0][0]
    return {
        "trapezoid": {
            "energy_kwh": day(rig)["active_energy_kwh"],
            "covered_s": covered,
            "gap_s": whole - covered,
        },
        "hold_previous": {
            "energy_kwh": sum(_held_energy(piece, gap) for piece in pieces),
            "covered_s": held,
            "gap_s": whole - held,
        },
    }


def _pieces(samples: list[list[float]], gap: float) -> list[list[list[float]]]:
    """Samples cut where two lie further apart than the gap: the case leaves that span out, where the engine holds for the gap."""
    pieces = [[samples[0]]]
    for sample in samples[1:]:
        if sample[0] - pieces[-1][-1][0] > gap:
            pieces.append([])
        pieces[-1].append(sample)
    return pieces


def _held_energy(piece: list[list[float]], gap: float) -> float:
    """Mean power of `telemetry` times its time; what the last sample holds beyond the case's end is taken off [kWh]."""
    rig = run([("power_kw", second, kw) for second, kw in piece], power_kw=TagEntry(unit="kW", max_gap_s=gap))
    hours = rig.values("telemetry", METER, "1h", "power_kw").values()
    held = sum(row["time_weighted_mean"] * row["coverage"] for row in hours)
    after = min(gap, 3600 - piece[-1][0] % 3600)
    return held - piece[-1][1] * after / 3600


def _register_delta(given: Case) -> Case:
    """Readings a minute apart: a step is a minute's energy, and what came of it stands in the minute of the reading that confirms it."""
    counts = given["readings"]
    told = [("energy_kwh", 60.0 * minute, float(count)) for minute, count in enumerate(counts)]
    told += [_confirming(counts, k) for k in range(1, len(counts)) if counts[k] < counts[k - 1]]
    limits = {"modulus": float(given["modulus"]), "max_delta": float(given["max_plausible_delta"])}
    rig = run(sorted(told, key=lambda row: row[1]), energy_kwh=TagEntry(unit="kWh", confirm_readings=2, **limits))
    minutes = [MIDNIGHT + 60 * minute * SECOND for minute in range(len(counts))]
    rows, texts = rig.values("energy", METER, "1m"), rig.texts("energy", METER, "1m")
    return {
        "deltas": [rows[minute]["active_energy_kwh"] for minute in minutes[:-1]],
        "flags": [texts[minute].get("meter_events", "ok") for minute in minutes[1:]],
        "energy_kwh": day(rig)["active_energy_kwh"] * given["kwh_per_count"],
    }


def _confirming(counts: list[int], k: int) -> tuple[str, float, float]:
    """A reading a second and a count beside one that fell: the engine believes a fall once the meter counts on from it."""
    is_later = k + 1 < len(counts) and counts[k + 1] > counts[k]
    beside = 1.0 if is_later else -1.0
    return "energy_kwh", 60.0 * k + beside, counts[k] + beside


def _energy_baseline(given: Case) -> Case:
    fitted, reported = given["baseline"], given["reporting"]
    baseline = fit_baseline(fitted["energy_kwh"], {name: fitted[name] for name in ("production", "hdd")})
    found = judge(baseline, reported["energy_kwh"], reported)
    fit = baseline.statistics
    terms = {
        f"{what}_{term.driver}": getattr(term, name)
        for term in baseline.terms
        for what, name in (("coef", "coefficient"), ("t", "t"), ("p", "p"))
    }
    return terms | {
        "intercept": baseline.intercept.coefficient,
        "r2": fit.r2,
        "adj_r2": fit.adjusted_r2,
        "rmse_n_minus_p": fit.rmse,
        "cv_rmse": fit.cv_rmse,
        "cv_rmse_n": fit.cv_rmse_n,
        "nmbe": fit.nmbe,
        "f_stat": fit.f,
        "predicted_kwh": found.expected,
        "savings_kwh": found.savings,
        "cusum_kwh": found.cusum,
        "enpi_ratio_actual_over_expected": found.enpi_ratio,
        "energy_performance_improvement": found.improvement,
    }


def _energy_baseline_simple(given: Case) -> Case:
    baseline = fit_baseline(given["energy_kwh"], {"production": given["production"]})
    return {
        "intercept": baseline.intercept.coefficient,
        "slope": baseline.terms[0].coefficient,
        "r2": baseline.statistics.r2,
        "baseload_share": baseline.baseload_share,
    }


def _changepoint_heating(given: Case) -> Case:
    baseline = fit_baseline(given["energy"], {"temp_c": given["temp_c"]}, change_point="temp_c", shape="3ph")
    (arm,) = baseline.terms
    return {"base": baseline.intercept.coefficient, "slope": arm.coefficient, "tcp": arm.change_point}


def _demand(minutes: list[float]) -> Demand:
    """Mean powers of minutes from noon on, as samples at the ends of each, through the engine and `show demand` [kW]."""
    ends = (0, MINUTE - 1)
    rows = [Row(METER, "power_kw", NOON + k * MINUTE + end, kw) for k, kw in enumerate(minutes) for end in ends]
    return demand_of(metered(PlantFile(), rows))


def _peak_demand(given: Case) -> Case:
    found = _demand(given["kw_1min"])
    return {
        "block_kw": [block.demand_kw for block in found.blocks if block.demand_kw is not None],
        "block_peak_kw": found.block.demand_kw,
        "rolling_5min_peak_kw": found.rolling_block.demand_kw,
        "sliding_1min_peak_kw": found.sliding.demand_kw,
        "energy_kwh": found.energy_kwh,
        "load_factor_block": found.load_factor,
    }


def _power_factor(given: Case) -> Case:
    active, reactive = given["p_kw"], given["q_kvar"]
    return {"s_kva": power.apparent_power(active, reactive), "pf": power.power_factor(active, reactive)}


def _three_phase_power(given: Case) -> Case:
    voltage, current = given["v_ll"], given["i_a"]
    return {
        "p_kw": power.three_phase_active_power(voltage, current, given["pf"]),
        "s_kva": power.three_phase_apparent_power(voltage, current),
    }


def _co2(given: Case) -> Case:
    return {
        "time_matched_kg": emissions.time_matched_emission(given["kwh"], given["ef_kg_per_kwh"]),
        "average_factor_kg": emissions.constant_factor_emission(given["kwh"], given["average_ef"]),
    }


def _tou_cost(given: Case) -> Case:
    start = ns(given["start_local"], given["tz"])
    period = PeriodEntry(from_hour=given["offpeak_from_h"], to_hour=given["offpeak_to_h"], price=given["price_off"])
    tariff = TariffEntry(currency="EUR", price=given["price_on"], period=(period,))
    rows = drawn(start, 3600 * SECOND, [given["kw"]] * (given["hours"] + 1))
    asked = metered(PlantFile(time_zone=given["tz"], tariff=(tariff,)), rows)
    bill = bill_of(asked._replace(window="day", at=start))
    kwh = {part.price: part.energy_kwh for part in bill.parts}
    return {"on_kwh": kwh[given["price_on"]], "off_kwh": kwh[given["price_off"]], "cost": bill.total}


def _tier_cost(given: Case) -> Case:
    tiers = tuple(TierEntry(upto_kwh=tier["upto_kwh"], price=tier["price"]) for tier in given["tiers"])
    tariff = TariffEntry(currency="EUR", tier=tiers)
    rows = drawn(NOON, 3600 * SECOND, [given["kwh"] / 4] * 4)
    return {"cost": bill_of(metered(PlantFile(tariff=(tariff,)), rows)).tier_cost}


def _demand_charge(given: Case) -> Case:
    ratchet = given["ratchet_share"] or None  # a tariff without one has no such key
    tariff = TariffEntry(currency="EUR", demand_price_per_kw=given["rate"], ratchet=ratchet)
    before = drawn(ns("2025-06-10"), 15 * MINUTE, [given["highest_peak_11m_kw"]])
    rows = [*before, *drawn(NOON, 15 * MINUTE, [given["peak_kw"]], base=before[-1].value)]
    demand = bill_of(metered(PlantFile(tariff=(tariff,)), rows)._replace(at=NOON)).demand
    return {"billed_kw": demand.billed_kw, "cost": demand.cost}


FUNCTIONS: dict[str, Callable[[Case], Case]] = {
    "integrate_power": _integrate_power,
    "register_delta": _register_delta,
    "pulse_energy": lambda g: {"energy_kwh": power.pulse_energy(g["pulses"], g["kh_wh_per_pulse"])},
    "specific_energy": lambda g: {"sec_kwh_per_unit": power.specific_energy(g["energy_kwh"], g["output"])},
    "energy_baseline": _energy_baseline,
    "energy_baseline_simple": _energy_baseline_simple,
    "changepoint_3p_heating": _changepoint_heating,
    "peak_demand": _peak_demand,
    "sliding_mean": lambda g: {"demand_kw": _demand(g["kw_1min"]).sliding.demand_kw},
    "interval_demand": lambda g: {"kw": power.interval_demand(g["kwh"], g["interval_min"] * 60)},
    "load_factor": lambda g: {"load_factor": demand.load_factor(g["energy_kwh"], g["peak_kw"], g["hours"])},
    "power_factor": _power_factor,
    "capacitor_kvar": lambda g: {"kvar": power.capacitor_reactive_power(g["p_kw"], g["pf1"], g["pf2"])},
    "three_phase_power": _three_phase_power,
    "phase_imbalance": lambda g: {"unbalance": power.phase_imbalance(g["currents_a"])},
    "thd": lambda g: {"thd": power.total_harmonic_distortion(g["harmonic_rms"])},
    "average_power_factor": lambda g: {"pf": power.average_power_factor(g["kwh"], g["kvarh"])},
    "co2": _co2,
    "tou_cost": _tou_cost,
    "tier_cost": _tier_cost,
    "demand_charge": _demand_charge,
}
"""Name of a function in the case file → inputs → outputs."""
