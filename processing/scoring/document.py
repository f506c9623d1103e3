"""`model.json`: what a model is, in words, and the checksum over all of it.

    {"sha256": "<of every byte after this line>",
    "format": "fieldline model",
    "version": 1,
    …

The first line is the checksum of all that follows it, and `arrays_sha256` that of `arrays.npz`, so one value stands for the whole
model: it is the model's *digest*, which the registry and events on the log name.
"""

import hashlib
import json
from typing import Any, TypeVar

import msgspec

from fieldline.errors import ModelError

FORMAT = "fieldline model"
VERSION = 1
"""Of the folder's two files. A file of another version is refused: a model is trained again sooner than it is guessed at."""

DOCUMENT, ARRAYS = "model.json", "arrays.npz"
GOLDEN = "golden/rows", "golden/scores"
"""Arrays beside those of the parts, which are named `part/array`."""

_BEGIN, _END = b'{"sha256": "', b'",\n'
_HEX = 64
T = TypeVar("T")


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature or an output by name, with its unit as `fieldline/units.py` has it; `1` where it has none."""

    name: str
    unit: str = "1"


class PartDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part: its family, the columns that it reads (features, or outputs of parts before it), and those that it makes."""

    name: str
    family: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: dict[str, Any] = {}


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model without its arrays.

    features : what a row must have, in that order; outputs : what comes of it, columns that parts make
    made_with : versions of what made it, by name; lineage : digest of its data, of the code, and the settings
    card : what is known of it: data, metrics, limits
    """

    format: str = FORMAT
    version: int = VERSION
    name: str
    task: str
    features: tuple[Column, ...]
    outputs: tuple[Column, ...]
    parts: tuple[PartDocument, ...]
    arrays_sha256: str
    made_with: dict[str, str]
    lineage: dict[str, Any]
    card: dict[str, Any] = {}


def encode(document: Document) -> bytes:
    """The file's bytes. Raises ModelError for what JSON can't hold, such as NaN in the card."""
    try:
        text = json.dumps(msgspec.to_builtins(document), indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelError(f"model {document.name!r}: {error}") from error
    rest = text.removeprefix("{\n").encode() + b"\n"
    return _BEGIN + hashlib.sha256(rest).hexdigest().encode() + _END + rest


def digest_of(content: bytes) -> str:
    """The digest at the head of the file's bytes, which what follows has. Raises ModelError."""
    head = len(_BEGIN) + _HEX + len(_END)
    digest, rest = content[len(_BEGIN) :][:_HEX].decode("ascii", "replace"), content[head:]
    if content[:head] != _BEGIN + digest.encode("ascii", "replace") + _END:
        raise ModelError("expected a first line with the file's SHA-256, got something else")
    if hashlib.sha256(rest).hexdigest() != digest:
        raise ModelError(
            "was changed or cut off after it was written: its content has not the SHA-256 of its first line"
        )
    return digest


def decode(content: bytes) -> tuple[str, Document]:
    """Digest and document of the file's bytes. Raises ModelError for one that was changed, or is of another version."""
    digest = digest_of(content)
    try:
        raw = json.loads(content)
        raw.pop("sha256")
        if (raw.get("format"), raw.get("version")) != (FORMAT, VERSION):
            came = f"{raw.get('format')!r} version {raw.get('version')!r}"
            raise ModelError(f"expected {FORMAT!r} version {VERSION}, got {came}: train it again with this Fieldline")
        return digest, msgspec.convert(raw, Document)
    except (ValueError, AttributeError, msgspec.ValidationError) as error:
        raise ModelError(str(error)) from error
