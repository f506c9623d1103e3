"""What payloads and forms of time became, beside what a person would expect of them.

`payloads.json` and `timestamps.json` tell what devices send and not what is right; `payloads_judged.toml` and
`timestamps_judged.toml` beside them do, case by case, with a word why. Each payload is decoded as ingest does it, without a
plant file, a second after the present that stands in it.
"""

import base64
import tomllib
from collections.abc import Mapping

import msgspec

from fieldline.frames import Readings
from fieldline.moments import iso, parse_moment
from ingest.codecs import Problem
from ingest.decoder import decode_message
from tests.cases.cases import FOLDER, CaseFileError
from tests.cases.verdict import Outcome

_SECOND_NS = 1_000_000_000
_NOW_NS = parse_moment("2027-01-02T14:00:00Z", 0)
_PRESENT = {
    "NOWMS1": _NOW_NS // 1_000_000 - 60_000,
    "NOWS1": _NOW_NS // _SECOND_NS - 60,
    "NOWMS": _NOW_NS // 1_000_000,
    "NOWUS": _NOW_NS // 1000,
    "NOWNS": _NOW_NS,
    "NOWF": _NOW_NS / _SECOND_NS,
    "NOWS": _NOW_NS // _SECOND_NS,
}
"""What the words for the present stand for; longer ones first, for the shorter ones stand in them."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a case has to become. Other readings beside these are right too, unless `readings` and `texts` are empty.

    why : for people; at : the time of all readings, `now` for the present in the payload, `received` for the reception
    readings, texts : values by tag; at_of : times of tags that have another one
    problem : the reasons that the dead letter may have; empty: there is none
    count : how many readings the dead letter stands for; None: not looked at
    """

    why: str
    at: str = "received"
    readings: dict[str, float] = {}
    texts: dict[str, str] = {}
    at_of: dict[str, str] = {}
    problem: tuple[str, ...] = ()
    count: int | None = None


def became(name: str) -> list[Outcome]:
    """The outcome of each case of `payloads` or `timestamps`. Raises CaseFileError where a case is not judged."""
    raw = {case["id"]: case for case in msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())["cases"]}
    told = tomllib.loads((FOLDER / f"{name}_judged.toml").read_text(encoding="utf-8"))
    judgements = {case: msgspec.convert(entry, Judgement) for case, entry in told.items()}
    if raw.keys() != judgements.keys():
        raise CaseFileError(
            f"{name}_judged.toml: not the cases of {name}.json: {sorted(raw.keys() ^ judgements.keys())}"
        )
    return [_outcome(case, _message(raw[case]), judgements[case]) for case in raw]


def _message(case: Mapping[str, str]) -> tuple[str, bytes]:
    if "ts_as_json" in case:
        return "case/time/l1/m", f'{{"ts": {case["ts_as_json"]}, "p": 1}}'.encode()
    if case["encoding"] == "base64":
        return case["topic"], base64.b64decode(case["payload"])
    text = case["payload"]
    for word, value in _PRESENT.items():
        text = text.replace(word, str(value))
    return case["topic"], text.encode()


def _outcome(case: str, message: tuple[str, bytes], judgement: Judgement) -> Outcome:
    decoded = decode_message(*message, _NOW_NS + _SECOND_NS)
    found = _found(decoded.readings)
    faults = [*_missing(judgement, found), *_too_much(judgement, found, decoded.problem)]
    return Outcome(case, "", _expected(judgement), "; ".join(faults) or _shown(found, decoded.problem), not faults)


_Found = dict[str, list[tuple[int, float | str]]]


def _found(readings: Readings) -> _Found:
    """Time and value of the rows of each tag."""
    found: _Found = {}
    payloads = readings.payload or [None] * len(readings.time)
    for time, tag, value, payload in zip(readings.time, readings.tag, readings.value, payloads, strict=True):
        name = readings.tags[tag]
        found.setdefault(name, []).append((int(time), float(value) if payload is None else payload.decode()))
    return found


def _missing(judgement: Judgement, found: _Found) -> list[str]:
    texts = {f"@text/{tag}": text for tag, text in judgement.texts.items()}
    faults = []
    for tag, value in (judgement.readings | texts).items():
        at = _moment(judgement.at_of.get(tag.removeprefix("@text/"), judgement.at))
        rows = found.get(tag, [])
        if not any(abs(time - at) < 1000 and value == got for time, got in rows):
            got = (
                ", ".join(f"{value} at {iso(time)}" for time, value in rows)
                or f"not among {', '.join(found) or 'none'}"
            )
            faults.append(f"{tag}: {got}")
    return faults


def _too_much(judgement: Judgement, found: _Found, problem: Problem | None) -> list[str]:
    faults = []
    if not judgement.readings and not judgement.texts and found:
        faults.append(f"{len(found)} tags: {', '.join(found)}")
    if (problem.reason if problem else "") not in (judgement.problem or ("",)):
        faults.append(f"{problem.reason}: {problem.detail}" if problem else "no dead letter")
    elif problem and judgement.count not in (None, problem.readings):
        faults.append(f"a dead letter of {problem.readings}")
    return faults


def _moment(text: str) -> int:
    if text == "received":
        return _NOW_NS + _SECOND_NS
    return _NOW_NS if text == "now" else parse_moment(text, _NOW_NS)


def _expected(judgement: Judgement) -> str:
    values = {**judgement.readings, **judgement.texts}
    shown = ", ".join(f"{tag}={value}" for tag, value in values.items())
    refused = f"refused: {' or '.join(judgement.problem)}" if judgement.problem else ""
    return "; ".join(filter(None, (f"{shown} at {judgement.at}" if shown else "", refused))) or "nothing"


def _shown(found: _Found, problem: Problem | None) -> str:
    rows = ", ".join(f"{tag}={rows[0][1]} at {iso(rows[0][0])}" for tag, rows in found.items())
    return "; ".join(filter(None, (rows, f"{problem.reason}: {problem.detail}" if problem else ""))) or "nothing"
