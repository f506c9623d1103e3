"""Every family of models that is installed, held to what families promise; see `family_checks.py`."""

from collections.abc import Callable

import pytest

from processing.scoring.family import Family, families
from tests.contracts import family_checks
from tests.contracts.codec_checks import check_manual

FAMILIES = families()
NAMES = [pytest.param(name, id=f"processing.scoring.families.{name}") for name in FAMILIES]


@pytest.mark.parametrize("check", family_checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_a_family_keeps_its_promises(name: str, check: Callable[[Family], None]) -> None:
    check(FAMILIES[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_family_has_a_manual(name: str) -> None:
    check_manual(FAMILIES.manual(name))
