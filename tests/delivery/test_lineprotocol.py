"""Line protocol: the published encode cases, names that attack it, and columns against single points."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.lineprotocol import LineEncoder, Unsigned, encode_point, storable_name, storable_text
from delivery.rows import MetricRows, Names, read_rows
from fieldline.errors import FrameError
from fieldline.frames import decode_batch, encode_metrics
from tests.delivery.line_parser import Malformed, parse
from tests.delivery.metric_frames import labelled_rows, levels

CASES = json.loads((Path(__file__).parents[1] / "data" / "oracles" / "lineprotocol.json").read_text(encoding="utf-8"))[
    "cases"
]
ENCODE = [case for case in CASES if case["fn"] == "lp_encode"]
DECODE = [case for case in CASES if case["fn"] == "lp_decode"]
PRECISION = {"1ns": 1, "1µs": 1_000, "1ms": 1_000_000, "1s": 1_000_000_000}
NAME = st.text(st.one_of(st.sampled_from(list(' ,=\\"\n\r\t#\x00\x7f/é␊＼')), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12)  # fmt: skip


def metric_rows(
    kind: str, assets: list[str], tags: list[str] | None, windows: list[str] | None, **fields: list[float]
) -> MetricRows:
    """One row for each asset, tag and window at the same index, at 0, 1, 2 … s."""
    count = len(assets)
    codes = np.arange(count, dtype=np.int32)
    columns = {name: np.array(values, np.float64) for name, values in fields.items()}
    pair = lambda names: None if names is None else (codes, names)  # noqa: E731
    return read_rows(
        decode_batch(
            encode_metrics(kind, np.arange(count) * 10**9, (codes, assets), pair(tags), pair(windows), columns)
        )
    )


def encoded(rows: MetricRows, max_lines: int = 5000) -> str:
    return b"".join(piece.body for piece in LineEncoder(levels).encode(rows, max_lines)).decode()


@pytest.mark.parametrize("case", ENCODE, ids=[case["id"] for case in ENCODE])
def test_every_published_encode_case_reads_back_as_its_point(case: dict[str, Any]) -> None:
    point = case["inputs"]["point"]
    tags = [(tag["key"], tag["value"]) for tag in point["tags"]]
    fields = [(field["key"], _typed(field["value"])) for field in point["fields"]]

    if case["expected"].get("error"):
        with pytest.raises(FrameError):
            encode_point(point["name"], tags, fields, point["time"])
        return
    line = encode_point(point["name"], tags, fields, point["time"]).decode()

    assert parse(line) == parse(case["expected"]["line"]) == [point]


@pytest.mark.parametrize("case", DECODE, ids=[case["id"] for case in DECODE])
def test_the_reader_of_these_tests_agrees_with_every_published_decode_case(case: dict[str, Any]) -> None:
    inputs, unit = case["inputs"], PRECISION[case["inputs"]["precision"]]

    try:
        points = parse(inputs["text"])
        for point in points:
            point["time"] = inputs["default_time_ns"] // unit * unit if point["time"] is None else point["time"] * unit
        got: dict[str, Any] = {"points": points}
    except Malformed:
        got = {"error": True}

    assert got == case["expected"]


@given(NAME, st.dictionaries(NAME, NAME, max_size=3), NAME)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_name_ends_a_line_early_or_brings_in_another_point(name: str, tags: dict[str, str], field: str) -> None:
    try:
        line = encode_point(name, tags, {field: 1.5}, 7).decode()
    except FrameError:
        return

    (point,) = parse(line)

    assert "\n" not in line and "\r" not in line
    assert (
        [f["value"] for f in point["fields"]] == [{"float": 1.5}]
        and point["time"] == 7
        and len(point["tags"]) == len(tags)
    )


@given(NAME, NAME)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_columns_and_single_points_write_the_same_tags(asset: str, tag: str) -> None:
    rows = metric_rows("reading", [asset], [tag], None, value=[2.5])
    tags = {**{k: v for k, v in levels(asset).items() if v}, "asset": asset, "tag": tag}

    (point,) = parse(encoded(rows))
    (twin,) = parse(encode_point("reading", tags, {"value": 2.5}, 0).decode())

    assert point == twin


@pytest.mark.parametrize(
    ("name", "stored"),
    [("a\nb", "a␊b"), ("a\\", "a＼"), ("a\\\\", "a＼＼"), ("a\\b", "a\\b"), ("\x7f", "␡"), ("é #,= ", "é #,= ")],
)
def test_a_name_that_cannot_be_written_is_replaced_by_its_picture(name: str, stored: str) -> None:
    (point,) = parse(encode_point("m", {"t": name}, {"v": 1.0}, 1).decode())

    assert point["tags"] == [{"key": "t", "value": stored}]


@pytest.mark.parametrize(
    ("measurement", "tags", "fields", "time"),
    [
        ("#m", {}, {"v": 1.0}, 1),
        ("", {}, {"v": 1.0}, 1),
        ("m", {"time": "x"}, {"v": 1.0}, 1),
        ("m", {"_field": "x"}, {"v": 1.0}, 1),
        ("m", {}, {"time": 1.0}, 1),
        ("m", {}, {"": 1.0}, 1),
        ("m", {"": "x"}, {"v": 1.0}, 1),
        ("m", [("a", "1"), ("a", "2")], {"v": 1.0}, 1),
        ("m", {}, {"v": 1 << 63}, 1),
        ("m", {}, {"v": Unsigned(-1)}, 1),
        ("m", {}, {"v": 1.0}, (1 << 63) - 1),
    ],
)
def test_what_line_protocol_cannot_carry_is_refused_by_name(
    measurement: str, tags: Any, fields: Any, time: int
) -> None:
    with pytest.raises(FrameError):
        encode_point(measurement, tags, fields, time)


def test_each_type_of_field_keeps_its_type() -> None:
    fields = {"b": True, "f": -0.0, "i": -5, "s": 'a"\\\nb', "u": Unsigned((1 << 64) - 1)}

    line = encode_point("m", {}, fields, -1).decode()

    assert line == 'm b=true,f=-0.0,i=-5i,s="a\\"\\\\\nb",u=18446744073709551615u -1'


def test_a_value_that_is_not_finite_is_no_field_and_a_point_without_fields_is_no_line() -> None:
    assert encode_point("m", {}, {"a": math.nan, "b": 1.0, "c": math.inf}, 1) == b"m b=1.0 1"
    assert encode_point("m", {}, {"a": math.nan}, 1) == b""


def test_tags_are_sorted_and_a_level_that_the_path_lacks_is_no_tag() -> None:
    rows = metric_rows("telemetry", ["plant/hall 1/line,2/press"] + ["barn"], ["t", "t"], ["1m", "1h"], mean=[1.0, 2.0])

    lines = encoded(rows).splitlines()

    assert lines == [
        "telemetry,area=plant/hall\\ 1,asset=plant/hall\\ 1/line\\,2/press,level=machine,line=plant/hall\\ 1/line\\,2,name=press,site=plant,tag=t,window=1m mean=1 0",
        "telemetry,asset=barn,level=site,name=barn,site=barn,tag=t,window=1h mean=2 1000000000",
    ]


def test_a_value_that_does_not_exist_is_no_field_in_whatever_column_it_stands() -> None:
    nan = math.nan
    rows = metric_rows("k", ["a"] * 8, None, None, a=[1, 1, 1, 1, nan, nan, nan, nan], b=[2, 2, nan, nan, 2, 2, nan, nan], c=[3, nan] * 4)  # fmt: skip

    fields = [line.split(" ")[1] for line in encoded(rows).splitlines()]

    assert fields == ["a=1,b=2,c=3", "a=1,b=2", "a=1,c=3", "a=1", "b=2,c=3", "b=2", "c=3"]


def test_a_frame_without_any_value_gives_no_line() -> None:
    assert encoded(metric_rows("k", ["a", "b"], None, None, a=[math.nan, math.nan])) == ""


@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_finite_float_reads_back_to_the_same_bits(table: list[list[float]]) -> None:
    columns = {name: [row[at] for row in table] for at, name in enumerate("abc")}
    rows = metric_rows("k", [f"x{i}" for i in range(len(table))], None, None, **columns)

    got = {p["time"] // 10**9: {f["key"]: f["value"]["float"].hex() for f in p["fields"]} for p in parse(encoded(rows))}

    want = {i: {n: v.hex() for n, v in zip("abc", row, strict=True) if math.isfinite(v)} for i, row in enumerate(table)}
    assert got == {i: row for i, row in want.items() if row}


def test_lines_are_cut_into_pieces_of_the_asked_size_in_order() -> None:
    rows = metric_rows("k", [f"a{i}" for i in range(7)], None, None, v=[float(i) for i in range(7)])

    pieces = LineEncoder(levels).encode(rows, 3)

    assert [piece.size for piece in pieces] == [3, 3, 1]
    assert [line for piece in pieces for line in piece.split()] == [
        f"{x}\n".encode() for x in encoded(rows).splitlines()
    ]


def test_series_of_a_wide_dictionary_are_found_whatever_its_size() -> None:
    names = [f"a{i}" for i in range(5000)]
    codes = np.array([4999, 0, 4999], np.int32)
    batch = decode_batch(encode_metrics("k", np.arange(3), (codes, names), (codes, names), None, {"v": np.ones(3)}))

    lines = encoded(read_rows(batch)).splitlines()

    assert [line.split(" ")[0] for line in lines] == [
        f"k,asset=a{i},level=site,name=a{i},site=a{i},tag=a{i}" for i in codes
    ]


def test_labels_are_sorted_among_the_tags_and_one_that_does_not_hold_is_no_tag() -> None:
    rows = labelled_rows("oee", [0, 1], ["p/h/l", "p/h/l"], {"shift": ["früh 1", None], "product": ["A,1", ""]}, None, ["1h"] * 2, oee=[0.5, 0.25])  # fmt: skip

    lines = encoded(rows).splitlines()

    assert lines == [
        "oee,area=p/h,asset=p/h/l,level=line,line=p/h/l,name=l,product=A\\,1,shift=früh\\ 1,site=p,window=1h oee=0.5 0",
        "oee,area=p/h,asset=p/h/l,level=line,line=p/h/l,name=l,site=p,window=1h oee=0.25 1",
    ]


def test_frames_with_and_without_rows_that_lack_a_label_are_told_apart_by_one_encoder() -> None:
    encoder = LineEncoder(levels)
    frames = [
        labelled_rows("oee", [0, 1], ["a", "a"], {"shift": shifts}, oee=[1.0, 2.0])
        for shifts in (["early", "late"], ["late", None], ["early", "late"], [None, "late"])
    ]

    got = [line for rows in frames for piece in encoder.encode(rows, 10) for line in piece.body.decode().splitlines()]

    assert [line.partition("shift=")[2].partition(",")[0] for line in got] == ["early", "late", "late", "", "early", "late", "", "late"]  # fmt: skip


def test_texts_are_quoted_and_written_empty_where_a_row_has_none_so_that_an_earlier_one_goes() -> None:
    rows = labelled_rows("oee", [0, 1, 2], ["a"] * 3, {}, {"order_id": ['4"7\\1\n', None, None], "why": [None, "no, plan = 0", None]}, oee=[1.0, math.nan, math.nan])  # fmt: skip

    lines = encoded(rows).splitlines()

    assert lines == [
        'oee,asset=a,level=site,name=a,site=a oee=1,order_id="4\\"7\\\\1␊",why="" 0',
        'oee,asset=a,level=site,name=a,site=a order_id="",why="no, plan = 0" 1',
    ]


@given(st.lists(st.tuples(st.none() | NAME, st.none() | NAME, st.none() | NAME), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_labels_and_texts_read_back_as_they_can_be_stored(
    table: list[tuple[str | None, str | None, str | None]],
) -> None:
    shift, product, order = ([row[at] for row in table] for at in range(3))
    count = len(table)
    rows = labelled_rows("oee", list(range(count)), ["a"] * count, {"shift": shift, "product": product}, {"order_id": order}, oee=[1.5] * count)  # fmt: skip

    points = parse(encoded(rows))

    for row, point in zip(table, points, strict=True):
        tags = {tag["key"]: tag["value"] for tag in point["tags"]}
        wanted = {"asset": "a", **levels("a"), "shift": row[0], "product": row[1]}
        assert tags == {name: storable_name(value) for name, value in wanted.items() if value}
        held = {field["key"]: field["value"] for field in point["fields"]}
        assert held == {"oee": {"float": 1.5}, "order_id": {"string": storable_text(row[2] or "")}}


def test_series_of_many_wide_labels_are_found_whatever_their_number() -> None:
    names = [f"n{i}" for i in range(40_000)]
    codes = np.array([39_999, 0, 39_999], np.int32)
    wide = dict.fromkeys(("shift", "product", "reason"), (codes, names))
    batch = decode_batch(
        encode_metrics("k", np.arange(3), (codes, names), (codes, names), None, {"v": np.ones(3)}, wide)
    )

    lines = encoded(read_rows(batch)).splitlines()

    assert [line.split(" ")[0] for line in lines] == [
        f"k,asset=n{i},level=site,name=n{i},product=n{i},reason=n{i},shift=n{i},site=n{i},tag=n{i}" for i in codes
    ]


@pytest.mark.parametrize("name", ["", "#kind", "a\nb", "time"])
def test_a_frame_whose_kind_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(FrameError):
        metric_rows(name, ["a"], None, None, v=[1.0])


def test_a_frame_with_a_text_field_or_without_times_is_refused() -> None:
    good = decode_batch(
        encode_metrics("k", np.arange(1), (np.zeros(1, np.int32), ["a"]), None, None, {"v": np.ones(1)})
    )
    wrong = good.append_column("w", pa.array(["x"]))

    with pytest.raises(FrameError, match="w of k is string"):
        read_rows(wrong)
    with pytest.raises(FrameError, match="time"):
        read_rows(good.drop_columns(["time"]))
    assert isinstance(read_rows(good).asset, Names)


def _typed(value: dict[str, Any]) -> Any:
    ((kind, held),) = value.items()
    return {"float": float, "uint": Unsigned}.get(kind, lambda same: same)(held)
