"""No component escapes the contract tests: what is collected here is compared with the files that end in `COMPONENT`."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from processing.operators import known
from tests.contracts.operator_checks import checks_of

ROOT = Path(__file__).parents[2]


def component_packages(root: Path) -> dict[str, list[Path]]:
    """The files of every package of which at least one file has a `COMPONENT`, by the package's name."""
    rooms = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    files = [file for room in rooms for file in sorted((root / room.rstrip("*")).rglob("*.py"))]
    folders = sorted({file.parent for file in files if file.name != "__init__.py" and has_component(file)})
    return {
        ".".join(folder.relative_to(root).parts): [
            file for file in files if file.parent == folder and file.stem != "__init__"
        ]
        for folder in folders
    }


def has_component(file: Path) -> bool:
    """Whether a file assigns `COMPONENT` at its top level."""
    return any(_is_component(node) for node in ast.parse(file.read_text("utf-8")).body)


def ends_in_component(file: Path) -> bool:
    """Whether that is the last thing it does."""
    return _is_component(ast.parse(file.read_text("utf-8")).body[-1])


def _is_component(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["COMPONENT"]


PACKAGES = component_packages(ROOT)
FILES = [
    pytest.param(package, file, id=f"{package}:{file.stem}") for package, files in PACKAGES.items() for file in files
]


@pytest.fixture(scope="module")
def met() -> dict[str, set[str]]:
    """The contract tests that each component is met by, by its dotted name, as pytest collects them."""
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/contracts"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    tests: dict[str, set[str]] = defaultdict(set)
    for test, name, check in re.findall(r"(?m)^(\S+)\[(\w+(?:\.\w+)+)(-\w+)?\]$", collected.stdout):
        tests[name].add(test + check)
    return tests


def test_the_kinds_are_those_that_are_known() -> None:
    assert set(PACKAGES) == {
        "delivery.sinks",
        "ingest.codecs",
        "models.tasks",
        "processing.operators",
        "processing.scoring.families",
    }, "a new kind of component: give it contract tests here"


@pytest.mark.parametrize(("package", "file"), FILES)
def test_every_file_of_a_kind_ends_in_its_component(package: str, file: Path) -> None:
    assert ends_in_component(file), f"{file}: what is no component belongs in another folder"


@pytest.mark.parametrize(("package", "file"), FILES)
def test_every_component_is_met_by_every_contract_test_of_its_kind(
    package: str, file: Path, met: dict[str, set[str]]
) -> None:
    kind = set().union(*(tests for name, tests in met.items() if name.rpartition(".")[0] == package))
    assert len(kind) > 5

    if package == "processing.operators":  # of which derived metrics are held to fewer: `checks_of`
        named = {check.__name__ for check in checks_of(known()[file.stem])}
        kind = {test for test in kind if "-" not in test or test.rpartition("-")[2] in named}
    assert met[f"{package}.{file.stem}"] == kind


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_what_is_met_is_what_is_there(package: str, met: dict[str, set[str]]) -> None:
    assert {name for name in met if name.rpartition(".")[0] == package} == {
        f"{package}.{file.stem}" for file in PACKAGES[package]
    }


def test_a_file_that_forgets_its_component_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.setuptools.packages.find]\ninclude = ["room*"]\n', "utf-8")
    (tmp_path / "room" / "kind").mkdir(parents=True)
    (tmp_path / "room" / "kind" / "right.py").write_text("COMPONENT = 1\n", "utf-8")
    (tmp_path / "room" / "kind" / "forgets.py").write_text("def decode(): ...\n", "utf-8")
    (tmp_path / "room" / "kind" / "goes_on.py").write_text("COMPONENT = 1\nprint()\n", "utf-8")

    (files,) = component_packages(tmp_path).values()

    assert {file.stem: ends_in_component(file) for file in files} == {"right": True, "forgets": False, "goes_on": False}
