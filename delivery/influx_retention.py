"""How long an InfluxDB keeps rows, and which windows that is too short for."""

import json
import re
from collections.abc import Iterable
from urllib.parse import urlencode

from delivery.influx import influxql_name, influxql_rows
from delivery.influx_http import InfluxHttp
from delivery.influx_url import InfluxTarget
from fieldline.errors import FieldlineError
from fieldline.windows import LONGEST_S

_UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def kept_s(target: InfluxTarget, http: InfluxHttp) -> float | None:
    """How long the database or bucket keeps rows [s]; None: for ever, or it does not say."""
    try:
        return _kept_v1(target, http) if target.api == "v1" else _kept_v2(target, http)
    except (FieldlineError, ValueError, LookupError, TypeError, AttributeError):
        # A token that may not see buckets, a server that has none: what is refused later is counted all the same
        return None


def too_long(windows: Iterable[str], kept: float) -> list[str]:
    """Windows that begin before what is kept while they still run: the database refuses their last figures."""
    return [window for window in windows if LONGEST_S.get(window, 0.0) > kept]


def told(windows: Iterable[str], kept: float) -> str:
    """What to do about windows that are too long."""
    return (
        f"it keeps rows for {kept / 86_400:g} days, and a row's time is its window's start: figures of {', '.join(windows)} are refused "
        "once they began before that; let it keep more, or leave these windows out (--windows)"
    )


def _kept_v1(target: InfluxTarget, http: InfluxHttp) -> float | None:
    found = influxql_rows(http, target.bucket, f'SHOW RETENTION POLICIES ON "{influxql_name(target.bucket)}"')
    for series in found:
        for row in series["values"]:
            policy = dict(zip(series["columns"], row, strict=True))
            if policy["name"] == target.retention or (target.retention is None and policy["default"]):
                parts = re.findall(r"(\d+)([wdhms])", policy["duration"])
                return sum(int(number) * _UNITS_S[unit] for number, unit in parts) or None
    return None


def _kept_v2(target: InfluxTarget, http: InfluxHttp) -> float | None:
    query = urlencode({"name": target.bucket, "org": target.org})
    answer = http.request("GET", f"/api/v2/buckets?{query}", headers={"Accept": "application/json"})
    (bucket,) = json.loads(answer.body)["buckets"]
    rules = [float(rule["everySeconds"]) for rule in bucket["retentionRules"] if rule["type"] == "expire"]
    return min(rules, default=0.0) or None
