"""Times in files: which format a whole column is in, found from its values or refused when they allow two meanings.

A column is read with every known format that fits all of its values. Days above 12 decide between day first and month
first; a column that leaves both open is refused rather than guessed at, since a wrong guess looks right.
"""

import polars as pl

from fieldline.errors import SettingsError

_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d")
_CLOCKS = (
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S%.f",
    "T%H:%M",
    "T%H:%M:%S",
    "T%H:%M:%S%.f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "",
)
_ZONED = ("%:z", "%z", "Z", " UTC", " %:z", " %z")
_NS = "datetime[ns, UTC]"
EPOCHS = {"epoch_s": 1_000_000_000, "epoch_ms": 1_000_000, "epoch_us": 1000, "epoch_ns": 1}
"""Names of epoch columns for `--time-format`, and nanoseconds per unit."""
_SAMPLE = 500


def parse_times(column: pl.Series, time_format: str | None = None, time_zone: str = "UTC") -> pl.Series:
    """Times of a column as int64 [ns UTC]; null where the cell is empty.

    time_format : a strptime format (`%d.%m.%Y %H:%M`), `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`; None finds it
    time_zone : IANA name of the zone of times that name none

    Raises SettingsError for a column that fits no format or two with different meanings, naming the row (1 is the first
    row of data), and for local times that daylight saving skips or repeats.
    """
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return _to_utc(column.cast(pl.Datetime("ns", getattr(column.dtype, "time_zone", None))), time_zone)
    if column.dtype.is_numeric():
        return _epochs(column, time_format)
    text = column.cast(pl.String).str.strip_chars()
    text = text.set(text == "", None)
    if time_format in EPOCHS or (time_format is None and _is_all_numbers(text)):
        return _epochs(text.cast(pl.Float64 if text.str.contains(r"[.eE]").any() else pl.Int64), time_format)
    if time_format is None and bool(text.drop_nulls().head(1).str.contains(_MONTH).any()):
        text = _first_days(text)
    parsed = _strptime(text, time_format) if time_format else _detect(text)
    return _to_utc(parsed, time_zone)


def _detect(text: pl.Series) -> pl.Series:
    filled = text.drop_nulls()
    if not len(filled):
        raise SettingsError(f"time: column {text.name!r} is empty")
    sample = filled.head(_SAMPLE).unique()
    formats = [date + clock + zone for date in _DATES for clock in _CLOCKS for zone in ("", *(_ZONED if clock else ()))]
    likely = [fmt for fmt in formats if _try(sample, fmt) is not None]
    found: dict[str, pl.Series] = {}
    for fmt in likely:
        parsed = _try(text, fmt)
        if parsed is not None and not any(parsed.equals(other) for other in found.values()):
            found[fmt] = parsed
    if len(found) > 1:
        names = " or ".join(repr(fmt) for fmt in found)
        raise SettingsError(
            f"time: {filled[0]!r} and all other values of {text.name!r} can be {names}: say which with --time-format"
        )
    if not found:
        raise SettingsError(_misfit(text, likely))
    return next(iter(found.values()))


def _first_days(months: pl.Series) -> pl.Series:
    """The first day of each month (`2026-01`)."""
    bad = (~months.str.contains(_MONTH) & months.is_not_null()).arg_true()
    if len(bad):
        raise SettingsError(
            f"time: row {bad[0] + 1} of {months.name!r} holds {months[int(bad[0])]!r}, which is no month as the rows before"
        )
    return months + "-01"


def _misfit(text: pl.Series, likely: list[str]) -> str:
    """What to tell about a column that no format fits: the first value that breaks the most likely one."""
    if likely:
        row = _first_bad_row(text, likely[0])
        return (
            f"time: row {row + 1} of {text.name!r} holds {text[row]!r}, which is not {likely[0]!r} as the rows before"
        )
    first = text.drop_nulls()[0]
    hint = "give one with --time-format, such as '%d.%m.%Y %H:%M'"
    return f"time: {first!r} in {text.name!r} is in no format known here: {hint}"


def _strptime(text: pl.Series, fmt: str) -> pl.Series:
    try:
        parsed = _parse(text, fmt)
    except pl.exceptions.PolarsError as error:
        raise SettingsError(f"time: {fmt!r} is not a format of a date and time: {error}") from error
    if parsed.null_count() > text.null_count():
        row = _first_bad_row(text, fmt)
        raise SettingsError(f"time: row {row + 1} of {text.name!r} holds {text[row]!r}, which is not {fmt!r}")
    return parsed


def _first_bad_row(text: pl.Series, fmt: str) -> int:
    return int((_parse(text, fmt).is_null() & text.is_not_null()).arg_true()[0])


def _try(text: pl.Series, fmt: str) -> pl.Series | None:
    try:
        parsed = _parse(text, fmt)
    except pl.exceptions.PolarsError:  # formats that polars refuses as a whole fit nothing
        return None
    return parsed if parsed.null_count() == text.null_count() else None


def _parse(text: pl.Series, fmt: str) -> pl.Series:
    if "%H" not in fmt and "%I" not in fmt and "%T" not in fmt and "%R" not in fmt:
        return text.str.to_date(fmt, strict=False).cast(pl.Datetime("ns"))
    return text.str.to_datetime(
        fmt, time_unit="ns", strict=False, time_zone="UTC" if fmt.endswith(("Z", "UTC")) else None
    )


def _to_utc(times: pl.Series, time_zone: str) -> pl.Series:
    if getattr(times.dtype, "time_zone", None) is None:
        try:
            times = times.dt.replace_time_zone(time_zone, ambiguous="raise", non_existent="raise")
        except pl.exceptions.PolarsError as error:
            cause = str(error).splitlines()[0]
            raise SettingsError(
                f"time: local times of {time_zone!r}: {cause}. Send times in UTC or with their offset instead"
            ) from error
    return times.dt.convert_time_zone("UTC").cast(pl.Int64)


def _is_all_numbers(text: pl.Series) -> bool:
    filled = text.drop_nulls()
    return bool(len(filled)) and bool(filled.str.contains(r"^\d{9,19}(\.\d+)?$").all())


def _epochs(numbers: pl.Series, time_format: str | None) -> pl.Series:
    """Epoch numbers to ns; the unit by magnitude, one for the column, within the years 2001 to 2286."""
    if time_format is not None and time_format not in EPOCHS:
        raise SettingsError(f"time: {numbers.name!r} holds numbers; --time-format is one of {', '.join(EPOCHS)}")
    filled = numbers.drop_nulls()
    if not len(filled):
        raise SettingsError(f"time: column {numbers.name!r} is empty")
    factor = EPOCHS[time_format] if time_format else _factor(filled)
    if numbers.dtype.is_float():
        # Whole and part apart: a float64 can't hold ns of today.
        whole = numbers.floor().cast(pl.Int64)
        return whole * factor + ((numbers - whole.cast(pl.Float64)) * factor).round().cast(pl.Int64)
    return numbers.cast(pl.Int64) * factor


def _factor(filled: pl.Series) -> int:
    low, high = (abs(float(filled.min())), abs(float(filled.max())))  # type: ignore[arg-type]
    for factor in EPOCHS.values():
        if 1e18 / factor <= low and high < 1e19 / factor:
            return factor
    raise SettingsError(
        f"time: the numbers of {filled.name!r} ({low:g} to {high:g}) are not all seconds, ms, µs or ns since 1970: "
        f"say which with --time-format ({', '.join(EPOCHS)})"
    )
