"""What every family of models promises; each check takes a family and says by an assertion what it does not keep."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import ModelError
from processing.scoring.family import Family, PartData

Check = Callable[[Family], None]


def rows_of(part: PartData, count: int = 67) -> np.ndarray:
    """Rows of which some lack a value; small whole numbers are among them, for categories."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(count, part.inputs)) * 2.0
    rows[::3] = np.round(rows[::3])
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def check_scores_are_one_row_each_and_numbers_where_nothing_is_missing(family: Family) -> None:
    part = family.sample()
    rows = rows_of(part)
    before = rows.copy()

    scores = family.load(part).score(rows)

    assert (scores.shape, scores.dtype) == ((len(rows), part.outputs), np.float64)
    assert np.isfinite(scores[~np.isnan(rows).any(axis=1)]).all()
    np.testing.assert_array_equal(rows, before)
    assert family.load(part).score(rows[:0]).shape == (0, part.outputs)


def check_a_row_scores_the_same_bits_whichever_rows_stand_beside_it(family: Family) -> None:
    part = family.sample()
    rows, scorer = rows_of(part), family.load(part)
    together = scorer.score(rows)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=11))
    def some_of_them(chosen: list[int]) -> None:
        assert scorer.score(rows[chosen]).tobytes() == together[chosen].tobytes()

    some_of_them()


def check_threads_score_at_once(family: Family) -> None:
    part = family.sample()
    rows, scorer = rows_of(part, 2000), family.load(part)
    alone = scorer.score(rows).tobytes()

    with ThreadPoolExecutor(4) as pool:
        scores = list(pool.map(lambda _: scorer.score(rows).tobytes(), range(8)))

    assert set(scores) == {alone}


def check_what_inputs_contribute_adds_up_to_the_score(family: Family) -> None:
    part = family.sample()
    rows = rows_of(part)
    rows = rows[~np.isnan(rows).any(axis=1)]
    scorer = family.load(part)
    if not hasattr(scorer, "explain"):
        return

    contributions, base = scorer.explain(rows)

    assert contributions.shape == (len(rows), part.inputs, part.outputs)
    np.testing.assert_allclose(contributions.sum(axis=1) + base, scorer.score(rows), rtol=0, atol=1e-12)


def check_arrays_that_do_not_fit_are_named(family: Family) -> None:
    part = family.sample()
    for name, array in part.arrays.items():
        for change in (np.ones(array.shape, np.int16), array[None], array[:-1], None):
            arrays = {key: value for key, value in {**part.arrays, name: change}.items() if value is not None}
            with pytest.raises(ModelError, match=rf"part '{part.name}' \({part.family}\): "):
                family.load(dataclasses.replace(part, arrays=arrays, read=set()))


def check_settings_that_nobody_reads_are_refused(family: Family) -> None:
    part = family.sample()

    with pytest.raises(ModelError, match=r"settings: .*unheard"):
        family.load(dataclasses.replace(part, settings={**part.settings, "unheard": 1}))


def check_no_number_in_an_array_leads_out_of_it(family: Family) -> None:
    """Numbers that lead somewhere are whole; a file that somebody wrote on purpose may hold any."""
    part = family.sample()
    rows = rows_of(part, 5)

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def changed(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(part.arrays)))
        array = part.arrays[name].copy()
        numbers = st.integers(-3, 9) | st.sampled_from([-(2**31), 2**31 - 1, 255])
        low, high = (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else (-99, 99)
        array.flat[data.draw(st.integers(0, array.size - 1))] = np.clip(data.draw(numbers), low, high)
        try:
            scorer = family.load(dataclasses.replace(part, arrays={**part.arrays, name: array}, read=set()))
        except ModelError:
            return
        assert scorer.score(rows).shape == (5, part.outputs)

    changed()


CHECKS: tuple[Check, ...] = tuple(check for name, check in sorted(globals().items()) if name.startswith("check_"))
