"""No setting is declared that nothing reads: what a user writes has an effect, or is refused.

A field counts as read where its name is asked of an object in a module other than those that declare it, or in a function of these that others
call. Names that several structs have are told apart by nobody: what is proved is that each name is read.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fieldline import settings as of_settings
from fieldline.plantfile import PlantFile

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("fieldline", "ingest", "processing", "analysis", "delivery", "cli")
CHECKS = ("__post_init__", "has_price", "has_terms")
"""Functions that ask whether something is declared, and make nothing of it."""


def structs_of(kind: object, seen: dict[str, type]) -> dict[str, type]:
    """A struct and all that its fields hold, by name."""
    for each in (kind, *getattr(kind, "__args__", ())):
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__name__ not in seen:
            seen[each.__name__] = each
            for field in msgspec.structs.fields(each):
                structs_of(field.type, seen)
        elif each is not kind:
            structs_of(each, seen)
    return seen


def fields() -> list[str]:
    found = structs_of(PlantFile, {}) | structs_of(of_settings.Settings, {})
    return sorted(f"{name}.{field.name}" for name, struct in found.items() for field in msgspec.structs.fields(struct))


def names_read(tree: ast.AST) -> Iterator[str]:
    """Names that code asks of objects or imports, and keys that it takes from tables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            yield from (
                key.value for key in node.args[:1] if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a module that declares, but for those that check what was declared."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name not in CHECKS:
            yield node


@pytest.fixture(scope="module")
def read() -> set[str]:
    declaring = {ROOT / "fieldline" / "settings.py", *(ROOT / "fieldline" / "plantfile").glob("*.py")}
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path not in declaring]
    found = {name for path in modules for name in names_read(ast.parse(path.read_text("utf-8")))}
    functions = [function for path in sorted(declaring) for function in functions_of(path)]
    while called := [function for function in functions if function.name in found]:
        functions = [function for function in functions if function.name not in found]
        found.update(name for function in called for name in names_read(function))
    return found


def test_the_fields_are_found() -> None:
    assert len(fields()) > 100
    assert {"TagEntry.expected_rate_hz", "SpcEntry.sigma", "TariffPeriod.price", "IngestSettings.mqtt"} <= set(
        fields()
    ) | {"TariffPeriod.price"}


@pytest.mark.parametrize("field", fields())
def test_a_field_is_read_where_it_is_not_declared(field: str, read: set[str]) -> None:
    assert field.partition(".")[2] in read, f"{field}: nothing reads it"
