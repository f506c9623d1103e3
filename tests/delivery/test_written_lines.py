"""What is read again of lines that were written: the asset, and fields that a server does not take."""

from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.lineprotocol import LineEncoder, encode_point, storable_name
from delivery.written_lines import asset_of, has_field, without_field
from fieldline.errors import FrameError
from tests.delivery.line_parser import parse
from tests.delivery.metric_frames import labelled_rows, metric_rows

NAME = st.text(st.one_of(st.sampled_from(list(' ,=\\"\n\r#\x7f/é␊＼')), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12)  # fmt: skip


@given(NAME)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_asset_of_a_line_is_found_again(asset: str) -> None:
    (line,) = LineEncoder(lambda _: {"area": "x,asset=no"}).encode(metric_rows("k", [0], [asset], v=[1.0]), 10)

    got = asset_of(line.body)

    assert got == storable_name(asset)


def test_one_field_can_be_taken_out_of_a_line() -> None:
    line = b"energy,asset=a\\ b active_energy_kwh=1,rev=0 5\n"

    assert (
        has_field(line, "energy", "rev") and not has_field(line, "energy", "re") and not has_field(line, "other", "rev")
    )
    assert without_field(line, "active_energy_kwh") == b"energy,asset=a\\ b rev=0 5\n"
    assert without_field(b"m,asset=a v=1 5\n", "v") == b""


def test_what_looks_like_a_field_inside_a_text_is_none() -> None:
    rows = labelled_rows("oee", [5], ["a"], {}, {"why": ['x",rev=1 7, \\'], "order_id": ["9"]}, oee=[0.5])
    (line,) = LineEncoder(lambda _: {}).encode(rows, 10)

    assert not has_field(line.body, "oee", "rev") and has_field(line.body, "oee", "order_id")
    assert without_field(line.body, "order_id") == b'oee,asset=a oee=0.5,why="x\\",rev=1 7, \\\\" 5\n'
    assert without_field(line.body, "why") == b'oee,asset=a oee=0.5,order_id="9" 5\n'


@given(st.dictionaries(NAME, st.one_of(st.floats(allow_nan=False, allow_infinity=False), NAME), min_size=2, max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_line_less_one_field_holds_all_the_others(fields: dict[str, float | str]) -> None:
    fields = {name: value.replace("\n", " ") if isinstance(value, str) else value for name, value in fields.items()}
    try:
        line = encode_point("m", {"asset": "a"}, fields, 5) + b"\n"
        (point,) = parse(line.decode())
    except FrameError:
        return
    gone = next(iter(fields))

    (rest,) = parse(without_field(line, gone).decode())

    written = {storable_name(gone)}
    assert has_field(line, "m", gone)
    assert rest["fields"] == [field for field in point["fields"] if field["key"] not in written]
    assert (rest["tags"], rest["time"]) == (point["tags"], point["time"])
