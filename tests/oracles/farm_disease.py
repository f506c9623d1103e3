"""`farm_disease.json` by the project's own formulas."""

import math
from typing import Any

import numpy as np

from processing.formulas import disease

Case = dict[str, Any]


def _whole(values: Any) -> list[int]:
    return [int(value) for value in np.asarray(values).tolist()]


def tomcast_dsv(inputs: Case) -> Case:
    return {"dsv": _whole(disease.tomcast_severity(*np.transpose(inputs["hours_temp"])))}


def tomcast_accumulate(inputs: Case) -> Case:
    due, so_far, is_sprayed = list[int](), 0.0, False
    for day, value in enumerate(inputs["daily_dsv"]):
        so_far = float(disease.since_spray(so_far, value, is_sprayed))
        is_sprayed = so_far >= inputs["threshold"]
        due += [day] * is_sprayed
    return {"spray_day_index": due, "remaining": 0 if is_sprayed else int(so_far), "total": sum(inputs["daily_dsv"])}


def wallin_sv(inputs: Case) -> Case:
    return {"sv": _whole(disease.wallin_severity(*np.transpose(inputs["hours_temp"])))}


def blitecast_message(inputs: Case) -> Case:
    return {"message": _whole(disease.blitecast_message(*np.transpose(inputs["rfd_sv"])))}


def mills_scab(inputs: Case) -> Case:
    degf, hours = np.transpose(inputs["temp_f_hours"])
    return {"severity": [disease.SCAB[k] for k in _whole(disease.scab_severity(hours, (degf - 32.0) / 1.8))]}


def late_blight_period(inputs: Case) -> Case:
    coldest, humid = ([day[name] for day in inputs["days"]] for name in ("tmin", "hours_rh90"))
    found = {}
    for name, hours in (("smith", disease.SMITH_HOURS), ("hutton", disease.HUTTON_HOURS)):
        days = disease.is_blight_day(coldest, humid, hours)
        found[name] = bool((days[1:] * days[:-1]).any())
    return found


def gubler_thomas(inputs: Case) -> Case:
    index, days, found = math.nan, 0.0, []
    for run_hours in inputs["run_hours_per_day"]:
        index, days = (float(value) for value in disease.mildew_index(index, days, run_hours))
        found.append(None if math.isnan(index) else int(index))
    return {"index": found}


FUNCTIONS = {
    "tomcast_dsv": tomcast_dsv,
    "tomcast_accumulate": tomcast_accumulate,
    "wallin_sv": wallin_sv,
    "blitecast_message": blitecast_message,
    "mills_scab": mills_scab,
    "late_blight_period": late_blight_period,
    "gubler_thomas": gubler_thomas,
}
