"""Training in tests, by one thread: on small tables threads wait for each other most of the time."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    import sklearn.ensemble  # noqa: F401  only libraries that are loaded are limited

    with threadpool_limits(1):
        yield
