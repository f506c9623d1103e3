"""When a field wants water, and how much, by what its root zone lacks and what its crop takes (FAO-56, ch. 8; FAO Training Manual 4)."""

from typing import NamedTuple

import numpy as np

from processing.formulas import crop_water
from processing.formulas.division import Floats, divide
from processing.formulas.irrigation import application

WAITING_DAYS = 3.0


class Wants(NamedTuple):
    """Float64[n] each: what a field lacks and may lack without stress [mm], TAW [mm], and what its crop takes in a day to come [mm]."""

    depletion_mm: Floats
    readily_mm: Floats
    available_mm: Floats
    daily_mm: Floats


class System(NamedTuple):
    """Of an irrigation system, float64[n] each; NaN where nothing is said. most_mm : of water at the field, at once."""

    efficiency: Floats
    flow_m3_h: Floats
    power_kw: Floats
    most_mm: Floats
    area_ha: Floats


class Advice(NamedTuple):
    """What is advised, float64[n] each.

    days : until no water is left that the crop takes without stress, 0 where that is so; net_mm, gross_mm, volume_m3, hours, energy_kwh :
    of the irrigation that is due then; waiting_stress : K_s after `WAITING_DAYS` more days without water
    """

    days: Floats
    net_mm: Floats
    gross_mm: Floats
    volume_m3: Floats
    hours: Floats
    energy_kwh: Floats
    waiting_stress: Floats


def irrigation_advice(wants: Wants, system: System) -> Advice:
    """What is advised of fields; the root zone is filled up to field capacity, or as far as the system goes at once."""
    room = np.maximum(wants.readily_mm - wants.depletion_mm, 0.0)
    days = np.where(room == 0.0, 0.0, divide(room, wants.daily_mm))
    most = np.where(np.isnan(system.most_mm), np.inf, system.most_mm * system.efficiency)
    net = np.minimum(np.maximum(wants.depletion_mm, wants.readily_mm), most)
    given = application(net, system.efficiency, system.area_ha, system.flow_m3_h)
    later = wants.depletion_mm + WAITING_DAYS * wants.daily_mm
    waiting = crop_water.stress(later, wants.available_mm, wants.readily_mm)
    return Advice(days, net, given.gross_mm, given.volume_m3, given.hours, given.hours * system.power_kw, waiting)
