"""The audit's report, for `fieldline audit` and for the end of the demo."""

from collections.abc import Iterator

from analysis.audit.balance import Balance, Verdict
from cli.exits import Exit
from cli.report import Column, Data, Note, Report, Table

_NAMES = (
    "source",
    "received",
    "stored",
    "duplicate",
    "late",
    "waiting",
    "dead_lettered",
    "lost",
    "overflow",
    "conflict",
    "missing",
)
_EXITS = {Verdict.OK: Exit.OK, Verdict.FAILED: Exit.FAILED, Verdict.UNPROVEN: Exit.UNPROVEN}
_WORDS = {
    Verdict.OK: "balanced",
    Verdict.FAILED: "NOT BALANCED",
    Verdict.UNPROVEN: "unproven: records were removed or are damaged",
}


def exit_code(balance: Balance) -> Exit:
    """The exit code that an audit means."""
    return _EXITS[balance.verdict]


def account(balance: Balance) -> Report:
    """Everything about an audit."""
    hidden = {"conflict"} | {
        name for name in ("waiting", "lost", "overflow") if not any(getattr(source, name) for source in balance.sources)
    }
    shown = [Column(name, name.replace("_", "-"), is_shown=name not in hidden) for name in _NAMES]
    rows = [{name: getattr(source, name) for name in _NAMES} for source in balance.sources]
    totals = {name: sum(row[name] for row in rows) for name in _NAMES[1:]}
    people = Table("", shown, [*rows, {"source": "total", **totals}])
    return Report(
        [
            Data("balanced", balance.is_balanced),
            Data("verdict", balance.verdict.value),
            Data("sources", rows),
            Data("unprocessed", balance.unprocessed),
            Data("cut", balance.cut),
            Data("undelivered", balance.undelivered),
            Data("lost_records", balance.lost_records),
            people,
            *map(Note, _notes(balance)),
            Note(_WORDS[balance.verdict]),
        ]
    )


def _notes(balance: Balance) -> Iterator[str]:
    if waiting := sum(source.waiting for source in balance.sources):
        yield f"{waiting} rows are not decided yet: they wait for earlier ones (--settle)"
    if conflicts := sum(source.conflict for source in balance.sources):
        yield f"{conflicts} of the duplicates came with another value; the smallest was kept"
    if overflow := sum(source.overflow for source in balance.sources):
        yield f"{overflow} rows are of series beyond the budget (max_series), in no metric: fieldline doctor names their topics"
    if balance.undelivered:
        yield f"{balance.undelivered} lines were refused by a database and are dead letters: fieldline dlq ls"
    if balance.unprocessed:
        yield f"{balance.unprocessed} records are not processed yet and in no account: fieldline status --wait 60s"
    for source in balance.sources:
        if source.dead_letters != source.dead_lettered_rows:
            yield (
                f"{source.source}: processing counted {source.dead_lettered_rows} rows as dead letters, "
                f"{source.dead_letters} are on the dead letter stream"
            )
    if balance.cut:
        yield (
            f"{balance.cut} records that were counted were removed by retention or are damaged since; "
            "their content can't be counted again"
        )
    if balance.lost_records or any(source.lost for source in balance.sources):
        rows = sum(source.lost for source in balance.sources)
        yield (
            f"LOST: {balance.lost_records} records were removed before they were processed"
            + (f", {rows} readings of known sources" if rows else "; the log can't tell whose they were")
        )
