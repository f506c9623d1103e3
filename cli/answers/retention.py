"""Whether the log keeps readings as long as late rows may need them."""

import msgspec

from fieldline.errors import FieldlineError
from fieldline.log.options import kept_seconds
from fieldline.settings import Settings

_MARGIN_S = 3600.0


def kept_too_short(settings: Settings, horizon_s: float | None = None) -> str:
    """Why the log of the settings may forget too early, empty where it does not; horizon_s : in place of that of the settings."""
    if horizon_s is not None:
        settings = msgspec.structs.replace(
            settings, process=msgspec.structs.replace(settings.process, horizon_s=horizon_s)
        )
    try:
        return retention_warning(settings) or topic_warning(settings)
    except FieldlineError as error:  # whoever may not read the topic's options may work on its records
        return f"how long the log keeps readings can't be told: {error}"


def topic_warning(settings: Settings) -> str:
    """The same of a log on Kafka, which is asked how long its topic keeps readings. Raises SettingsError, Unavailable."""
    if not settings.log.startswith("kafka:"):
        return ""
    from fieldline.log.topics_check import retention_fault

    fault = retention_fault(settings.log, settings.process.horizon_s)
    return "" if fault is None else f"{fault}: a row that is late by more is counted late and changes no figure"


def retention_warning(settings: Settings) -> str:
    """Why late rows may find that a SQLite log has lost the rows of their slice; empty where it keeps them long enough."""
    kept_s, least_s = kept_seconds(settings.log), settings.process.horizon_s + _MARGIN_S
    if kept_s is None or kept_s >= least_s:
        return ""
    return (
        f"$.log: retention_s: expected at least {least_s:g}, the horizon and an hour, got {kept_s:g}: a row that is late by more is "
        "counted late and changes no figure"
    )
