"""A checkpoint page gives back all rows of all blocks, and does not write those that are as in the window before."""

import msgspec
import numpy as np
import pytest

from processing.kernels import layout as at
from processing.kernels.jit import words
from processing.operators import energy, telemetry
from processing.timeline.page import packed, unpacked
from processing.timeline.tables import Pool, Tables, rows_of

ROWS = 64


def _filled(rng: np.random.Generator, share: float) -> tuple[Tables, np.ndarray]:
    """Blocks of windows of four lines and two levels, of 1 to 8 rows; a share of the rows differs from window to window."""
    tables = Tables([telemetry.COMPONENT, energy.COMPONENT])
    for _ in range(4):
        line = tables.add_line(0, 0, 0)
        tables.lines["shift"][line] = rng.integers(0, 4)
    ids = np.arange(ROWS)
    table = tables.windows
    table["line"][ids] = np.sort(rng.integers(0, 4, ROWS))
    table["level"][ids] = at.QUARTERS + (ids % 16 >= 8)
    table["flags"][ids] = at.USED
    tables.longer.take(ids, tables.plant, tables.windows)
    for array in map(words, tables.longer.arrays):
        touched = rng.random(len(array)) < share
        array[touched] = rng.integers(0, 3, (int(touched.sum()), array.shape[1]))
    tables.longer.dirty[:] = rng.integers(0, 4, len(tables.longer.dirty))
    return tables, ids


def _held(pool: Pool, rows: np.ndarray) -> list[bytes]:
    return [words(array)[rows].tobytes() for array in pool.arrays] + [pool.dirty[rows].tobytes()]


def _written(pool: Pool, content: dict[str, np.ndarray]) -> list[int]:
    """How many rows of each array are written."""
    return [content[f"{name} columns"].shape[1] for name in pool.names]


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_page_gives_back_every_row(seed: int, share: float) -> None:
    tables, ids = _filled(np.random.default_rng(seed), share)
    pool, table = tables.longer, tables.windows
    rows = rows_of(table["block"][ids], table["shift"][ids])
    before = _held(pool, rows)

    content = packed(pool, ids, table)
    pool.dirty[rows], pool.arrays[0][rows] = 255, pool.arrays[0][0]
    pool.put(rows, unpacked(content), np.arange(len(rows)))

    assert _held(pool, rows) == before


def test_rows_that_nothing_touched_are_not_written() -> None:
    tables, ids = _filled(np.random.default_rng(1), 0.0)
    tables.longer.dirty[:] = 0

    content = packed(tables.longer, ids, tables.windows)

    assert _written(tables.longer, content) == [0, 0]


def test_a_row_that_stays_is_written_once() -> None:
    tables, _ = _filled(np.random.default_rng(1), 0.0)
    mine = np.flatnonzero((tables.windows["line"][:ROWS] == 0) & (tables.windows["level"][:ROWS] == at.QUARTERS))[:4]
    assert len(mine) == 4
    first = tables.longer.arrays[0]
    first["count"][tables.windows["block"][mine]] = 7.0

    content = packed(tables.longer, mine, tables.windows)

    assert _written(tables.longer, content) == [1, 0]


def test_a_page_of_before_that_holds_its_rows_row_by_row_gives_back_the_same() -> None:
    tables, ids = _filled(np.random.default_rng(3), 0.3)
    content = packed(tables.longer, ids, tables.windows)

    older = {
        name.removesuffix(" columns"): np.ascontiguousarray(column.T) if name.endswith(" columns") else column
        for name, column in content.items()
    }

    want, got = unpacked(content), unpacked(older)
    assert want.keys() == got.keys() and all((want[name] == got[name]).all() for name in want)


def test_a_page_of_before_holds_all_rows() -> None:
    content = msgspec.msgpack.decode(msgspec.msgpack.encode({"dirty": b"\1", "telemetry window": b"\2"}))

    assert unpacked(content) is content
