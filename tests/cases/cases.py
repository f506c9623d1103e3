"""Cases of messages: what is declared, what is published, and which figures must stand at the end.

`read_file` takes a file of `tests/data/cases/stream.json`'s format; its `about` explains it. A file that is not of that format
is refused with the place of what is wrong, for a key that nobody reads would be a check that nobody makes.
"""

import base64
from pathlib import Path
from typing import Literal

import msgspec

FOLDER = Path(__file__).resolve().parents[1] / "data" / "cases"


class CaseFileError(ValueError):
    """A file is not of the format."""


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is published, QoS 1. encoding : how `payload` stands for the bytes."""

    topic: str
    payload: str
    encoding: Literal["utf8", "base64"] = "utf8"
    retain: bool = False

    def content(self) -> bytes:
        """The bytes of the payload."""
        return base64.b64decode(self.payload) if self.encoding == "base64" else self.payload.encode()


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure. Its row is that of `kind`, `asset`, `tag` and `window` that begins at `at` (UTC).

    value, abs_tol : the figure and how far it may be off; null: no such value
    maximum : null or not above
    or_absent : no row is right too
    absent, at_other_than : no row may stand at another time than that
    """

    kind: str
    asset: str
    window: str | None = None
    tag: str | None = None
    field: str = ""
    at: str | None = None
    value: float | str | None | msgspec.UnsetType = msgspec.UNSET
    abs_tol: float = 0.0
    maximum: float | None = None
    or_absent: bool = False
    absent: bool = False
    at_other_than: str | None = None

    def __post_init__(self) -> None:
        forms = (self.value is not msgspec.UNSET, self.maximum is not None, self.absent)
        if sum(forms) != 1:
            raise ValueError("expected one of value, maximum and absent")
        if bool(self.field) == self.absent:
            raise ValueError("expected `field` with value or maximum, and only there")
        if (self.at is None) != self.absent or (self.at_other_than is not None and not self.absent):
            raise ValueError("expected `at` with value or maximum, and only `at_other_than` with absent")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case, of an asset and a line of its own; keys beside these are notes for people."""

    id: str
    messages: tuple[Message, ...]
    checks: tuple[Check, ...]
    what: str = ""
    plant_toml: str = ""


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of cases."""

    cases: tuple[Case, ...]


def read_file(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises CaseFileError."""
    try:
        cases = msgspec.json.decode(path.read_bytes(), type=CaseFile).cases
    except (OSError, msgspec.MsgspecError) as error:
        raise CaseFileError(f"{path}: {error}") from error
    if not cases or not all(case.checks for case in cases):
        raise CaseFileError(f"{path}: expected cases, each with a check")
    names = [case.id for case in cases]
    if len(set(names)) < len(names):
        raise CaseFileError(f"{path}: expected each case to have an id of its own")
    return cases
