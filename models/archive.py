"""Estimators kept as they were fitted, by skops: for pictures, comparison and training on, never for scoring.

A skops file is a pickle's contents without its code: types that are not known to be harmless are named, and nothing but those is made.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fieldline.errors import ModelError

ARCHIVE = "estimators.skops"
_TRUSTED = ("sklearn.", "numpy.", "scipy.", "models.")
"""Where the types of estimators live that training makes: scikit-learn's own trees and optimizers, and ours."""


def packed(estimators: Mapping[str, Any]) -> bytes:
    """Estimators and arrays by name, as a file's bytes."""
    import skops.io

    return skops.io.dumps(dict(estimators))


def digest(content: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def unpacked(folder: Path) -> dict[str, Any]:
    """The estimators of a version's folder, by name. Raises ModelError as `loaded`."""
    return dict(loaded(folder / ARCHIVE))


def loaded(path: Path) -> Any:
    """What a skops file holds. Raises ModelError for a file that is missing, damaged or holds types of anybody else."""
    import skops.io

    try:
        content = path.read_bytes()
        types = skops.io.get_untrusted_types(data=content)
        if foreign := [name for name in types if not name.startswith(_TRUSTED)]:
            raise ModelError(f"{path}: expected scikit-learn's types and ours, got {', '.join(foreign)}")
        return skops.io.loads(content, trusted=types)
    except OSError as error:
        raise ModelError(f"{path}: expected estimators saved by skops, got: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: expected estimators saved by skops, got: {error}") from error
