"""A model file is believed as a whole or refused by name, and what it holds scores as the estimator did."""

import dataclasses
import hashlib
import io
import json
import pickle
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.errors import ModelError
from models.draft import Draft, Flat, PartDraft
from models.model_writer import write_model
from processing.scoring.document import Column, decode
from processing.scoring.model_file import model_of, read_model
from tests.models.drafts import FEATURES, ROWS, plain, ridge

FILES = ("model.json", "arrays.npz")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "press"
    write_model(plain(), folder)
    return folder


@pytest.fixture
def copied(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "press")


def rewritten(folder: Path, change: Callable[[dict], None]) -> None:
    """The document with a change, and a checksum that fits it: what somebody else's writer could have made."""
    raw = json.loads((folder / "model.json").read_text())
    del raw["sha256"]
    change(raw)
    rest = json.dumps(raw, indent=1).removeprefix("{\n").encode() + b"\n"
    (folder / "model.json").write_bytes(b'{"sha256": "' + hashlib.sha256(rest).hexdigest().encode() + b'",\n' + rest)


def test_what_is_read_scores_as_the_estimator_and_says_what_was_written(written: Path) -> None:
    model = read_model(written)

    np.testing.assert_allclose(model.score(ROWS)[:, 0], ridge().predict(ROWS), rtol=0, atol=1e-12)
    assert (model.features, model.outputs) == (FEATURES, (Column("rul", "h"),))
    assert model.document.card == {"rmse": 10.4} and model.document.made_with.keys() >= {"scikit-learn", "fieldline"}
    assert json.loads((written / "model.json").read_text())["sha256"] == model.digest


def test_the_same_model_has_the_same_digest(written: Path, tmp_path: Path) -> None:
    assert write_model(plain(), tmp_path / "again").digest == read_model(written).digest


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(written: Path, name: str, place: float, flip: int) -> None:
    content = {each: bytearray((written / each).read_bytes()) for each in FILES}
    content[name][int(place * len(content[name]))] ^= flip

    with pytest.raises(ModelError, match="changed or cut off|first line"):
        model_of(*map(bytes, content.values()))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_refused(copied: Path, name: str, share: float) -> None:
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: int(share * len(content))])

    with pytest.raises(ModelError, match="changed or cut off|first line"):
        read_model(copied)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()

    with pytest.raises(ModelError, match=f"{name}: expected a file of a model, got: No such file"):
        read_model(copied)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw.update(version=2), "expected 'fieldline model' version 1, got 'fieldline model' version 2"),
        (lambda raw: raw.update(format="onnx"), "expected 'fieldline model' version 1, got 'onnx'"),
        (lambda raw: raw.update(unheard=1), "unknown field `unheard`"),
        (lambda raw: raw.pop("parts"), "missing required field `parts`"),
        (lambda raw: raw.update(parts=[]), "expected parts, got none"),
        (lambda raw: raw["parts"][0].update(family="linaer"), "did you mean 'linear'"),
        (lambda raw: raw["parts"][0].update(settings={"link": "cloglog"}), r"part 'trend' \(linear\): settings: Invalid"),
        (lambda raw: raw["parts"][0].update(name="other"), "expected an array 'weights'"),
        (lambda raw: raw["parts"][0].update(inputs=["power_kw", "temp_c", "wear"]), "part 'trend' reads 'wear', which is no feature"),
        (lambda raw: raw["parts"][0].update(inputs=["age"]), r"'weights': expected float64\[1, 1\], got float64\[1, 3\]"),
        (lambda raw: raw["parts"][0].update(outputs=["age"]), "is named 'age', as another column is"),
        (lambda raw: raw["outputs"][0].update(name="hours"), "the model gives 'hours', which is no feature"),
        (lambda raw: raw["features"].reverse(), "golden row 0: expected"),
        (lambda raw: raw.update(arrays_sha256="0" * 64), "arrays.npz was changed or cut off"),
    ],
)  # fmt: skip
def test_a_document_that_is_wrong_in_itself_is_refused(copied: Path, change: Callable[[dict], None], told: str) -> None:
    rewritten(copied, change)

    with pytest.raises(ModelError, match=told):
        read_model(copied)


class Planted:
    """What pickle would run."""

    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('a pickle was run')",))


@pytest.mark.parametrize("content", [pickle.dumps(Planted()), b"PK\3\4 no zip", None])
def test_arrays_that_are_none_are_refused_and_no_pickle_is_run(copied: Path, content: bytes | None) -> None:
    if content is None:
        packed = io.BytesIO()
        np.savez(packed, **{"trend/weights": np.array([Planted()], object)})
        content = packed.getvalue()
    (copied / "arrays.npz").write_bytes(content)
    rewritten(copied, lambda raw: raw.update(arrays_sha256=hashlib.sha256(content).hexdigest()))

    with pytest.raises(ModelError, match=r"arrays.npz: expected arrays of numbers"):
        read_model(copied)


def test_what_the_estimator_scored_otherwise_is_not_written(tmp_path: Path) -> None:
    wrong = plain(golden_scores=ridge().predict(ROWS[:5])[:, None] + 1e-6)

    with pytest.raises(ModelError, match="golden row 0"):
        write_model(wrong, tmp_path / "press")

    assert list(tmp_path.iterdir()) == []


def test_a_card_that_json_can_not_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not JSON compliant"):
        write_model(plain(card={"rmse": float("nan")}), tmp_path / "press")


def test_a_folder_that_is_there_is_not_written_over(copied: Path) -> None:
    before = read_model(copied).digest

    with pytest.raises(ModelError, match="expected a new folder"):
        write_model(plain(), copied)

    assert read_model(copied).digest == before


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, limits[1]))
    try:
        with pytest.raises(ModelError, match="press: can't be written: File too large; nothing was kept"):
            write_model(plain(), tmp_path / "press")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.iterdir()) == []


def test_features_are_found_by_name_and_refused_in_other_units(written: Path) -> None:
    model = read_model(written)
    table = [Column("age"), Column("speed", "rpm"), Column("temp_c", "degC"), Column("power_kw", "kW")]

    assert model.places(table).tolist() == [3, 2, 0]
    with pytest.raises(ModelError, match=r"temp_c \[degC\], got \[degF\]; age \[1\], got none"):
        model.places([Column("power_kw", "kW"), Column("temp_c", "degF")])
    with pytest.raises(ModelError, match=r"rows of 3 features, got an array of shape \(2, 4\)"):
        model.score(np.zeros((2, 4)))


def composed() -> Draft:
    """Two parts that read features, and a blend that reads what they make."""
    estimator = ridge()
    half = Flat("linear", {}, {"weights": np.array([[0.5, 0.5]]), "intercept": np.zeros(1)})
    index = Flat("linear", {}, {"weights": np.array([[2.0]]), "intercept": np.ones(1)})
    trend = plain().parts[0]._replace(outputs=("trend",))
    parts = (
        trend,
        PartDraft("index", index, ("age",), ("index",)),
        PartDraft("blend", half, ("trend", "index"), ("rul",)),
    )
    wanted = (estimator.predict(ROWS[:5]) + 2 * ROWS[:5, 2] + 1) / 2
    return plain(parts=parts, golden_scores=wanted[:, None])


def test_parts_read_what_parts_before_them_make(tmp_path: Path) -> None:
    write_model(composed(), tmp_path / "press")
    model = read_model(tmp_path / "press")

    known = ROWS * [np.nan, np.nan, 1.0]

    np.testing.assert_array_equal(
        model.columns(["index", "age"], known), np.column_stack([2 * ROWS[:, 2] + 1, ROWS[:, 2]])
    )
    assert np.isnan(model.score(known)).all()
    blend = model.explain("blend", ROWS)
    np.testing.assert_allclose(blend.contributions.sum(axis=1) + blend.base, model.score(ROWS), atol=1e-12)
    with pytest.raises(ModelError, match="has no column 'indx', did you mean 'index'"):
        model.columns(["indx"], ROWS)
    with pytest.raises(ModelError, match="reads 'index', which is no feature"):
        write_model(dataclasses.replace(composed(), parts=composed().parts[::2]), tmp_path / "other")


def test_what_stands_in_the_file_is_what_is_decoded(written: Path) -> None:
    digest, document = decode((written / "model.json").read_bytes())

    assert (document.name, document.task, len(digest)) == ("press", "rul", 64)
