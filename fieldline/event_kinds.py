"""The events that processing knows, and what each says: what a sender checks, so that a slip is told before it counts.

Any other kind of event may be sent; it is kept and shown, and changes no metric.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class EventKind(NamedTuple):
    """A kind of event.

    needs : groups of attributes; an event has at least one of each. meaning : what it says, of its asset and from its time on
    """

    needs: tuple[tuple[str, ...], ...]
    meaning: str


EVENT_KINDS: dict[str, EventKind] = {
    "state": EventKind((("state",),), "the machine is in this state"),
    "correction": EventKind(
        (("state",), ("until",)), "the machine was in this state until then, whatever it said itself"
    ),
    "count": EventKind((("good", "scrap", "rework"),), "so many pieces more, or less where negative"),
    "order": EventKind((("order", "product"),), "the line begins or ends an order"),
    "product": EventKind((("product", "phase"),), "the line makes this product, where orders do not say it"),
}

NUMBERS = frozenset({"good", "scrap", "rework"})
"""Attributes that are numbers [pieces]."""
TIMES = frozenset({"until", "recorded"})
"""Attributes that are moments."""
TEXTS = frozenset({"state", "reason", "order", "product", "phase", "station"})
"""Attributes that are texts, also where a file holds numbers: `0012` is the name of an order."""
RESERVED = frozenset({"event", "ts", "timestamp", "seq", "quality"})
"""Keys beside an event's attributes."""

STOPS = frozenset({"stop", "end", "pause", "complete", "completed", "close", "closed"})
STARTS = frozenset({"start", "begin", "started", "resume", "resumed"})
VOID = "void"
"""Words for the phase of an order; what is void was entered by mistake."""


def is_phase(word: str) -> bool:
    """Whether a word is a phase of an order; case makes no difference."""
    return word.lower() in STARTS | STOPS | {VOID}


def fault_of(kind: str, said: Mapping[str, Any]) -> str | None:
    """Why an event can't be taken: what was expected and what came; None for one that can, and for kinds that nobody knows.

    A phase that is absent, null or empty is a start. The name of a state is not looked at: time in an unknown one is shown as such.
    """
    if kind in ("order", "product"):
        return _fault_of_phase(said.get("phase"))
    if kind == "correction" and not _is_text(said.get("state")) and not any(map(_is_number, map(said.get, NUMBERS))):
        state = said.get("state")
        came = "none of them" if state is None else f"state {state!r:.40}"
        return f"a correction says state, as a text, or {', '.join(sorted(NUMBERS))}, as a number; got {came}"
    return None


def _fault_of_phase(phase: Any) -> str | None:
    if phase is None or phase == "" or (isinstance(phase, str) and is_phase(phase)):
        return None
    words = (", ".join(sorted(group)) for group in (STARTS, STOPS))
    return f"phase: expected a start ({next(words)}), a stop ({next(words)}) or {VOID}; got {phase!r:.40}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
