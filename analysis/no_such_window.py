"""The error that there is no such window."""

from typing import Any

from fieldline.errors import SettingsError
from fieldline.moments import Moment, local

ASK_A_MACHINE = "its machines take orders each for itself, so ask for one of them"
"""Why a line has no order."""


class NoSuchWindow(SettingsError):
    """There is no window, row or order of the time that was asked for.

    `text` has braces for `values`. The message names moments in the zone of their site, `in_utc` is the same message with them in UTC.
    """

    def __init__(self, text: str, *values: Any) -> None:
        shown = [local(value) if isinstance(value, Moment) else value for value in values]
        super().__init__(text.format(*shown))
        utc = [local(value._replace(zone="UTC")) if isinstance(value, Moment) else value for value in values]
        self.in_utc = text.format(*utc)
