"""Whether an event is about an asset that the log has heard of: one about another changes nothing."""

from analysis.known_tags import known_assets
from analysis.logs import existing, sqlite_path
from cli.terminal import say
from fieldline.errors import LogCorrupt, SettingsError, Unavailable
from fieldline.settings import Settings
from fieldline.tables import nearest


def check_heard(asset: str, flag: str, settings: Settings) -> None:
    """Refuse an asset, or a line, of which no reading ever came; where that can't be known, say so and go on. Raises SettingsError."""
    path = sqlite_path(settings.log)
    if path is not None and not path.exists():
        say(f"not checked whether {asset} was ever heard of: there is no log {path}; name it with --log")
        return
    try:
        with existing(settings.log) as log:
            known = known_assets(log)
    except (Unavailable, LogCorrupt) as error:
        say(f"not checked whether {asset} was ever heard of: {error}")
        return
    if asset in known or any(other.startswith(f"{asset}/") for other in known):
        return
    above = {"/".join(other.split("/")[:depth]) for other in known for depth in range(1, other.count("/") + 1)}
    raise SettingsError(
        f"{flag}: no reading of {asset!r} ever came to {settings.log}, so this would change nothing{nearest(asset, known | above)}"
    )
