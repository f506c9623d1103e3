"""The catalogue's rows about energy: of an asset in a window, and of what was made with it."""

from fieldline.catalogue.metric import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind

_GHG = "GHG Protocol Scope 2 Guidance (WRI, 2015), location-based: activity · emission factor of its time"
_ENPI = "ISO 50006:2014, energy performance indicator as a ratio: energy over the relevant variable"
_STATES = "ISO 20140-5:2017, energy of a work unit by its state; ISO 22400-2:2014 for the states' times"

ENERGY = Kind(
    "energy",
    "What one asset drew in a window, from power, registers, interval energy or pulses; by what its machine did then, and what "
    "it cost and emitted.",
    (*LEVELS, "window"),
    ("shift", "product"),
    "share of the window that lies between samples not further apart than the tag's maximum gap (power 300 s, others an hour)",
    (
        (
            "active_energy_kwh",
            "kWh",
            "active energy, from the first of these that the window has. Registers: differences, with rollover and "
            "reset. Interval energy: sums. Pulses: sums times the constant. Power: trapezoid over event time, without "
            "intervals longer than the maximum gap",
            "Σ (Rᵢ − Rᵢ₋₁), or Σ Eᵢ, or k · Σ nᵢ, or Σ (Pᵢ₋₁ + Pᵢ) / 2 · Δtᵢ",
            "trapezoidal rule; resets count from zero, as Prometheus' counters have them",
        ),
        (
            "reactive_energy_kvarh",
            "kvarh",
            "reactive energy, by the same rules",
            "as active_energy_kwh",
            "as active_energy_kwh",
        ),
        (
            "apparent_energy_kvah",
            "kVAh",
            "apparent energy of the window's active and reactive energies; absent when one is unknown",
            "√(P² + Q²)",
            "power triangle, from energies",
        ),
        (
            "mean_power_kw",
            "kW",
            "mean active power of the window",
            "active_energy_kwh / hours of the window",
            "definition",
        ),
        (
            "peak_demand_kw",
            "kW",
            "largest mean power over a clock-aligned demand interval of 15 min in the window; in a shorter window the "
            "mean power of that window",
            "max over quarter-hours of energy / 0.25 h",
            "block interval demand: the interval's energy over its length",
        ),
        (
            "load_factor",
            "1",
            "how evenly the energy was drawn; absent without a peak",
            "mean_power_kw / peak_demand_kw",
            "IEEE Std 141-1993 (Red Book), load factor",
        ),
        (
            "power_factor",
            "1",
            "average power factor of the window's energies; absent when both are zero or one is unknown",
            "P / √(P² + Q²)",
            "power triangle, from energies",
        ),
        (
            "producing_energy_kwh",
            "kWh",
            "active energy drawn while the machine produced",
            "Σ energy · share of its time in the state",
            _STATES,
        ),
        (
            "idle_energy_kwh",
            "kWh",
            "active energy drawn while the machine was ready but did not produce: set up, waiting, down, or in a planned stop",
            "as producing_energy_kwh",
            _STATES,
        ),
        (
            "standby_energy_kwh",
            "kWh",
            "active energy drawn in standby: what rest still costs",
            "as producing_energy_kwh",
            _STATES,
        ),
        (
            "off_energy_kwh",
            "kWh",
            "active energy drawn while switched off; what is left of the energy, its machine's state is unknown for",
            "as producing_energy_kwh",
            _STATES,
        ),
        (
            "energy_cost",
            "tariff's",
            "cost of the active energy, each minute's at the price of its time; in the tariff's currency, absent without one",
            "Σ energyₘ · priceₘ",
            "time-of-use tariff of the plant file",
        ),
        (
            "co2_kg",
            "kg CO2e",
            "emissions of the active energy (scope 2), each minute's at the factor of its time; absent without factors",
            "Σ energyₘ · factorₘ",
            _GHG,
        ),
        (
            "coverage",
            "1",
            "share of the window that was observed, 0 to 1: that lies between samples not further apart than the tag's "
            "maximum gap",
            "Σ Δtᵢ / window",
            OWN,
        ),
        REV,
        RETRACTED,
    ),
    (ORDER_ID,),
)

ORDER = Kind(
    "order",
    "What was made and what it took: per machine and line, in each order and shift and in fixed windows.",
    (*LEVELS, "window"),
    ("shift", "product"),
    "the smaller of the shares of the window that energy and states were known in",
    (
        (
            "good_count",
            "1",
            "good pieces; of a line those of its declared output",
            "Σ steps of the counter",
            "ISO 22400-2:2014, GQ",
        ),
        ("scrap_count", "1", "pieces scrapped", "as good_count", "ISO 22400-2:2014, SQ"),
        ("total_count", "1", "pieces made", "as good_count; else good + scrap", "ISO 22400-2:2014, PQ"),
        (
            "active_energy_kwh",
            "kWh",
            "active energy; of a line the sum of its meters",
            "as energy.active_energy_kwh",
            OWN,
        ),
        (
            "energy_per_good_unit_kwh",
            "kWh",
            "energy that a good piece took; absent without good pieces",
            "active_energy_kwh / good_count",
            _ENPI,
        ),
        ("co2_per_good_unit_kg", "kg CO2e", "emissions a good piece", "co2_kg / good_count", _GHG),
        ("energy_cost_per_good_unit", "tariff's", "energy cost a good piece", "energy_cost / good_count", _ENPI),
        ("standby_energy_kwh", "kWh", "active energy drawn in standby", "as energy.standby_energy_kwh", _STATES),
        ("producing_time_s", "s", "time in production", "as oee.actual_production_time_s", "ISO 22400-2:2014, APT"),
        (
            "duration_s",
            "s",
            "how long the window is; of an order that goes on, so far",
            "end − start",
            "ISO 22400-2:2014, AOET",
        ),
        ("oee", "1", "overall equipment effectiveness in the window", "as oee.oee", "ISO 22400-2:2014, OEE index"),
        ("coverage", "1", "share of the window that was observed, 0 to 1", "min of the two shares", OWN),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)
