"""Whether the log keeps readings as long as late rows may need them."""

from fieldline.log.options import kept_seconds
from fieldline.settings import Settings

_MARGIN_S = 3600.0


def retention_warning(settings: Settings) -> str:
    """Why late rows may find that the log has lost the rows of their slice; empty where it keeps them long enough."""
    kept_s, least_s = kept_seconds(settings.log), settings.process.horizon_s + _MARGIN_S
    if kept_s is None or kept_s >= least_s:
        return ""
    return (
        f"$.log: retention_s: expected at least {least_s:g}, the horizon and an hour, got {kept_s:g}: a row that is late by more is "
        "counted late and changes no figure"
    )
