"""What came of a back-test, as the registry's history keeps it."""

import msgspec

from models.card import Figure
from models.lineage import FromLog


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a version made of the rows.

    scored : rows of which it gives all outputs; unscored : the others, by why
    figures : of rows whose label is known
    threshold : of its first output, from which on its card alarms, None where that tells none; crossed : scored rows from there on
    drift : population stability index of each input against the training, of inputs that the card has a reference of
    """

    version: int
    scored: int
    unscored: dict[str, int]
    figures: tuple[Figure, ...] = ()
    threshold: float | None = None
    crossed: int | None = None
    drift: dict[str, float] = {}


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where two versions differ most: an output, the asset and the window's start (ISO 8601), and what each says there."""

    output: str
    asset: str
    time: str
    candidate: float
    champion: float


class BackTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version and the champion on the same rows.

    rows, assets, lives : what was replayed; positive, negative : rows that failed within the horizon, and those that surely did not
    seen : share of the rows that lie where the version was trained on the log, None where its lineage does not say where
    unjudged : why there are no figures, "" where there are some; champion, differs : None without one, or without a row that both score
    """

    made_of: FromLog
    rows: int
    assets: int
    lives: int
    positive: int
    negative: int
    candidate: Judged
    unjudged: str = ""
    seen: float | None = None
    champion: Judged | None = None
    differs: Difference | None = None

    @property
    def why_unscored(self) -> str:
        """Why the version scores no row; "" where it scores some."""
        told = self.candidate
        return "" if told.scored else max(told.unscored, key=lambda why: told.unscored[why])
