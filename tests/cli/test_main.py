import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import Result

from cli.loader import Verbs
from fieldline.windows import DEFAULT
from processing.operators import default

VERBS = [
    "demo",
    "run",
    "ingest",
    "process",
    "deliver",
    "topics",
    "status",
    "discover",
    "capture",
    "simulate",
    "send",
    "correct",
    "command",
    "tap",
    "query",
    "show",
    "explain",
    "catalogue",
    "metrics",
    "audit",
    "dlq",
    "baseline",
    "limits",
    "productivity",
    "train",
    "models",
    "maintenance",
    "waveforms",
    "check",
    "doctor",
    "warmup",
    "version",
]
ROOT = Path(__file__).parents[2]


def _run(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cli.main", *arguments]
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": os.environ.get("HOME", "/tmp")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, env=path)


def _processor_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True, timeout=60, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_costs_hardly_more_than_the_library_of_the_command_line_itself() -> None:
    ours, bare = [], []
    for _ in range(7):  # by turns, so that a busy or a slow machine is so for both
        ours.append(_processor_s([sys.executable, "-m", "cli.main", "--help"]))
        bare.append(_processor_s([sys.executable, "-c", "import typer"]))

    assert min(ours) < 1.6 * min(bare), (ours, bare)


def test_help_names_every_verb_in_order() -> None:
    result = _run("--help")

    listed = [line.split()[0] for line in result.stdout.partition("Commands:")[2].splitlines() if line[2:3].strip()]
    assert listed == VERBS


def test_the_sentence_in_the_list_is_the_first_line_of_the_verbs_own_help() -> None:
    verbs = Verbs()

    for name in verbs:
        module = import_module(f"cli.verbs.{name}")
        assert verbs.sentence(name) == (module.__doc__ or "").splitlines()[0]
        assert verbs[name].help.startswith(verbs.sentence(name))


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "pyarrow", "polars", "numba", "rich", "paho", "kafka", "urllib3", "msgspec", "structlog"]
    script = "import cli.main, sys; print([name for name in sys.argv[1:] if name in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, text=True, cwd=ROOT, timeout=60
    )

    assert result.stdout.strip() == "[]"


HELP_OF_EACH = """
import sys
from cli.main import app
for verb in sys.argv[1:]:
    sys.argv[1:] = [*verb.split(), "--help"]
    try:
        app(prog_name="fieldline")
    except SystemExit as end:
        assert not end.code, (verb, end.code)
    assert "numba" not in sys.modules, verb
print("all helped")
"""


def test_help_of_a_verb_compiles_nothing() -> None:
    command = [sys.executable, "-c", HELP_OF_EACH, *VERBS, "topics apply", "correct state", "dlq replay"]

    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)

    assert result.stdout.splitlines()[-1:] == ["all helped"], result.stderr


def test_a_shell_completes_verbs_without_importing_them() -> None:
    variables = {"_FIELDLINE_COMPLETE": "complete_bash", "COMP_WORDS": "fieldline st", "COMP_CWORD": "1"}
    script = "import sys; from cli.main import app\ntry: app(prog_name='fieldline')\nfinally: print([n for n in sys.modules if n.startswith('cli.verbs.')])"

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60, env=os.environ | variables
    )

    assert result.stdout.split() == ["status", "[]"], result.stderr


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if verb not in ("topics", "dlq", "correct", "command", "metrics", "models")]
)
def test_every_verb_explains_itself(verb: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline(verb, "--help")

    assert result.exit_code == 0
    assert f"Usage: fieldline {verb}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["status", "--log", "sqlite:absent.db"], 2, "there is no file absent.db"),
        (["status", "--log", "mysql://x"], 2, "expected sqlite:PATH or kafka://host:port"),
        (["run", "--settle", "soon"], 2, "expected a duration such as 100ms"),
        (["run", "--config", "absent.toml"], 2, "absent.toml: no such file"),
        (["deliver", "--log", "sqlite:plant.db"], 2, "expected an InfluxDB URL (--influx) or a local store (--store)"),
        (["query", "enery"], 2, "did you mean 'energy'?"),
        (["query", "energy", "--from", "2026-01-02", "--to", "2026-01-01"], 2, "--from must be before --to"),
        (["query", "energy", "--store", "absent.db"], 2, "absent.db: no such file"),
        (["topics", "apply", "--log", "sqlite:x.db", "--partitions", "3"], 2, "only a Kafka log has topics"),
        (["simulate", "--to", "mqtt://127.0.0.1:1", "--duration", "1s"], 3, "can't be reached"),
        (["simulate", "--faults", "duplicate=0.1"], 2, "duplicates"),
        (["ingest", "--plant", "absent.toml"], 2, "absent.toml: no such file"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_errors_are_a_line_that_says_what_to_do_and_a_code(
    arguments: list[str], code: int, told: str, fieldline: Callable[..., Result]
) -> None:
    result = fieldline(*arguments)

    assert result.exit_code == code, result.output
    assert told in result.output
    assert "Traceback" not in result.output


def test_debug_shows_where_an_error_comes_from(tmp_path: Path) -> None:
    result = _run("--debug", "status", "--log", "sqlite:absent.db", folder=tmp_path)

    assert result.returncode == 2
    assert "Traceback" in result.stderr


def test_a_file_that_is_no_log_is_corrupt(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    (tmp_path / "plant.db").write_bytes(b"this is not a database, " * 100)

    result = fieldline("status", "--log", "sqlite:plant.db")

    assert result.exit_code == 5
    assert "Traceback" not in result.output


def test_check_tells_everything_at_once(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    (tmp_path / "fieldline.toml").write_text('log = "plant.db"\n[ingest]\nmqtt = "http://x"\nsubscibe = ["#"]\n')
    (tmp_path / "plant.toml").write_text('[[asset]]\npath = "a//b"\n')

    result = fieldline("check", "--config", "fieldline.toml", "--plant", "plant.toml", "--json")

    faults = json.loads(result.stdout)["faults"]
    assert result.exit_code == 2
    assert any("did you mean 'subscribe'" in fault for fault in faults)
    assert any("levels joined by '/'" in fault for fault in faults)


def test_check_knows_operators_and_windows(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    (tmp_path / "fieldline.toml").write_text('[process]\noperators = ["enrgy"]\nwindows = ["2m"]\n')

    result = fieldline("check", "--config", "fieldline.toml")

    assert result.exit_code == 2
    assert "got 'enrgy', did you mean 'energy'?" in " ".join(result.stdout.split())
    assert "got '2m'" in result.stdout


def test_an_operator_without_those_that_it_needs_is_refused_by_name(
    fieldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "operators: 'order' needs 'energy' and 'machine'; name them too"

    monkeypatch.setenv("FIELDLINE_PROCESS_OPERATORS", "order")
    checked = fieldline("check")
    started = [fieldline(verb, "--operators", "order") for verb in ("run", "process")]

    assert f"$.process.{told}" in checked.stdout
    assert [result.exit_code for result in (checked, *started)] == [2, 2, 2]
    assert all(result.stderr == f"fieldline: {told}\n" for result in started)


@pytest.mark.parametrize("verb", ["run", "process"])
def test_the_help_says_which_operators_and_windows_are_on_by_default(
    verb: str, fieldline: Callable[..., Result]
) -> None:
    told = "".join(fieldline(verb, "--help").stdout.split())

    assert f"[default:{','.join(default())}]" in told
    assert "1s" not in DEFAULT
    assert f"[default:allbut1s:{','.join(DEFAULT)}]" in told


def test_a_kind_that_has_another_name_now_is_told_by_it(fieldline: Callable[..., Result]) -> None:
    result = fieldline("query", "order")

    assert result.exit_code == 2
    assert "the kind 'order' is called 'production_order' now" in result.output


def test_query_refuses_a_window_that_does_not_exist(fieldline: Callable[..., Result]) -> None:
    result = fieldline("query", "energy", "--window", "1w")

    assert result.exit_code == 2
    assert "expected a window of 1s, 1m, 15m, 1h, day, week, month, shift, order, got '1w'" in result.output


def test_check_knows_codecs_and_sinks(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    (tmp_path / "fieldline.toml").write_text('[ingest]\ncodec = "jsn"\n[deliver.sinks]\nparket = "x"\n')

    result = fieldline("check", "--config", "fieldline.toml")

    assert result.exit_code == 2
    assert " ".join(result.stdout.splitlines()[:-2]) == (
        "$.ingest.codec: expected one of cbor, csv, json, line_protocol, msgpack, senml, sparkplug, got 'jsn', did you mean 'json'?"
    )
    assert result.stdout.splitlines()[-2:] == [
        "$.deliver.sinks: expected one of influx_v1, influx_v2, local_store, got 'parket'",
        "2 faults",
    ]


def test_check_of_good_settings_is_0(fieldline: Callable[..., Result]) -> None:
    assert fieldline("check").exit_code == 0


def test_doctor_reports_a_broker_that_was_named_and_is_not_there(fieldline: Callable[..., Result]) -> None:
    result = fieldline("doctor", "--mqtt", "mqtt://127.0.0.1:1", "--json")

    verdicts = {finding["part"]: finding["verdict"] for finding in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert verdicts["broker"] == "fail"
    assert verdicts["log"] == "ok"


def test_version_is_the_packages(fieldline: Callable[..., Result]) -> None:
    from fieldline import __version__

    assert fieldline("version").stdout == f"fieldline {__version__}\n"


@pytest.mark.parametrize(
    ("flag", "url"),
    [
        ("--mqtt", "mqtt://ann:hunter2@127.0.0.1:1"),
        ("--mqtt", "mqtt://ann:hun/ter2@127.0.0.1:1"),
        ("--log", "kafka://ann:hunter2@127.0.0.1:1"),
        ("--influx", "http://ann:hunter2@127.0.0.1:1/b"),
        ("--influx", "http://127.0.0.1:1/b?token=hunter2"),
    ],
)
def test_check_and_run_refuse_a_secret_in_a_url_alike_and_do_not_repeat_it(
    fieldline: Callable[..., Result], tmp_path: Path, flag: str, url: str
) -> None:
    name = {"--mqtt": "ingest.mqtt", "--log": "log", "--influx": "deliver.influx"}[flag].rpartition(".")
    table = f"[{name[0]}]\n" if name[0] else ""
    (tmp_path / "f.toml").write_text(f'{table}{name[2]} = "{url}"\n')

    for result in (
        fieldline("check", "--config", "f.toml"),
        fieldline("run", flag, url),
        fieldline("check", "--config", "f.toml", "--json"),
    ):
        assert result.exit_code != 0
        assert "hun" not in result.output and "ter2" not in result.output
    assert fieldline("run", flag, url).exit_code == 2
