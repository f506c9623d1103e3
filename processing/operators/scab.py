"""`scab`: per hour, how severe an infection of apple leaves by scab the wet period so far makes.

    scab,asset=farm/orchard/block3,window=1h severity=2,wet_h=12,needed_h=8.5,infection_ratio=1.41,severity_name="light",coverage=1,rev=0

Rows are of assets whose `[asset.disease]` has the model `scab`; wet hours are those of `leaf_wetness`, and an estimate where those are.
`severity` is by Jones's revision of Mills' table, `needed_h` by the revision of MacHardy and Gadoury: the fewest hours in which
ascospores infect by day. Of a rain that begins at night they count from sunrise, which is not done here: such nights are called too
early.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.plantfile.disease import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas.disease import SCAB, ascospore_hours, scab_severity
from processing.formulas.division import divide


def formula(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of wet periods, float64[n] each; without one there is no infection."""
    hours, degc = columns["wet_h"], columns["wet_degc"]
    needed = np.asarray(ascospore_hours(degc))
    return {
        "severity": np.where(hours == 0.0, 0.0, scab_severity(hours, degc)),
        "wet_h": hours,
        "needed_h": needed,
        "infection_ratio": np.where(hours == 0.0, 0.0, divide(hours, needed)),
    }


_JONES = "A. L. Jones and T. B. Sutton, Diseases of Tree Fruits, NCR 45, 1984"
_MACHARDY = "W. E. MacHardy and D. M. Gadoury, Phytopathology 79 (1989) 304"

COMPONENT = derived(
    name="scab",
    meaning="Infection of apple leaves by scab (Venturia inaequalis).",
    inputs={"wet_h": "leaf_wetness.wet_h", "wet_degc": "leaf_wetness.wet_degc"},
    fields=(
        ("severity", "1", "none, minimal, light, moderate, severe as 0 to 4", "table(wet_h, wet_degc)", _JONES),
        ("wet_h", "h", "wet hours of the wet period", "leaf_wetness.wet_h", _MACHARDY),
        (
            "needed_h",
            "h",
            "the fewest in which ascospores infect; none below 1 and above 26 °C",
            "table(wet_degc)",
            _MACHARDY,
        ),
        ("infection_ratio", "1", "how much of them there is", "wet_h / needed_h", _MACHARDY),
    ),
    formula=formula,
    windows=("1h",),
    needs=("leaf_wetness",),
    terms=Terms(
        texts={"severity_name": Spelled("`severity` in words", "severity", SCAB.__getitem__)},
        only=f"{PREFIX}scab",
        is_default=True,
        parameters=("asset.disease",),
        is_needed=lambda plant: plant.has_diseases,
    ),
)
