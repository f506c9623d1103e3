"""`numbers.json`: an adapter for each shape of case. Its figures are the file's; what an adapter adds is how to ask for them.

Most cases are messages: `messages_of` makes a `Case` of each, at `numbers/<id>/l1`, so that all go through one pipe. Where the
file describes the input in words, the adapter's docstring says how they were read. What needs no pipe (calendars, tables) is
asked at once. Three cases can't be asked; `NOT_ASKED` says why.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from fieldline.plantfile import BreakEntry, CalendarEntry, ShiftEntry
from fieldline.shifts import Plan, ShiftCalendar, Site
from tests.cases.cases import Case, CaseFileError, Check, Message
from tests.cases.verdict import Outcome
from tests.integration.pipe_rig import fieldline

NOT_ASKED = {
    "malmquist-grifell-lovell": "deaR's data set Grifell_Lovell_1999 is not in the file",
    "limits-pb1-missing": "SixSigma's data set ss.data.pb1 is not in the file",
    "baseline-two-bills-in-a-month": "its right answer is a choice of two ways, and no figure",
}
_DAY = datetime(2026, 3, 2, tzinfo=UTC)
Raw = Mapping[str, Any]


def read_numbers(path: Path) -> tuple[Raw, ...]:
    """The raw cases of a file. Raises CaseFileError."""
    try:
        return tuple(msgspec.json.decode(path.read_bytes())["cases"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise CaseFileError(f"{path}: expected cases of numbers.json's format: {error!r}") from error


def messages_of(raw: Raw) -> Case | None:
    """The case as messages and checks; None where it is none for the pipe."""
    make = _MESSAGES.get(raw["id"])
    if make is None and not (isinstance(raw["input"], list) and isinstance(raw["right"], int | float)):
        return None
    messages, plant, checks = make(raw) if make else (_sent(raw, raw["input"]), raw["plant_toml"], [_asked(raw)])
    return Case(id=raw["id"], messages=tuple(messages), checks=tuple(checks), what=raw["what"], plant_toml=plant)


def worked_out(raw: Raw) -> list[Outcome] | None:
    """The outcomes of a case that needs no pipe; None where it is none of them."""
    make = _WORKED_OUT.get(raw["id"])
    return make(raw) if make else None


# -- what the messages of a case are made of


def _line(raw: Raw) -> str:
    return f"numbers/{raw['id']}/l1"


def _sent(raw: Raw, samples: list[dict[str, Any]], asset: str = "m") -> list[Message]:
    return [
        Message(
            topic=f"{_line(raw)}/{asset}",
            payload=json.dumps({key: value for key, value in sample.items() if key != "asset"}),
        )
        for sample in samples
    ]


def _asked(raw: Raw, value: float | None = None, **more: Any) -> Check:
    """The check of `query`, which is `kind window field`, for the day that the messages are of."""
    kind, window, field = raw["query"].split()
    told = {"kind": kind, "window": window, "field": field, "at": _iso(_DAY), "asset": f"{_line(raw)}/m"}
    if "maximum" not in more:
        told |= {"value": raw["right"] if value is None else value, "abs_tol": 1e-6}
    return Check(**(told | more))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _every(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    """The moments from `first` to `last`, both included where the step meets it."""
    while first <= last:
        yield first
        first += step


def _at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return _DAY + timedelta(hours=hour, minutes=minute, seconds=second)


_Made = tuple[list[Message], str, list[Check]]


def _moved(raw: Raw) -> _Made:
    """Messages of `plant/hall1/line1/m`, and what is declared of it, at the case's own line."""
    plant = raw["plant_toml"].replace("plant/hall1/line1", _line(raw))
    return _sent(raw, raw["input"]), plant, [_asked(raw)]


def _shift_counter(raw: Raw) -> _Made:
    """What the case says that it needs: that the counter starts over, as a shift's does."""
    plant = f'[[asset]]\npath = "{_line(raw)}/m"\n[asset.tags.good_count]\nstarts_over = "any"\n'
    return _sent(raw, raw["input"]), plant, [_asked(raw)]


def _hourly_register(raw: Raw) -> _Made:
    hours = [_asked(raw, 10.0, window="1h", at=_iso(_at(hour)), abs_tol=1e-3) for hour in range(1, 23)]
    return _sent(raw, raw["input"]), "", [*hours, _asked(raw, 10.0, field="peak_demand_kw", abs_tol=0.01)]


def _hourly_interval(raw: Raw) -> _Made:
    """The peak may be null too: hourly amounts need not tell one, but never a higher one."""
    return _sent(raw, raw["input"]), "", [_asked(raw, field="peak_demand_kw", maximum=10.000001)]


def _interval_price(raw: Raw) -> _Made:
    """14–22 h is a shift, the price that of a tariff; all in UTC."""
    line, right = _line(raw), raw["right"]
    plant = (
        f'[[tariff]]\npath = "{line}"\ncurrency = "EUR"\nprice = 0.30\n'
        "[[tariff.period]]\nfrom_hour = 22\nto_hour = 6\nprice = 0.18\n"
        f'[[calendar]]\npath = "{line}"\n[[calendar.shift]]\nname = "late"\nstart = "14:00"\nend = "22:00"\n'
    )
    late = _asked(raw, right["14-22 h kWh"], window="shift", at=_iso(_at(14)))
    cost = _asked(raw, right["cost of the day"], field="energy_cost")
    return _sent(raw, raw["input"]), plant, [_asked(raw, right["day kWh"]), cost, late]


def _newer_register(raw: Raw) -> _Made:
    """10 kW every 2 min from 00:00 to 23:58 and the two readings; the last 2 min are not observed, so half a kWh may be missing."""
    power = [{"ts": _iso(moment), "power_kw": 10.0} for moment in _every(_DAY, _at(23, 58), timedelta(minutes=2))]
    register = [{"ts": _iso(_at(23, 50)), "energy_kwh": 500.0}, {"ts": _iso(_at(23, 55)), "energy_kwh": 500.8333}]
    return _sent(raw, power + register), "", [_asked(raw, abs_tol=0.5)]


def _mixed_register(raw: Raw) -> _Made:
    """10 kW every minute from 08:00 to 12:00; a register of the same energy at 08:00, 09:01, 10:02 and 11:03."""
    power = [{"ts": _iso(moment), "power_kw": 10.0} for moment in _every(_at(8), _at(12), timedelta(minutes=1))]
    register = [{"ts": _iso(_at(8 + n, n)), "energy_kwh": 100.0 + 10.0 * 61 / 60 * n} for n in range(4)]
    day, peak = raw["right"]["day"], raw["right"]["peak"]
    checks = [_asked(raw, day, abs_tol=1e-3), _asked(raw, peak, field="peak_demand_kw", abs_tol=1e-3)]
    return _sent(raw, sorted(power + register, key=lambda sample: str(sample["ts"]))), "", checks


def _quarter_power(raw: Raw) -> _Made:
    """Of the two right answers the energy itself is asked for: the tag's rhythm is 15 min throughout."""
    return _sent(raw, raw["input"]), "", [_asked(raw, raw["right"]["either"])]


def _clock_change(raw: Raw) -> _Made:
    """1 kW every 5 min from local midnight to the next one, both included. Berlin has the tariff, Santiago none."""
    _, city, *day = raw["id"].split("-", 2)
    zone = {"Berlin": "Europe/Berlin", "Santiago": "America/Santiago"}[city]
    first = datetime.combine(date.fromisoformat(day[0]), datetime.min.time(), ZoneInfo(zone))
    first, last = (moment.astimezone(UTC) for moment in (first, first + timedelta(days=1)))
    power = [{"ts": _iso(moment), "power_kw": 1.0} for moment in _every(first, last, timedelta(minutes=5))]
    plant = f'[[site]]\npath = "numbers/{raw["id"]}"\ntime_zone = "{zone}"\n'
    checks = [_asked(raw, raw["right"]["day kWh"], at=_iso(first))]
    if raw["right"]["cost"] is not None:
        plant += (
            f'[[tariff]]\npath = "{_line(raw)}"\ncurrency = "EUR"\nprice = 0.30\n'
            "[[tariff.period]]\nfrom_hour = 22\nto_hour = 6\nprice = 0.18\n"
            '[[tariff.period]]\nfrom_hour = 12\nto_hour = 14\ndays = ["sun"]\nprice = -0.05\n'
        )
        checks.append(_asked(raw, raw["right"]["cost"], at=_iso(first), field="energy_cost"))
    return _sent(raw, power), plant, checks


def _corrections(raw: Raw) -> _Made:
    """State events on change; the short correction is entered after the long one. Maintenance is a planned stop."""
    events = [
        {"ts": _iso(_at(6)), "event": "state", "state": "producing"},
        {"ts": _iso(_at(12)), "event": "state", "state": "off"},
        *(
            {"ts": _iso(_at(begin)), "event": "correction", "state": state, "until": _iso(_at(end)), "recorded": _iso(_at(recorded))}
            for begin, end, state, recorded in ((7, 11, "maintenance", 13), (8, 9, "down", 14))
        ),
    ]  # fmt: skip
    fields = (
        ("planned_stop_time_s", raw["right"]["maintenance_s"]),
        ("actual_unit_down_time_s", raw["right"]["down_s (08-09)"]),
        ("actual_production_time_s", raw["right"]["producing_s"]),
    )
    told = {"kind": "oee", "window": "shift", "at": _iso(_at(6)), "asset": f"{_line(raw)}/m", "abs_tol": 1e-6}
    return _sent(raw, events), _morning(raw), [Check(field=field, value=value, **told) for field, value in fields]


def _morning(raw: Raw) -> str:
    """A calendar with one shift, 06–12 h."""
    shift = '[[calendar.shift]]\nname = "morning"\nstart = "06:00"\nend = "12:00"\n'
    return f'[[calendar]]\npath = "{_line(raw)}"\n{shift}'


def _running(raw: Raw) -> _Made:
    """06–12 h is a shift."""
    times = ((6, 0, 1), (8, 0, 0), (8, 30, 1), (12, 0, 0))
    samples = [{"ts": _iso(_at(hour, minute)), "running": value} for hour, minute, value in times]
    told = {"kind": "oee", "window": "shift", "at": _iso(_at(6)), "asset": f"{_line(raw)}/m", "abs_tol": 5e-5}
    return (
        _sent(raw, samples),
        _morning(raw),
        [Check(field="availability", value=raw["right"]["availability 06-12"], **told)],
    )


def _main_and_submeters(raw: Raw) -> _Made:
    """Registers, a good count and an order from 10:00 to 11:00; the line's output is declared, its meters are not."""
    line = _line(raw)
    messages = []
    for minute in range(0, 61, 10):
        for asset, step in (("main", 2.0), ("sub1", 1.2), ("sub2", 0.8)):
            sample = {"ts": _iso(_at(10, minute)), "energy_kwh": 100.0 + step * minute / 10}
            messages += _sent(raw, [sample], asset)
        messages += _sent(raw, [{"ts": _iso(_at(10, minute, -1)), "good_count": 2 * minute}], "m")
    order = {"event": "order", "order": "1"}
    messages += [
        Message(topic=line, payload=json.dumps({"ts": _iso(_at(hour)), "phase": phase, **order}))
        for hour, phase in ((10, "start"), (11, "stop"))
    ]
    told = {"kind": "production_order", "window": "order", "at": _iso(_at(10)), "asset": line, "abs_tol": 1e-6}
    kwh = Check(field="active_energy_kwh", value=raw["right"]["kwh"], **told)
    good = Check(field="energy_per_good_unit_kwh", value=raw["right"]["per good"], **told)
    return messages, f'[[line]]\npath = "{line}"\noutput = "{line}/m"\n', [kwh, good]


def _orders(raw: Raw) -> _Made:
    """Four lines, each +100 pieces and +1 kWh every 10 min from 05:00:30 to 09:00:30.

    plain: 06 to 08. twice: 06 to 07, stopped again at 08. wrongstop: another order is stopped at 07. repeat: started again
    every 10 min.
    """
    samples = [{"ts": _iso(_at(5, 10 * n, 30)), "good_count": 100 * n, "energy_kwh": 50.0 + n} for n in range(25)]
    phases: dict[str, list[tuple[datetime, str, str]]] = {
        "plain": [(_at(6), "1", "start"), (_at(8), "1", "stop")],
        "twice": [(_at(6), "1", "start"), (_at(7), "1", "stop"), (_at(8), "1", "stop")],
        "wrongstop": [(_at(6), "1", "start"), (_at(7), "2", "stop"), (_at(8), "1", "stop")],
        "repeat": [*((_at(6, 10 * n), "1", "start") for n in range(12)), (_at(8), "1", "stop")],
    }
    messages, checks = [], []
    for name, told in phases.items():
        line = f"numbers/{raw['id']}/{name}"
        messages += [Message(topic=f"{line}/m", payload=json.dumps(sample)) for sample in samples]
        for moment, order, phase in told:
            event = {"ts": _iso(moment), "event": "order", "order": order, "phase": phase}
            messages.append(Message(topic=line, payload=json.dumps(event)))
        asked = {
            "kind": "production_order",
            "window": "order",
            "at": _iso(_at(6)),
            "asset": f"{line}/m",
            "abs_tol": 1e-6,
        }
        for field, value in zip(("good_count", "active_energy_kwh"), raw["right"][name], strict=True):
            checks.append(Check(field=field, value=value, **asked))
    return messages, "", checks


# -- what needs no pipe


def _night_shifts(raw: Raw) -> list[Outcome]:
    """The calendar itself: how long the shift that begins on a day is, and how much of it is a planned stop.

    Both breaks are Berlin's, where the second one is skipped in March. Sydney has only the second, which it skips in October.
    """
    second = BreakEntry(start="02:15", end="02:45")
    breaks = {"Berlin": (BreakEntry(start="23:45", end="00:15"), second)}
    zones = {"Berlin": "Europe/Berlin", "Sydney": "Australia/Sydney", "Santiago": "America/Santiago"}
    outcomes = []
    for label, right in raw["right"].items():
        city, day = label.split()
        night = ShiftEntry(name="night", start="22:00", end="06:00", breaks=breaks.get(city, (second,)))
        calendar = ShiftCalendar(CalendarEntry(shift=(night,)), Site(zones[city]))
        evening = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(zones[city]))
        noon_ns = int((evening + timedelta(hours=23)).timestamp()) * 1_000_000_000
        shift = next(shift for shift in calendar.shifts(noon_ns, noon_ns + 1) if str(shift.day) == day)
        stop = _stop_minutes(calendar, shift.start_ns, shift.end_ns)
        got = f"{(shift.end_ns - shift.start_ns) / 3.6e12:g} h"
        if "stop" in right:
            got += f", stop {stop:g} min" if stop else ", stop 0"
        outcomes.append(Outcome(raw["id"], label, right, got, got == right))
    return outcomes


def _stop_minutes(calendar: ShiftCalendar, start: int, end: int) -> float:
    bounds, kinds = calendar.plan(start, end)
    return float(np.diff(bounds)[kinds == Plan.PLANNED_STOP].sum()) / 60e9


def _coelli(raw: Raw) -> list[Outcome]:
    """T. Coelli, Rao and Battese, An Introduction to Efficiency and Productivity Analysis, 1998, table 6.3: five firms, two inputs."""
    rows = ((1, 2, 5), (2, 2, 4), (3, 6, 6), (1, 3, 2), (2, 6, 2))
    lines = ["period,unit,output:y,input:x1,input:x2,price:y,cost:x1,cost:x2"]
    lines += [f"2026-01,{n},{y},{a},{b},1,{a},{b}" for n, (y, a, b) in enumerate(rows, 1)]
    document = _json_of(lines, "productivity")
    got = [unit["efficiency"] for unit in document["frontier"]]
    return _near(raw, "efficiency", raw["right"], got, 5e-5)


def _qic2(raw: Raw) -> list[Outcome]:
    """R's set.seed(1); rnorm(20), as its console prints them; two readings a minute make a subgroup."""
    numbers = (
        -0.6264538, 0.1836433, -0.8356286, 1.5952808, 0.3295078, -0.8204684, 0.4874291, 0.7383247, 0.5757814, -0.3053884,
        1.5117812, 0.3898432, -0.6212406, -2.2146999, 1.1249309, -0.0449336, -0.0161903, 0.9438362, 0.8212212, 0.5939013,
    )  # fmt: skip
    lines = ["time,x", *(f"{_iso(_DAY + timedelta(seconds=30 * n))},{x}" for n, x in enumerate(numbers))]
    outcomes = []
    for chart in ("xbar_r", "xbar_s"):
        found = _json_of(lines, "limits", "--tag", "x", "--chart", chart, "--every", "1m")
        for field, right in raw["right"].items():
            outcomes += _near(raw, f"{chart} {field}", [right], [found["limits"][field]], 5e-4)
    return outcomes


def _missing_rows(raw: Raw) -> list[Outcome]:
    """kWh = 10 + 0.5 · prod of the day, each hour of 90 days from 2026-01-01; prod goes 0 … 9 and again; the last 30 days are judged."""
    lines = ["time,kwh,prod"]
    for day in range(90):
        for hour in range(24):
            if day < 60 or hour not in (3, 15):
                moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)
                lines.append(f"{_iso(moment)},{10 + 0.5 * (day % 10)},{day % 10}")
    asked = (
        "--energy",
        "kwh",
        "--driver",
        "prod:mean",
        "--fit",
        "2026-01-01..2026-03-02",
        "--judge",
        "2026-03-02..2026-04-01",
    )
    found = _json_of(lines, "baseline", *asked)
    return _near(raw, "improvement", [raw["right"]["improvement"]], [found["judged"]["improvement"]], 1e-6)


def _json_of(lines: list[str], verb: str, *arguments: str) -> Any:
    """What a verb says of a table, as JSON."""
    with tempfile.TemporaryDirectory(prefix="fieldline-cases-") as name:
        table = Path(name) / "table.csv"
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return json.loads(fieldline(verb, str(table), *arguments, "--json", folder=Path(name), code=None))


def _near(raw: Raw, field: str, right: list[float], got: list[float], tolerance: float) -> list[Outcome]:
    pairs = list(zip(right, got, strict=False))
    is_right = len(right) == len(got) and all(
        isinstance(found, int | float) and abs(found - wanted) <= tolerance for wanted, found in pairs
    )
    return [Outcome(raw["id"], field, f"{right} ± {tolerance:g}", str(got), is_right)]


_MESSAGES: dict[str, Callable[[Raw], _Made]] = {
    "register-zero-glitch": _moved,
    "register-zero-glitch-maxdelta": _moved,
    "register-spike-up-maxdelta": _moved,
    "register-16bit-victron": _moved,
    "counter-shift-reset-first-reading-high": _shift_counter,
    "hourly-register-jitter": _hourly_register,
    "hourly-interval-peak": _hourly_interval,
    "interval-end-stamp-price": _interval_price,
    "register-newer-than-power": _newer_register,
    "mixed-register-61min": _mixed_register,
    "power-every-15-min": _quarter_power,
    "dst-Berlin-2026-03-29": _clock_change,
    "dst-Berlin-2026-10-25": _clock_change,
    "dst-Santiago-2026-04-04": _clock_change,
    "dst-Santiago-2026-09-06": _clock_change,
    "overlapping-corrections": _corrections,
    "running-bit-on-change": _running,
    "line-order-main-and-submeters": _main_and_submeters,
    "orders-basic": _orders,
}
_WORKED_OUT: dict[str, Callable[[Raw], list[Outcome]]] = {
    "dst-shifts": _night_shifts,
    "dea-coelli1998": _coelli,
    "limits-qic2": _qic2,
    "baseline-missing-rows": _missing_rows,
}
