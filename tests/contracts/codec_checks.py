"""What every codec promises, as functions of a codec. Each raises AssertionError where the promise is broken.

`test_codec_contract.py` calls all of `CHECKS` with each codec that is installed.
"""

import math
import random
import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.frames import Quality, decode_readings, encode_readings
from fieldline.plant import Plant
from ingest.clocks import ClockPolicies
from ingest.codecs import Codec, Limits, Problem
from ingest.columns import to_readings
from ingest.deadletters import REASONS
from ingest.rows import Names, Row, Rows
from ingest.topics import TopicMap, check_name, check_topic

T = TypeVar("T")
RECEIVED_NS = 1_767_225_700_000_000_000
_TOPIC = b"site/area/line/press"
_EARLIER = ("earlier", "row", 1_767_225_600_000_000_000, 3.0)
_HOSTILE_LEVELS = 100_000
_NUMBER = re.compile(rb"-?\d[\d.]*")
_ODD = (
    b"nan",
    b"NaN",
    b"inf",
    b"-Infinity",
    b"1e999",
    b"-1",
    b"-0.0",
    b"null",
    b"",
    b"9" * 19,
    b"9" * 400,
    b"9" * 5000,
)
"""What stands in place of a number somewhere in the world, or should not."""
_fuzz = settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Seen(NamedTuple):
    """What came of a payload: (asset, tag, row) of each row; the reason and number of what was lost; whether all was refused."""

    rows: tuple[tuple[str, str, Row], ...]
    reason: str | None
    lost: int
    is_refused: bool


class Reader:
    """One topic's messages, read by one codec. Every payload is held to the rules that hold for any."""

    def __init__(self, codec: Codec) -> None:
        self._assets, self._tags = Names(), Names()
        self._route = TopicMap(Plant()).route(codec.topic.encode())
        self._route.options = codec.options() if codec.options is not None else None
        self._decode = codec.decode if codec.reader is None else codec.reader().decode

    def read(self, payload: bytes, limits: Limits | None = None) -> Seen:
        """What comes of a payload; in the rows stands an earlier row, of another message."""
        limits = limits or Limits()
        rows = Rows(self._assets, self._tags)
        asset, tag, time, value = _EARLIER
        rows.add(time, time, self._assets.number(asset), self._tags.number(tag), value)
        problem, is_refused = self._decoded(payload, rows, limits)
        assert problem is None or _is_told(problem), (
            f"{_shown(payload)}: a problem without reason, detail or count: {problem}"
        )
        _check_rows(rows, payload)
        taken = rows.take(1)
        assert len(taken) <= limits.max_values, (
            f"{_shown(payload)}: {len(taken)} rows, expected at most {limits.max_values}"
        )
        named = tuple((self._assets.texts[row.asset], self._tags.texts[row.tag], _anonymous(row)) for row in taken)
        lost = problem.readings if problem else 0
        return Seen(named, problem.reason if problem else None, lost, is_refused)

    def _decoded(self, payload: bytes, rows: Rows, limits: Limits) -> tuple[Problem | None, bool]:
        try:
            return self._decode(payload, self._route, RECEIVED_NS, rows, limits), False
        except PayloadError as error:
            rows.restore(1)
            return Problem(error.reason, error.detail), True
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:200]
            raise AssertionError(f"{_shown(payload)} raises {told}; expected PayloadError or none") from error


def check_samples(codec: Codec) -> None:
    """Every sample is read wholly, and its rows survive a frame."""
    assert codec.samples, "expected samples: the other checks are made of them"
    for sample in codec.samples:
        seen = Reader(codec).read(sample)
        assert seen.rows and seen.reason is None, f"the sample {_shown(sample)} gives {seen}"


def check_odd_numbers(codec: Codec) -> None:
    """In place of any number of a sample: not-a-number, infinities, nothing, more digits than a number can have."""
    for sample in codec.samples:
        for match in _NUMBER.finditer(sample):
            for odd in _ODD:
                Reader(codec).read(sample[: match.start()] + odd + sample[match.end() :])


def check_any_bytes(codec: Codec) -> None:
    """Whatever bytes come and whatever the limits are: rows with time and series, or PayloadError."""

    @_fuzz
    @given(_payloads(codec), _limits())
    def holds(payload: bytes, limits: Limits) -> None:
        seen = Reader(codec).read(payload, limits)
        if len(payload) > limits.max_payload_bytes:
            assert seen.reason == "size" and not seen.rows, f"{len(payload)} bytes over {limits}: {seen}"

    holds()


def check_size(codec: Codec) -> None:
    """A payload of the largest size is read, one byte more is refused with `size`."""
    for sample in codec.samples:
        allowed = Reader(codec).read(sample, Limits(max_payload_bytes=len(sample)))
        refused = Reader(codec).read(sample, Limits(max_payload_bytes=len(sample) - 1))
        assert allowed.rows and allowed.reason is None, f"{_shown(sample)} has the largest size: {allowed}"
        assert (refused.is_refused, refused.reason) == (True, "size"), f"{_shown(sample)} is too large: {refused}"


def check_values(codec: Codec) -> None:
    """A payload with more rows than are allowed is refused with `values`."""
    for sample in codec.samples:
        count = len(Reader(codec).read(sample).rows)
        seen = Reader(codec).read(sample, Limits(max_values=count - 1))
        assert (seen.is_refused, seen.reason) == (True, "values"), f"{count} values over {count - 1}: {seen}"


def check_depth(codec: Codec) -> None:
    """A payload that nests as deep as allowed is not refused for it, any deeper one is refused with `depth`."""
    if codec.nested is None:
        return
    for limits in (Limits(), Limits(max_depth=1)):
        assert Reader(codec).read(codec.nested(limits.max_depth), limits).reason != "depth"
        for levels in (limits.max_depth + 1, _HOSTILE_LEVELS):
            seen = Reader(codec).read(codec.nested(levels), limits)
            assert (seen.is_refused, seen.reason) == (True, "depth"), f"{levels} levels over {limits.max_depth}: {seen}"


def check_purity(codec: Codec) -> None:
    """What comes of a payload does not depend on what came before it, nor on when it is read.

    Of a codec that remembers: what comes of the same messages in the same order is the same.
    """
    if codec.reader is not None:
        for sample in codec.samples:
            twice = [
                [reader.read(payload) for payload in (sample, *codec.samples)]
                for reader in (Reader(codec), Reader(codec))
            ]
            assert twice[0] == twice[1], f"{_shown(sample)} and all samples, read twice, differ"
        return

    @_fuzz
    @given(st.lists(_payloads(codec), min_size=1, max_size=4))
    def holds(payloads: list[bytes]) -> None:
        alone = [Reader(codec).read(payload) for payload in payloads]
        reader = Reader(codec)
        together = [reader.read(payload) for payload in payloads]
        backwards = [reader.read(payload) for payload in reversed(payloads)][::-1]
        assert alone == together == backwards, f"{[_shown(payload) for payload in payloads]} depend on each other"

    holds()


def check_nothing_vanishes(codec: Codec) -> None:
    """Noise, and samples cut anywhere, give rows or a reason."""
    noise = random.Random(20260101)
    payloads = [noise.randbytes(noise.randint(8, 200)) for _ in range(500)]
    payloads += [sample[:end] for sample in codec.samples for end in range(1, len(sample))]
    for payload in payloads:
        seen = Reader(codec).read(payload)
        assert seen.rows or seen.reason, f"{_shown(payload)} gives no row and no reason"


def check_manual(manual: str) -> None:
    """The docstring of a component's file is its manual: a title in a sentence, and a sample."""
    assert len(manual) > 100 and manual.strip().count("\n") >= 2, f"expected a docstring with a sample, got {manual!r}"


CHECKS: tuple[Callable[[Codec], None], ...] = (
    check_samples,
    check_odd_numbers,
    check_any_bytes,
    check_size,
    check_values,
    check_depth,
    check_purity,
    check_nothing_vanishes,
)


# -- what holds for the rows of any payload


def _check_rows(rows: Rows, payload: bytes) -> None:
    shown, count = _shown(payload), len(rows)
    assert count == len(rows.tag) == len(rows.value) == sum(run[0] for run in rows.runs), f"{shown}: ragged columns"
    assert (rows.assets.texts[rows.runs[0][1]], rows.time[0], rows.value[0]) == (_EARLIER[0], *_EARLIER[2:]), (
        f"{shown} changes rows of the message before it"
    )
    for length, asset, received in rows.runs[1:]:
        assert length >= 0 and received == RECEIVED_NS, f"{shown}: a run of {length} rows received at {received}"
        assert 0 <= asset < len(rows.assets), f"{shown}: a row without an asset"
        _check_named(check_topic, rows.assets.texts[asset].encode(), shown)
    for row in range(1, count):
        _check_row(rows, row, shown)
    marked = rows.quality.keys() | rows.seq.keys() | rows.payload.keys()
    assert all(0 < row < count for row in marked), f"{shown}: marks rows that are not its own"
    _check_frame(rows, shown)


def _check_row(rows: Rows, row: int, shown: str) -> None:
    time, value = rows.time[row], rows.value[row]
    assert type(time) is int, f"{shown}: expected a time in whole nanoseconds, got {time!r}"
    assert type(value) in (int, float, bool) and math.isfinite(float(value)), (
        f"{shown}: expected a number, got {value!r}"
    )
    assert 0 <= rows.tag[row] < len(rows.tags), f"{shown}: a row without a tag"
    tag = rows.tags.texts[rows.tag[row]]
    assert tag.startswith("@") == (row in rows.payload), f"{shown}: tag {tag!r} and payload do not belong together"
    _check_named(check_name, tag.removeprefix("@text/").removeprefix("@"), shown)
    assert isinstance(rows.quality.get(row, Quality.GOOD), Quality), f"{shown}: {rows.quality[row]!r} is no quality"
    assert 0 <= rows.seq.get(row, 0) < 2**63, f"{shown}: sequence number {rows.seq[row]}"


def _check_named(check: Callable[[T], str], name: T, shown: str) -> None:
    try:
        check(name)
    except PayloadError as error:
        raise AssertionError(f"{shown}: a row whose series has no name: {error}") from error


def _check_frame(rows: Rows, shown: str) -> None:
    """What the clock policy leaves of the rows stands in a frame as it was."""
    kept = Rows(rows.assets, rows.tags)
    whole = rows.take(0)
    kept.put(whole)
    rows.put(whole)
    ClockPolicies(3600.0, math.nan).check(kept, 1, TopicMap(Plant()).route(_TOPIC), RECEIVED_NS)
    given = to_readings(kept)
    back = decode_readings(encode_readings(given))
    for before, after in zip(given, back, strict=True):
        same = np.array_equal(before, after) if isinstance(before, np.ndarray) else _listed(before) == _listed(after)
        assert same, f"{shown}: a frame gives back {after}, expected {before}"


def _listed(column: object) -> object:
    return list(column) if isinstance(column, (list, tuple, np.ndarray)) else column


def _is_told(problem: Problem) -> bool:
    return (
        problem.reason in REASONS and bool(problem.detail) and type(problem.readings) is int and problem.readings >= 1
    )


def _anonymous(row: Row) -> Row:
    """The row without the numbers of its names, which depend on what came before; a value by its bits."""
    return row._replace(asset=0, tag=0, value=float(row.value))


def _shown(payload: bytes) -> str:
    return repr(payload) if len(payload) <= 80 else f"{payload[:60]!r}… ({len(payload)} bytes)"


# -- payloads


def _limits() -> st.SearchStrategy[Limits]:
    small = st.builds(Limits, st.integers(0, 60), st.integers(0, 3), st.integers(0, 3))
    return st.one_of(st.just(Limits()), small)


def _payloads(codec: Codec) -> st.SearchStrategy[bytes]:
    """Noise, samples that were damaged, two samples run together, and the same few bytes over and over."""
    sample = st.sampled_from(codec.samples)
    piece = st.one_of(st.binary(min_size=1, max_size=4), sample.flatmap(_piece))
    repeated = st.builds(bytes.__mul__, piece, st.sampled_from([2, 30, 5000]))
    joined = st.builds(lambda first, glue, second: first + glue + second, sample, st.binary(max_size=2), sample)
    return st.one_of(st.binary(max_size=200), sample, sample.flatmap(_damaged), joined, repeated)


def _piece(sample: bytes) -> st.SearchStrategy[bytes]:
    start = st.integers(0, len(sample) - 1)
    return st.builds(lambda at, size: sample[at : at + size], start, st.integers(1, 12))


def _damaged(sample: bytes) -> st.SearchStrategy[bytes]:
    edit = st.tuples(st.integers(0, len(sample)), st.integers(0, 6), st.binary(max_size=6))
    return st.lists(edit, min_size=1, max_size=3).map(lambda edits: _edited(sample, edits))


def _edited(sample: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, removed, inserted in edits:
        sample = sample[:at] + inserted + sample[at + removed :]
    return sample
