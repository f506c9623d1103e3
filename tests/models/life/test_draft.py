"""A model of remaining life out of the registry scores as its estimators do, on rows that were none of its golden ones."""

from pathlib import Path

import numpy as np

from models.history import Note
from models.registry import Registry
from models.task import silent
from models.tasks import rul


def test_the_file_says_what_the_estimators_say_also_beyond_what_they_learned(tmp_path: Path) -> None:
    trained = rul.COMPONENT.trained(rul.sample(), rul.COMPONENT.quick, silent)
    assert trained.registered is not None
    draft, estimators = trained.registered("press_rul")
    number = Registry(tmp_path).add(draft, estimators, Note("2026-01-01T00:00:00Z", "somebody"))
    random = np.random.default_rng(0)
    rows = trained.golden.rows[random.integers(0, len(trained.golden.rows), 400)]
    rows += random.normal(size=rows.shape) * rows.std(axis=0)

    found = Registry(tmp_path).read("press_rul", number).score(rows)

    expected = trained.score(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    life, low, high = expected.T
    assert (low <= life).all() and (life <= high).all() and low.min() >= 0 and high.max() <= 30  # the cap
    assert len(np.unique(life)) > 300
