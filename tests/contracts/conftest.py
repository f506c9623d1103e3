"""What tests of wrong components share."""

from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import Phase


@pytest.fixture
def first_failure() -> Iterator[None]:
    """The first failing example is enough; none is made smaller, which takes most of the time."""
    hypothesis.settings.register_profile("first failure", phases=[Phase.generate])
    before = hypothesis.settings._current_profile
    hypothesis.settings.load_profile("first failure")
    yield
    hypothesis.settings.load_profile(str(before))
