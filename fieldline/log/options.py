"""Options in the query part of a log's URL."""

import math
from urllib.parse import parse_qsl

from fieldline.errors import SettingsError

WEEK_S = 7 * 86400.0


class Options:
    """The options of one URL; every one must be taken before `finish`, so that a misspelt one stops the start."""

    def __init__(self, query: str) -> None:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError as error:
            raise SettingsError(f"log: expected options as name=value&name=value, got {query!r}") from error
        self._values = dict(pairs)
        self._known: list[str] = []

    @classmethod
    def split(cls, address: str) -> tuple[str, "Options"]:
        """What stands before `?`, and the options after it."""
        place, _, query = address.partition("?")
        return place, cls(query)

    def text(self, name: str, default: str | None = None, choices: tuple[str, ...] = ()) -> str | None:
        """A text, one of `choices` if there are any."""
        self._known.append(name)
        value = self._values.pop(name, default)
        if choices and value is not None and value not in choices:
            raise SettingsError(f"log: {name}: expected one of {', '.join(choices)}, got {value!r}")
        return value

    def number(self, name: str, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number within `low` and `high`."""
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high or math.isinf(number):
            raise SettingsError(f"log: {name}: expected a number from {low:g} to {high:g}, got {value!r}")
        return number

    def whole(self, name: str, default: int, low: float = -math.inf, high: float = math.inf) -> int:
        """A whole number within `low` and `high`."""
        number = self.number(name, float(default), low, high)
        if number != int(number):
            raise SettingsError(f"log: {name}: expected a whole number, got {number:g}")
        return int(number)

    def finish(self) -> None:
        """Raise SettingsError for options that nobody asked for."""
        if self._values:
            unknown, known = ", ".join(sorted(self._values)), ", ".join(sorted(self._known))
            raise SettingsError(f"log: unknown option {unknown}; known are {known}")


def kept_seconds(url: str) -> float | None:
    """How long the log of a URL keeps records [s]; None where topics say that. Raises SettingsError."""
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite":
        return None
    _, options = Options.split(rest)
    return options.number("retention_s", WEEK_S, low=1)
