"""What every sink promises, as functions of a way to make one. Each raises AssertionError where the promise is broken.

`make` gives a new sink over the same real part each time. `test_sink_contract.py` calls all of `CHECKS` with each sink
that is installed.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from delivery.sinks import Outcome, Sink, SinkUnavailable
from fieldline.clock import SystemClock
from tests.delivery.metric_frames import labelled_rows, metric_rows

NAN = math.nan
REJECTED = frozenset({"unreadable", "type_conflict", "out_of_retention", "refused", "too_large"})
TOKEN = "contract:hunter2"
"""The token of a sink that is given one."""
Make = Callable[[], Sink]


@contextmanager
def _closing(make: Make) -> Iterator[Sink]:
    """A sink, closed at the end. Whatever it raises there or in a check breaks a promise."""
    try:
        sink = make()
        try:
            yield sink
        finally:
            sink.close()
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"the sink raises {type(error).__name__}: {error}") from error


def check_account(make: Make) -> None:
    """Every row offered is stored, rejected or empty."""
    now_ns = SystemClock().now_ns()
    energy = metric_rows(
        "energy", [now_ns, now_ns], ["p/h/l/a", "b"], None, ["1m", "1m"], active_energy_kwh=[1.0, NAN], rev=[0.0, NAN]
    )
    reading = metric_rows("reading", [now_ns] * 3, ["a", "b", "c"], ["t"] * 3, value=[1.0, math.inf, 3.0])
    with _closing(make) as sink:
        sink.open()
        assert _counts(sink.write([energy, reading])) == (3, 0, 2)


def check_labels_and_texts(make: Make) -> None:
    """Rows with labels and texts are stored, and one with a text alone too."""
    now_ns = SystemClock().now_ns()
    labels: dict[str, list[str | None]] = {"shift": ["early", None, "late"]}
    texts: dict[str, list[str | None]] = {"null_reason": ['planned "time" = 0, ', None, None]}
    rows = labelled_rows("oee", [now_ns] * 3, ["p/h/l"] * 3, labels, texts, oee=[NAN, 0.5, NAN])
    with _closing(make) as sink:
        assert _counts(sink.write([rows])) == (2, 0, 1)


def check_odd_names(make: Make) -> None:
    """Names that mean something to a database, and far values, are accounted for, each rejected one with its reason."""
    now_ns = SystemClock().now_ns()
    assets = ["a b/c,d/e=f", 'g"h/i\\j', "ä/日本/\u2028", "a/" + "x" * 300, "$x/{y}/%s"]
    values = [1e300, -0.0, 5e-324, 2.0**53, 1.0]
    rows = metric_rows("reading", [now_ns] * 5, assets, ["t,=\\ "] * 5, value=values)
    with _closing(make) as sink:
        outcome = sink.write([rows])
        assert sum(_counts(outcome)) == 5, f"5 rows offered: {outcome}"
        assert all(one.reason in REJECTED and one.detail and one.payload for one in outcome.rejected), outcome


def check_again(make: Make) -> None:
    """The same rows are taken again, by the same sink and by the next one."""
    rows = metric_rows("reading", [SystemClock().now_ns()], ["a"], ["t"], value=[1.0])
    with _closing(make) as sink:
        assert [_counts(sink.write([rows])) for _ in range(2)] == [(1, 0, 0)] * 2
    with _closing(make) as sink:
        assert _counts(sink.write([rows])) == (1, 0, 0)


def check_nothing_to_write(make: Make) -> None:
    """Nothing to write is fine."""
    with _closing(make) as sink:
        assert _counts(sink.write([])) == (0, 0, 0)


def check_open_and_close(make: Make) -> None:
    """A sink opens and closes as often as asked, and a write opens what is closed."""
    rows = metric_rows("reading", [SystemClock().now_ns()], ["a"], ["t"], value=[1.0])
    with _closing(make) as sink:
        sink.open()
        sink.open()
        sink.close()
        sink.close()
        assert _counts(sink.write([rows])) == (1, 0, 0)


def check_given_up(make: Make) -> None:
    """A write that is over stores all or raises SinkUnavailable; the same rows are taken afterwards."""
    rows = metric_rows("reading", [SystemClock().now_ns()], ["a"], ["t"], value=[1.0])
    with _closing(make) as sink:
        try:
            assert _counts(sink.write([rows], lambda: True)) == (1, 0, 0)
        except SinkUnavailable as error:
            assert str(error)
        assert _counts(sink.write([rows])) == (1, 0, 0)


def check_names(make: Make) -> None:
    """A sink names its group on the stream, and its target for a log line, without its token."""
    with _closing(make) as sink:
        assert re.fullmatch(r"deliver\.[a-z][a-z0-9_]*", sink.group), (
            f"a group such as deliver.store, got {sink.group!r}"
        )
        assert sink.target and sink.target.isprintable() and "hunter2" not in sink.target, (
            f"a target fit for a log line, got {sink.target!r}"
        )


CHECKS: tuple[Callable[[Make], None], ...] = (
    check_account,
    check_labels_and_texts,
    check_odd_names,
    check_again,
    check_nothing_to_write,
    check_open_and_close,
    check_given_up,
    check_names,
)


def _counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.stored, len(outcome.rejected), outcome.empty
