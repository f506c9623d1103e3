"""What the model of a metric makes of its fields, worked out once more: which version is in force, and what its files say of the row.

Nothing here is shared with `processing/derived/scored.py` and `processing/timeline/holding.py`.
"""

from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

from analysis.recount.history import FAR, History
from analysis.recount.plain_models import Contribution, PlainModel
from analysis.recount.prices import MINUTE, entered_s, moment
from fieldline.errors import ModelError
from fieldline.event_kinds import CHAMPION, MODEL_ROLES, SHADOW, STOPS, VOID, version_of
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.models import SHADOW_PREFIX, VERSION_FIELD

MODEL = "@model"


class Scored(NamedTuple):
    """What a version of a role says of a row.

    number : None where none is in force; digest : of its files; outputs : the metric's fields, without those that were not worked out
    why : why they were not, or don't exist; features : what went in, by name; contributions : of its trees
    """

    model: str
    role: str
    number: int | None
    digest: str
    outputs: dict[str, float]
    why: str
    features: dict[str, float]
    contributions: list[Contribution]


class _Told(NamedTuple):
    """What an event says of a stretch of time; version : None where none scores; is_void : what was told of its beginning is taken back."""

    start: int
    end: int
    version: tuple[int, str] | None
    is_void: bool


def scored(history: History, entry: MetricEntry, asset: str, start: int, fields: Mapping[str, float]) -> list[Scored]:
    """Of each role that has a version, and of the champion in any case; fields : those of the metric's row, NaN where there is none."""
    if entry.model is None:
        return []
    found = [_scored(history, entry, (asset, role), start, fields) for role in MODEL_ROLES]
    return [one for one in found if one.role == CHAMPION or one.number is not None]


def outputs(scores: list[Scored]) -> dict[str, float]:
    """The fields of all roles."""
    return {name: value for one in scores for name, value in one.outputs.items()}


def _scored(
    history: History, entry: MetricEntry, who: tuple[str, str], start: int, fields: Mapping[str, float]
) -> Scored:
    assert entry.model is not None
    asset, role = who
    prefix = SHADOW_PREFIX if role == SHADOW else ""
    names, features = [*entry.model.output], {name: fields.get(name, nan) for name in entry.features}
    blank = dict.fromkeys((prefix + name for name in names), nan)
    told = in_force(history, entry.model_name, role, asset, start)
    if told is None:
        no_version = {prefix + VERSION_FIELD: nan} | blank
        return Scored(entry.model_name, role, None, "", no_version, "no version is in force", features, [])
    number, digest = told
    version = {prefix + VERSION_FIELD: float(number)}
    try:
        model = history.models.version(entry.model_name, number)
        if digest and not model.digest.startswith(digest):
            raise ModelError(f"its files have the digest {model.digest[:12]}…, the event names {digest}…")
        if fault := _fault(model, entry):
            return Scored(entry.model_name, role, number, model.digest, version | blank, fault, features, [])
        said, contributions = model.outputs(features)
    except ModelError as error:
        return Scored(entry.model_name, role, number, digest, version, str(error), features, [])
    made = {prefix + name: said[name] for name in names}
    return Scored(entry.model_name, role, number, model.digest, version | made, "", features, contributions)


def _fault(model: PlainModel, entry: MetricEntry) -> str:
    """Why the model is not one of this metric; "" where it is."""
    assert entry.model is not None
    has = [(name, entry.field[name].unit or "1") for name in entry.features]
    wants = [(one.name, one.unit) for one in model.document.features]
    gives = {(one.name, one.unit) for one in model.document.outputs}
    if has != wants or not {(name, one.unit) for name, one in entry.model.output.items()} <= gives:
        return "it is a model of other features, outputs or units"
    return ""


def in_force(history: History, model: str, role: str, asset: str, start: int) -> tuple[int, str] | None:
    """Number and the beginning of the digest of the version that scores an asset; what is told of itself is above what its line says."""
    for one in (asset, history.line):
        stretches = _stretches(history, one, f"{MODEL}/{model}{f'/{SHADOW}' if role == SHADOW else ''}")
        holds = [each for each in stretches if _minute(each.start) <= start < _minute(each.end)]
        if holds and holds[-1].version is not None:
            return holds[-1].version
    return None


def _stretches(history: History, asset: str, series: str) -> list[_Told]:
    """What counts of what events told, in order of its beginning: of one moment what was entered or told last."""
    counts: dict[int, tuple[tuple[int, int], _Told]] = {}
    for time, said in history.events(asset, series):
        told = _said(time, said)
        order = entered_s(said), time
        if told is not None and (told.start not in counts or counts[told.start][0] < order):
            counts[told.start] = order, told
    return [told for _, (_, told) in sorted(counts.items()) if not told.is_void]


def _said(time: int, said: Mapping[str, Any]) -> _Told | None:
    since, until = moment(said.get("from")), moment(said.get("until"))
    start, end = time if since is None else since, FAR if until is None else until
    if phase := str(said.get("phase") or "").lower():
        return _Told(start, FAR, None, phase == VOID) if phase == VOID or phase in STOPS else None
    number = version_of(said.get("version"))
    return None if number is None else _Told(start, end, (number, _digest(said.get("digest"))), False)


def _digest(told: object) -> str:
    """The digits that are compared, as many as a row could hold; "" where it is no digest, and any files will do."""
    found = told[:12].lower() if isinstance(told, str) else ""
    return found if len(found) == 12 and set(found) <= set("0123456789abcdef") else ""


def _minute(time: int) -> int:
    """The whole minute at or after a time."""
    return -(-time // MINUTE) * MINUTE
