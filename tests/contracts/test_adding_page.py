"""The examples of docs/adding.md, installed as a distribution of its own, keep every promise; wrong ones are caught."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cli.stages.deliver import deliver_parts
from delivery.sinks import Sink, sink_components
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.log import open_log
from fieldline.plant import Plant
from fieldline.settings import DeliverSettings, IngestSettings, Settings, load_settings
from ingest.codecs import codecs
from ingest.decoder import decode_message
from processing.kernels import jit
from processing.operator import Operator
from processing.operators import chosen, known
from tests.contracts import codec_checks, operator_checks, operator_inputs, sink_checks
from tests.contracts.distributions import PAGE, example, importable, install
from tests.contracts.operator_inputs import PRESS
from tests.contracts.operator_rig import OperatorRig
from tests.delivery.metric_frames import levels, metric_rows
from tests.processing.engine_rig import SECOND, T0, Row, frame_of

CODEC, METRIC, SINK = example("Add a codec"), example("Add a metric"), example("Add a sink")
DERIVED, CARRIED = example("Add a derived metric"), example("Add a derived metric that remembers")
PYPROJECT = tomllib.loads(re.findall(r"(?ms)^```toml\n(\[build-system\].*?)^```$", PAGE.read_text("utf-8"))[0])
POINTS = PYPROJECT["project"]["entry-points"]


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Path]:
    sources = dict(
        zip(PYPROJECT["tool"]["setuptools"]["py-modules"], (CODEC, METRIC, DERIVED, CARRIED, SINK), strict=True)
    )
    install(tmp_path / "site", PYPROJECT["project"]["name"], POINTS, sources)
    with importable(tmp_path / "site") as site:
        yield site


@pytest.fixture(scope="module")
def page_metric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The example, compiled once for all checks."""
    folder = tmp_path_factory.mktemp("metric")
    points = {"fieldline.operators": {"swing": "acme_swing:COMPONENT"}}
    install(folder, "acme-fieldline", points, {"acme_swing": METRIC})
    with importable(folder):
        yield known()["swing"]


@pytest.fixture
def derived_metric(tmp_path: Path) -> Iterator[Operator]:
    points = {"fieldline.operators": {"load": "acme_load:COMPONENT"}}
    install(tmp_path, "acme-fieldline", points, {"acme_load": DERIVED})
    with importable(tmp_path):
        yield known()["load"]


@pytest.fixture(scope="module")
def carried_metric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The example, compiled once for all checks."""
    folder = tmp_path_factory.mktemp("carried")
    points = {"fieldline.operators": {"running": "acme_running:COMPONENT"}}
    # A name of its own: of two distributions of one name that are there at once Python finds the first alone.
    install(folder, "acme-running", points, {"acme_running": CARRIED})
    with importable(folder):
        yield known()["running"]


@pytest.mark.parametrize(
    "source", [CODEC, METRIC, DERIVED, CARRIED, SINK], ids=["codec", "metric", "derived", "carried", "sink"]
)
def test_an_example_is_a_file_of_less_than_60_lines_that_is_well_formed(source: str, tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(source, "utf-8")

    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", "pyproject.toml", "--extend-ignore", "D1", str(path)],
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
    )

    assert len([line for line in source.splitlines() if line.strip()]) < 60  # blank lines are the formatter's
    assert ast.unparse(ast.parse(source).body[-1]).startswith("COMPONENT = ")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("check", codec_checks.CHECKS, ids=lambda check: check.__name__)
def test_the_codec_of_the_page_keeps_its_promises(acme: Path, check: Callable[..., None]) -> None:
    check(codecs()["lines"])


@pytest.mark.parametrize("check", sink_checks.CHECKS, ids=lambda check: check.__name__)
def test_the_sink_of_the_page_keeps_its_promises(acme: Path, tmp_path: Path, check: Callable[..., None]) -> None:
    settings = DeliverSettings(sinks={"json_lines": str(tmp_path / "metrics.jsonl")})

    check(lambda: sink_components()["json_lines"].make(settings, levels, SystemClock()))


def test_the_examples_have_manuals(acme: Path) -> None:
    codec_checks.check_manual(codecs().manual("lines"))
    codec_checks.check_manual(known().manual("swing"))
    codec_checks.check_manual(sink_components().manual("json_lines"))


@pytest.mark.parametrize("check", operator_checks.CHECKS, ids=lambda check: check.__name__)
def test_the_metric_of_the_page_keeps_its_promises(check: Callable[..., None], page_metric: Operator) -> None:
    check(page_metric)


@pytest.mark.parametrize("check", operator_checks.OF_WINDOWS, ids=lambda check: check.__name__)
def test_the_derived_metric_of_the_page_keeps_its_promises(
    check: Callable[..., None], derived_metric: Operator
) -> None:
    check(derived_metric)


@pytest.mark.parametrize("check", operator_checks.CHECKS, ids=lambda check: check.__name__)
def test_the_derived_metric_that_remembers_keeps_its_promises(
    check: Callable[..., None], carried_metric: Operator
) -> None:
    check(carried_metric)


def test_a_running_mean_is_that_of_its_definition_whenever_its_days_come(carried_metric: Operator) -> None:
    degc = [20.0, 22.0, 25.0, 24.0, 19.0]
    rows = [Row(PRESS, "temp_c", T0 + hour * 3600 * SECOND, value) for hour, value in enumerate(degc)]
    subject = operator_inputs.subject_of(carried_metric)

    rig = OperatorRig(subject).send([frame_of([rows[k]]) for k in (0, 3, 4, 1, 2)]).finish()

    # θ_rm: 20; 0.8 · 20 + 0.2 · 22 = 20.4; 0.8 · 20.4 + 5 = 21.32; 0.8 · 21.32 + 4.8 = 21.856; 0.8 · 21.856 + 3.8 = 21.2848
    hours = [fields for key, fields in sorted(rig.standing.items()) if key[3] == "1h"]
    means, differences = (
        [float(np.frombuffer(row[name])[0]) for row in hours] for name in ("running_mean_degc", "difference_k")
    )
    assert means == pytest.approx([20.0, 20.4, 21.32, 21.856, 21.2848])
    assert differences[2] == pytest.approx(25.0 - 21.32)


@pytest.mark.parametrize("window", ["1m", "shift", "order"])
def test_state_goes_through_windows_that_follow_one_another_alone(window: str) -> None:
    source = CARRIED.replace('"15m", "1h", "day"', f'"{window}", "1h"')

    with pytest.raises(ValueError, match=f"state goes through 15m, 1h, day, week, month, got the windows {window}, 1h"):
        exec(compile(source, "acme_running.py", "exec"), {})


WRONG_DERIVED = {
    "an operator that it reads is not named": ("check_catalogue", 'needs=("telemetry",)', 'needs=("energy",)'),
    "a field that is not given": ("check_catalogue", '"is_high": np.where', '"high": np.where'),
    "a memory of its own": (
        "check_purity",
        "    return {",
        '    ratio = ratio + globals().setdefault("m", []).append(1) or ratio + len(globals()["m"])\n    return {',
    ),
    "it looks at the other rows": ("check_any_arrival", "    known =", "    ratio = ratio / len(ratio)\n    known ="),
    "a window that there is not": ("check_declaration", '"15m", "1h"', '"15m", "2h"'),
}  # fmt: skip


@pytest.mark.usefixtures("first_failure")
@pytest.mark.parametrize("wrong", WRONG_DERIVED)
def test_a_derived_metric_that_breaks_a_promise_is_caught(wrong: str, tmp_path: Path) -> None:
    check, right, broken = WRONG_DERIVED[wrong]
    assert DERIVED.count(right) == 1, "the example on the page has changed: change this table with it"
    points = {"fieldline.operators": {"load": "acme_wrong_load:COMPONENT"}}
    install(tmp_path, "acme-fieldline", points, {"acme_wrong_load": DERIVED.replace(right, broken)})

    with importable(tmp_path), pytest.raises((AssertionError, KeyError, TypeError)):
        getattr(operator_checks, check)(known()["load"])


def test_the_settings_name_the_metric_and_the_catalogue_has_it(page_metric: Operator) -> None:
    assert page_metric in chosen(["swing"])
    assert [one.field for one in page_metric.emits[0].metrics] == ["swing", "rev"]


def test_a_message_is_read_by_the_codec_that_the_settings_name(acme: Path) -> None:
    decoded = decode_message(
        "p/h/l/m", b"1767225600;power_kw;3.1\n;;\n1767225601;power_kw;x", 1_767_225_700_000_000_000,
        settings=IngestSettings(codec="lines"),
    )  # fmt: skip

    assert decoded.readings.value.tolist() == [3.1]
    assert decoded.readings.time.tolist() == [1_767_225_600_000_000_000]
    assert (decoded.readings.assets, decoded.readings.tags) == (["p/h/l/m"], ["power_kw"])
    assert decoded.problem is not None and (decoded.problem.reason, decoded.problem.readings) == ("value", 2)


def test_a_sink_that_the_settings_file_names_is_made_and_writes(acme: Path, tmp_path: Path) -> None:
    config = tmp_path / "fieldline.toml"
    config.write_text(f"[deliver.sinks]\njson_lines = {json.dumps(str(tmp_path / 'm.jsonl'))}\n", "utf-8")
    settings = load_settings(config)
    log = open_log(f"sqlite:{tmp_path / 'log.db'}")

    (part,) = deliver_parts(settings, Plant(), log, SystemClock())
    sink = sink_components()["json_lines"].make(settings.deliver, levels, SystemClock())
    sink.write([metric_rows("energy", [7], ["p"], None, ["1m"], energy_kwh=[1.5])])
    log.close()

    written = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text("utf-8").splitlines() if line]
    assert part.name == "deliver.json_lines"
    assert written == [{"kind": "energy", "time_ns": 7, "asset": "p", "window": "1m", "energy_kwh": 1.5}]


def test_without_the_distribution_the_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"\$\.ingest\.codec: expected one of .*, got 'lines'"):
        decode_message("a/b", b"1", 1, settings=IngestSettings(codec="lines"))
    with pytest.raises(SettingsError, match=r"\$\.deliver\.sinks: expected one of .*local_store, got 'json_lines'"):
        deliver_parts(
            Settings(deliver=DeliverSettings(sinks={"json_lines": "x"})), Plant(), None, SystemClock()  # type: ignore[arg-type]
        )  # fmt: skip


WRONG_CODECS = {
    "an error of Python's own": (
        "check_any_bytes", "    except UnicodeDecodeError as error:\n", "    except ZeroDivisionError as error:\n"
    ),
    "no limit of size": ("check_size", "len(payload) > limits.max_payload_bytes", "False"),
    "no limit of values": ("check_values", 'payload.count(b"\\n") >= limits.max_values', "False"),
    "a nesting that is not limited": (
        "check_depth", "COMPONENT = Codec(", 'COMPONENT = Codec(nested=lambda n: b"[" * n, '
    ),
    "a time in seconds": ("check_samples", "rows.add(time_ns,", "rows.add(time_ns / 1e9,"),
    "a row without a tag": ("check_samples", "tag = rows.tags.number(route.prefix + check_name(name))", "tag = -1"),
    "a row without an asset": ("check_samples", "rows.assets.number(route.object_asset)", "len(rows.assets)"),
    "a value that is no number": ("check_samples", "tag, value)", "tag, math.nan)"),
    "a name that is none": ("check_samples", "check_name(name)", 'name + "\\x00"'),
    "infinity": ("check_odd_numbers", "if not math.isfinite(value):", "if math.isnan(value):"),
    "a number that Python refuses to read": ("check_odd_numbers", " and len(time) < 20", ""),
    "a sample that cannot be read": ("check_samples", 'b"1767225600;power_kw;3.1"', 'b"power_kw;3.1"'),
    "no samples": ("check_samples", 'samples=(b"1767225600;power_kw;3.1", b"2026-01-01T00:00:01Z;a;3\\n;door_open;1")', "samples=()"),
    "a clock of its own": ("check_purity", "else received_ns\n", 'else __import__("time").time_ns()\n'),
    "a memory of the message before": ("check_purity", "tag, value)", 'tag, value + globals().setdefault("m", []).append(1) or len(globals()["m"]))'),
    "faults that nobody counts": ("check_nothing_vanishes", "Problem(*faults[0], len(faults)) if faults else None", "None"),
    "a reason of its own": ("check_nothing_vanishes", '"syntax", "expected UTF-8"', '"utf8", "expected UTF-8"'),
    "a fault without a number": ("check_nothing_vanishes", "len(faults)) if", "0) if"),
    "rows of another message taken back": ("check_samples", "    faults = []\n", "    faults = []\n    rows.restore(0)\n"),
}  # fmt: skip


@pytest.mark.usefixtures("first_failure")
@pytest.mark.parametrize("wrong", WRONG_CODECS)
def test_a_codec_that_breaks_a_promise_is_caught(wrong: str, tmp_path: Path) -> None:
    check, right, broken = WRONG_CODECS[wrong]
    assert CODEC.count(right) == 1, "the example on the page has changed: change this table with it"
    points = {"fieldline.codecs": {"lines": "acme_lines:COMPONENT"}}
    install(tmp_path, "acme-fieldline", points, {"acme_lines": CODEC.replace(right, broken)})

    with importable(tmp_path), pytest.raises(AssertionError):
        getattr(codec_checks, check)(codecs()["lines"])


WRONG_SINKS = {
    "rows that nobody counts": ("check_account", "- len(documents))", "- len(documents) - 1)"),
    "empty rows are stored": ("check_account", "strict=True) if is_stored]", "strict=True)]"),
    "texts are no values": ("check_labels_and_texts", "rows.has_values", "[any(c[i].is_valid for c in rows.fields.values()) for i in range(rows.size)]"),
    "names that it cannot encode": ("check_odd_names", '".encode() if', '".encode("ascii") if'),
    "a file that must be new": ("check_again", '"ab"', '"xb"'),
    "a group without its stage": ("check_names", '"deliver.json_lines"', '"json lines"'),
    "nothing to write is an error": ("check_nothing_to_write", "        try:\n", "        documents[0]\n        try:\n"),
    "closes only once": ("check_open_and_close", '        """Nothing stays open."""', "        del self.target"),
    "an error of Python's own when given up": ("check_given_up", "        try:\n", "        if is_over():\n            raise TimeoutError\n        try:\n"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_SINKS)
def test_a_sink_that_breaks_a_promise_is_caught(wrong: str, tmp_path: Path) -> None:
    check, right, broken = WRONG_SINKS[wrong]
    assert SINK.count(right) == 1, "the example on the page has changed: change this table with it"
    source = SINK.replace(right, broken).replace("json.dumps(document)", "json.dumps(document, ensure_ascii=False)")
    points = {"fieldline.sinks": {"json_lines": "acme_json_lines:COMPONENT"}}
    install(tmp_path / "site", "acme-fieldline", points, {"acme_json_lines": source})
    settings = DeliverSettings(sinks={"json_lines": str(tmp_path / "m.jsonl")})

    def make() -> Sink:
        return sink_components()["json_lines"].make(settings, levels, SystemClock())

    with importable(tmp_path / "site"), pytest.raises(AssertionError):
        getattr(sink_checks, check)(make)


WRONG_METRICS = {
    "a row that counts sets no flag to be emitted": ("check_each_row_late", "|= EMIT | SPREAD", "|= SPREAD"),
    "a row that counts is not told to longer windows": ("check_any_arrival", "|= EMIT | SPREAD", "|= EMIT"),
    "longer windows are folded under the wrong flag": ("check_any_arrival", "& REFOLD != 0", "& EMIT != 0"),
    "bad samples count": ("check_bad_quality", "rows.quality[i] <= UNCERTAIN and ", ""),
    "a field that is not in the catalogue": ("check_catalogue", 'FIELD = ("swing"', 'FIELD = ("span"'),
}


@pytest.mark.usefixtures("first_failure")
@pytest.mark.parametrize("wrong", WRONG_METRICS)
def test_a_metric_with_a_wrong_flag_is_caught(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_IS_COMPILED", False)  # its kernels alone: compiling each takes seconds
    check, right, broken = WRONG_METRICS[wrong]
    assert METRIC.count(right) == 1, "the example on the page has changed: change this table with it"
    points = {"fieldline.operators": {"swing": "acme_wrong_swing:COMPONENT"}}
    install(tmp_path, "acme-fieldline", points, {"acme_wrong_swing": METRIC.replace(right, broken)})

    with importable(tmp_path), pytest.raises(AssertionError):
        getattr(operator_checks, check)(known()["swing"])
