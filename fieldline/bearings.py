"""Rolling bearings: their geometry, by name or by numbers, and how often their faults strike.

A frequency is an *order*, a multiple of the shaft's turns, when it is divided by the shaft's speed. Formulas are those of pure rolling
with the outer race at rest (R. Randall, J. Antoni, Rolling element bearing diagnostics, a tutorial, MSSP 25 (2011) 485,
doi:10.1016/j.ymssp.2010.07.017, eq. 1 to 4). A bearing slips by a percent or two, so what is measured lies beside them.
"""

from math import cos, radians
from typing import NamedTuple

INCH_MM = 25.4


class FaultOrders(NamedTuple):
    """How often each fault strikes in a turn of the shaft.

    bpfo, bpfi : a ball passes a defect of the outer, of the inner race; bsf : a ball turns about itself, so that its defect strikes one of
    the races; ftf : the cage turns
    """

    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


class Bearing(NamedTuple):
    """The geometry of a bearing. Diameters may be in any one unit.

    elements : balls or rollers of one row; element_mm : their diameter; pitch_mm : of the circle that their centres lie on
    contact_deg : contact angle, 0 for a deep groove ball bearing
    """

    elements: int
    element_mm: float
    pitch_mm: float
    contact_deg: float = 0.0

    @property
    def orders(self) -> FaultOrders:
        """The orders of its faults."""
        ratio = self.element_mm / self.pitch_mm * cos(radians(self.contact_deg))
        return FaultOrders(
            bpfo=self.elements / 2.0 * (1.0 - ratio),
            bpfi=self.elements / 2.0 * (1.0 + ratio),
            bsf=self.pitch_mm / (2.0 * self.element_mm) * (1.0 - ratio * ratio),
            ftf=(1.0 - ratio) / 2.0,
        )


CATALOGUE: dict[str, Bearing] = {
    "6205-2RS JEM": Bearing(9, 0.3126 * INCH_MM, 1.537 * INCH_MM),
    "6203-2RS JEM": Bearing(8, 0.2656 * INCH_MM, 1.122 * INCH_MM),
    "ZA-2115": Bearing(16, 0.331 * INCH_MM, 2.815 * INCH_MM, 15.17),
    "UER204": Bearing(8, 7.92, 34.55),
    "NICE 8": Bearing(8, 0.235 * INCH_MM, 1.245 * INCH_MM),
}
"""Bearings whose geometry is published with measurements of them, by name: CWRU Bearing Data Center (drive end and fan end), NASA IMS
(Rexnord), XJTU-SY (LDK), MFPT (NICE). Makers seldom print the ball diameter: the plant file takes any geometry by its numbers."""
