"""Pictures of a model of remaining life."""

from pathlib import Path

from models.task import Trained


def draw(model: Trained, folder: Path) -> list[Path]:
    """Pictures into a folder, which is made; the files."""
    return []
