"""What is kept of waveforms: all around what happened, else the first of each hour; by a real log, and shown when the log has them no more."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from analysis.kept_waveforms.keeping import keep
from analysis.kept_waveforms.rule import REGULAR, Point, Rule, reasons
from analysis.kept_waveforms.store import Kept, Store
from analysis.logs import existing
from cli.main import app
from fieldline.errors import SettingsError, Unavailable
from fieldline.frames import event_value
from fieldline.plant import load_plant
from tests.analysis.whole_pipe import Pipe
from tests.bits import waves
from tests.processing.engine_rig import SECOND, Row, event
from tests.processing.test_registers import fuzz
from tests.processing.test_vibration_operator import MACHINE, PRESS

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
BEGIN = 19_700 * DAY
RULE = Rule(HOUR, 2 * HOUR, None)
FAN = "plant/hall/line1/fan"
"""Nothing is declared of it, and it fails after 15.3 hours."""

times_st = st.lists(st.integers(0, 20 * HOUR), min_size=1, max_size=40, unique=True).map(sorted)


@fuzz(50)
@given(times=times_st, at=st.lists(st.integers(-HOUR, 21 * HOUR), max_size=4))
def test_what_is_near_something_stays_and_of_the_rest_the_first_of_each_hour(times: list[int], at: list[int]) -> None:
    found = reasons(np.array(times, np.int64), [Point(one, "failure") for one in at], RULE)

    firsts = {min(time for time in times if time // HOUR == hour) for hour in {time // HOUR for time in times}}
    near = {time for time in times if any(abs(time - one) <= 2 * HOUR for one in at)}
    assert [why for time, why in zip(times, found, strict=True) if time in near] == ["failure"] * len(near)
    assert {time for time, why in zip(times, found, strict=True) if why} == firsts | near


def test_the_nearest_thing_is_why() -> None:
    points = [Point(10 * HOUR, "repaired"), Point(8 * HOUR, "failure")]

    assert reasons(np.array([8, 9, 10, 13]) * HOUR, points, RULE) == ["failure", "failure", "repaired", REGULAR]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    """A waveform a quarter-hour for a day: the press has a worn outer race at one moment, after 10 hours."""
    well, worn = waves.payloads()[:2]
    rows = [event(FAN, "@waveform", BEGIN + k * 15 * MINUTE, well) for k in range(96)]
    rows += [event(PRESS, "@waveform", BEGIN + k * 15 * MINUTE, worn if k == 40 else well) for k in range(96)]
    payload = json.dumps({"mode": "bearing"}).encode()
    rows.append(Row(FAN, "@failure", BEGIN + 918 * MINUTE, event_value(payload), 0, payload))
    return Pipe(tmp_path_factory.mktemp("pipe"), MACHINE, rows)


def kept_by(pipe: Pipe, store: Store, rule: Rule, now: int) -> dict[str, tuple[int, ...]]:
    with existing(pipe.log) as log:
        return {one.asset: tuple(one[1:]) for one in keep(log, load_plant(Path(pipe.plant)), store, rule, now)}


def test_all_around_a_fault_or_an_event_is_kept_and_doing_it_again_adds_what_is_new(pipe: Pipe, tmp_path: Path) -> None:
    store = Store(tmp_path / "kept")

    first = kept_by(pipe, store, RULE, BEGIN + 20 * HOUR)
    again = kept_by(pipe, store, RULE, BEGIN + 20 * HOUR)
    rest = kept_by(pipe, store, RULE, BEGIN + 30 * HOUR)

    # Decided is what began before hour 18. Within two hours of 10:00 lie 17 quarters, of 15:18 sixteen, 13:30 to 17:15; of the other
    # hours the first stays: of the press 0 to 7 and 13 to 17, of the fan 0 to 13.
    assert first == {PRESS: (96, 24, 30, 13, 17, 0), FAN: (96, 24, 30, 14, 16, 0)}
    assert {asset: row[2] for asset, row in again.items()} == {PRESS: 0, FAN: 0}
    assert {asset: row[2] for asset, row in rest.items()} == {PRESS: 6, FAN: 6}
    why = dict(zip(store.times(PRESS).tolist(), store.reasons(PRESS), strict=True))
    assert why[BEGIN + 8 * HOUR] == "outer race named" and why[BEGIN + 7 * HOUR] == REGULAR
    at = store.newest(PRESS, BEGIN + 10 * HOUR + MINUTE)
    assert at is not None and (at.time, at.payload) == (BEGIN + 10 * HOUR, waves.payloads()[1])


def test_old_days_go_by_the_asset_s_own_newest_waveform(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("a/..", [Kept(BEGIN + k * DAY + HOUR, 25.0, REGULAR, b"%d" % k) for k in range(5)])

    assert (
        store.assets() == ["a/.."] and [path.parent.parent for path in store.folder.rglob("*.arrow")] == [tmp_path] * 5
    )
    assert store.drop_before("a/..", int(store.times("a/..")[-1]) - 2 * DAY) == 2
    assert ((store.times("a/..") - BEGIN) // DAY).tolist() == [2, 3, 4]
    assert store.newest("a/..", BEGIN + 2 * DAY) is None


def test_two_do_not_keep_at_once_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("a/b", [Kept(BEGIN, 25.0, REGULAR, b"x")])

    with store.alone(), pytest.raises(Unavailable, match="another process is keeping"), Store(tmp_path).alone():
        pass
    (path,) = tmp_path.rglob("*.arrow")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SettingsError, match=rf"{path.name}: expected kept waveforms"):
        store.newest("a/b", BEGIN)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "120"})


def test_a_spectrum_is_shown_of_what_the_log_has_no_more(pipe: Pipe, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    where = ("--log", pipe.log, "--plant", pipe.plant)

    told = run("waveforms", "keep", folder, "--around", "2h", "--every", "1h", "--days", "400", *where, "--json")

    assert told.exit_code == 0, (told.output, told.exception)
    assert {row["asset"]: (row["regular"], row["around"]) for row in json.loads(told.stdout)} == {
        PRESS: (19, 17),
        FAN: (20, 16),
    }
    listed = run("waveforms", "ls", folder).stdout
    assert "outer race named" in listed and "failure" in listed
    gone = Pipe(tmp_path, MACHINE, [Row(PRESS, "temp_c", BEGIN, 20.0)]).log  # a log that has none any more
    asked = (
        "show",
        "spectrum",
        "--asset",
        PRESS,
        "--at",
        str(BEGIN // SECOND + 36_000),
        "--json",
        "--plant",
        pipe.plant,
    )
    assert "the log has no waveform" in run(*asked, "--log", gone).stderr
    seen = json.loads(run(*asked, "--log", gone, "--kept", folder).stdout)
    with_log = json.loads(run(*asked, *where[:2]).stdout)
    assert seen["fault"] == "outer race" and seen == with_log
