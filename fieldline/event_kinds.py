"""The events that are read, and what each says: what a sender checks, so that a slip is told before it counts.

Any other kind of event may be sent; it is kept, changes no metric, and is counted and named as such (`fieldline/unused.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, NamedTuple, TypeGuard

from fieldline.tables import nearest


class EventKind(NamedTuple):
    """A kind of event.

    needs : groups of attributes; an event has at least one of each. meaning : what it says, of its asset and from its time on
    also : attributes that it may have beside; every kind may have `recorded`
    """

    needs: tuple[tuple[str, ...], ...]
    meaning: str
    also: tuple[str, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that are read."""
        return (*(name for group in self.needs for name in group), *self.also, "recorded")


EVENT_KINDS: dict[str, EventKind] = {
    "state": EventKind((("state",),), "the machine is in this state", ("reason",)),
    "correction": EventKind(
        (("state",), ("until",)),
        "the machine was in this state until then, whatever it said itself",
        ("reason", "good", "scrap", "rework", "station"),
    ),
    "count": EventKind(
        (("good", "scrap", "rework"),), "so many pieces more, or less where negative", ("reason", "station")
    ),
    "order": EventKind((("order", "product"),), "the line begins or ends an order", ("phase",)),
    "product": EventKind((("product", "phase"),), "the line makes this product, where orders do not say it"),
    "reject": EventKind(
        (), "a piece was found bad, or `count` of them: why, for Pareto", ("count", "reason", "station")
    ),
    "meter": EventKind(
        (("tag",), ("new", "amount", "phase")),
        "the meter was exchanged: the old one showed `old` last, the new one `new` first; or it counted `amount` until then",
        ("old", "until", "reason"),
    ),
    "reading": EventKind(
        (("tag",), ("value", "phase")),
        "the reading of that tag and moment should have said this, or was none",
        ("reason",),
    ),
    "price": EventKind(
        (("price_per_kwh", "price_per_mwh", "phase"),),
        "what a kWh of its line costs from then on, or from `from` on until `until`; a list: in steps of `every_s`",
        ("from", "until", "every_s", "reason"),
    ),
    "failure": EventKind((), "the asset failed", ("mode", "component", "reason", "phase")),
    "repaired": EventKind((), "the asset works as before again", ("component", "reason", "phase")),
    "replaced": EventKind((), "the asset, or the component that wore, is new", ("component", "reason", "phase")),
    "confirmed": EventKind(
        (), "what was foretold of the asset was found to be so", ("mode", "component", "reason", "phase")
    ),
    "false_alarm": EventKind(
        (), "what was foretold of the asset was looked at, and was not so", ("mode", "reason", "phase")
    ),
    "spray": EventKind((), "the crop of the asset was sprayed", ("against", "reason", "phase")),
    "model": EventKind(
        (("model",), ("version", "phase")),
        "this version of a model scores the asset, or its whole line, from then on, or from `from` on until `until`",
        ("digest", "role", "from", "until", "reason"),
    ),
}

MAINTENANCE = ("failure", "repaired", "replaced", "confirmed", "false_alarm")
"""Kinds that tell what became of an asset: labels of what models learn."""

DONE = {"maintenance": ("repaired", "replaced"), "spray": ("spray",)}
"""What may have been done to an asset, of which expressions ask how long ago it was (`maintenance.age_s`), and the kinds that tell it."""

MODEL_ROLES = ("champion", "shadow")
"""What a version is to a model: the one that scores, which is meant where an event does not say it, and one that scores beside it."""
CHAMPION, SHADOW = MODEL_ROLES

HOLDING = frozenset({"@state", "@order", "@product", "@price", "@model"})
"""Tags of events that hold until the next one says something else: a broker may keep them for who comes later."""

NUMBERS = frozenset({"good", "scrap", "rework"})
"""Attributes that are numbers of pieces; `AMOUNTS` are numbers in their tag's unit."""
AMOUNTS = frozenset({"old", "new", "amount", "value"})
PRICES = ("price_per_kwh", "price_per_mwh")
"""Attributes that are prices, in the tariff's currency."""
SHORTEST_PRICE_S = 60
"""How long a price of a list holds at least: prices change at whole minutes."""
LONGEST_AMOUNT_S = 90_000
"""For how long a meter event says at most what was counted: 25 h, a local day that is long."""
TIMES = frozenset({"from", "until", "recorded"})
"""Attributes that are moments."""
TEXTS = frozenset(
    {"state", "reason", "order", "product", "phase", "station", "tag", "mode", "component", "model", "against"}
)
"""Attributes that are texts, also where a file holds numbers: `0012` is the name of an order."""
RESERVED = frozenset({"event", "ts", "timestamp", "seq", "quality"})
"""Keys beside an event's attributes."""

STOPS = frozenset({"stop", "end", "complete", "completed", "close", "closed"})
PAUSES = frozenset({"pause", "paused", "hold", "held", "suspend", "suspended"})
STARTS = frozenset({"start", "begin", "started", "resume", "resumed"})
VOID = "void"
"""Words for the phase of an order; what is void was entered by mistake. An order that pauses goes on with the product that it had."""
WITHDRAWN = "withdrawn"
"""Phase of an event about a reading that is none."""


def is_phase(word: str) -> bool:
    """Whether a word is a phase of an order; case makes no difference."""
    return word.lower() in STARTS | STOPS | PAUSES | {VOID}


class Odd(NamedTuple):
    """A part of an event that says nothing to any metric, while the rest counts.

    what : `attribute`, `number` or `event kind`; word : its name; came : what stood there; hint : what it may have been meant to be
    """

    what: str
    word: str
    came: str
    hint: str


def fault_of(kind: str, said: Mapping[str, Any]) -> str | None:
    """Why an event says nothing at all: what was expected and what came; None for one that can be used, and for kinds that nobody knows.

    A phase that is absent, null or empty is a start. The name of a state is not looked at: time in an unknown one is shown as such.
    """
    known = EVENT_KINDS.get(kind)
    if known is None:
        return None
    if kind in ("meter", "reading"):
        return _fault_of_tag(said) or (_fault_of_meter(said) if kind == "meter" else _fault_of_reading(said))
    if kind == "price":
        return _fault_of_price(said) or _fault_of_span(said)
    if kind == "model":
        return _fault_of_model(said) or _fault_of_span(said)
    phase = said.get("phase")
    if "phase" in known.attributes and (fault := _fault_of_phase(phase)) is not None:
        return fault
    if kind == "correction":
        return _fault_of_correction(said)
    # What is void takes back what was told of its moment, whatever that was.
    is_void = isinstance(phase, str) and phase.lower() == VOID
    for group in known.needs:
        if not is_void and not any(_is_usable(name, said.get(name)) for name in group):
            return f"expected {_wanted(group)}; got {_came(group, said)}"
    return None


def odd_parts(kind: str, said: Mapping[str, Any]) -> Iterator[Odd]:
    """What of an event no metric reads: its kind, or attributes by a name that the kind has not, or that should be numbers and are none."""
    known = EVENT_KINDS.get(kind)
    if known is None:
        yield Odd("event kind", kind, "", nearest(kind, EVENT_KINDS))
        return
    for name, value in said.items():
        if name not in known.attributes:
            yield Odd("attribute", f"{kind}.{name}", f"{value!r:.40}", nearest(name, known.attributes))
        elif name in NUMBERS and value is not None and not _is_usable(name, value):
            yield Odd("number", f"{kind}.{name}", f"{value!r:.40}", "")


def _fault_of_tag(said: Mapping[str, Any]) -> str | None:
    tag = said.get("tag")
    if not isinstance(tag, str) or not tag or tag.startswith("@"):
        got = "none" if tag is None else f"{tag!r:.40}"
        return f"tag: expected the name of the tag that it is about, got {got}"
    for name in sorted(AMOUNTS & said.keys()):
        if said[name] is not None and not (_is_number(said[name]) and isfinite(said[name])):
            return f"{name}: expected a number, got {said[name]!r:.40}"
    return None


def _fault_of_meter(said: Mapping[str, Any]) -> str | None:
    """A meter was exchanged, or counted an amount until a time, or what was said of this moment is void: one of the three."""
    forms = [name for name in ("new", "amount", "phase") if said.get(name) is not None]
    if len(forms) != 1:
        return f"expected one of new (with old), amount (with until) and phase {VOID}; got {' and '.join(forms) or 'none of them'}"
    if forms == ["phase"] and str(said["phase"]).lower() != VOID:
        return f"phase: expected {VOID}, got {said['phase']!r:.40}"
    if forms == ["amount"] and said.get("until") is None:
        return "until: expected the time until which the amount was counted, got none"
    return None


def _fault_of_reading(said: Mapping[str, Any]) -> str | None:
    phase = said.get("phase")
    if (said.get("value") is None) == (phase is None):
        came = "none of them" if phase is None else "both"
        return f"expected value, or phase {WITHDRAWN} or {VOID}; got {came}"
    if phase is not None and str(phase).lower() not in (WITHDRAWN, VOID):
        return f"phase: expected {WITHDRAWN} (it is no reading) or {VOID} (what was said of it is taken back), got {phase!r:.40}"
    return None


def _fault_of_price(said: Mapping[str, Any]) -> str | None:
    """A price, or a list of them, or that none of those told before holds from then on, or a mistake."""
    forms = [name for name in (*PRICES, "phase") if said.get(name) is not None]
    if len(forms) != 1:
        return f"expected one of {', '.join(PRICES)} and phase; got {' and '.join(forms) or 'none of them'}"
    told = said[forms[0]]
    if forms == ["phase"]:
        if str(told).lower() in STOPS | {VOID}:
            return None
        return f"phase: expected stop (the tariff's price holds from then on) or {VOID}, got {told!r:.40}"
    for number in told if isinstance(told, list) else [told]:
        if not (_is_number(number) and isfinite(number)):
            return f"{forms[0]}: expected a number, got {number!r:.40}"
    return _fault_of_list(forms[0], told, said) if isinstance(told, list) else None


def _fault_of_list(name: str, prices: list[Any], said: Mapping[str, Any]) -> str | None:
    every = said.get("every_s")
    if not prices:
        return f"{name}: expected a price, or a list of some, got an empty one"
    if not _is_number(every) or not SHORTEST_PRICE_S <= every <= LONGEST_AMOUNT_S:
        return f"every_s: expected for how long each price of the list holds, {SHORTEST_PRICE_S} to {LONGEST_AMOUNT_S} s, got {every!r:.40}"
    return None if said.get("until") is None else "until: expected none beside a list, which ends by itself"


def _fault_of_model(said: Mapping[str, Any]) -> str | None:
    """A version of a model, or that none scores from then on, or a mistake."""
    model, role = said.get("model"), said.get("role")
    if not isinstance(model, str) or not model.strip():
        return f"model: expected the name of a model, got {model!r:.40}"
    if role is not None and role not in MODEL_ROLES:
        return f"role: expected one of {', '.join(MODEL_ROLES)}, got {role!r:.40}"
    forms = [name for name in ("version", "phase") if said.get(name) is not None]
    if len(forms) != 1:
        return f"expected one of version and phase; got {' and '.join(forms) or 'none of them'}"
    if forms == ["phase"]:
        if str(said["phase"]).lower() in STOPS | {VOID}:
            return None
        return f"phase: expected stop (none scores from then on) or {VOID}, got {said['phase']!r:.40}"
    if version_of(said["version"]) is None:
        return f"version: expected a whole number from 1 on, got {said['version']!r:.40}"
    return None


def version_of(told: Any) -> int | None:
    """The number of a version, which may be told as a text; None where it is none."""
    if isinstance(told, str) and told.isdecimal():
        told = int(told)
    return int(told) if _is_number(told) and 0 < told < 2**53 and told == int(told) else None


def _fault_of_span(said: Mapping[str, Any]) -> str | None:
    for name in ("from", "until"):
        if said.get(name) is not None and not _is_usable(name, said[name]):
            return f"{name}: expected epoch seconds or ISO 8601 with a date; got {said[name]!r:.40}"
    return None


def _fault_of_phase(phase: Any) -> str | None:
    if phase is None or phase == "" or (isinstance(phase, str) and is_phase(phase)):
        return None
    words = (", ".join(sorted(group)) for group in (STARTS, PAUSES, STOPS))
    expected = f"a start ({next(words)}), a pause ({next(words)}), a stop ({next(words)}) or {VOID}"
    return f"phase: expected {expected}; got {phase!r:.40}"


def _fault_of_correction(said: Mapping[str, Any]) -> str | None:
    """Of a state, with or without an end, or of counts."""
    if not any(_is_usable(name, said.get(name)) for name in ("state", *NUMBERS)):
        counts = ", ".join(sorted(NUMBERS))
        return f"a correction says state, as a text, or {counts}, as a number; got {_came(('state', *NUMBERS), said)}"
    until = said.get("until")
    if until is not None and not _is_usable("until", until):
        return f"until: expected epoch seconds or ISO 8601 with a date; got {until!r:.40}"
    return None


def _wanted(group: tuple[str, ...]) -> str:
    kinds = {name: "a number" if name in NUMBERS else "a text" for name in group}
    return " or ".join(f"{name} ({kind})" for name, kind in kinds.items())


def _came(names: tuple[str, ...], said: Mapping[str, Any]) -> str:
    came = [f"{name} {said[name]!r:.40}" for name in names if said.get(name) is not None]
    others = [name for name in said if name not in names]
    return ", ".join(sorted(came)) or (f"only {', '.join(others)}"[:80] if others else "no attribute")


def _is_usable(name: str, value: Any) -> bool:
    """Whether the value of an attribute can be what its name says."""
    is_number = _is_number(value)
    if name in NUMBERS:
        return is_number
    is_text = isinstance(value, str) and bool(value.strip())
    if name in TIMES:
        return is_number or (is_text and _is_moment(value))
    return is_text or (is_number and name != "state")  # 4711 may be the name of an order, and no state is a number


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
