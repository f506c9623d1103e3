"""What a process does without, and what it lets go of."""

import importlib
import sys

import numpy as np
import pytest

from fieldline.memory import drop_code, hidden


def test_a_hidden_module_cannot_be_imported_inside_the_block_and_can_after_it() -> None:
    sys.modules.pop("wave", None)

    with hidden("wave"), pytest.raises(ImportError):
        importlib.import_module("wave")

    assert importlib.import_module("wave").__name__ == "wave"


def test_what_was_imported_before_stays_in_sight() -> None:
    with hidden("numpy"):
        assert importlib.import_module("numpy") is np

    assert sys.modules["numpy"] is np


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is dropped")
def test_a_library_works_on_after_its_code_was_dropped() -> None:
    values = np.arange(1000.0)

    dropped = drop_code("_multiarray_umath")

    assert dropped > 0
    assert float(values.sum()) == 499_500.0
    assert drop_code("no_such_library") == 0
