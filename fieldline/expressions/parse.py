"""Expressions are written in Python's grammar, of which a short list is allowed. Nothing is ever evaluated by Python.

mean(cooling_kw) / mean(power_kw)                 a statistic of a tag, p95(…) too; a name that is none: mean("1.8.0")
energy.active_energy_kwh / line.oee.good_count    fields of metrics of the asset and of its line
mean(station.temp_degc) - mean(temp_degc)         of an asset that the metric names: [metric.assets] station = "…"
mean(quantity.temperature), last(role.state)      of the asset's only tag of a quantity or role
asset.area_m2, window.length_s                    what the plant file says of the asset, and how long the window is
maintenance.age_s                                 how long ago the asset was repaired or replaced
spray.age_s                                       how long ago it was sprayed
window.hour, window.weekday, window.day_number    by the clock of the line, where the window lies in one hour or day
window.working_share                              by its calendar
window.shift == "night"                           the shift, crew or product of which all of the window is
cop if mean(power_kw) > 1 else 0                  another field of the same metric; a choice
ewma(mean(pressure_bar), 0.2)                     a function that remembers, of values and numbers: `memories.py`
"""

import ast
import re
from functools import lru_cache
from keyword import iskeyword
from math import isfinite
from unicodedata import normalize

from fieldline.event_kinds import DONE
from fieldline.expressions.memories import MEMORIES, Constant
from fieldline.expressions.tree import (
    BY_NAME,
    BY_QUANTITY,
    BY_ROLE,
    LINE,
    OWN,
    QUANTILES,
    STATISTICS,
    WINDOW_NAMES,
    WINDOW_NUMBERS,
    Apply,
    Figure,
    Label,
    Length,
    Maintained,
    Node,
    Number,
    Own,
    Parameter,
    Remembered,
    Statistic,
)
from fieldline.tables import nearest
from fieldline.units import QUANTITIES, Role

FUNCTIONS = {
    "abs": 1,
    "sqrt": 1,
    "exp": 1,
    "log": 1,
    "floor": 1,
    "min": 2,
    "max": 2,
    "phase_imbalance": 2,
    "harmonic_distortion": 2,
    "capacitor_kvar": 3,
}
"""Functions of values, and how many arguments each has. `min` and `max` of one argument are statistics.

`floor(x)` : the next whole number that is not above x: the bin of a speed or a load
`phase_imbalance(a, b, c)` : of voltages or currents, the largest deviation from their mean over the mean (NEMA MG 1)
`harmonic_distortion(h1, h2, h3, …)` : what lies above the fundamental h1 over it, THD-F (IEEE Std 1459)
`capacitor_kvar(kw, factor, wanted)` : reactive power that lifts a power factor to the one that is wanted
"""

_MANY = frozenset({"min", "max", "phase_imbalance", "harmonic_distortion"})
"""Those that may have more."""

RESERVED = frozenset({LINE, "asset", "window", *DONE, BY_QUANTITY, BY_ROLE})
"""Words that are no names of assets in expressions."""

LONGEST = 1000
"""Signs of an expression at most."""

_HIGHEST_POWER = 8
_DEEPEST = 50
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_OF_TAGS = (*STATISTICS, *QUANTILES)
_ROLES = tuple(role.name.lower() for role in Role if role)


def is_writable(name: str) -> bool:
    """Whether an expression can name it: Python takes some signs for others, and some words for its own."""
    return name.isidentifier() and not iskeyword(name) and normalize("NFKC", name) == name


@lru_cache(4096)
def parse(text: str) -> Node:
    """The tree of an expression. Raises ValueError, with what was expected and what came, for what is no expression."""
    if len(text) > LONGEST:
        raise ValueError(f"expected an expression of at most {LONGEST} signs, got {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        shown = text if len(text) <= 60 else text[:60] + "…"
        raise ValueError(f"expected an expression, got {shown!r}: {error.msg} at sign {error.offset or 0}") from error
    except (ValueError, MemoryError, RecursionError) as error:  # NUL, or too deep for Python
        raise ValueError(f"expected an expression, got {text[:60]!r}: {error or type(error).__name__}") from error
    _check_depth(tree.body)
    _check_names(tree.body, text)
    return _node(tree.body)


def _check_depth(tree: ast.expr) -> None:
    """What follows calls itself for each part of a part."""
    left: list[tuple[ast.AST, int]] = [(tree, 1)]
    while left:
        node, depth = left.pop()
        if depth > _DEEPEST:
            raise ValueError(f"expected parts in parts at most {_DEEPEST} deep, got more")
        left += [(part, depth + isinstance(part, ast.expr)) for part in ast.iter_child_nodes(node)]


def _check_names(tree: ast.expr, text: str) -> None:
    """Python's grammar takes some signs for others, such as the micro sign for the Greek letter: a tag of that name is never found."""
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name not in text:
            raise ValueError(f'expected the name that is read as {name!r} in quotes, such as mean("temp_degc")')


def _node(node: ast.expr) -> Node:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _number(node)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call(node, name)
        case ast.Name(id=name):
            return Own(name)
        case ast.Attribute():
            return _named(node)
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="window"), attr=name),
            ops=[ast.Eq() | ast.NotEq() as op],
            comparators=[ast.Constant(value=str() as text)],
        ) if name in WINDOW_NAMES:
            said = Label(name, text)
            return said if isinstance(op, ast.Eq) else Apply("not", (said,), ast.unparse(node))
        case ast.UnaryOp(op=ast.UAdd()):
            return _node(node.operand)
        case ast.BinOp(op=ast.Pow()):
            return Apply("**", (_node(node.left), _power(node.right)), ast.unparse(node))
    name, parts = _operation(node)
    return Apply(name, tuple(map(_node, parts)), ast.unparse(node))


def _operation(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """The name of an operator, and what it is applied to. Raises ValueError for all that is not allowed."""
    match node:
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [node.left, node.right]
        case ast.UnaryOp(op=ast.USub() | ast.Not() as op):
            return "negative" if isinstance(op, ast.USub) else "not", [node.operand]
        case ast.BoolOp(op=op, values=values):
            return "and" if isinstance(op, ast.And) else "or", values
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _COMPARISONS[type(op)], [node.left, right]
        case ast.IfExp():
            return "if", [node.test, node.body, node.orelse]
    raise _unexpected(node, "numbers, + - * / **, comparisons, `a if b else c`, statistics of tags, fields of metrics")


def _number(node: ast.Constant) -> Number:
    try:
        number = float(node.value)  # type: ignore[arg-type]
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise ValueError("expected a finite number")
    return Number(number)


def _power(node: ast.expr) -> Number:
    value = node.value if isinstance(node, ast.Constant) else None
    if type(value) is not int or not 2 <= value <= _HIGHEST_POWER:
        raise _unexpected(node, f"a whole number from 2 to {_HIGHEST_POWER} after **")
    return Number(float(value))


def _call(node: ast.Call, name: str) -> Node:
    if name in _OF_TAGS and len(node.args) == 1:
        return _statistic(name, node.args[0])
    if name in _OF_TAGS and name not in FUNCTIONS:
        raise ValueError(f"{name}(…): expected one tag, such as {name}(temp_degc), got {len(node.args)} arguments")
    if name in MEMORIES:
        return _remembered(node, name)
    if name not in FUNCTIONS:
        known = (*_OF_TAGS, *FUNCTIONS, *MEMORIES)
        raise ValueError(f"{name}(…): expected one of {', '.join(dict.fromkeys(known))}{nearest(name, known)}")
    wanted, n = FUNCTIONS[name], len(node.args)
    more = name in _MANY
    if any(isinstance(argument, ast.Starred) for argument in node.args) or n < wanted or (n > wanted and not more):
        raise ValueError(f"{name}(…): expected {wanted} argument{'s' * (wanted > 1)}{' or more' * more}, got {n}")
    return Apply(name, tuple(map(_node, node.args)), ast.unparse(node))


def _remembered(node: ast.Call, name: str) -> Remembered:
    function, n = MEMORIES[name], len(node.args)
    if any(isinstance(argument, ast.Starred) for argument in node.args) or not function.least <= n <= function.most:
        raise ValueError(f"{name}(…): expected {function.written(name)}, got {n} arguments")
    values, behind = node.args[: len(function.values)], node.args[len(function.values) :]
    numbers, regime = behind[: len(function.constants)], behind[len(function.constants) :]
    constants = tuple(_constant(name, one, number) for one, number in zip(function.constants, numbers, strict=False))
    hidden: list[Node] = [Maintained("time_s")] * function.begins_anew
    hidden += [Length()] * function.by_length
    return Remembered(name, (*map(_node, [*values, *regime]), *hidden), constants, ast.unparse(node))


def _constant(name: str, called: Constant, node: ast.expr) -> float:
    value = _plain(node)
    if value is None:
        raise ValueError(f"{name}(…): {called.name}: expected {called}, as it stands, got {ast.unparse(node)[:60]!r}")
    if fault := called.fault(value):
        raise ValueError(f"{name}(…): {fault}")
    return value


def _plain(node: ast.expr) -> float | None:
    """A number as it stands, which may have a sign; None: it is something else."""
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _number(node).value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value) as operand) if type(value) in (int, float):
            return -_number(operand).value
    return None


def _statistic(name: str, node: ast.expr) -> Statistic:
    match node:
        case ast.Constant(value=str() as tag) | ast.Name(id=tag):
            return Statistic(name, tag)
        case (
            ast.Attribute(value=ast.Name(id=scope), attr=tag)
            | ast.Subscript(value=ast.Name(id=scope), slice=ast.Constant(value=str() as tag))
        ):
            return _scoped(name, scope, tag)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=scope), attr=by), attr=tag) if by in (
            BY_QUANTITY,
            BY_ROLE,
        ):
            return _scoped(name, by, tag)._replace(scope=scope)
    raise _unexpected(node, f"a tag in {name}(…), such as {name}(temp_degc), {name}(line.flow_m3h) or {name}('1.8.0')")


def _scoped(name: str, scope: str, tag: str) -> Statistic:
    if scope == BY_QUANTITY and tag not in QUANTITIES:
        raise ValueError(f"{name}({scope}.{tag}): expected a quantity, got {tag!r}{nearest(tag, QUANTITIES)}")
    if scope == BY_ROLE and tag not in _ROLES:
        raise ValueError(f"{name}({scope}.{tag}): expected a role of {', '.join(_ROLES)}, got {tag!r}")
    if scope in (BY_QUANTITY, BY_ROLE):
        return Statistic(name, tag, OWN, scope)
    if scope in RESERVED - {LINE}:
        raise ValueError(f"{name}({scope}.{tag}): {scope!r} has no tags")
    return Statistic(name, tag, scope, BY_NAME)


def _named(node: ast.Attribute) -> Node:
    names = ast.unparse(node).split(".")
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){1,2}", ".".join(names)):
        raise _unexpected(node, "a field of a metric, such as energy.active_energy_kwh or line.oee.good_count")
    match names:
        case ["window", name]:
            return _of_window(name)
        case [done, "age_s" | "time_s" as what] if done in DONE:
            return Maintained(what, done)
        case [done, other] if done in DONE:
            raise ValueError(f"{done}.{other}: expected {done}.age_s or {done}.time_s")
        case ["asset", name]:
            return Parameter(name)
        case [scope, "asset", name] if scope not in RESERVED - {LINE}:
            return Parameter(name, scope)
        case [kind, field] if kind not in RESERVED:
            return Figure(kind, field)
        case [scope, kind, field] if scope not in RESERVED - {LINE} and kind not in RESERVED:
            return Figure(kind, field, scope)
    raise ValueError(
        f"{'.'.join(names)}: expected a field of a metric (energy.active_energy_kwh), or a statistic of a tag (mean({'.'.join(names)}))"
    )


def _of_window(name: str) -> Node:
    if name in ("length_s", "start_s"):
        return Length(name)
    if name in WINDOW_NUMBERS:
        return Label(name)
    if name in WINDOW_NAMES:
        raise ValueError(f'window.{name}: expected it compared with a text, such as window.{name} == "a"')
    known = ("length_s", "start_s", *WINDOW_NUMBERS, *WINDOW_NAMES)
    raise ValueError(f"window.{name}: expected one of {', '.join(known)}{nearest(name, known)}")


def _unexpected(node: ast.AST, wanted: str) -> ValueError:
    return ValueError(f"expected {wanted}, got {ast.unparse(node)[:60]!r}")
