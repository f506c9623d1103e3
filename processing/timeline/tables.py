"""The arrays that hold a partition's state, and their growth.

Everything that kernels see is here: `lines` and `nodes` (see `processing/kernels/layout.py`), `parts`, `snap` and `marks` (blocks
of rows, a block a node, a row a series of the line), `carry` and `opens` (one row a series, the live edge).
"""

from typing import Protocol

import numpy as np

from processing.kernels import layout as at
from processing.operators import Operator
from processing.timeline.charts import Charts

_NODES = 1024
_BLOCK_ROWS = 4096
_CHUNKS = 1 << 18


class Columns:
    """Where each operator's columns lie in `parts`, `carry` and `opens`, and what they hold at first."""

    def __init__(self, operators: list[Operator]) -> None:
        def offsets(widths: list[int]) -> list[int]:
            return [sum(widths[:k]) for k in range(len(widths))]

        self.parts_at = offsets([len(op.first_parts) for op in operators])
        self.parts_of = dict(zip((op.kind for op in operators), self.parts_at, strict=True))
        self.carry_at = offsets([len(op.first_carry) for op in operators])
        self.opens_at = offsets([len(op.first_opens) for op in operators])
        self.first_parts = _joined([op.first_parts for op in operators])
        self.first_carry = _joined([op.first_carry for op in operators])
        self.first_opens = _joined([op.first_opens for op in operators])
        self.own = np.concatenate([np.asarray(op.own, np.uint8) for op in operators] or [np.zeros(0, np.uint8)])
        marked = [
            (base + op.marked, base + op.previous)
            for op, base in zip(operators, self.opens_at, strict=True)
            if op.marked is not None and op.previous is not None
        ]
        self.marked, self.previous = marked[0] if marked else (-1, -1)
        with_seconds = [
            slice(base, base + len(op.first_opens))
            for op, base in zip(operators, self.opens_at, strict=True)
            if op.seconds is not None
        ]
        self.second_opens = with_seconds[0] if with_seconds else slice(0, 0)


def _joined(rows: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.asarray(row, np.float64) for row in rows] or [np.zeros(0)])


class Names(Protocol):
    """Names that metric rows carry beside those of assets and tags."""

    @property
    def orders(self) -> list[str]:
        """Orders by number; 0 is none."""

    @property
    def products(self) -> list[str]:
        """Products by row of `ideal`; 0 is none."""

    def shift_name(self, line: int, start: int) -> str:
        """The shift of a line that begins at `start`. [ns UTC]"""


class Tables:
    """State of one partition. Arrays are replaced when they grow: never keep one across a call."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.heap = np.zeros(at.H_COLUMNS, np.int64)
        self.heap[at.H_FREE_NODE] = self.heap[at.H_FREE_RANGE] = -1
        self.heap[at.H_FREE_BLOCK :] = -1
        self.lines = np.zeros((0, at.L_COLUMNS), np.int64)
        self.nodes = np.zeros((_NODES, at.N_COLUMNS), np.int64)
        self.ranges = np.zeros((_NODES, at.R_COLUMNS), np.int64)
        self.row_chunks = np.zeros((_CHUNKS, at.C_COLUMNS), np.int64)
        self.parts = np.empty((_BLOCK_ROWS, len(columns.first_parts)))
        self.snap = np.empty((_BLOCK_ROWS, len(columns.first_carry)))
        self.marks = np.zeros(_BLOCK_ROWS, np.uint8)
        self.chain = np.zeros(_BLOCK_ROWS, np.int64)
        self.carry = np.empty((0, len(columns.first_carry)))
        self.opens = np.empty((0, len(columns.first_opens)))
        self.row_series = np.zeros(0, np.int32)
        self.series_info = np.zeros((0, at.S_COLUMNS), np.int64)
        self.series_scale = np.zeros((0, at.F_COLUMNS))
        self.event_keys = np.zeros(0)
        self.event_info = np.zeros((0, at.E_COLUMNS))
        self.codes = np.zeros((0, 2))
        self.labels = np.zeros((_NODES, at.B_COLUMNS))
        self.ideal = np.full((1, 0), np.nan)
        self.charts = Charts()
        self.line_output = np.zeros(0, np.int64)  # asset whose good count is a line's, -1: not told
        self.line_meter = np.zeros(0, np.uint8)  # by asset, 1: its energy is its line's
        self.names: Names
        self.asset_first = np.zeros(1, np.int64)
        self.asset_rows = np.zeros(0, np.int64)
        self.days = np.zeros(0, np.int64)
        self.zone_at = np.zeros(1, np.int64)

    def add_line(self, horizon: int, zone: int, asset: int) -> int:
        """A new line without series; its number. asset : number of the asset that is the line itself."""
        row = np.zeros((1, at.L_COLUMNS), np.int64)
        row[0, [at.L_NEWEST, at.L_FRONTIER, at.L_LAST, at.L_FLUSHED]] = at.NONE
        row[0, at.L_HEAD : at.L_HEAD + at.LEVELS] = -1
        row[0, at.L_SHIFT] = -1
        row[0, at.L_HORIZON], row[0, at.L_ZONE], row[0, at.L_ASSET] = horizon, zone, asset
        self.lines = np.concatenate([self.lines, row])
        return len(self.lines) - 1

    def add_series(self, line: int, series: int) -> int:
        """A place for one more series in its line's blocks; its local number."""
        local = int(self.lines[line, at.L_SERIES])
        shift = int(self.lines[line, at.L_SHIFT])
        if shift < 0 or local >= 1 << shift:
            self._widen(line, shift + 1)
        self.row_series[self.lines[line, at.L_BASE] + local] = series
        self.lines[line, at.L_SERIES] = local + 1
        return local

    def _widen(self, line: int, shift: int) -> None:
        """Twice as many rows for the line at the live edge and in its newest slice."""
        base, count = int(self.lines[line, at.L_BASE]), int(self.lines[line, at.L_SERIES])
        size = 1 << shift
        start = len(self.carry)
        self.carry = np.concatenate([self.carry, np.tile(self.columns.first_carry, (size, 1))])
        self.opens = np.concatenate([self.opens, np.tile(self.columns.first_opens, (size, 1))])
        self.row_series = np.concatenate([self.row_series, np.zeros(size, np.int32)])
        self.carry[start : start + count] = self.carry[base : base + count]
        self.opens[start : start + count] = self.opens[base : base + count]
        self.row_series[start : start + count] = self.row_series[base : base + count]
        self.lines[line, at.L_BASE], self.lines[line, at.L_SHIFT] = start, shift

    def room_for_nodes(self, count: int) -> None:
        """Make sure that `count` more nodes and ranges fit."""
        short = int(self.heap[at.H_NODES]) + count - len(self.nodes)
        if short > 0:
            self.nodes = _grown(self.nodes, short)
            self.labels = _grown(self.labels, short)
        short = int(self.heap[at.H_RANGES]) + count - len(self.ranges)
        if short > 0:
            self.ranges = _grown(self.ranges, short)

    def room_for_blocks(self, rows: int) -> None:
        """Make sure that blocks of `rows` rows in all fit."""
        short = int(self.heap[at.H_BLOCKS]) + rows - len(self.parts)
        if short > 0:
            self.parts = _grown(self.parts, short)
            self.snap = _grown(self.snap, short)
            self.marks = _grown(self.marks, short)
            self.chain = _grown(self.chain, short)

    def free_rows(self, shift: int) -> int:
        """How many blocks of 2**shift rows lie free, counted up to 64."""
        block, count = int(self.heap[at.H_FREE_BLOCK + shift]), 0
        while block >= 0 and count < 64:
            count += 1
            block = int(self.chain[block])
        return count

    @property
    def used_bytes(self) -> int:
        """Bytes of `parts`, `snap` and `marks` that nodes hold."""
        row = 8 * (self.parts.shape[1] + self.snap.shape[1] + 1) + 1
        return int(self.heap[at.H_USED]) * row

    def block_args(self) -> tuple[np.ndarray, ...]:
        """What kernels that take blocks want, in their order, after `nodes`."""
        c = self.columns
        return self.heap, self.chain, self.parts, c.first_parts, self.snap, c.first_carry, self.marks


def _grown(array: np.ndarray, short: int) -> np.ndarray:
    """A copy with room for `short` more rows at least and half as many again."""
    grown = np.zeros((len(array) + max(short, len(array) // 2, 256), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
