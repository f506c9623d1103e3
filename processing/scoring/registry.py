"""The models of a registry folder, as a worker reads them: `FOLDER/NAME/VERSION/` holds a version's files.

Who trains and promotes writes it (`models/registry.py`). A version's files never change, so one that was read is kept.
"""

from pathlib import Path

from fieldline.errors import ModelError
from processing.scoring.digests import DIGITS, digest_bits
from processing.scoring.model import Model
from processing.scoring.model_file import read_model


class RegistryModels:
    """Versions by name and number, each read once. Grows with the versions that score."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, int], Model] = {}

    def version(self, name: str, number: int, digest: int) -> Model:
        """See `processing.derived.scored.Models`."""
        model = self._known.get((name, number))
        if model is None:
            model = self._known[name, number] = self._read(name, number)
        if digest >= 0 and digest_bits(model.digest) != digest:
            wanted = f"{digest:0{DIGITS}x}"
            raise ModelError(
                f"version {number} of {model}: expected files with the digest {wanted}…, got {model.digest[:DIGITS]}…"
            )
        return model

    def _read(self, name: str, number: int) -> Model:
        folder = self._folder / name / str(number)
        if "/" in name or name in (".", "..") or not folder.is_dir():
            raise ModelError(f"version {number} of model {name!r}: there is none in {self._folder}")
        return read_model(folder)
