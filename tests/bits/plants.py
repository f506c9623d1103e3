"""Plant files of the random plants: every kind of meter, state, count, chart, calendar and tariff, in two time zones a plant.

`PLANT` is filled in by `str.format`; braces of TOML's own are doubled.
"""

from fieldline.plantfile import RULES

PLANT = """\
time_zone = "UTC"

[[site]]
path = "works"
time_zone = "{zone}"

[[site]]
path = "annex"
time_zone = "{other_zone}"

[[line]]
path = "works/hall/line1"
output = "works/hall/line1/packer"

[[line]]
path = "works/hall/line2"
output = "works/hall/line2/drill"
meters = ["works/hall/line2/saw", "works/hall/line2/meter"]

[[asset]]
path = "works/hall/line1/press"
ideal_cycle_s = 0.7
microstop_s = 90.0
state_max_gap_s = 5000.0

[asset.tags.mode]
kind = "state"
codes = {{"0" = "off", "1" = "idle", "2" = "setup", "3" = "producing", "4" = "down", "5" = "standby"}}

[asset.tags.strokes]
kind = "total_count"
modulus = 1000.0
max_delta = 100.0

[asset.tags.force_kn.spc]
chart = "i_mr"
center = 50.0
sigma = 2.0
lsl = 45.0
usl = 58.0
target = 50.0
rules = {rules}

[[asset]]
path = "works/hall/line1/oven"
microstop_s = 400.0

[asset.tags.temp_c]
quantiles = true

[asset.tags.temp_c.spc]
chart = "xbar_r"
every = "15m"
n = 4
lsl = 170.0
usl = 190.0
center = 180.0
sigma = 2.0

[asset.tags.fan_rpm.spc]
chart = "xbar_s"
every = "15m"
center = 1200.0
sigma = 30.0

[asset.tags.draught_pa.spc]
chart = "xbar_r"
n = 2
center = 12.0
sigma = 1.0
rules = {rules}

[asset.tags.gas_m3_h.spc]
chart = "xbar_s"
every = "1h"
center = 40.0
sigma = 2.0
lsl = 30.0
usl = 50.0

[asset.tags.seal_c.spc]
chart = "xbar_s"
n = 3
limits = [
    {{product = "A", version = 1, center = 150.0, sigma = 2.0}},
    {{product = "A", version = 2, center = 151.0, sigma = 1.5}},
    {{product = "B", center = 148.0, sigma = 2.5}},
]

[[asset]]
path = "works/hall/line1/packer"
state_max_gap_s = 1000.0

[asset.tags.packed]
kind = "good_count"
counts_by = "interval"

[[asset]]
path = "works/hall/line1/meter"
state_of = "works/hall/line1/press"

[asset.tags.total]
unit = "MWh"
kind = "register"
modulus = 1.0
max_delta = 0.2
register_max_gap_s = "6h"

[[asset]]
path = "works/hall/line2/saw"
microstop_s = 30.0

[asset.tags.power_kw]
max_gap_s = 45.0
expected_rate_hz = 0.05
low = 0.0
high = 400.0

[asset.tags.feed_mm_s.spc]
every = "15m"
center = 5.0
sigma = 0.4

[asset.tags.coolant_c.spc]
chart = "xbar_r"
every = "1h"
n = 5
center = 25.0
sigma = 0.5
rules = {rules}

[asset.tags.speed_rpm.spc]
every = "1h"
ewma_lambda = 0.4
cusum_h = 4.0
limits = [{{product = "C", version = 3, center = 900.0, sigma = 20.0}}]

[[asset]]
path = "works/hall/line2/meter"
rated_power_kw = 300.0

[asset.tags.pulses]
kind = "pulse"
kwh_per_pulse = 0.25

[asset.tags.energy_kwh]
starts_over = "day"
expected_rate_hz = 0.01

[asset.tags.export_kwh]
confirm_readings = 2
confirm_s = 300.0
high = 90.0

[[asset]]
path = "works/hall/line2/drill"

[asset.tags.scrap_count]
starts_over = "any"

[asset.tags.rework_count]
confirm_readings = 2
confirm_s = 60.0

[[product]]
name = "A"
asset = "works/hall/line1/*"
ideal_cycle_s = 2.0

[[product]]
name = "B"
ideal_cycle_s = 1.5

[[product]]
name = "C"
asset = "works/hall/line2/drill"
ideal_cycle_s = 30.0

[[calendar]]
path = "works"
holidays = [{holiday}]

[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
breaks = [{{start = "09:00", end = "09:15"}}, {{start = "11:30", end = "12:00"}}]

[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:00"
breaks = [{{start = "18:00", end = "18:30"}}]

[[calendar.shift]]
name = "night"
start = "23:00"
end = "05:30"
breaks = [{{start = "01:00", end = "01:30"}}]

[calendar.rota]
anchor = 2026-03-28
pattern = ["early", "late", "night", ""]
crews = {{A = 0, B = 1, C = 2, D = 3}}

[[calendar.stop]]
from = "{stop_from}"
to = "{stop_to}"
reason = "stocktaking"

[[asset]]
path = "*/*/*/?*"

[asset.attribute_chart]
chart = "u"
every = "15m"
center = 0.3

[[asset]]
path = "*/*/line?"

[asset.attribute_chart]
chart = "laney_p"
center = 0.4
sigma_z = 1.5

[[asset]]
path = "*/*/*/saw*"

[asset.attribute_chart]
chart = "c"
every = "day"
center = 9.0

[[calendar]]
path = "annex/yard/line3"

[[calendar.shift]]
name = "only"
start = "07:30"
end = "19:45"

[[tariff]]
path = "works"
currency = "EUR"
price = 0.30
holidays = [{holiday}]
co2_kg_per_kwh = [
    0.34, 0.33, 0.33, 0.32, 0.33, 0.35, 0.38, 0.40, 0.39, 0.36, 0.33, 0.30,
    0.28, 0.28, 0.29, 0.32, 0.36, 0.41, 0.44, 0.45, 0.43, 0.40, 0.38, 0.36,
]

[[tariff.period]]
start = "22:37"
end = "06:00"
price = 0.18

[[tariff.period]]
start = "06:00"
end = "20:15"
days = ["sun", "holiday"]
price = -0.05

[[tariff]]
path = "annex"
co2_kg_per_kwh = 0.35
"""
_RULES = "[" + ", ".join(f'"{rule}"' for rule in RULES) + "]"


def plant_text(zone: str, other_zone: str, holiday: str, stop_from: str, stop_to: str) -> str:
    """The plant file with its zones, a holiday (`"2026-03-29"` with quotes, or nothing) and a planned stop, local times."""
    places = {"zone": zone, "other_zone": other_zone, "holiday": holiday, "stop_from": stop_from, "stop_to": stop_to}
    return PLANT.format(rules=_RULES, **places)
