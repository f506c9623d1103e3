"""`fieldline deliver --again`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from delivery.query import query
from fieldline.log import Stream, open_log
from tests.delivery.metric_frames import metric_frame


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A log with a metric row of each of three hours."""
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}")
    for hour in range(3):
        frame = metric_frame(
            "energy", [hour * 3_600 * 10**9], ["p/h/l/m"], None, ["1h"], active_energy_kwh=[float(hour)]
        )
        log.append(Stream.METRICS, 0, b"", frame, {"kind": b"energy", "rows": b"1", "epoch": b"1"}).result(10)
    log.close()
    return f"sqlite:{tmp_path / 'plant.db'}"


def test_what_the_log_has_is_written_once_more_and_told(
    url: str, tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    store = str(tmp_path / "new.db")

    some = fieldline(
        "deliver",
        "--again",
        "--log",
        url,
        "--store",
        store,
        "--from",
        "1970-01-01T01:00Z",
        "--until",
        "1970-01-01T02:00Z",
    )
    first = query("energy", source=store)["active_energy_kwh"].to_list()
    everything = fieldline("deliver", "--again", "--log", url, "--store", store)

    assert (some.exit_code, everything.exit_code) == (0, 0), (some.output, everything.output)
    assert "deliver.store: 1 rows written again, 0 refused" in some.stderr
    assert "deliver.store: 3 rows written again, 0 refused" in everything.stderr
    assert (first, query("energy", source=store)["active_energy_kwh"].to_list()) == ([1.0], [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--from", "1970-01-02"), "give --again with them"),
        (("--again", "--from", "1970-01-02", "--until", "1970-01-01"), "--from must be before --until"),
    ],
)
def test_a_span_that_says_nothing_is_refused(
    url: str, flags: tuple[str, ...], words: str, fieldline: Callable[..., Result]
) -> None:
    result = fieldline("deliver", "--log", url, "--store", "x.db", *flags)

    assert result.exit_code == 2 and words in result.stderr
