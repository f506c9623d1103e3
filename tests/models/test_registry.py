"""The registry: versions that never change, states that follow from the history, and what becomes of them when something fails."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fieldline.errors import ModelError, Unavailable
from models.archive import ARCHIVE, loaded, unpacked
from models.backtest.outcome import BackTest, Judged
from models.history import Action, Entry, Note, State
from models.lineage import FromLog
from models.registry import Registry
from tests.models.drafts import ROWS, plain, ridge

ROOT = Path(__file__).parents[2]
PRESS, OVEN = "plant/hall/line1/press", "plant/hall/line1/oven"
NOTE = Note("2026-03-01T06:00:00Z", "kim", "trained on winter")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """One model of two versions."""
    made = Registry(tmp_path / "registry")
    for _ in range(2):
        made.add(plain(), {"trend": ridge()}, NOTE)
    return made


def entry(action: Action, version: int, *assets: str, **more: Any) -> Entry:
    return NOTE.entry(action, version, since="2026-03-02T00:00:00Z", assets=assets, **more)


def promote(registry: Registry, version: int, *assets: str) -> None:
    registry.record("press", entry(Action.PROMOTE, version, *(assets or (PRESS,)), is_untested=True))


def roll_back(registry: Registry) -> Entry:
    return registry.roll_back(
        "press", lambda newest, before: entry(Action.ROLL_BACK, newest.version, *newest.assets, back_to=before.version)
    )


def states(registry: Registry) -> list[str]:
    return [version.state.value for version in registry.versions("press")]


@contextmanager
def no_more_than(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that has no more."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_versions_are_candidates_that_score_and_their_estimators_are_kept(registry: Registry) -> None:
    assert registry.names() == ["press"] and states(registry) == ["candidate", "candidate"]

    model = registry.read("press", 2)

    np.testing.assert_allclose(model.score(ROWS)[:, 0], ridge().predict(ROWS), atol=1e-12)
    kept = unpacked(registry.folder_of("press", 2))["trend"]
    assert np.array_equal(kept.predict(ROWS), ridge().predict(ROWS))
    assert model.document.lineage["data_sha256"] == "0" * 64 and model.document.lineage["code"].startswith("0.")


def test_states_follow_from_what_was_done(registry: Registry) -> None:
    promote(registry, 1)
    assert states(registry) == ["champion", "candidate"]

    registry.record("press", entry(Action.SHADOW, 2, PRESS))
    assert states(registry) == ["champion", "shadow"]

    promote(registry, 2, PRESS, OVEN)
    assert states(registry) == ["retired", "champion"]
    assert registry.versions("press")[1][2:] == ("2026-03-02T00:00:00Z", (PRESS, OVEN))

    assert roll_back(registry).back_to == 1
    assert states(registry) == ["champion", "retired"]
    assert registry.versions("press")[0].assets == (PRESS,)

    registry.record("press", entry(Action.RETIRE, 1, PRESS))
    assert states(registry) == ["retired", "retired"]
    done = [(one.action.value, one.version) for one in registry.history("press")]
    assert done == [
        ("register", 1), ("register", 2), ("promote", 1), ("shadow", 2), ("promote", 2), ("roll back", 2), ("retire", 1)
    ]  # fmt: skip


def test_what_can_not_be_meant_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="nothing to roll back to: there is no champion"):
        roll_back(registry)
    promote(registry, 1, PRESS, OVEN)
    with pytest.raises(ModelError, match="version 1 is the first champion"):
        roll_back(registry)
    with pytest.raises(ModelError, match=f"the champion, version 1, scores {OVEN} too"):
        promote(registry, 2, PRESS)
    with pytest.raises(ModelError, match="version 1 is the champion; promote another one first"):
        registry.record("press", entry(Action.SHADOW, 1, PRESS))
    with pytest.raises(ModelError, match="expected assets that version 2 is to score, got none"):
        registry.record("press", entry(Action.SHADOW, 2))
    with pytest.raises(ModelError, match="expected one of the versions 1, 2, got 3"):
        promote(registry, 3, PRESS, OVEN)
    with pytest.raises(ModelError, match="expected one of the models press, got 'pres', did you mean 'press'"):
        registry.versions("pres")
    with pytest.raises(ModelError, match="expected a name of a-z"):
        registry.add(plain(name="../press"), {}, NOTE)

    assert states(registry) == ["champion", "candidate"]


def back_tested(version: int, scored: int, **unscored: int) -> Entry:
    made_of = FromLog(metric="press", window="1m", since="", until="", horizon_h=24.0, plant_sha256="")
    judged = Judged(version=version, scored=scored, unscored=unscored)
    found = BackTest(made_of=made_of, rows=9, assets=1, lives=1, positive=0, negative=9, candidate=judged)
    return NOTE.entry(Action.BACK_TEST, version, back_test=found)


def test_a_version_is_promoted_once_its_newest_back_test_scored_rows(registry: Registry) -> None:
    def promoted() -> None:
        registry.record("press", entry(Action.PROMOTE, 2, PRESS))

    with pytest.raises(
        ModelError,
        match="expected a back-test of version 2 on the plant's own rows, got none: `fieldline models backtest press 2`",
    ):
        promoted()
    registry.record("press", back_tested(1, 9))
    with pytest.raises(ModelError, match="expected a back-test of version 2"):
        promoted()
    registry.record("press", back_tested(2, 9))
    registry.record("press", back_tested(2, 0, no_load=9))
    with pytest.raises(ModelError, match="the back-test of version 2 scored none of its 9 rows: no_load"):
        promoted()
    registry.record("press", back_tested(2, 1, no_load=8))
    assert states(registry) == ["candidate", "candidate"]

    promoted()

    assert states(registry) == ["candidate", "champion"]


def test_a_promotion_that_nobody_could_be_told_of_is_none(registry: Registry) -> None:
    def fails(_: Entry) -> None:
        raise Unavailable("the broker can't be reached")

    before = (registry.folder / "press" / "history.json").read_bytes()

    with pytest.raises(Unavailable):
        registry.record("press", entry(Action.PROMOTE, 1, PRESS, is_untested=True), fails)

    assert (registry.folder / "press" / "history.json").read_bytes() == before
    assert sorted(path.name for path in (registry.folder / "press").iterdir()) == [".lock", "1", "2", "history.json"]


def test_on_a_full_disk_nobody_is_told_and_nothing_is_changed(registry: Registry) -> None:
    told: list[Entry] = []

    with no_more_than(200), pytest.raises(ModelError, match="history.json: can't be written: File too large"):
        registry.record("press", entry(Action.PROMOTE, 1, PRESS, is_untested=True), told.append)
    with no_more_than(200), pytest.raises(ModelError, match="3: can't be written: File too large; nothing was kept"):
        registry.add(plain(), {"trend": ridge()}, NOTE)

    assert (told, states(registry)) == ([], ["candidate", "candidate"])
    assert sorted(path.name for path in (registry.folder / "press").iterdir()) == [".lock", "1", "2", "history.json"]
    assert registry.add(plain(), {"trend": ridge()}, NOTE) == 3


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", ARCHIVE])
def test_a_version_that_was_changed_is_not_promoted(registry: Registry, name: str) -> None:
    path = registry.folder_of("press", 1) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ModelError, match="was changed or cut off"):
        promote(registry, 1)

    assert states(registry) == ["candidate", "candidate"]


def test_another_model_in_a_version_s_place_is_not_what_was_registered(registry: Registry) -> None:
    registry.add(plain(card={"rmse": 0.0}), {"trend": ridge()}, NOTE)
    folder = registry.folder_of("press", 1)
    shutil.copy(registry.folder_of("press", 3) / "model.json", folder)

    with pytest.raises(ModelError, match="expected the model .* that was registered"):
        registry.read("press", 1)


def test_an_archive_of_somebody_else_s_types_is_not_opened(tmp_path: Path) -> None:
    import skops.io

    path = tmp_path / "stranger.skops"
    skops.io.dump({"what": subprocess.Popen}, path)

    with pytest.raises(ModelError, match="expected scikit-learn's types and ours, got .*Popen"):
        loaded(path)
    path.write_bytes(b"PK\3\4")
    with pytest.raises(ModelError, match="expected estimators saved by skops"):
        loaded(path)


def test_a_history_that_can_not_be_read_is_named(registry: Registry) -> None:
    (registry.folder / "press" / "history.json").write_text('[{"time": 3}]')

    with pytest.raises(ModelError, match=r"history.json: expected a history of a model: Expected `str`"):
        registry.versions("press")


PROMOTING = """
import sys, time
from pathlib import Path
from models.history import Action, Note
from models.registry import Registry
registry, number, go = Registry(Path(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])
def tell(entry):
    go.with_suffix(f".{number}").touch()   # within the lock: the other one has to wait
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline and len(list(go.parent.glob("go.*"))) < 2:
        time.sleep(0.01)
    print(len(list(go.parent.glob("go.*"))))
    go.with_suffix(f".{number}").unlink()
entry = Note("2026-03-01T06:00:00Z", str(number)).entry(Action.PROMOTE, number, since="2026-03-02T00:00:00Z", assets=("a/b",), is_untested=True)
registry.record("press", entry, tell)
"""


def test_two_processes_that_promote_at_once_do_so_one_after_the_other(registry: Registry, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROMOTING, str(registry.folder)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [*command, str(number), str(tmp_path / "go")], stdout=subprocess.PIPE, text=True, env=variables
        )
        for number in (1, 2)
    ]

    said = [process.communicate(timeout=60)[0].strip() for process in started]

    assert [process.returncode for process in started] == [0, 0]
    assert said == ["1", "1"]  # each was alone while it told
    done = [one for one in registry.history("press") if one.action is Action.PROMOTE]
    assert sorted(one.version for one in done) == [1, 2]
    champion = next(one for one in registry.versions("press") if one.state is State.CHAMPION)
    assert champion.number == done[-1].version
    assert json.loads((registry.folder / "press" / "history.json").read_text())
