"""Expressions of the plant file with numbers put in, and what these give by Python's own arithmetic.

Nothing here is shared with `processing/derived/evaluate.py`.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from math import acos, exp, floor, isfinite, log, nan, sqrt, tan
from statistics import fmean
from typing import cast

from fieldline.expressions import Apply, Node, Term, parse

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs, "sqrt": sqrt, "exp": exp, "log": log, "floor": floor, "min": min, "max": max,
    "phase_imbalance": lambda *phases: max(abs(one - fmean(phases)) for one in phases) / abs(fmean(phases)),
    "harmonic_distortion": lambda first, *above: sqrt(sum(one * one for one in above)) / abs(first),
    "capacitor_kvar": lambda kw, factor, wanted: kw * (tan(acos(factor)) - tan(acos(wanted))),
}  # fmt: skip
_SIGNS: dict[type, Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def with_numbers(text: str, values: Mapping[Term, float]) -> str:
    """An expression with numbers for all that it names, `nan` for what does not exist; values : by what it names."""
    return ast.unparse(_Numbers(values).visit(ast.parse(text.strip(), mode="eval")))


class _Numbers(ast.NodeTransformer):
    """Puts numbers in the place of what is named. What it is handed was parsed by `fieldline.expressions` before."""

    def __init__(self, values: Mapping[Term, float]) -> None:
        self._values = values

    def visit(self, node: ast.AST) -> ast.AST:
        """A number, or the node with its parts visited."""
        leaf = _leaf(node) if isinstance(node, ast.expr) else None
        value = self._values.get(leaf)  # type: ignore[arg-type]
        if value is not None:
            return ast.parse(repr(value), mode="eval").body
        if isinstance(node, ast.Compare) and isinstance(leaf, Apply) and leaf.name == "not":  # window.shift != "night"
            (said,) = leaf.arguments
            return ast.parse(f"not {self._values[cast(Term, said)]!r}", mode="eval").body
        if isinstance(node, ast.Call):  # a function's name may be a field's, too
            node.args = [cast(ast.expr, self.visit(argument)) for argument in node.args]
            return node
        return self.generic_visit(node)


def _leaf(node: ast.expr) -> Node | None:
    """What a part of an expression is by itself, however it is written; None: only with others it is something."""
    try:
        return parse(ast.unparse(node))
    except ValueError:
        return None


def evaluated(text: str) -> float:
    """What an expression of numbers gives; NaN where one of them is, where it divides by zero, or is no finite number."""
    try:
        value = float(_number(ast.parse(text, mode="eval").body))
    except (ArithmeticError, ValueError):
        return nan
    return value if isfinite(value) else nan


def _number(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.IfExp():
            return _number(node.body if _number(node.test) else node.orelse)
        case ast.UnaryOp():
            return float(_SIGNS[type(node.op)](_number(node.operand)))
        case ast.BinOp():
            return float(_OPERATORS[type(node.op)](_number(node.left), _number(node.right)))
        case ast.Compare(ops=[op], comparators=[right]):
            return float(_OPERATORS[type(op)](_number(node.left), _number(right)))
        case ast.BoolOp():
            values = [_number(value) != 0.0 for value in node.values]  # all of them: what is not there makes it unknown
            return float(all(values) if isinstance(node.op, ast.And) else any(values))
        case ast.Call(func=ast.Name(id=name)):
            return float(_FUNCTIONS[name](*map(_number, node.args)))
    raise ValueError(ast.unparse(node))  # `nan`: it does not exist
