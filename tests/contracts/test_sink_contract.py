"""What every sink promises, asked of each that is installed, over the real part it writes to."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.sinks import Sink, SinkComponent, make_sinks, sink_components
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import labelled_rows, levels, metric_rows

NAN = math.nan
COMPONENTS = sink_components()
_numbers = itertools.count(1)


@pytest.fixture(params=sorted(COMPONENTS))
def component(request: pytest.FixtureRequest) -> SinkComponent:
    return COMPONENTS[request.param]


@pytest.fixture
def make(component: SinkComponent, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Sink]:
    """Make the sink over its real part, the same one each time. A sink that is not listed here gets a store's settings."""
    urls = {
        "influx_v1": lambda: f"{_server(request, 'influxdb').url}/contract_{next(_numbers)}?api=v1",
        "influx_v2": lambda: f"{_server(request, 'victoria_metrics').url}/contract?org=o",
    }
    found = urls.get(component.name)
    settings = DeliverSettings(influx=found()) if found else DeliverSettings(store=str(tmp_path / "r.db"))
    assert component.accepts(settings)
    return lambda: component.make(settings, levels, SystemClock())


def _server(request: pytest.FixtureRequest, name: str) -> Server:
    server = request.getfixturevalue(name)
    assert isinstance(server, Server)
    return server


def test_every_row_offered_is_stored_rejected_or_empty(make: Callable[[], Sink]) -> None:
    sink = make()
    now_ns = SystemClock().now_ns()
    energy = metric_rows(
        "energy", [now_ns, now_ns], ["p/h/l/a", "b"], None, ["1m", "1m"], active_energy_kwh=[1.0, NAN], rev=[0.0, NAN]
    )
    reading = metric_rows("reading", [now_ns] * 3, ["a", "b", "c"], ["t"] * 3, value=[1.0, math.inf, 3.0])

    sink.open()
    outcome = sink.write([energy, reading])

    sink.close()
    assert (outcome.stored, outcome.rejected, outcome.empty) == (3, [], 2)


def test_rows_with_labels_and_texts_are_stored_and_one_with_a_text_alone_too(make: Callable[[], Sink]) -> None:
    sink = make()
    now_ns = SystemClock().now_ns()
    labels: dict[str, list[str | None]] = {"shift": ["early", None, "late"]}
    texts: dict[str, list[str | None]] = {"null_reason": ['planned "time" = 0, ', None, None]}

    outcome = sink.write([labelled_rows("oee", [now_ns] * 3, ["p/h/l"] * 3, labels, texts, oee=[NAN, 0.5, NAN])])

    sink.close()
    assert (outcome.stored, outcome.rejected, outcome.empty) == (2, [], 1)


def test_writing_again_is_taken_again(make: Callable[[], Sink]) -> None:
    sink = make()
    rows = metric_rows("reading", [SystemClock().now_ns()], ["a"], ["t"], value=[1.0])

    outcomes = [sink.write([rows]), sink.write([rows])]

    sink.close()
    assert outcomes[0] == outcomes[1] and outcomes[0].stored == 1


def test_nothing_to_write_is_fine(make: Callable[[], Sink]) -> None:
    sink = make()

    outcome = sink.write([])

    sink.close()
    assert (outcome.stored, outcome.rejected, outcome.empty) == (0, [], 0)


def test_a_sink_opens_and_closes_as_often_as_asked(make: Callable[[], Sink]) -> None:
    sink = make()
    rows = metric_rows("reading", [SystemClock().now_ns()], ["a"], ["t"], value=[1.0])

    sink.open()
    sink.open()
    sink.close()
    sink.close()
    outcome = sink.write([rows])

    sink.close()
    assert outcome.stored == 1


def test_a_sink_names_its_group_and_its_target_without_secrets(make: Callable[[], Sink]) -> None:
    sink = make()

    assert sink.group.startswith("deliver.") and sink.target


def test_a_component_has_a_manual_and_its_own_name(component: SinkComponent) -> None:
    module = __import__(f"delivery.sinks.{component.name}", fromlist=["COMPONENT"])

    assert module.COMPONENT is component and len(module.__doc__) > 100


def test_settings_without_a_sink_are_refused() -> None:
    with pytest.raises(SettingsError, match="got neither"):
        make_sinks(DeliverSettings(), levels, SystemClock())


def test_both_a_database_and_a_store_make_two_sinks(tmp_path: Path) -> None:
    settings = DeliverSettings(influx="http://127.0.0.1:1/b?org=o", store=str(tmp_path / "r.db"))

    sinks = make_sinks(settings, levels, SystemClock())

    assert [sink.group for sink in sinks] == ["deliver.influx", "deliver.store"]
