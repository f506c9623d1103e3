"""`farm_water.json` through the formulas of crop water and irrigation."""

from collections.abc import Callable
from typing import Any

from processing.formulas import crop_water, irrigation


def _soil(given: dict[str, Any]) -> dict[str, Any]:
    available = crop_water.available_mm(given["theta_fc"], given["theta_wp"], given["zr_m"])
    return {"taw": available, "raw": given["p"] * available}


def _taw_raw(given: dict[str, Any]) -> dict[str, Any]:
    return _soil(given) | {"depletion": crop_water.depletion_mm(given["theta_fc"], given["theta"], given["zr_m"])}


def _balance(given: dict[str, Any]) -> dict[str, Any]:
    soil, depletion, days = _soil(given), given["dr0"], []
    for day in given["days"]:
        ks = crop_water.stress(depletion, soil["taw"], soil["raw"])
        taken, into = ks * day["etc"], day.get("rain", 0.0) + day.get("irrig", 0.0)
        depletion, drained = crop_water.balance(depletion, into, taken, soil["taw"])
        days.append({"ks": ks, "etc_adj": taken, "dr_end": depletion, "dp": drained})
    return soil | {"days": days}


def _curve(given: dict[str, Any]) -> dict[str, Any]:
    stages = crop_water.Stages(*(float(given[f"l_{stage}"]) for stage in ("ini", "dev", "mid", "late")))
    curve = crop_water.Curve(given["kc_ini"], given["kc_mid"], given["kc_end"])
    return {"kc": crop_water.coefficient_at([float(day) for day in given["days"]], stages, curve)}


def _adjusted(given: dict[str, Any]) -> dict[str, Any]:
    climate = (given["u2"], given["rhmin"] / 100.0, given["h_m"])
    return {"kc": crop_water.adjusted_coefficient(given["kc_tab"], *climate)}


def _volume(given: dict[str, Any]) -> dict[str, Any]:
    return irrigation.application(*(given[name] for name in ("net_mm", "efficiency", "area_ha", "flow_m3_h")))._asdict()


def _drip(given: dict[str, Any]) -> dict[str, Any]:
    flow = irrigation.emitter_flow_mm_h(given["emitter_l_h"], given["emitters_per_m2"])
    return {"minutes": 60.0 * given["gross_mm"] / flow}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "water_balance": _balance,
    "kc_mid_adjust": _adjusted,
    "drip_minutes": _drip,
    "taw_raw": _taw_raw,
    "p_adjust": lambda given: {"p": crop_water.free_share(given["p_tab"], given["etc"])},
    "kc_curve": _curve,
    "irrigation_volume": _volume,
    "uniformity": lambda given: {
        "cu": irrigation.christiansen_uniformity(given["catch"]),
        "du_lq": irrigation.low_quarter_uniformity(given["catch"]),
    },
    "effective_rain_fao": lambda given: {"pe_mm": irrigation.effective_rain_of_month_mm(given["rain_mm_month"])},
}
"""Name of a function in the case file → inputs → outputs."""
