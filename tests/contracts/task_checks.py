"""What every task of `models/tasks` promises; each check takes a task and says by an assertion what it does not keep.

The task's sample is trained once for all of them.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest

from fieldline.errors import SettingsError
from models.card import Card, write_card
from models.table import Table
from models.task import Task, Trained, silent


@functools.cache
def trained_on_its_sample(task: Task) -> Trained:
    return task.trained(task.sample(), task.quick, silent)


def check_the_sample_trains_to_what_the_card_says(task: Task) -> None:
    model, table = trained_on_its_sample(task), task.sample()

    card = model.card
    assert (card.task, card.inputs, card.features, card.outputs) == (
        task.name,
        model.inputs,
        model.features,
        model.outputs,
    )
    assert (card.source.rows, card.source.sha256) == (table.frame.height, table.sha256)
    assert card.limits and card.candidates >= 1
    assert card.versions["scikit-learn"].startswith("1.")


def check_figures_have_a_unit_a_convention_and_an_interval_around_them(task: Task) -> None:
    figures = trained_on_its_sample(task).card.figures

    assert figures
    for figure in figures:
        assert figure.unit and figure.on and figure.convention, figure
        assert np.isfinite(figure.value), figure
        if figure.low is not None and figure.high is not None:
            assert figure.low <= figure.value <= figure.high, figure


def check_golden_rows_give_what_they_gave(task: Task) -> None:
    model = trained_on_its_sample(task)

    rows, outputs = model.golden

    assert rows.shape == (len(rows), len(model.features)) and outputs.shape == (len(rows), len(model.outputs))
    assert len(rows) >= 3
    assert np.array_equal(model.score(rows), outputs)


def check_a_second_training_gives_the_same_bits_and_tells_how_far_it_is(task: Task) -> None:
    first = trained_on_its_sample(task)
    told: list[float] = []

    second = task.trained(task.sample(), task.quick, lambda share, doing: told.append(share))

    assert told == sorted(told) and told[0] >= 0 and told[-1] == 1
    assert second.golden.rows.tobytes() == first.golden.rows.tobytes()
    assert second.golden.outputs.tobytes() == first.golden.outputs.tobytes()


def check_a_column_that_is_missing_is_named(task: Task) -> None:
    table, options = task.sample(), task.quick
    for name in filter(None, (getattr(options, option) for option in task.columns)):
        lacking = table._replace(frame=table.frame.drop(name))

        with pytest.raises(SettingsError, match=f"no column '{name}'"):
            task.trained(lacking, options, silent)


def check_one_row_is_too_few_and_the_number_wanted_is_told(task: Task) -> None:
    table = task.sample()

    with pytest.raises(SettingsError, match=r"expected at least \d+ .*got \d+"):
        task.trained(table._replace(frame=table.frame.head(1)), task.quick, silent)


def check_an_unknown_option_is_named(task: Task) -> None:
    with pytest.raises(SettingsError, match=f"train {task.name}.sede: unknown key, did you mean 'seed'?"):
        task.options_of({"sede": 1})


def check_the_card_can_be_written_and_read(task: Task) -> None:
    card = trained_on_its_sample(task).card

    with TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.json", Path(folder) / "second.json"
        write_card(card, first)
        write_card(msgspec.json.decode(first.read_bytes(), type=Card), second)

        assert second.read_bytes() == first.read_bytes()


def check_pictures_are_written_where_they_are_asked_for(task: Task) -> None:
    with TemporaryDirectory() as folder:
        written = task.draw(trained_on_its_sample(task), Path(folder))

        assert written and sorted(written) == sorted(Path(folder).iterdir())
        assert all(path.stat().st_size > 1000 for path in written)


def check_rows_in_another_order_give_the_same_model(task: Task) -> None:
    """Only of tasks that know a row's unit and time by columns; elsewhere the order of rows is their time."""
    if not {"unit", "time"} <= set(task.columns):
        return
    table = task.sample()
    shuffled = Table(table.path, table.frame.sample(fraction=1.0, shuffle=True, seed=1), table.sha256)

    model = task.trained(shuffled, task.quick, silent)

    assert model.golden.outputs.tobytes() == trained_on_its_sample(task).golden.outputs.tobytes()


CHECKS: tuple[Callable[[Task], None], ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_")
)
