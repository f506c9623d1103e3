"""Every operator that is installed, held to what operators promise (see `operator_checks.py`)."""

from collections.abc import Callable

import pytest

from processing.operator import Operator
from processing.operators import known
from tests.contracts.codec_checks import check_manual
from tests.contracts.operator_checks import CHECKS

OPERATORS = known()
NAMES = [pytest.param(name, id=f"processing.operators.{name}") for name in OPERATORS]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_an_operator_keeps_its_promises(name: str, check: Callable[[Operator], None]) -> None:
    check(OPERATORS[name])


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_has_a_manual(name: str) -> None:
    check_manual(OPERATORS.manual(name))
