"""Which of an asset's tags tell what it draws: total, tariffs, phases, parts, what it feeds back, and in which order they are believed.

A gateway often sends the same energy several times: a total, its two tariffs, three phases, what was drawn today, and the power.
Added up they are a multiple of the truth. So each tag of energy or power is a *source*, alone or with its like, an asset's energy
comes from one source at each moment, and sources go before each other in this order where they are equally well observed:

| place | source | adds up |
|---|---|---|
| 1 | what the plant file names (`energy_tags` of the asset) | yes |
| 2 | a register of the total: `energy_kwh`, `total_power_import_kwh`, `1_8_0_kwh` | no |
| 3 | a register that starts over each day: `energy_today_kwh` | no |
| 4, 5 | registers of tariffs: `import_t1_kwh`, of phases: `energy_l1_kwh` | yes |
| 6, 7 | registers of the load: `load_kwh`, of the grid: `grid_kwh` | no |
| 8 – 13 | the same of interval energy | |
| 14 – 19 | the same of pulses | |
| 20 – 25 | the same of power | |
| 26 – 29 | parts, names that tell of something else than the whole: `heater1_kwh`; registers, intervals, pulses, power | yes |

Where a source does not add up and has several tags, that whose name comes first counts. What is fed back has the same order apart.
"""

from enum import IntEnum

from fieldline.units import Role, name_words, unit_of_name

_MAIN = frozenset("main mains mainmeter incomer hauptzaehler hauptzähler".split())


def is_main_meter(asset: str) -> bool:
    """Whether an asset's own name, the last level of its path, says that its meter measures the line as a whole."""
    return not _MAIN.isdisjoint(name_words(asset.rpartition("/")[2]))


class Share(IntEnum):
    """What of its asset's energy a tag tells, by its name; a higher number goes before a lower one."""

    GRID = 0
    LOAD = 1
    PHASE = 2
    TARIFF = 3
    DAY = 4
    TOTAL = 5
    PART = 6
    """Something else than the whole, see `source_of`."""


ADD_UP = frozenset({Share.PHASE, Share.TARIFF, Share.PART})
"""Shares of which all tags together are the whole."""

_SORTS = (
    frozenset({Role.ACTIVE_POWER, Role.REACTIVE_POWER}),
    frozenset({Role.ACTIVE_PULSE}),
    frozenset({Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL}),
    frozenset({Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER}),
)
"""Ways to tell of energy, the surest last."""

_WORDS_OF_SORTS = ("power", "pulses", "interval energy", "register")
_SHARES = len(Share) - 1  # of the whole: all but PART

DECLARED = 1 + len(_SORTS) * (_SHARES + 1)
"""The number of the source that the plant file names."""

_EXPORT = frozenset("export exported returned return ret feedin injection injected reverse sold backfeed".split())
_EXPORT_PAIRS = frozenset({("feed", "in"), ("to", "grid"), ("fed", "in"), ("2", "8")})
_TARIFFS = frozenset("t1 t2 t3 t4 ht nt tariff tariff1 tariff2 tariff3 tariff4 rate1 rate2 rate3 rate4 offpeak".split())
_PHASES = frozenset("l1 l2 l3 phase phase1 phase2 phase3 phasea phaseb phasec".split())
_DAY = frozenset("today daily day".split())
_WHOLE = frozenset(
    "energy aenergy power apower pulse pulses active act reactive total totals sum import imported consumption consumed usage "
    "used meter register counter reading electricity electric electrical positive forward overall cumulative lifetime main value "
    "actual instant instantaneous real current mean avg average delivered mains draw drawn input in interval delta lagging "
    "wirk bezug p q e from of the".split()
)
"""Words that say nothing but that it is the whole; with the words of units."""


def share_of(name: str) -> Share:
    """What of its asset's energy the tag tells, by its name."""
    words = name_words(name)
    if (obis := _obis(words)) is not None:
        return obis
    said = set(words) - _EXPORT
    for pair in _pairs_of_export(words):
        said -= set(pair)
    for shares, share in ((_TARIFFS, Share.TARIFF), (_PHASES, Share.PHASE), (_DAY, Share.DAY)):
        if said & shares:
            return share
    rest = said - _WHOLE - _units_of(name)
    if not rest:
        return Share.TOTAL
    if rest <= {"load", "home", "house"}:
        return Share.LOAD
    if rest <= {"grid", "net"}:
        return Share.TOTAL if said & {"import", "imported", "from"} else Share.GRID
    return Share.PART


def _obis(words: tuple[str, ...]) -> Share | None:
    """Of an OBIS code in the name (IEC 62056-61): 1.8.0 is the total, 1.8.1 and on its tariffs."""
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        if first in ("1", "2") and second == "8" and third.isdigit():
            return Share.TOTAL if third == "0" else Share.TARIFF
    return None


def _units_of(name: str) -> frozenset[str]:
    """The words at the name's end that are its unit."""
    return frozenset(name_words(name)[-1:]) if unit_of_name(name) is not None else frozenset()


def is_fed_back(name: str) -> bool:
    """Whether the name tells that the asset gives the energy instead of drawing it."""
    words = name_words(name)
    return not _EXPORT.isdisjoint(words) or bool(_pairs_of_export(words))


def _pairs_of_export(words: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    return _EXPORT_PAIRS & frozenset(zip(words, words[1:], strict=False))


def source_of(share: Share, role: Role, *, is_declared: bool = False) -> int:
    """The number of a tag's source, 0 for a role that is none of energy; a higher number goes before a lower one."""
    sort = next((place for place, roles in enumerate(_SORTS) if role in roles), -1)
    if sort < 0:
        return 0
    if is_declared:
        return DECLARED
    if share is Share.PART:
        return 1 + sort
    return 1 + len(_SORTS) + sort * _SHARES + share


def source_name(source: int) -> str:
    """What a source is called in rows and messages: `register`, `power of phases`."""
    if source == DECLARED:
        return "declared"
    if source <= len(_SORTS):
        return f"{_WORDS_OF_SORTS[source - 1]} of parts"
    sort, share = divmod(source - 1 - len(_SORTS), _SHARES)
    of = {Share.GRID: " of the grid", Share.LOAD: " of the load", Share.DAY: " of the day", Share.TOTAL: ""}
    return _WORDS_OF_SORTS[sort] + of.get(Share(share), f" of {Share(share).name.lower()}s")
