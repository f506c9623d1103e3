"""Components: found by name in a package and in other distributions, imported when asked for, refused by name."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from fieldline import components
from fieldline.errors import SettingsError
from tests.contracts.distributions import importable, install

GROUP = "fieldline.test_pieces"
COMPONENT = '"""A manual."""\nCOMPONENT = {}\n'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder on `sys.path` with the package `pieces`, in which are `one` (1) and `two` (2)."""
    (tmp_path / "pieces").mkdir()
    (tmp_path / "pieces" / "__init__.py").touch()
    with importable(tmp_path) as site:
        own(site, two="2", one="1")
        yield site


def own(site: Path, **values: str) -> None:
    for name, value in values.items():
        (site / "pieces" / f"{name}.py").write_text(COMPONENT.format(value), "utf-8")


def found() -> components.Components[int]:
    return components.found("pieces", int, group=GROUP)


def test_the_files_of_a_package_are_components_by_their_names(site: Path) -> None:
    assert dict(found()) == {"one": 1, "two": 2}
    assert list(found()) == ["one", "two"]
    assert found().manual("one") == "A manual."


def test_another_distribution_adds_one(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"three": "acme_three:COMPONENT"}}, {"acme_three": COMPONENT.format(3)})

    assert dict(found()) == {"one": 1, "three": 3, "two": 2}
    assert found().manual("three") == "A manual."


def test_names_are_known_without_importing_anything(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"three": "acme_three:COMPONENT"}}, {"acme_three": "1 / 0"})
    own(site, four="1 / 0")

    known = found()

    assert list(known) == ["four", "one", "three", "two"] and "three" in known and len(known) == 4
    assert known["one"] == 1
    assert not {"pieces.two", "pieces.four", "acme_three"} & sys.modules.keys()


def test_a_broken_distribution_is_named_when_its_component_is_asked_for(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"three": "acme_three:COMPONENT"}}, {"acme_three": "import no_such_thing"})

    with pytest.raises(
        SettingsError, match=r"'three' of the distribution acme-pieces 1\.0 \(acme_three:COMPONENT\)"
    ) as told:
        found()["three"]

    assert "ModuleNotFoundError: No module named 'no_such_thing'" in str(told.value)


def test_an_entry_point_to_nothing_names_its_distribution(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"three": "acme_three:COMPONENTS"}}, {"acme_three": COMPONENT.format(3)})

    with pytest.raises(SettingsError, match=r"acme-pieces 1\.0 .*can't be loaded: AttributeError"):
        found()["three"]


def test_a_component_of_another_kind_names_its_distribution(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"three": "acme_three:COMPONENT"}}, {"acme_three": COMPONENT.format("'3'")})

    with pytest.raises(SettingsError, match=r"acme-pieces 1\.0 .*expected COMPONENT to be int, got str"):
        found()["three"]


def test_a_name_that_two_distributions_give_names_both(site: Path) -> None:
    for name in ("acme-pieces", "other-pieces"):
        install(site, name, {GROUP: {"three": "acme_three:COMPONENT"}}, {"acme_three": COMPONENT.format(3)})

    with pytest.raises(SettingsError, match=r"two components are named 'three'") as told:
        found()

    assert "acme-pieces 1.0" in str(told.value) and "other-pieces 1.0" in str(told.value)


def test_a_name_that_fieldline_has_already_names_the_distribution(site: Path) -> None:
    install(site, "acme-pieces", {GROUP: {"one": "acme_one:COMPONENT"}}, {"acme_one": COMPONENT.format(3)})

    with pytest.raises(SettingsError, match=r"named 'one': Fieldline's own pieces\.one, and .*acme-pieces 1\.0"):
        found()


def test_a_file_without_a_component_is_named(site: Path) -> None:
    (site / "pieces" / "helpers.py").touch()

    with pytest.raises(SettingsError, match=r"pieces\.helpers: expected the file to end in COMPONENT"):
        found()["helpers"]


def test_an_unknown_name_is_told_with_what_there_is(site: Path) -> None:
    with pytest.raises(SettingsError, match=r"\$\.x: expected one of one, two, got 'tow', did you mean 'two'\?"):
        found().chosen("tow", "$.x")
    with pytest.raises(KeyError):
        found()["tow"]


def test_a_package_may_hold_components_of_several_kinds(site: Path) -> None:
    own(site, rows="lambda: 7")

    known = components.found("pieces", int, FunctionType, group=GROUP)

    assert {name for name, one in known.items() if isinstance(one, int)} == {"one", "two"}
    assert isinstance(known["rows"], FunctionType) and known["rows"]() == 7


def test_operators_are_found_in_the_same_way() -> None:
    from processing import operators

    known = components.found("processing.operators", operators.Operator, group="fieldline.operators")

    assert {"energy", "machine", "order", "raw", "spc", "telemetry"} <= set(known)
    assert all(operator.name == name for name, operator in known.items())


def test_choosing_one_imports_no_other_and_the_command_line_imports_none() -> None:
    program = (
        "import sys, cli.main\n"
        "def loaded(package): return sorted(name for name in sys.modules if name.startswith(package + '.'))\n"
        "assert not loaded('ingest.codecs') + loaded('delivery.sinks') + loaded('processing.operators')\n"
        "assert 'fieldline.components' not in sys.modules and 'importlib.metadata' not in sys.modules\n"
        "from delivery.sinks import sink_components\n"
        "sink_components()['local_store']\n"
        "assert loaded('delivery.sinks') == ['delivery.sinks.local_store'], loaded('delivery.sinks')\n"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert run.returncode == 0, run.stderr
