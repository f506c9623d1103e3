"""Energy per good unit of a day, by order and by shift, or by another window."""

from analysis.no_such_window import ASK_A_MACHINE
from analysis.overview.asked import ALL_TIME, DAY_NS, Asked
from analysis.results import Row
from fieldline.moments import Moment

WINDOWS = ("order", "shift")


def per_unit_of(asked: Asked) -> dict[str, list[Row]]:
    """Rows of `production_order` by window, of the day up to the time that is asked for. Raises SettingsError where there are none."""
    end = ALL_TIME if asked.at is None else asked.at + 1
    names = [asked.window] if asked.window else list(WINDOWS)
    found = {name: asked.rows("production_order", name, 0, end) for name in names}
    newest = max((int(rows[-1]["time"]) for rows in found.values() if rows), default=None)
    if newest is None:
        is_of_machines = "order" in names and asked.plant.has_order_machines(asked.asset)
        why = f": {ASK_A_MACHINE}" if is_of_machines else ""
        raise asked.nothing("production_order", f"in a window {' or '.join(names)}{why}")
    return {
        name: [row | {"time": Moment(row["time"], asked.zone)} for row in rows if row["time"] > newest - DAY_NS]
        for name, rows in found.items()
        if rows
    }
