"""What --help says is on by default."""

from pathlib import Path

import pytest

from cli.defaults import default_operators
from fieldline.errors import SettingsError
from processing.operators import default
from tests.contracts.distributions import importable, install

ACME = """from fieldline.catalogue import LEVELS, OWN, REV, Kind
from processing.operator import Operator
KIND = Kind("wear", "A kind.", (*LEVELS, "window"), (), "none", (("good_count", "1", "n", "n", OWN), REV))
COMPONENT = Operator(name="wear", emits=(KIND,), windows=("1h",), is_default={is_default})
"""
POINTS = {"fieldline.operators": {"wear": "acme_wear:COMPONENT"}}


def test_the_operators_on_by_default_are_those_that_processing_runs() -> None:
    assert default_operators() == list(default())


@pytest.mark.parametrize("is_default", [True, False])
def test_an_operator_of_another_distribution_is_among_them_where_it_says_so(is_default: bool, tmp_path: Path) -> None:
    install(tmp_path, "acme-wear", POINTS, {"acme_wear": ACME.format(is_default=is_default)})

    with importable(tmp_path):
        assert default_operators() == list(default())
        assert ("wear" in default_operators()) is is_default


def test_an_operator_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    install(tmp_path, "acme-wear", POINTS, {"acme_wear": "import no_such_module"})

    with importable(tmp_path), pytest.raises(SettingsError, match="'wear' .*can't be loaded: No module named"):
        default_operators()
