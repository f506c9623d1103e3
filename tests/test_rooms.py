"""Rooms, read from the imports themselves: those inside functions and under TYPE_CHECKING count like those at the top of a file."""

import tomllib
from itertools import pairwise
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]

STAGES = ("ingest.stage", "processing.stage", "delivery.stage")
VERBS = "cli.main"
SCANNED = (
    "cli.verbs",
    "processing.operators",
    "ingest.codecs",
    "delivery.sinks",
    "processing.scoring.families",
    "models.tasks",
)
"""Packages whose modules are found by name, so that no import statement leads to them."""


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    return grimp.build_graph(*packages, cache_dir=None)


def starting_points(imports: grimp.ImportGraph) -> set[str]:
    """The verbs, the stages, what is found by name, and what `python -m` runs."""
    scanned = {module for package in SCANNED for module in imports.find_children(package)}
    return {VERBS, *STAGES} | scanned | {module for module in imports.modules if module.endswith(".__main__")}


def reached(imports: grimp.ImportGraph) -> set[str]:
    """Every module that some starting point imports, by however many steps; a module brings the packages it lies in."""
    found: set[str] = set()
    waiting = list(starting_points(imports))
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        waiting += imports.find_modules_directly_imported_by(module)
        if package := module.rpartition(".")[0]:
            waiting.append(package)
    return found


def circles(imports: grimp.ImportGraph) -> set[tuple[str, ...]]:
    """Groups of modules each of which imports, by however many steps, all others of its group."""
    both = {
        module: frozenset(imports.find_downstream_modules(module) & imports.find_upstream_modules(module))
        for module in imports.modules
    }
    return {tuple(sorted(group | {module})) for module, group in both.items() if group - {module}}


def graph_of(*chain: str) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for module in chain:
        graph.add_module(module)
    for importer, imported in pairwise(chain):
        graph.add_import(importer=importer, imported=imported)
    return graph


def test_no_file_escapes_because_its_folder_is_no_package(imports: grimp.ImportGraph) -> None:
    packages = {module.partition(".")[0] for module in imports.modules}
    files = [file.relative_to(ROOT) for package in packages for file in (ROOT / package).rglob("*.py")]

    named = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}

    assert sorted(named ^ imports.modules) == []


def test_every_module_is_reached_from_a_verb_or_a_stage(imports: grimp.ImportGraph) -> None:
    assert sorted(imports.modules - reached(imports)) == []


def test_imports_run_in_no_circle(imports: grimp.ImportGraph) -> None:
    assert circles(imports) == set()


def test_a_circle_is_found_however_long_it_is() -> None:
    assert circles(graph_of("a", "b", "c", "a")) == {("a", "b", "c")}
    assert circles(graph_of("a", "b", "c")) == set()


@pytest.mark.parametrize("hidden", ["def late():\n    import {0}\n", "if typing.TYPE_CHECKING:\n    import {0}\n"])
def test_an_import_in_a_function_or_for_types_only_closes_a_circle(
    hidden: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ring_of_two"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("import ring_of_two.b\n")
    (package / "b.py").write_text("import typing\n" + hidden.format("ring_of_two.a"))
    monkeypatch.syspath_prepend(tmp_path)

    found = circles(grimp.build_graph("ring_of_two", cache_dir=None))

    assert found == {("ring_of_two.a", "ring_of_two.b")}
