"""The operators that run by default, for `--help`, which does not wait for them to be imported (0.3 s of processor time)."""

import re
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from fieldline.errors import SettingsError

_PACKAGE, _GROUP = "processing.operators", "fieldline.operators"
_IS_DEFAULT = re.compile(r"^    is_default=True,$", re.MULTILINE)


def default_operators() -> list[str]:
    """The names that `processing.operators.default()` gives: our own read from the text of their files, others imported.

    Raises SettingsError for one that can't be imported.
    """
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    files = (path for folder in folders or () for path in Path(folder).glob("*.py"))
    names = [path.stem for path in files if _IS_DEFAULT.search(path.read_text("utf-8"))]
    return sorted([*names, *(point.name for point in entry_points(group=_GROUP) if _is_default(point))])


def _is_default(point: EntryPoint) -> bool:
    try:
        return bool(getattr(point.load(), "is_default", False))
    except Exception as error:  # whatever a stranger's file raises while it is imported
        raise SettingsError(f"operators: {point.name!r} ({point.value}) can't be loaded: {error}") from error
