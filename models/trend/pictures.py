"""Pictures of a degradation trend: each unit's wear, its end as it was foretold at half of it, and lives left at other moments."""

from pathlib import Path
from typing import Any

import numpy as np

from models.pictures import BLUE, FAINT, INK, ORANGE, RED, SKY, saved, sheet, style
from models.task import Trained
from models.trend.fields import FieldWear
from models.trend.model import SHARES, Wear
from models.trend.unit import Unit

_MOST = 6  # units that are drawn


def draw(model: Trained, folder: Path) -> list[Path]:
    """Pictures into a folder, which is made; the files."""
    wear: Wear | FieldWear = model.parts["wear"]
    value, time = str(model.card.options["value"]), str(model.card.options["time_unit"])
    with style():
        if isinstance(wear, FieldWear):  # it foretells of a row, not of all that was known
            return saved(_lives_left(model, wear, time), folder, "lives_left")
        return [
            *saved(_ends(wear, value, time), folder, "ends"),
            *saved(_lives_left(model, wear, time), folder, "lives_left"),
        ]


def _ends(wear: Wear, value: str, time: str) -> Any:
    """What was known of each unit at half of its life, what came after, and when the others let expect its end."""
    units = wear.fleet[:_MOST]
    columns = min(3, len(units))
    rows = -(-len(units) // columns)
    figure, axes = sheet(3.2 * columns, 2.9 * rows + 0.3, rows, columns, sharey=True)
    places = np.ravel(np.atleast_1d(np.asarray(axes)))
    for place, unit in zip(places, units, strict=False):
        _end(place, wear, unit)
        place.set_xlabel(f"time [{time}]")
    for place in places[len(units) :]:
        place.set_visible(False)
    places[0].set_ylabel(value)
    places[0].legend(loc="upper right", fontsize=7)
    figure.suptitle("Each unit's end, foretold at half of it by the other units", x=0.01, ha="left", fontsize=11)
    return figure


def _end(place: Any, wear: Wear, unit: Unit) -> None:
    end = unit.reached(wear.threshold)
    last = end if np.isfinite(end) else unit.time[-1]
    half = unit.until(unit.time[0] + 0.5 * (last - unit.time[0]))
    told = wear.end_of(half)
    known = len(half.time)
    place.axhline(wear.threshold, color=RED, linewidth=1)
    place.axvspan(told.low, told.high, color=SKY, alpha=0.3, linewidth=0, label="range foretold")
    place.axvline(told.time, color=BLUE, linewidth=1.4, label="end foretold")
    place.plot(unit.time[known - 1 :], unit.value[known - 1 :], color=FAINT, linewidth=1, label="what came")
    place.plot(half.time, half.value, color=INK, linewidth=1.2, label="known")
    said = f"{told.time - end:+.1f}" if np.isfinite(end) else "limit not reached"
    place.set_title(f"{unit.name}: {said}", fontsize=9)


def _lives_left(model: Trained, wear: Wear | FieldWear, time: str) -> Any:
    """Life left as foretold against as it was, for each unit by the others at shares of its life."""
    figure, place = sheet(4.8, 4.4)
    true, predicted, unit = (model.evidence[name] for name in ("true", "predicted", "unit"))
    farthest = 1.05 * max(true.max(), predicted[np.isfinite(predicted)].max())
    place.plot([0, farthest], [0, farthest], color=INK, linewidth=1)
    colours = (BLUE, ORANGE, RED, SKY, FAINT, INK)
    for number in np.unique(unit):
        mine = unit == number
        colour = colours[int(number) % len(colours)]
        place.plot(
            true[mine], predicted[mine], color=colour, marker="o", markersize=4, label=wear.fleet[int(number)].name
        )
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    place.set(title=f"At {shares} of each life, by the others", xlabel=f"true life left [{time}]",
              ylabel=f"foretold [{time}]", xlim=(0, farthest), ylim=(0, farthest))  # fmt: skip
    if len(np.unique(unit)) <= len(colours):
        place.legend(loc="upper left", fontsize=7)
    return figure
