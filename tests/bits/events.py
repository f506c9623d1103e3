"""Events of a random plant: states, corrections, counts, orders and products, among them some entered later than they hold."""

from collections.abc import Callable, Iterator
from random import Random

from tests.bits.arrivals import SECOND, Row, event
from tests.bits.readings import LINE1, LINE2, LINE3

_STATES = ("producing", "producing", "idle", "down", "setup", "starved", "planned_stop", "standby", "off", "dancing")
_MACHINES = (f"{LINE1}/press", f"{LINE1}/oven", f"{LINE2}/saw", f"{LINE2}/drill")
_HOUR_S = 3600


def events(random: Random, start: int, span_s: float) -> Iterator[Row]:
    """Rows of all events of the span."""
    for asset in (f"{LINE1}/oven", f"{LINE2}/drill"):
        yield from _now_and_then(random, start, span_s, 200, lambda at, asset=asset: state(random, asset, at))
    for asset in _MACHINES:
        yield from _now_and_then(random, start, span_s, 5000, lambda at, asset=asset: correction(random, asset, at))
        yield from _now_and_then(random, start, span_s, 4000, lambda at, asset=asset: count(random, asset, at))
    for asset in METERED:
        yield from _now_and_then(random, start, span_s, 6000, lambda at, asset=asset: meter(random, asset, at))
    for number, line in enumerate((LINE1, LINE2)):
        yield from orders(random, line, start, span_s, f"{number + 1}")
    yield from _now_and_then(random, start, span_s, 7000, lambda at: product(random, LINE3, at))


def _now_and_then(
    random: Random, start: int, span_s: float, mean_s: float, make: Callable[[int], Row]
) -> Iterator[Row]:
    second = random.uniform(0, mean_s)
    while second < span_s:
        yield make(start + round(second * 10) * SECOND // 10)
        second += random.expovariate(1 / mean_s)


def state(random: Random, asset: str, time: int) -> Row:
    """What a machine says of itself, now and then a word that nobody knows."""
    return event(asset, "state", time, state=random.choice(_STATES))


def correction(random: Random, asset: str, time: int) -> Row:
    """What somebody says that a machine did, often until when, often entered later."""
    said: dict[str, object] = {"state": random.choice(_STATES[:8])}
    if random.random() < 0.7:
        said["until"] = time / SECOND + random.choice([1, 30, 200, 3000])
    if random.random() < 0.5:
        said["recorded"] = _later(random, time)
    return event(asset, "correction", time, **said)


def count(random: Random, asset: str, time: int) -> Row:
    """Pieces that somebody counted or takes back."""
    pieces = {name: random.choice([1, 2, -1]) for name in ("good", "scrap", "rework") if random.random() < 0.6}
    return event(asset, "count", time, **(pieces or {"scrap": 1}))


METERED = {f"{LINE2}/meter": "energy_kwh", f"{LINE2}/drill": "good_count"}
"""A register and a counter of which events say that they were exchanged, or what they counted."""


def meter(random: Random, asset: str, time: int) -> Row:
    """That the meter of a tag was exchanged, or what it counted until a later time."""
    said: dict[str, object] = {"tag": METERED[asset], "recorded": _later(random, time)}
    form = random.choice(["exchanged", "new", "amount", "void"])
    if form == "exchanged":
        said |= {"old": random.choice([3.0, 500.0]), "new": random.choice([0.0, 7.0])}
    elif form == "new":
        said["new"] = random.choice([0.0, 7.0])
    elif form == "amount":
        said |= {"amount": random.choice([0.0, 2.0, 40.0]), "until": time / SECOND + random.choice([7, 60, 200, 3000])}
    else:
        said["phase"] = "void"
    return event(asset, "meter", time, **said)


def about(random: Random, row: tuple[str, str, int], value: float, *, may_withdraw: bool) -> Row:
    """What somebody says about the reading of an asset, tag and time: that it should have been `value`, or none; or that is taken back."""
    asset, tag, time = row
    said: dict[str, object] = {"tag": tag, "recorded": _later(random, time)}
    said |= random.choice(
        [{"value": value}, {"value": value}, {"phase": "withdrawn"}, {"phase": "void"}][: 4 if may_withdraw else 2]
    )
    return event(asset, "reading", time, **said)


def product(random: Random, line: str, time: int) -> Row:
    """What a line without orders makes from now on."""
    return event(line, "product", time, product=random.choice("AC"), phase=random.choice(["start", "start", "stop"]))


def spray(random: Random, asset: str, time: int) -> Row:
    """A field was sprayed, or that it was is taken back."""
    return event(asset, "spray", time, against="blight", **({"phase": "void"} if random.random() < 0.2 else {}))


def _later(random: Random, time: int) -> int:
    """When something was entered [s since 1970]."""
    return time // SECOND + random.randrange(60, 3 * _HOUR_S)


def orders(random: Random, line: str, start: int, span_s: float, prefix: str) -> Iterator[Row]:
    """One order after the other; some are never ended, some taken back, some moved to another time or product."""
    second, number = random.uniform(0, 1200), 0
    while second < span_s:
        number += 1
        said = {"order": f"{prefix}{number:03d}", "product": random.choice("ABC")}
        time = start + round(second * 10) * SECOND // 10
        length = random.uniform(200, 7000)
        yield event(line, "order", time, phase="start", **said)
        if random.random() < 0.7:
            yield event(line, "order", time + round(length) * SECOND, phase=random.choice(["stop", "complete"]), **said)
        if random.random() < 0.3:
            yield from _changed(random, line, time, said)
        second += length + random.choice([0, 0, 30, 900])


def _changed(random: Random, line: str, time: int, said: dict[str, str]) -> Iterator[Row]:
    """What was entered later about an order: it never was, made another product, or began at another time."""
    recorded = _later(random, time)
    what = random.choice(["void", "product", "moved"])
    if what == "product":
        yield event(line, "order", time, **{**said, "product": "B", "phase": "start", "recorded": recorded})
        return
    yield event(line, "order", time, phase="void", recorded=recorded, **said)
    if what == "moved":
        elsewhere = time + random.choice([-900, -61, 47, 1800]) * SECOND
        yield event(line, "order", elsewhere, phase="start", recorded=recorded, **said)
