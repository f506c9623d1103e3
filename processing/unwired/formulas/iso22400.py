"""Key performance indicators of ISO 22400-2:2014, under the names and from the elements of the standard.

Arguments carry the standard's symbols, since an auditor compares them with its tables:

APWT, APAT
    Actual personnel work time and attendance time. [s]
AOET
    Actual order execution time, from start to end of an order. [s]
PBT
    Planned busy time, in which a machine may be used for orders. [s]
AUBT, AUPT, APT
    Actual unit busy time, processing time (with set-up) and production time (adding value). [s]
AUST, ADET, ADOT
    Actual unit set-up time, delay time and down time. [s] AUPT = APT + AUST, AUBT = AUPT + ADET, PBT = AUBT + ADOT.
PRI
    Planned run time per item. [s]
PQ, GQ, SQ, RQ, PSQ
    Produced, good, scrap and rework quantity, and planned scrap quantity. [pieces]
GP, IP
    Good parts at first pass, and inspected parts. [pieces]
EPC
    Equipment production capacity: the most that could be produced. [pieces]
CMT, PMT
    Corrective and planned maintenance time. [s]

All are numbers or arrays[…], 0 or more, taken element by element; what is outside is NaN. A ratio without its denominator
(no planned time, nothing produced) is NaN. Ratios are not clamped: one above 1 is a fact about the data.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


def worker_efficiency(APWT: ArrayLike, APAT: ArrayLike) -> Floats:
    """Worker efficiency, APWT / APAT [1]."""
    return divide(amount(APWT), amount(APAT))


def allocation_ratio(AUBT: ArrayLike, AOET: ArrayLike) -> Floats:
    """Allocation ratio, AUBT of all units that work on an order / AOET [1]."""
    return divide(amount(AUBT), amount(AOET))


def throughput_rate(PQ: ArrayLike, AOET: ArrayLike) -> Floats:
    """Throughput rate, PQ / AOET [pieces/s]."""
    return divide(amount(PQ), amount(AOET))


def allocation_efficiency(AUBT: ArrayLike, PBT: ArrayLike) -> Floats:
    """Allocation efficiency, AUBT / PBT [1]."""
    return divide(amount(AUBT), amount(PBT))


def utilization_efficiency(APT: ArrayLike, AUBT: ArrayLike) -> Floats:
    """Utilization efficiency, APT / AUBT [1]."""
    return divide(amount(APT), amount(AUBT))


def availability(APT: ArrayLike, PBT: ArrayLike) -> Floats:
    """Availability, APT / PBT [1]."""
    return divide(amount(APT), amount(PBT))


def effectiveness(PRI: ArrayLike, PQ: ArrayLike, APT: ArrayLike) -> Floats:
    """Effectiveness, PRI · PQ / APT: ideal time of what was produced over the time it took [1]."""
    return divide(amount(PRI) * amount(PQ), amount(APT))


def quality_ratio(GQ: ArrayLike, PQ: ArrayLike) -> Floats:
    """Quality ratio, GQ / PQ [1]."""
    return divide(amount(GQ), amount(PQ))


def oee_index(PRI: ArrayLike, GQ: ArrayLike, PBT: ArrayLike) -> Floats:
    """Overall equipment effectiveness index: availability · effectiveness · quality ratio = PRI · GQ / PBT [1].

    Cancelled as it stands, it is 0, not undefined, for planned time in which nothing was produced.
    """
    return divide(amount(PRI) * amount(GQ), amount(PBT))


def nee_index(AUPT: ArrayLike, PBT: ArrayLike, PRI: ArrayLike, GQ: ArrayLike, APT: ArrayLike) -> Floats:
    """Net equipment effectiveness index: AUPT / PBT · effectiveness · quality ratio; set-up counts as used [1].

    PQ cancels. 0, as for OEE, where nothing good was produced in planned time.
    """
    ideal, planned = amount(PRI) * amount(GQ), amount(PBT)
    index = divide(amount(AUPT), planned) * divide(ideal, amount(APT))
    return np.where((ideal == 0.0) & (planned > 0.0), 0.0, index)[()]


def setup_rate(AUST: ArrayLike, AUPT: ArrayLike) -> Floats:
    """Set-up rate, AUST / AUPT [1]."""
    return divide(amount(AUST), amount(AUPT))


def technical_efficiency(APT: ArrayLike, ADET: ArrayLike) -> Floats:
    """Technical efficiency, APT / (APT + ADET) [1]."""
    return divide(amount(APT), amount(APT) + amount(ADET))


def production_process_ratio(APT: ArrayLike, AOET: ArrayLike) -> Floats:
    """Production process ratio, APT of all units that work on an order / AOET [1]."""
    return divide(amount(APT), amount(AOET))


def actual_to_planned_scrap_ratio(SQ: ArrayLike, PSQ: ArrayLike) -> Floats:
    """Actual to planned scrap ratio, SQ / PSQ [1]."""
    return divide(amount(SQ), amount(PSQ))


def first_pass_yield(GP: ArrayLike, IP: ArrayLike) -> Floats:
    """First pass yield, GP / IP [1]."""
    return divide(amount(GP), amount(IP))


def scrap_ratio(SQ: ArrayLike, PQ: ArrayLike) -> Floats:
    """Scrap ratio, SQ / PQ [1]."""
    return divide(amount(SQ), amount(PQ))


def rework_ratio(RQ: ArrayLike, PQ: ArrayLike) -> Floats:
    """Rework ratio, RQ / PQ [1]."""
    return divide(amount(RQ), amount(PQ))


def comprehensive_energy_consumption(energy_kwh: ArrayLike, PQ: ArrayLike) -> Floats:
    """Comprehensive energy consumption, all energy of a production run / PQ [kWh/piece]."""
    return divide(amount(energy_kwh), amount(PQ))


def equipment_load_ratio(PQ: ArrayLike, EPC: ArrayLike) -> Floats:
    """Equipment load ratio, PQ / EPC [1]."""
    return divide(amount(PQ), amount(EPC))


def corrective_maintenance_ratio(CMT: ArrayLike, PMT: ArrayLike) -> Floats:
    """Corrective maintenance ratio, CMT / (CMT + PMT) [1]."""
    return divide(amount(CMT), amount(CMT) + amount(PMT))
