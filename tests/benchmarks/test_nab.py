"""The scorer of the Numenta Anomaly Benchmark gives what the benchmark published, and our detector what we say."""

import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.models.nab.detectors import published, watched, windowed_gaussian
from benchmarks.models.nab.files import Series, read_folder
from benchmarks.models.nab.score import PROFILES, Profile, best_threshold, gains, score_at, unscored
from fieldline.errors import SettingsError

_FOLDER = Path(__file__).resolve().parents[1] / "data" / "nab"


@pytest.mark.parametrize(
    ("number", "raw", "found", "false"), [(0, -1.266678759349383, 1, 11), (1, -2.44, 0, 4)], ids=["ec2", "rogue agent"]
)
def test_the_windowed_gaussian_scores_what_the_benchmark_published(
    number: int, raw: float, found: int, false: int
) -> None:
    series = read_folder(_FOLDER)[number]

    scored = score_at([series], [windowed_gaussian(series.value)], PROFILES["standard"], 1.0)

    expected = 100 * (raw + 2) / (2 + 2)  # two windows: none found is -2, all at their left ends 2
    assert scored.score == pytest.approx(expected, abs=1e-12)
    assert (scored.found, scored.false) == (found, false)


def test_our_detector_finds_both_windows_of_the_first_file_with_few_false_rows() -> None:
    series = read_folder(_FOLDER)[0]

    scored = score_at([series], [watched(series)], PROFILES["standard"], 1.8)

    assert scored.found == 2
    assert scored.score > 70  # 76.6 when this was written


def test_nothing_found_is_0_and_each_window_at_its_left_end_100() -> None:
    series = _series(((1000, 1099), (1500, 1599)))
    perfect = np.zeros(2000)
    perfect[[1000, 1500]] = 1.0

    for profile in PROFILES.values():
        assert score_at([series], [np.zeros(2000)], profile, 0.5).score == 0
        assert best_threshold([series], [perfect], profile).score == pytest.approx(100)


def test_gains_follow_the_sigmoid_of_the_place_within_and_behind_a_window() -> None:
    window, gain = gains(_series(((1000, 1099),)), Profile(0.11, 1.0))

    assert gain[999] == -0.11 and window[999] == -1
    assert gain[1000] == 1.0 and window[1000] == 0
    assert gain[1099] == pytest.approx(
        (2 / (1 + np.exp(-0.05)) - 1) / (2 / (1 + np.exp(-5)) - 1)
    )  # at -0.01 of the width
    assert gain[1198] == pytest.approx(0.11 * (2 / (1 + np.exp(5)) - 1))  # 99 rows behind: once (width - 1)
    assert gain[1099 + 298] == -0.11 and gain[1099 + 297] > -0.11  # three times that


def test_a_window_counts_once_by_its_first_row_and_rows_of_equal_score_go_together() -> None:
    series = _series(((1000, 1099),))
    score = np.zeros(2000)
    score[[1050, 1000, 1700]] = 3.0, 2.0, 2.0

    scored = best_threshold([series], [score], PROFILES["standard"])

    assert (scored.threshold, scored.found, scored.false) == (2.0, 1, 1)
    assert scored.score == pytest.approx(100 * (1 - 0.11 + 1) / 2)


def test_rows_at_the_beginning_are_not_scored() -> None:
    assert (unscored(1000), unscored(5000), unscored(50_000)) == (150, 750, 750)


def test_files_in_folders_as_published_and_row_scores_of_other_detectors_are_read(tmp_path: Path) -> None:
    (tmp_path / "realKnownCause").mkdir()
    shutil.copy(_FOLDER / "labels.json", tmp_path)
    plain = lzma.decompress((_FOLDER / "realKnownCause__rogue_agent_key_hold.csv.xz").read_bytes())
    (tmp_path / "realKnownCause" / "rogue_agent_key_hold.csv").write_bytes(plain)
    results = tmp_path / "mine" / "realKnownCause"
    results.mkdir(parents=True)
    rows = "\n".join(f"{number},0.5" for number in range(1882))
    (results / "mine_rogue_agent_key_hold.csv").write_text(f"timestamp,anomaly_score\n{rows}\n")

    (series,) = read_folder(tmp_path)

    assert len(series.value) == 1882 and len(series.windows) == 2
    assert (published(tmp_path / "mine", series) == 0.5).all()


def test_a_folder_without_labels_or_without_their_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected labels.json or combined_windows.json in"):
        read_folder(tmp_path)
    shutil.copy(_FOLDER / "labels.json", tmp_path)
    with pytest.raises(SettingsError, match="none of the 2 files that labels.json names"):
        read_folder(tmp_path)
    (tmp_path / "labels.json").write_text('{"a/b.csv": ["2014-01-01"]}')
    (tmp_path / "a__b.csv").write_text("timestamp,value\n2014-01-01,1\n")
    with pytest.raises(SettingsError, match="a/b.csv: expected pairs of times"):
        read_folder(tmp_path)


def _series(windows: tuple[tuple[int, int], ...]) -> Series:
    return Series("made/up.csv", np.arange(2000), np.zeros(2000), windows)
