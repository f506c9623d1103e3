"""`fieldline discover` and `fieldline capture` as people and programs see them."""

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from cli.exits import Exit

STRANGER = Path(__file__).parents[1] / "data" / "discovery" / "stranger.jsonl"


def test_a_capture_is_shown_in_80_columns(fieldline: Callable[..., Result]) -> None:
    result = fieldline("discover", "--from", STRANGER)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert max(map(len, lines)) <= 80
    assert lines[lines.index("    {line} ×3") + 1] == "      {machine} ×3"
    assert any(line.strip().startswith("{tag}  ×46  9.71/s  bare") for line in lines)
    assert "    SENSOR  0.216/s  object  preset tasmota  time: Time (0.307 s old)" in lines
    assert "would be dead letters:" in lines


def test_programs_get_all_tables(fieldline: Callable[..., Result]) -> None:
    document = json.loads(fieldline("discover", "--from", STRANGER, "--json").stdout)

    assert document["messages"] == 610
    assert {row["pattern"]: row["read_as"] for row in document["topics"]}["telegraf/pump1"] == "codec line_protocol"
    assert {row["reason"] for row in document["dead_letters"]} == {"time", "syntax"}
    assert document["left_out"] == {
        "messages_on_other_topics": 0,
        "readings_of_other_tags": 0,
        "messages_only_counted": 0,
    }
    assert [row["tags"] for row in document["energy"] if row["flow"] == "fed back"] == [["export_kwh"]]


def test_the_draft_is_good_and_never_written_over_another_file(
    fieldline: Callable[..., Result], tmp_path: Path
) -> None:
    first = fieldline("discover", "--from", STRANGER, "--write", "plant.toml")
    good = fieldline("check", "--plant", "plant.toml", "--json")
    (tmp_path / "plant.toml").write_text("# mine\n")

    second = fieldline("discover", "--from", STRANGER, "--write", "plant.toml")
    kept = (tmp_path / "plant.toml").read_text()
    third = fieldline("discover", "--from", STRANGER, "--write", "plant.toml", "--force")

    assert first.exit_code == 0
    assert json.loads(good.stdout) == {"ok": True, "faults": [], "tags": []}
    assert (second.exit_code, kept) == (Exit.SETTINGS, "# mine\n")
    assert third.exit_code == 0
    assert 'preset = "tasmota"' in (tmp_path / "plant.toml").read_text()


def test_a_broker_that_is_not_there_leaves_no_file(fieldline: Callable[..., Result], tmp_path: Path) -> None:
    heard = fieldline("discover", "--mqtt", "mqtt://127.0.0.1:1", "--for", "1s", "--write", "plant.toml")
    captured = fieldline("capture", "--mqtt", "mqtt://127.0.0.1:1", "--for", "1s", "--out", "all.jsonl")

    assert heard.exit_code == captured.exit_code == Exit.UNAVAILABLE
    assert not list(tmp_path.iterdir())


def test_a_topic_of_any_depth_and_length_is_shown(fieldline: Callable[..., Result], tmp_path: Path) -> None:
    topics = ("/".join(["deep"] * 60), "a/" + "long" * 500, "\x1b[2J/b")
    (tmp_path / "all.jsonl").write_text(
        "".join(json.dumps({"topic": t, "payload": '{"x": 1}', "received": 1_767_225_600}) + "\n" for t in topics)
    )

    result = fieldline("discover", "--from", "all.jsonl")

    tree = result.stdout[: result.stdout.index("would be dead letters:")].split("\n\n")[1]
    assert result.exit_code == 0
    assert max(map(len, tree.splitlines())) <= 80
    assert "\x1b" not in result.stdout
