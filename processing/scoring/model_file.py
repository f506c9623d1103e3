"""Reading a model: a folder of `model.json` and `arrays.npz`, believed only after its checksums and its golden rows.

Nothing in it is executed: JSON, and arrays of numbers that are read without pickle. Golden rows are rows with the scores that the
estimator itself gave in training; a model whose kernels give others here is refused.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fieldline.errors import ModelError
from fieldline.tables import nearest
from processing.scoring.document import ARRAYS, DOCUMENT, GOLDEN, Document, decode
from processing.scoring.family import PartData, Scorer, families
from processing.scoring.model import Model

GOLDEN_TOLERANCE = 1e-9
"""How far a golden row's score may be from the estimator's, as a share of the larger of 1 and the score.

Kernels are within 1e-12; what a golden row is to find is a wrong array or kernel, not another processor's last bit.
"""


def read_model(folder: Path) -> Model:
    """The model in a folder.

    Raises ModelError, with the file and what was expected, for a file that is missing, changed, cut off, of another version or no model.
    """
    document, arrays = (_content(folder / name) for name in (DOCUMENT, ARRAYS))
    try:
        return model_of(document, arrays)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error


def read_document(folder: Path) -> tuple[str, Document]:
    """Digest and document of the model in a folder, without its arrays; it is not said that they are right. Raises ModelError."""
    try:
        return decode(_content(folder / DOCUMENT))
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error


def model_of(document: bytes, arrays: bytes) -> Model:
    """The model of its two files' bytes. Raises ModelError."""
    try:
        digest, said = decode(document)
    except ModelError as error:
        raise ModelError(f"{DOCUMENT}: {error}") from error
    return _built(digest, said, _arrays(arrays, said.arrays_sha256))


def _built(digest: str, document: Document, arrays: Mapping[str, np.ndarray]) -> Model:
    """A model of its document and arrays, after its golden rows. Raises ModelError."""
    if not document.parts:
        raise ModelError("expected parts, got none")
    left = dict(arrays)
    golden = [_taken(left, name) for name in GOLDEN]
    model = Model(digest, document, [_scorer(number, document, left) for number in range(len(document.parts))])
    if left:
        raise ModelError(f"has arrays that no part reads: {', '.join(sorted(left))}")
    _check_golden(model, *golden)
    return model


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: expected a file of a model, got: {error.strerror}") from error


def _arrays(content: bytes, sha256: str) -> dict[str, np.ndarray]:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{ARRAYS} was changed or cut off after it was written: its SHA-256 is not what {DOCUMENT} says"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{ARRAYS}: expected arrays of numbers, got: {error}") from error


def _taken(left: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in left:
        raise ModelError(f"{ARRAYS}: expected an array {name!r}, got none")
    return left.pop(name)


def _scorer(number: int, document: Document, left: dict[str, np.ndarray]) -> Scorer:
    """The scorer of a part, whose arrays are taken from `left`."""
    said, known = document.parts[number], families()
    if said.family not in known:
        raise ModelError(
            f"part {said.name!r}: expected a family of {', '.join(known)}, got {said.family!r}{nearest(said.family, known)}"
        )
    own = {name: left.pop(name) for name in list(left) if name.rpartition("/")[0] == said.name}
    arrays = {name.rpartition("/")[2]: array for name, array in own.items()}
    data = PartData(said.name, said.family, len(said.inputs), len(said.outputs), said.settings, arrays)
    scorer = known[said.family].load(data)
    if unread := sorted(arrays.keys() - data.read):
        raise data.fault(f"has arrays that the family does not read: {', '.join(unread)}")
    return scorer


def _check_golden(model: Model, rows: np.ndarray, wanted: np.ndarray) -> None:
    """Raises ModelError where golden rows are none, or the model scores them otherwise than the estimator did."""
    shapes = (len(rows), len(model.features)), (len(rows), len(model.outputs))
    if not len(rows) or (rows.shape, wanted.shape) != shapes or {rows.dtype, wanted.dtype} != {np.dtype("f8")}:
        raise ModelError(f"golden rows: expected some of {shapes[0][1]} features and {shapes[1][1]} outputs, float64")
    got = model.score(rows)
    near = np.abs(got - wanted) <= GOLDEN_TOLERANCE * np.maximum(1.0, np.abs(wanted))
    same = (near | (np.isnan(got) & np.isnan(wanted))).all(axis=1)
    if not same.all():
        k = int(np.argmin(same))
        raise ModelError(
            f"golden row {k}: expected {_listed(wanted[k])}, got {_listed(got[k])}: the model does not score as it did"
        )


def _listed(scores: Sequence[float] | np.ndarray) -> str:
    return ", ".join(f"{score:.12g}" for score in scores)
