"""The plant file of the simulated plant: what its operator would declare, so that a pipeline knows what the simulator goes by.

`examples/demo_plant.toml` is what this gives for two lines and the devices of `foreign/`; `fieldline demo` writes one beside its log.
"""

from collections.abc import Iterator

from ingest.simulator import press_health
from ingest.simulator.estate import declared
from ingest.simulator.foreign import UTILITIES
from ingest.simulator.foreign.dirty_meter import MAX_DELTA_KWH, DirtyMeter
from ingest.simulator.foreign.labeller import Labeller
from ingest.simulator.foreign.water_chiller import KWH_PER_M3_K, WaterChiller
from ingest.simulator.machines import SEAL_SIGMA_C
from ingest.simulator.plant import FIELD, SimulatedPlant
from ingest.simulator.schedule import BREAKS_S, DAY_S, MICROSTOP_S, PRODUCTS, SHIFT_S, SHIFTS, Product
from ingest.simulator.subgroups import CHARTED, SUBGROUP
from ingest.simulator.tariff import CO2_KG_PER_KWH, CURRENCY, DAY_PRICE, NIGHT_HOURS, NIGHT_PRICE
from ingest.simulator.vibration import BEARING, RATE_HZ, SHAFT_HZ

WORKERS = {"early": 4, "late": 4, "night": 3}
"""At a line, by shift: what `fieldline show labour` reads. Nothing of it is simulated."""
DEMAND_PRICE_PER_KW = 9.5
"""What a month's highest demand costs [currency/kW]. Nothing of it is simulated."""
DEPARTMENT = "department/pressing"
"""The path of the group of all lines with presses."""
_HEAD = """\
# The plant that `fieldline demo` and `fieldline simulate --foreign` play: lines of two presses, an oven and a packer, and devices of
# other makers. Made by ingest/simulator/plantfile.py from what the simulator goes by; examples/plant.toml explains every key.

time_zone = "UTC"
"""
_CHARTED = """\
# The packer's sealing jaws: five samples at the start of each minute make a subgroup. Limits are a product's own.
[[asset]]
path = "plant/*/*/packer"

[asset.tags.{tag}.spc]
chart = "xbar_s"
every = "1m"
n = {size}
rules = ["nelson1", "nelson2", "nelson5"]
"""


_CHILLER = """\
# ---- a calculated tag, and a metric of the plant's own
[[asset]]
path = "{asset}"

[asset.tags.heat_kw]
formula = "flow_m3_h * {factor} * (return_degc - supply_degc)"

[[metric]]
kind = "chiller"
asset = "{asset}"
windows = ["1m", "15m", "1h", "shift", "day"]
meaning = "How well a chiller works."
field.cop = {{ value = "mean(heat_kw) / mean(power_kw)", unit = "1", meaning = "coefficient of performance" }}
field.dt_k = {{ value = "mean(return_degc) - mean(supply_degc)", unit = "K", meaning = "by how much the water is cooled" }}
"""


def plant_file(plant: SimulatedPlant) -> str:
    """The plant file (TOML) of a simulated plant: lines, machines, products, shifts, control charts and the tariff."""
    charted = _CHARTED.format(tag=CHARTED, size=SUBGROUP)
    parts = [_HEAD, *_lines(plant), _machines(), charted, *_limits(), *_products(plant), *_calendar(), _tariff()]
    parts += [press_health.plant_file()] if plant.lines else []
    if plant.foreign:
        parts[1:1] = [*_topics()]
        parts += [*_foreign(plant), declared.plant_file(), *([_group(plant)] if plant.lines else [])]
    return "\n".join(parts)


def _lines(plant: SimulatedPlant) -> Iterator[str]:
    yield "# ---- lines: what leaves the packer is a line's output"
    for line in plant.lines:
        yield f'[[line]]\npath = "{line}"\noutput = "{plant.output_of(line)}"\n'


def _machines() -> str:
    return (
        "# ---- machines\n\n"
        f'[[asset]]\npath = "plant/*/*/*"\nmicrostop_s = {MICROSTOP_S}      # a shorter stop is lost speed\n\n'
        "# What the waveforms of the presses' main bearings are judged by.\n"
        '[[asset]]\npath = "plant/*/*/press*"\n\n[asset.machine]\niso_group = 2\nsupport = "rigid"\n'
        f'speed_rpm = {SHAFT_HZ * 60:g}\nbearing = "{BEARING}"\nrate_hz = {RATE_HZ:g}\n'
    )


def _limits() -> Iterator[str]:
    for product in PRODUCTS:
        yield (
            f"[[asset.tags.{CHARTED}.spc.limits]]\n"
            f'product = "{product.name}"\nversion = 1\ncenter = {product.seal_setpoint_c}\nsigma = {SEAL_SIGMA_C}\n'
        )


def _topics() -> Iterator[str]:
    yield "# ---- devices that speak otherwise; Sparkplug B needs no word\n"
    for preset, asset in (("packml", ""), ("tasmota", f"{UTILITIES}/{{device}}"), ("ttn", f"{FIELD}/{{device}}")):
        yield f'[[topic]]\npreset = "{preset}"\n' + (f'asset = "{asset}"\n' if asset else "")


def _foreign(plant: SimulatedPlant) -> Iterator[str]:
    """What must be known of the devices of other makers that their names don't tell."""
    yield "# ---- meters that are not always right, and a labeller that is a line of its own\n"
    for device in plant.foreign:
        if isinstance(device, Labeller):
            yield f'[[line]]\npath = "{device.line}"\noutput = "{device.asset}"\n'
        elif isinstance(device, DirtyMeter):
            modulus = f"modulus = {device.modulus_kwh}\n" if device.modulus_kwh else ""
            told = f"{modulus}max_delta = {MAX_DELTA_KWH}\n"
            yield f'[[asset]]\npath = "{device.asset}"\n\n[asset.tags.energy_kwh]\n{told}'
        elif isinstance(device, WaterChiller):
            yield _CHILLER.format(asset=device.asset, factor=KWH_PER_M3_K)


def _group(plant: SimulatedPlant) -> str:
    """Lines that answer to one foreman: those that press."""
    lines = ", ".join(f'"{line}"' for line in plant.lines)
    return f'# ---- a department: rows of its own, beside those of areas and sites\n[[group]]\npath = "{DEPARTMENT}"\nlines = [{lines}]\n'


def _products(plant: SimulatedPlant) -> Iterator[str]:
    yield "# ---- products: the shortest time of a piece\n"
    for product in PRODUCTS:
        ideal = _ideal_s(product) | ({"labeller": product.packer_ideal_s} if plant.foreign else {})
        for machine, ideal_s in ideal.items():
            yield f'[[product]]\nname = "{product.name}"\nasset = "plant/*/*/{machine}"\nideal_cycle_s = {ideal_s}\n'


def _ideal_s(product: Product) -> dict[str, float]:
    return {"press*": product.press_ideal_s, "oven": product.oven_ideal_s, "packer": product.packer_ideal_s}


def _calendar() -> Iterator[str]:
    yield "# ---- shifts\n"
    yield '[[calendar]]\npath = "plant"\n'
    for name, begin in SHIFTS:
        breaks = [(start, stop) for start, stop in BREAKS_S if (start - begin) % DAY_S < SHIFT_S]
        told = ", ".join(f'{{start = "{_clock(start)}", end = "{_clock(stop)}"}}' for start, stop in breaks)
        yield (
            f'[[calendar.shift]]\nname = "{name}"\nstart = "{_clock(begin)}"\nend = "{_clock(begin + SHIFT_S)}"\n'
            f"workers = {WORKERS[name]}\n"
            f"breaks = [{told}]\n"
        )


def _tariff() -> str:
    begin, end = NIGHT_HOURS
    factors = [", ".join(f"{factor:.2f}" for factor in CO2_KG_PER_KWH[n : n + 12]) for n in (0, 12)]
    return (
        "# ---- what energy costs and emits\n\n"
        f'[[tariff]]\npath = "plant"\ncurrency = "{CURRENCY}"\nprice = {DAY_PRICE}\n'
        f"demand_price_per_kw = {DEMAND_PRICE_PER_KW}     # of the month's highest quarter-hour: `fieldline show bill`, `show demand`\n"
        f"co2_kg_per_kwh = [\n    {factors[0]},\n    {factors[1]},\n]\n\n"
        f"[[tariff.period]]\nfrom_hour = {begin}\nto_hour = {end}\nprice = {NIGHT_PRICE}\n"
    )


def _clock(second: int) -> str:
    """A second of a day as a clock shows it."""
    minute = second % DAY_S // 60
    return f"{minute // 60:02d}:{minute % 60:02d}"
