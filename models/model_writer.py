"""Writing a model file: a folder that is there as a whole or not at all, of a model that scores its golden rows as the estimator does."""

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from fieldline import __version__
from fieldline.errors import ModelError
from models.draft import Draft
from processing.scoring.document import ARRAYS, DOCUMENT, GOLDEN, Document, PartDocument, encode
from processing.scoring.model import Model
from processing.scoring.model_file import model_of


def write_model(draft: Draft, folder: Path) -> Model:
    """Write a model to a new folder, and give it as it will be read.

    Raises ModelError when the folder is there, a golden row is not scored as the estimator did, or the disk takes no more; then nothing
    is left behind.
    """
    with arriving(folder) as made:
        return write_files(draft, made)


def write_files(draft: Draft, folder: Path) -> Model:
    """Write a model's two files into a folder, once its golden rows are right. Raises ModelError, OSError."""
    arrays = _packed(draft)
    document = encode(_document(draft, hashlib.sha256(arrays).hexdigest()))
    model = model_of(document, arrays)
    write_durably(folder / ARRAYS, arrays)
    write_durably(folder / DOCUMENT, document)
    return model


@contextlib.contextmanager
def arriving(folder: Path) -> Iterator[Path]:
    """A folder beside `folder`, which becomes it when the block ends, and is gone when that fails.

    Raises ModelError for what the disk refuses.
    """
    if folder.exists():
        raise ModelError(f"{folder}: expected a new folder, got one that is there")
    made = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        yield made
        made.chmod(0o755)  # mkdtemp lets nobody else read, and who scores may be another user
        sync(made)
        made.rename(folder)
        sync(folder.parent)
    except OSError as error:
        raise ModelError(f"{folder}: can't be written: {error.strerror or error}; nothing was kept") from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that survives a power cut. Raises OSError."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Make names in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _packed(draft: Draft) -> bytes:
    arrays = dict(zip(GOLDEN, (draft.golden_rows, draft.golden_scores), strict=True))
    for part in draft.parts:
        arrays |= {f"{part.name}/{name}": array for name, array in part.flat.arrays.items()}
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})
    return packed.getvalue()


def _document(draft: Draft, arrays_sha256: str) -> Document:
    parts = tuple(
        PartDocument(
            name=part.name,
            family=part.flat.family,
            inputs=part.inputs,
            outputs=part.outputs,
            settings=dict(part.flat.settings),
        )
        for part in draft.parts
    )
    return Document(
        name=draft.name,
        task=draft.task,
        features=draft.features,
        outputs=draft.outputs,
        parts=parts,
        arrays_sha256=arrays_sha256,
        made_with={"fieldline": __version__, **{name: version(name) for name in ("numpy", "scikit-learn", "numba")}},
        lineage=msgspec.to_builtins(draft.lineage),
        card=dict(draft.card),
    )
