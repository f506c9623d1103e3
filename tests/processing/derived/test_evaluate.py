"""Values of expressions against Python's own arithmetic, number by number, which has no columns and no NaN."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.expressions import Statistic, Term, parse
from processing.derived.evaluate import evaluate, whys

A, B = Statistic("mean", "a"), Statistic("mean", "b")
NUMBERS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e-9, math.nan]), st.floats(-1e3, 1e3))
_CALLS: dict[str, Callable[..., float]] = {
    "abs": abs, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "floor": math.floor, "min": min, "max": max,
}  # fmt: skip


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["mean(a)", "mean(b)", "2", "0.5", "3"]))
    one, other, third = (draw(texts(depth - 1)) for _ in range(3))
    forms = [
        *(f"({one} {sign} {other})" for sign in ("+", "-", "*", "/")),
        f"({one}) ** {draw(st.integers(2, 4))}",
        f"-({one})",
        *(f"{name}({one})" for name in ("abs", "sqrt", "exp", "log", "floor")),
        f"min({one}, {other})",
        f"max({one}, {other}, {third})",
        *(f"({one} if {other} {sign} {third} else {other})" for sign in ("<", "<=", ">", ">=", "==", "!=")),
        f"({one} if {other} > 1 and not {third} < 0 or {one} == 2 else {third})",
    ]
    return draw(st.sampled_from(forms))


class Absent(Exception):
    """A number does not exist."""


def by_python(text: str, a: float, b: float) -> float:
    """NaN for whatever makes no finite number or is made of NaN."""

    def known(value: float) -> float:
        if math.isnan(value):
            raise Absent
        return value

    names = {"mean": known, "a": a, "b": b, **_CALLS}
    try:
        value = eval(text, {"__builtins__": {}}, names)  # the test's own text
    except (Absent, ArithmeticError, ValueError):
        return math.nan
    return float(value)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(texts(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_each_number_is_what_python_gives(text: str, pairs: list[tuple[float, float]]) -> None:
    columns: dict[Term, np.ndarray] = {A: np.array([a for a, _ in pairs]), B: np.array([b for _, b in pairs])}

    found = evaluate(parse(text), columns)

    for (a, b), value in zip(pairs, np.broadcast_to(found, len(pairs)).tolist(), strict=True):
        want = by_python(text, a, b)
        # Python does not look at what stands behind the first part of `and` and `or` that decides.
        if math.isfinite(value) or (math.isfinite(want) and " and " not in text):
            assert value == pytest.approx(want, rel=1e-9, abs=1e-12), (text, a, b)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(texts(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40), st.integers(0, 40))
def test_a_number_has_the_same_bits_wherever_it_stands(text: str, pairs: list[tuple[float, float]], cut: int) -> None:
    tree = parse(text)

    def of(some: list[tuple[float, float]]) -> bytes:
        a, b = (
            (np.array(column, np.float64) for column in zip(*some, strict=True)) if some else (np.empty(0), np.empty(0))
        )
        columns: dict[Term, np.ndarray] = {A: a, B: b}
        return np.broadcast_to(evaluate(tree, columns), len(some)).tobytes() if some else b""

    assert of(pairs) == of(pairs[:cut]) + of(pairs[cut:])


def test_what_does_not_exist_says_why() -> None:
    columns: dict[Term, np.ndarray] = {
        A: np.array([1.0, np.nan, 1.0, 1.0, 1e308]),
        B: np.array([2.0, 1.0, 0.0, np.nan, 1e-9]),
    }
    tree = parse("mean(a) / mean(b)")

    why, reasons = whys(tree, columns, evaluate(tree, columns))

    assert [reasons[code] if code >= 0 else "" for code in why.tolist()] == [
        "", "no mean(a)", "mean(b) is 0", "no mean(b)", "not a finite number",
    ]  # fmt: skip


def test_what_is_not_chosen_need_not_exist_but_the_condition_must() -> None:
    columns: dict[Term, np.ndarray] = {A: np.array([1.0, 5.0, np.nan]), B: np.array([np.nan, 2.0, 2.0])}

    found = evaluate(parse("mean(b) if mean(a) > 2 else 0"), columns)

    assert found.tolist()[:2] == [0.0, 2.0]
    assert math.isnan(found[2])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("phase_imbalance(230, 220, 225)", 5 / 225),  # NEMA MG 1: the largest deviation from the mean, over it
        ("harmonic_distortion(100, 3, 4)", 0.05),
        ("capacitor_kvar(100, 0.6, 0.8)", 100 * (8 / 6 - 6 / 8)),
        ("capacitor_kvar(100, 1.2, 0.8)", math.nan),
        ("harmonic_distortion(0, 3)", math.nan),
    ],
)
def test_functions_of_electricians_give_what_their_definitions_say(text: str, value: float) -> None:
    found = evaluate(parse(f"{text} + 0 * mean(a)"), {A: np.array([1.0, 2.0])})

    assert found.tolist() == pytest.approx([value, value], nan_ok=True)


def test_they_agree_with_the_recount() -> None:
    from analysis.recount.arithmetic import evaluated

    for text in (
        "phase_imbalance(231.4, 229.9, 224.2)",
        "harmonic_distortion(41, 2.5, 1.2, 0.4)",
        "capacitor_kvar(87.5, 0.71, 0.95)",
    ):
        assert evaluate(parse(f"{text} + 0 * mean(a)"), {A: np.array([1.0])})[0] == pytest.approx(
            evaluated(text), rel=1e-12
        )


def test_what_was_not_chosen_is_no_reason() -> None:
    node = parse("mean(a) if mean(b) > 0 else 1 / mean(c)")
    columns = {
        Statistic("mean", "a"): np.array([np.nan, np.nan, 1.0]),
        Statistic("mean", "b"): np.array([1.0, -1.0, np.nan]),
        Statistic("mean", "c"): np.array([0.0, 0.0, 0.0]),
    }

    why, reasons = whys(node, columns, evaluate(node, columns))

    assert [reasons[code] for code in why] == ["no mean(a)", "mean(c) is 0", "no mean(b)"]
