"""Dashboards: every query asks for measurements, fields and tags that the catalogue has, in InfluxQL."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.null_fields import NULL_FIELDS
from fieldline.catalogue import fields, kinds, tags, texts

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))


def _load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _queries(paths: list[Path] = DASHBOARDS) -> list[tuple[str, str]]:
    return [
        (f"{path.stem}: {panel['title']}: {target['refId']}", target["query"])
        for path in paths
        for panel in _load(path)["panels"]
        for target in panel["targets"]
    ]


def test_there_is_a_dashboard() -> None:
    assert {path.stem for path in DASHBOARDS} == {"fields", "lines", "oee"}
    assert len(_queries()) > 10


def test_all_kinds_are_on_a_dashboard() -> None:
    asked = {match[1] for _, query in _queries() if (match := re.search(r'FROM "(\w+)"', query))}

    assert asked == set(kinds()) - {"reading"}


def test_what_shows_one_ratio_leaves_out_rows_in_which_it_is_none_any_more() -> None:
    shown = [
        re.search(r'"null_fields" !~ /,(\w+),/', query)
        for _, query in _queries()
        if query.startswith('SELECT last("') and '"oee"' in query
    ]

    assert [match and match[1] for match in shown] == ["oee", "availability", "performance", "quality"]


def test_no_two_dashboards_have_one_name() -> None:
    names = [(_load(path)["uid"], _load(path)["title"]) for path in DASHBOARDS]

    assert len({uid for uid, _ in names}) == len({title for _, title in names}) == len(names)


def test_the_parts_of_the_waterfall_are_all_stacked() -> None:
    (query,) = [query for name, query in _queries() if name.startswith("oee: Where time went")]

    parts = set(fields("losses")) - {"calendar_time_s", "actual_production_time_s", "rev", "retracted"}
    assert set(re.findall(r'"(\w+_s)"', query)) == parts


@pytest.mark.parametrize(("name", "query"), _queries(), ids=[name for name, _ in _queries()])
def test_a_query_names_only_what_the_catalogue_has(name: str, query: str) -> None:
    match = re.fullmatch(
        r'SELECT (?P<what>.+?) FROM "(?P<kind>\w+)" WHERE (?P<where>.+?)(?: GROUP BY (?P<by>.+))?', query
    )

    assert match is not None, "not a simple InfluxQL SELECT"
    kind = match["kind"]
    assert kind in kinds()
    known = {*fields(kind), *texts(kind)}
    assert set(re.findall(r'"(\w+)"', match["what"])) <= known
    named = re.findall(r'"(\w+)" (?:=|=~|!=|!~) ', match["where"]) + re.findall(r'"(\w+)"', match["by"] or "")
    assert set(named) <= {*tags(kind), *known, NULL_FIELDS}
    assert set(re.findall(r'"(\w+)"', match["by"] or "")) <= set(tags(kind)), "fields group nothing"
    assert "$timeFilter" in match["where"], "without it, all of the database is read"
    if kind != "telemetry" and re.match(r"(sum|mean|max)\(", match["what"]):
        assert "\"level\" = '$level'" in match["where"], "a line would be added to its machines"
    assert "window" not in tags(kind) or '"window" = ' in match["where"], "windows of all lengths would be mixed"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    board = _load(path)

    assert board["uid"] and board["title"] and board["schemaVersion"] >= 39
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in board["panels"]:
        assert panel["description"], panel["title"]
        assert panel["datasource"] == {"type": "influxdb", "uid": "fieldline"}
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert all(target["rawQuery"] for target in panel["targets"])


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_do_not_overlap(path: Path) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in _load(path)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_variables_are_declared_before_they_are_used_and_all_are_used(path: Path) -> None:
    board = _load(path)
    declared: list[str] = []
    for variable in board["templating"]["list"]:
        assert set(re.findall(r"\$(\w+)", variable["query"])) <= set(declared)
        if variable["type"] == "query":
            match = re.match(r'SHOW TAG VALUES FROM "(\w+)" WITH KEY = "(\w+)"', variable["query"])
            assert match is not None and match[2] in tags(match[1])
        declared.append(variable["name"])

    used = {name for _, query in _queries([path]) for name in re.findall(r"\$(\w+)", query)} - {"timeFilter"}
    asked = {name for variable in board["templating"]["list"] for name in re.findall(r"\$(\w+)", variable["query"])}
    assert used | asked == set(declared)


def test_the_provisioned_source_is_the_one_that_dashboards_name_and_speaks_influxql() -> None:
    found = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "fieldline.yml").read_text(encoding="utf-8"))

    (source,) = found["datasources"]
    assert (source["uid"], source["type"]) == ("fieldline", "influxdb")
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["secureJsonData"]["httpHeaderValue1"] == "Token $__file{/run/tokens/token}"


def test_no_token_stands_in_a_dashboard() -> None:
    for path in DASHBOARDS:
        assert not re.search(r"(?i)\b(token|password|bearer)\b", path.read_text(encoding="utf-8"))
