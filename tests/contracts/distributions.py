"""Distributions as pip leaves them: modules and a `.dist-info` in a folder that is on `sys.path`."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "adding.md"


def install(folder: Path, name: str, points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str]) -> None:
    """Write version 1.0 of a distribution. `points` : group to name to `module:attribute`; `modules` : name to source."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    sections = [
        "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()), ""])
        for group, entries in points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(sections), "utf-8")
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, "utf-8")


@contextmanager
def importable(folder: Path) -> Iterator[Path]:
    """The folder is on `sys.path`; what was imported from it is forgotten afterwards."""
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


def example(heading: str) -> str:
    """The Python file that stands below a heading of docs/adding.md."""
    (section,) = re.findall(rf"(?ms)^## {re.escape(heading)}$(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"))
    (source,) = re.findall(r"(?ms)^```python\n(.*?)^```$", section)
    return str(source)
