"""Every operator that is installed, and every form of a plant's own metrics, held to what operators promise (see `operator_checks.py`)."""

from collections.abc import Callable

import pytest

from processing.operator import Operator
from processing.operators import known
from tests.contracts.codec_checks import check_manual
from tests.contracts.operator_checks import CHECKS
from tests.contracts.operator_inputs import installed

OPERATORS = installed()
NAMES = [pytest.param(name, id=f"processing.operators.{name}") for name in known()]
OF_PLANT = [pytest.param(name, id=f"metric.{name}") for name in OPERATORS if name not in known()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", [*NAMES, *OF_PLANT])
def test_an_operator_keeps_its_promises(name: str, check: Callable[[Operator], None]) -> None:
    check(OPERATORS[name])


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_has_a_manual(name: str) -> None:
    check_manual(known().manual(name))
