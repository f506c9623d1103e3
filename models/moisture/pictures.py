"""A picture of a probe's moisture with what was foretold of it."""

from pathlib import Path

from models.pictures import BLUE, FAINT, INK, ORANGE, saved, sheet, style
from models.task import Trained


def draw(model: Trained, folder: Path) -> list[Path]:
    """Moisture and its forecasts at the day that they are of, and their errors beside those of persistence; the files."""
    evidence, days = model.evidence, int(model.card.options["ahead_days"])
    first = evidence["day_h"][0]
    of_day = (evidence["time_h"] - first) / 24.0 + days
    errors = ((evidence["now"], FAINT, "persistence"), (evidence["told"], ORANGE, "forecast"))
    with style():
        figure, axes = sheet(9.0, 4.8, 2, 1, sharex=True)
        axes[0, 0].plot((evidence["day_h"] - first) / 24.0, evidence["moisture"], color=BLUE, label="measured")
        axes[0, 0].plot(of_day, evidence["told"], ".", color=ORANGE, markersize=3, label=f"{days} days before")
        axes[0, 0].set(ylabel="% by volume", title="Moisture of unfrozen soil")
        axes[0, 0].legend()
        for told, colour, name in errors:
            axes[1, 0].plot(of_day, told - evidence["came"], ".", color=colour, markersize=3, label=name)
        axes[1, 0].axhline(0.0, color=INK, linewidth=0.8)
        axes[1, 0].set(ylabel="foretold − came [%]", xlabel="days")
        axes[1, 0].legend()
        return saved(figure, folder, "moisture")
