"""`fieldline audit`: the account as text and JSON, with its exit code."""

import json
from collections.abc import Callable

from typer.testing import Result

from tests.analysis.written_log import WrittenLog, counts

LINE = "plant/hall1/line1"


def test_a_lost_row_is_missing(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.commit_process(1, {LINE: counts(stored=1)})

    result = fieldline("audit", "--log", written.url, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["sources"][0]["missing"] == 1


def test_what_is_not_processed_is_in_no_account_and_told(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.commit_process(1, {LINE: counts(stored=2)})
    written.put_readings(f"{LINE}/oven", [6.0])

    result = fieldline("audit", "--log", written.url)

    assert result.exit_code == 0
    assert "1 records are not processed yet" in result.stdout
    assert result.stdout.endswith("balanced\n")


def test_the_audit_of_an_empty_log_balances(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    result = fieldline("audit", "--log", written.url)

    assert result.exit_code == 0
