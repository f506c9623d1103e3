"""Public holidays of countries and their subdivisions; what owns the library `holidays`.

Source: the package holidays (https://pypi.org/project/holidays), in the version that pyproject.toml pins. It is imported where a
plant file names a country.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from warnings import catch_warnings

from fieldline.tables import nearest


def place_fault(country: str | None, subdivision: str | None) -> str:
    """What is wrong with a country (ISO 3166-1 alpha-2) and its subdivision; "" is no fault."""
    if country is None:
        return "" if subdivision is None else f"subdivision: {subdivision!r} needs a country"
    known = _places()
    if country not in known:
        return f"country: expected an ISO 3166 code such as 'DE', got {country!r}{nearest(country, known)}"
    if subdivision is not None and subdivision not in known[country]:
        of = ", ".join(known[country]) or "none"
        return f"subdivision: expected one of {country}'s ({of}), got {subdivision!r}"
    return ""


@lru_cache(maxsize=512)
def public_holidays(country: str | None, subdivision: str | None, year: int) -> Mapping[date, str]:
    """The public holidays of a year and their names, in English where the library has them.

    None without a country, and for years that the library does not know.
    """
    if country is None:
        return {}
    from holidays import country_holidays

    # Of years beyond its data the library warns each time; calendars are worked out for years that nobody looks at.
    with catch_warnings(action="ignore", category=UserWarning):
        return dict(country_holidays(country, subdiv=subdivision, years=year, observed=True, language="en_US"))


@lru_cache(maxsize=1)
def _places() -> dict[str, list[str]]:
    from holidays import list_supported_countries

    return list_supported_countries(include_aliases=False)
