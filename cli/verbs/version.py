"""Print the version."""

import platform

from cli import options
from cli.report import Data, Note, Report, tell
from fieldline import __version__


def version(json: options.Json = False) -> None:
    """Print what runs, and on what."""
    parts = {"fieldline": __version__, "python": platform.python_version(), "platform": platform.platform()}
    pieces = [Data(name, value) for name, value in parts.items()]
    tell(Report([*pieces, Note(f"fieldline {__version__}")]), as_json=json)
