"""Before and after side by side: the rows of two trees, measured in turn, as one table."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.report import Row, quantity


class Compared(NamedTuple):
    """One figure of both trees: medians over the rounds.

    after : the newer tree's row, with the remark of the round next to the median
    before : the older tree's figure in the same unit, None where it has none; rounds : after/before of each round
    """

    after: Row
    before: float | None
    rounds: tuple[float, ...]

    @property
    def ratio(self) -> float | None:
        """After to before; None where one of them is missing or nothing."""
        return self.after.measured / self.before if self.before else None

    @property
    def is_met(self) -> bool | None:
        """Whether the ratio is what it is to be; None when nothing is asked of it."""
        if self.after.ratio is None or self.ratio is None:
            return None
        return self.ratio >= self.after.ratio if self.after.is_floor else self.ratio <= self.after.ratio

    @property
    def verdict(self) -> str:
        return {True: "met", False: "missed", None: ""}[self.is_met]

    @property
    def goal(self) -> str:
        if self.after.ratio is None:
            return ""
        return f"{'≥' if self.after.is_floor else '≤'} {quantity(self.after.ratio, '')}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Its cells of the table."""
        row, ratio = self.after, self.ratio
        before = "" if self.before is None else quantity(self.before, row.unit)
        by_round = f"by round {', '.join(f'{found:.2f}' for found in self.rounds)}" if len(self.rounds) > 1 else ""
        return (
            *(row.bench, row.name, row.goal, before, quantity(row.measured, row.unit), row.verdict),
            *(self.goal, "" if ratio is None else f"{ratio:.2f}", self.verdict),
            "; ".join(filter(None, (by_round, row.note))),
        )


def compared(befores: Sequence[Sequence[Row]], afters: Sequence[Sequence[Row]]) -> list[Compared]:
    """What both trees gave in each round, by figure, in the order of the newer tree. Figures of the older one alone are left out."""
    old, new = [_by_name(rows) for rows in befores], [_by_name(rows) for rows in afters]
    found = []
    for name in dict.fromkeys(name for rows in new for name in rows):
        mine = [rows[name] for rows in new if name in rows]
        theirs = [rows[name].measured for rows in old if name in rows]
        pairs = [
            (b[name].measured, a[name].measured) for b, a in zip(old, new, strict=False) if name in a and name in b
        ]
        median = statistics.median(row.measured for row in mine)
        nearest = min(mine, key=lambda row: abs(row.measured - median))
        before = statistics.median(theirs) if theirs else None
        rounds = tuple(after / before for before, after in pairs if before)
        found.append(Compared(nearest._replace(measured=median), before, rounds))
    return found


def table(rows: Iterable[Compared]) -> str:
    """Rows as a Markdown table."""
    lines = [
        "| bench | what | target | before | after | | target of the ratio | after/before | | remark on after |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells)} |" for row in rows)])


def worst(rows: Iterable[Compared]) -> int:
    """Exit code: 1 when a target of a figure or of a ratio was missed."""
    return int(any(row.is_met is False or row.after.is_met is False for row in rows))


def _by_name(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}
