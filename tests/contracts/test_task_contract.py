"""Every task that is installed, held to what tasks promise; see `task_checks.py`."""

from collections.abc import Callable

import pytest

from models.task import Task
from models.tasks import known
from tests.contracts import task_checks

TASKS = known()


@pytest.mark.parametrize("check", task_checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", [pytest.param(name, id=f"models.tasks.{name}") for name in TASKS])
def test_a_task_keeps_its_promises(name: str, check: Callable[[Task], None]) -> None:
    check(TASKS[name])


@pytest.mark.parametrize("name", [pytest.param(name, id=f"models.tasks.{name}") for name in TASKS])
def test_a_task_has_a_manual(name: str) -> None:
    assert len(TASKS.manual(name).split()) > 30
