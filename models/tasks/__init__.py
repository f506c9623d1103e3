"""Tasks: one file each, ending in `COMPONENT`, a `Task`.

Found by `fieldline.components`; other distributions add theirs by the entry point group `fieldline.tasks`.
"""

from fieldline.components import Components, found
from models.task import Task


def known() -> Components[Task]:
    """Every task by its name. Raises SettingsError when two have one name."""
    return found(__name__, Task, group="fieldline.tasks")
