"""Line protocol: every published decode case, and what becomes of points."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.codecs import Problem
from ingest.decoder import Decoder
from ingest.lines import points
from ingest.rows import Rows
from tests.delivery.line_parser import Malformed, parse

T_S = 1_767_225_600
NOW_NS = (T_S + 5) * 10**9
FILE = Path(__file__).parents[2] / "data" / "oracles" / "lineprotocol.json"
CASES = [case for case in json.loads(FILE.read_text("utf-8"))["cases"] if case["fn"] == "lp_decode"]


class Listener:
    def __init__(self, **options: Any) -> None:
        topic = Topic(pattern="t/{host}", asset="p/{host}", codec="line_protocol", options=options)
        self.decoder = Decoder(Plant(PlantFile(topic=(topic,))), IngestSettings())
        self.names = Rows()
        self.problem: Problem | None = None

    def read(self, text: str) -> dict[str, tuple[Any, float]]:
        """Number or text, and seconds after T, by `asset: tag`."""
        rows = Rows(self.names.assets, self.names.tags)
        self.problem = self.decoder.decode(b"t/h", text.encode(), NOW_NS, rows)
        return {
            f"{rows.assets.texts[row.asset]}: {rows.tags.texts[row.tag]}": (
                row.value if row.payload is None else row.payload.decode(), row.time / 1e9 - T_S
            )
            for row in rows.take(0)
        }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_published_case_is_read(case: dict[str, Any]) -> None:
    found = list(points(case["inputs"]["text"]))

    got = "error" if any(isinstance(point, PayloadError) for point in found) else [_told(point) for point in found]
    assert got == (
        "error" if case["expected"].get("error") else [_expected(point, case) for point in case["expected"]["points"]]
    )


def _told(point: Any) -> Any:
    return point.name, point.tags, point.fields


def _expected(point: dict[str, Any], case: dict[str, Any]) -> Any:
    fields = [(field["key"], next(iter(field["value"].values()))) for field in point["fields"]]
    return point["name"], [(tag["key"], tag["value"]) for tag in point["tags"]], fields


_PIECE = st.sampled_from(list('m,= \\"\n#1') + ["a=", "=1", "=2.5,", "=t", '="x"', "5i", " 17", "m,k=v f=1 9\n"])


@given(st.lists(_PIECE, max_size=12).map("".join))
@settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_the_reader_agrees_with_a_slow_one_on_any_text(text: str) -> None:
    found = list(points(text))
    try:
        expected = [
            (point["name"], [(tag["key"], tag["value"]) for tag in point["tags"]], [(field["key"], next(iter(field["value"].values()))) for field in point["fields"]], point["time"])
            for point in parse(text)
        ]  # fmt: skip
    except Malformed:
        assert any(isinstance(point, PayloadError) for point in found)
    else:
        assert found == expected


def test_measurement_and_tags_become_levels_and_names() -> None:
    found = Listener().read(f'cpu,host=b,core=0 idle=98.5,n=5i,on=T,mode="auto x" {T_S}000\npower_kw value=3 {T_S}')

    assert found == {
        "p/h/0/b: cpu/idle": (98.5, 0), "p/h/0/b: cpu/n": (5, 0), "p/h/0/b: cpu/on": (True, 0), "p/h/0/b: @text/cpu/mode": ("auto x", 0),
        "p/h: power_kw": (3, 0),
    }  # fmt: skip


def test_options_say_what_tags_are() -> None:
    listener = Listener(levels=["line"], drop=["host"], measurement=False, precision="s")

    found = listener.read(f"cpu,host=b,core=0,line=l1 idle=98.5,value=1 {T_S}")

    assert found == {"p/h/l1: 0/idle": (98.5, 0), "p/h/l1: 0": (1, 0)}


def test_a_line_that_is_wrong_costs_itself_alone() -> None:
    listener = Listener()

    found = listener.read("cpu idle=1\ncpu idle=x\ncpu\ncpu idle=2 1\ncpu,a=// idle=4\ncpu idle=3")

    assert [value for value, _ in found.values()] == [3]  # of one series and one time of reception
    assert listener.problem is not None and (listener.problem.reason, listener.problem.readings) == ("value", 4)


@pytest.mark.parametrize(
    "text",
    [
        "m a=1 {t}\nm a=2 {t}000\nm,k=v b=3 {t}000000000\n",
        "m a=1 {t}\nm b=2i {t}\nm a=3 {u}",
        "m a=1 {t} m\na=2 {t}\nm a=3 {t}",
        "m a=1\nm a=2 {t} 5\nm a=3 {t}",
        "m a=1 {t}\n\nm a=2 {t}",
        "m a=1 {t}\nm a=2,b=3 {t}",
        "m a=1 {t}\nm a=nan {t}",
        "m a=1 {t}\nm a=2 17000000000000000000000",
        "m a=1 {t}\nm a=2 5000000000",
        "m a=1 0\nm a=2 {t}",
    ],
)
def test_several_lines_are_read_alike_whether_their_series_were_seen_or_not(text: str) -> None:
    listener, fresh = Listener(), Listener()
    text = text.format(t=T_S, u=T_S + 1)
    for line in ("m a=1,b=2", "m a=1", "m b=1", "m,k=v b=1"):
        listener.read(line)

    assert (listener.read(text), listener.problem) == (fresh.read(text), fresh.problem)


@pytest.mark.parametrize(
    "line", ["m,k=v a=1.5,b=-2,c=1e3 {t}", "m a=5i,b=7 {t}", "m a=t,b=TRUE", "m a=1", "m a=1 {t}000000000"]
)
@pytest.mark.parametrize(
    "next_line",
    ["m,k=v a=1.5,b=nan,c=1 {t}", "m,k=v a=1=2,b=1,c", "m a=1.0i,b=7 {t}", "m a=5u,b=-5u {t}", "m a=99999999999999999999i,b=1", "m a=1 -5", "m a=1_0", "m a= 1", "m a=1e999,b=2", "m a=1i2,b=1i {t}", "m,k=v a=.5,b=1.,c=+1"],
)  # fmt: skip
def test_what_is_remembered_of_a_line_changes_nothing_about_the_next(line: str, next_line: str) -> None:
    listener, fresh = Listener(), Listener()
    text = next_line.format(t=T_S)

    for _ in range(2):
        listener.read(line.format(t=T_S))

    assert (listener.read(text), listener.problem) == (fresh.read(text), fresh.problem)
