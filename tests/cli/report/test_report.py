"""Reports: one set of pieces, as text that fits the terminal and as JSON for programs."""

import json

import pytest

from cli.report import Column, Data, Facts, Note, Picture, Quantity, Report, Stretch, Table, Verbatim, View, columns
from cli.report.document import plain, print_document
from cli.report.text import print_text, shown
from cli.terminal import printable
from fieldline.moments import Moment

SIX_NS = 1_772_344_800_000_000_000  # 2026-03-01T06:00Z
HOUR_NS = 3_600_000_000_000
WIDE = [Column("time"), Column("asset"), *columns(*(f"field_{k}_kwh" for k in range(8))), Column("why")]


def text(report: Report, capsys: pytest.CaptureFixture[str], width: int = 80, *, is_utc: bool = False) -> list[str]:
    print_text(report, View(width, is_utc))
    return capsys.readouterr().out.splitlines()


def document(report: Report, capsys: pytest.CaptureFixture[str]) -> object:
    print_document(report)
    return json.loads(capsys.readouterr().out)


def test_a_named_piece_is_for_both_and_a_sentence_for_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Picture("causes", [{"cause": "jam"}], lambda view: print("a picture"))
    pieces = [
        Data("drained", True), Table("rows", columns("a"), [{"a": 1}]), Facts({"b": 2.5}, "facts"), drawn,
        Table("", columns("c"), [{"c": 3}]), Facts({"d": 4}), Note("all is well"), Verbatim("copy = 1"),
    ]  # fmt: skip

    assert document(Report(pieces), capsys) == {
        "drained": True,
        "rows": [{"a": 1}],
        "facts": {"b": 2.5},
        "causes": [{"cause": "jam"}],
    }
    assert text(Report(pieces), capsys) == [
        "a", "1", "b  2.5", "a picture", "c", "3", "d  4", "all is well", "copy = 1",
    ]  # fmt: skip


def test_a_report_can_be_one_of_its_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report([Table("rows", [Column("a"), Column("b", is_shown=False)], [{"a": 1, "b": None}])], root="rows")

    assert document(report, capsys) == [{"a": 1, "b": None}]
    assert text(report, capsys) == ["a", "1"]


def test_numbers_that_json_cannot_write_become_null() -> None:
    value = {"a": [float("nan"), float("inf"), 1.5], 2: (Quantity(None, "kW"), Quantity(3.0, "kW"))}

    assert plain(value) == {"a": [None, None, 1.5], "2": [None, 3.0]}


def test_times_are_in_the_sites_zone_for_people_and_in_utc_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report([Data("at", Moment(SIX_NS, "Europe/Berlin")), Note("at {}", (Moment(SIX_NS, "Europe/Berlin"),))])

    assert text(report, capsys) == ["at 2026-03-01T07:00+01:00"]
    assert text(report, capsys, is_utc=True) == ["at 2026-03-01T06:00Z"]
    assert document(report, capsys) == {"at": "2026-03-01T06:00:00Z"}


@pytest.mark.parametrize(
    ("start", "end", "zone", "told"),
    [
        (SIX_NS, SIX_NS + 8 * HOUR_NS, "UTC", "2026-03-01T06:00 to 14:00Z"),
        (SIX_NS, SIX_NS + 8 * HOUR_NS, "Europe/Berlin", "2026-03-01T07:00 to 15:00+01:00"),
        (SIX_NS, SIX_NS + 20 * HOUR_NS, "UTC", "2026-03-01T06:00Z to 2026-03-02T02:00Z"),
        (SIX_NS, SIX_NS + 5 * 10**9, "UTC", "2026-03-01T06:00Z to 2026-03-01T06:00:05Z"),
        # The night in which the clock goes forward.
        (SIX_NS + 27 * 24 * HOUR_NS + 18 * HOUR_NS, SIX_NS + 28 * 24 * HOUR_NS, "Europe/Berlin", "2026-03-29T01:00+01:00 to 2026-03-29T08:00+02:00"),
    ],
)  # fmt: skip
def test_a_stretch_of_time_names_its_date_and_offset_once_where_they_are_the_same(
    start: int, end: int, zone: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stretch = Stretch(Moment(start, zone), Moment(end, zone))

    assert text(Report([Note("{}", (stretch,))]), capsys) == [told]


def test_tables_put_numbers_to_the_right_and_text_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"line": "a", "kwh": 5}, {"line": "long name", "kwh": 12.25}, {"line": "b", "kwh": None}]

    assert text(Report([Table("", [Column("line"), Column("kwh", "energy", "kWh")], rows)]), capsys) == [
        "line       energy [kWh]",
        "a                     5",
        "long name         12.25",
        "b                     -",
    ]


def test_columns_stay_in_line_behind_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"asset": "打印机", "tag": "a"}, {"asset": "press", "tag": "b"}]

    assert text(Report([Table("", columns("asset", "tag"), rows)]), capsys) == ["asset   tag", "打印机  a", "press   b"]


def test_an_empty_table_is_its_headings_or_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert text(Report([Table("", columns("line", "kWh"), [])]), capsys) == ["line  kWh"]
    assert text(Report([Table("", columns("line", "kWh"), [], empty="no rows")]), capsys) == ["no rows"]


@pytest.mark.parametrize("width", [40, 80, 132])
def test_a_table_that_does_not_fit_turns_into_blocks_headed_by_their_keys(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"time": Moment(SIX_NS), "asset": f"plant/line{k}", "why": "no ideal cycle is declared for the product " * 2}
        | {f"field_{n}_kwh": 1234.5 * n for n in range(8)}
        for k in range(2)
    ]

    lines = text(Report([Table("", WIDE, rows, keys=2)]), capsys, width)

    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == ["2026-03-01T06:00Z  plant/line0", "2026-03-01T06:00Z  plant/line1"]
    assert max(map(len, lines)) <= width
    told = " ".join(" ".join(lines).split())
    assert told.count("field_7_kwh 8641.5") == 2
    assert told.count("why no ideal cycle is declared for the product no ideal cycle") == 2


def test_a_wider_terminal_shows_the_same_table_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"time": Moment(SIX_NS), "asset": "a", "why": None} | {f"field_{n}_kwh": 1.0 for n in range(8)}]

    heading, row = text(Report([Table("", WIDE, rows)]), capsys, 160)

    assert heading.split()[:3] == ["time", "asset", "field_0_kwh"] and row.endswith("-")


def test_sentences_are_wrapped_between_words_and_what_is_copied_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    path = "plant/" + 6 * "hall" + "/line1"

    lines = text(Report([Note(f"the line {path} is unknown"), Verbatim("# " + "x" * 60)]), capsys, 40)

    assert lines == ["the line", f"{path} is", "unknown", "# " + "x" * 60]


def test_a_word_stands_below_its_name_where_it_has_no_room_and_is_broken_only_where_a_line_is_too_short(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, long = 25 * "x" + "/line1", 50 * "y"

    lines = text(Report([Facts({"the asset": path, "its id": long})]), capsys, 40)

    assert lines == ["the asset", f"    {path}", "its id", f"    {long[:36]}", f"    {long[36:]}"]


def test_control_characters_of_names_are_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable("press\x1b[2J\n1") == "press\\x1b[2J\\n1"
    assert printable("Ofen ß 温度") == "Ofen ß 温度"
    assert printable("\udc80") == "\\udc80"
    name = "press\x1b[2J"
    pieces = [Table("", columns(name), [{name: name}], title=name), Note("{}", (name,)), Facts({name: name})]
    assert "\x1b" not in "".join(text(Report(pieces), capsys))


def test_a_text_with_braces_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert text(Report([Note("reason {x}"), Note("{}", ("{y}",))]), capsys) == ["reason {x}", "{y}"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1234567.8, "1234567.8"), (999999.9, "999999.9"), (0.04046426981666666, "0.0404643"), (None, "-"), (True, "yes"),
        (float("nan"), "-"), (["a", 1], "a, 1"), (Quantity(2.5, "kW"), "2.5 kW"), (Quantity(2.0, digits=2), "2.00"),
    ],
)  # fmt: skip
def test_values_read_as_people_write_them(value: object, told: str) -> None:
    assert shown(value, View()) == told
