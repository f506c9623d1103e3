"""Every operator that is installed, and every form of a plant's own metrics, held to what operators promise (see `operator_checks.py`)."""

from collections.abc import Callable

import pytest

from processing.operator import Operator
from processing.operators import known
from tests.contracts.codec_checks import check_manual
from tests.contracts.operator_checks import OF_WINDOWS, checks_of
from tests.contracts.operator_inputs import installed

OPERATORS = installed()
NAMES = [pytest.param(name, id=f"processing.operators.{name}") for name in known()]
PROMISES = [
    *(
        pytest.param(name, check, id=f"processing.operators.{name}-{check.__name__}")
        for name in known()
        for check in checks_of(known()[name])
    ),
    *(
        pytest.param(name, check, id=f"metric.{name}-{check.__name__}")
        for name in OPERATORS
        if name not in known()
        for check in OF_WINDOWS
    ),
]


@pytest.mark.parametrize(("name", "check"), PROMISES)
def test_an_operator_keeps_its_promises(name: str, check: Callable[[Operator], None]) -> None:
    check(OPERATORS[name])


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_has_a_manual(name: str) -> None:
    check_manual(known().manual(name))
