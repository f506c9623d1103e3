"""`farm_machinery_livestock.json` by the project's own formulas."""

from typing import Any

from processing.formulas import heat_stress, pumping, tractors

Case = dict[str, Any]


def thi(inputs: Case) -> Case:
    air = inputs["t"], inputs["rh"] / 100.0
    index = heat_stress.temperature_humidity_index(*air)
    return {
        "thi": index,
        "thi_mader2006": heat_stress.temperature_humidity_index_mader(*air),
        "class_72_79_89": heat_stress.CLASSES[int(heat_stress.stress_class(index))],
    }


def pump_efficiency(inputs: Case) -> Case:
    flow, head, electric = (inputs[name] for name in ("flow_m3_h", "head_m", "electric_kw"))
    each = pumping.energy_per_volume(flow, electric)
    return {
        "hydraulic_kw": pumping.hydraulic_power(flow, head),
        "wire_to_water": pumping.wire_to_water(flow, head, electric),
        "kwh_per_m3": each,
        "kwh_per_m3_per_m": each / head,
    }


def affinity(inputs: Case) -> Case:
    point = pumping.DutyPoint(*(inputs[name] for name in ("q", "h", "p_kw")))
    found = pumping.at_speed(point, inputs["n1"], inputs["n2"])
    return {"q2": found.flow_m3_h, "h2": found.head_m, "p2_kw": found.power_kw}


def tractor_fuel(inputs: Case) -> Case:
    load, rated = inputs["load_fraction"], inputs["rated_pto_kw"]
    fuel = tractors.diesel_fuel(load, inputs["speed_fraction"], rated)
    return {"l_per_h": fuel, "l_per_kwh": tractors.specific_fuel(fuel, load * rated)}


def field_capacity(inputs: Case) -> Case:
    return {"ha_per_h": tractors.field_capacity(*(inputs[name] for name in ("speed_kmh", "width_m", "efficiency")))}


def wheel_slip(inputs: Case) -> Case:
    return {"slip": tractors.wheel_slip(inputs["v_actual"], inputs["v_theoretical"])}


def engine_load(inputs: Case) -> Case:
    power = tractors.engine_power(inputs["torque_nm"], inputs["rpm"])
    return {"power_kw": power, "load_fraction": tractors.load_fraction(power, inputs["rated_kw"])}


FUNCTIONS = {
    "thi": thi,
    "pump_efficiency": pump_efficiency,
    "affinity": affinity,
    "tractor_fuel": tractor_fuel,
    "field_capacity": field_capacity,
    "wheel_slip": wheel_slip,
    "engine_load": engine_load,
}
