"""Every sink that is installed, held to what sinks promise (see `sink_checks.py`), over the real part it writes to."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.sinks import make_sinks, sink_components
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.settings import DeliverSettings, Secret
from tests.contracts import sink_checks
from tests.contracts.codec_checks import check_manual
from tests.contracts.sink_checks import Make
from tests.delivery.metric_frames import levels

SINKS = sink_components()
NAMES = [pytest.param(name, id=f"delivery.sinks.{name}") for name in SINKS]
_numbers = itertools.count(1)


@pytest.fixture
def make(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Make the sink over its real part, the same one each time. A sink that is not listed here gets a path of its own."""
    secret = Secret(sink_checks.TOKEN)
    listed: dict[str, Callable[[], DeliverSettings]] = {
        "influx_v1": lambda: DeliverSettings(
            influx=f"{_server(request, 'influxdb').url}/contract_{next(_numbers)}?api=v1", token=secret
        ),
        "influx_v2": lambda: DeliverSettings(
            influx=f"{_server(request, 'victoria_metrics').url}/contract?org=o", token=secret
        ),
        "local_store": lambda: DeliverSettings(store=str(tmp_path / "r.db")),
    }
    settings = listed[name]() if name in listed else DeliverSettings(sinks={name: str(tmp_path / name)})
    assert SINKS[name].accepts(settings), f"{name}: list here what real part it writes to"
    return lambda: SINKS[name].make(settings, levels, SystemClock())


def _server(request: pytest.FixtureRequest, name: str) -> Server:
    server = request.getfixturevalue(name)
    assert isinstance(server, Server)
    return server


@pytest.mark.parametrize("check", sink_checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_a_sink_keeps_its_promises(make: Make, check: Callable[[Make], None]) -> None:
    check(make)


@pytest.mark.parametrize("name", NAMES)
def test_a_sink_has_a_manual(name: str) -> None:
    check_manual(SINKS.manual(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_sink_is_made_that_nobody_asked_for(name: str) -> None:
    assert not SINKS[name].accepts(DeliverSettings())


def test_settings_without_a_sink_are_refused() -> None:
    with pytest.raises(SettingsError, match="got neither"):
        make_sinks(DeliverSettings(), levels, SystemClock())


def test_both_a_database_and_a_store_make_two_sinks(tmp_path: Path) -> None:
    settings = DeliverSettings(influx="http://127.0.0.1:1/b?org=o", store=str(tmp_path / "r.db"))

    sinks = make_sinks(settings, levels, SystemClock())

    assert [sink.group for sink in sinks] == ["deliver.influx", "deliver.store"]


@pytest.mark.parametrize(("name", "told"), [("parket", "expected one of"), ("local_store", "has a setting of its own")])
def test_a_sink_that_cannot_be_asked_for_by_name_is_refused(name: str, told: str) -> None:
    with pytest.raises(SettingsError, match=rf"\$\.deliver\.sinks.*{told}"):
        make_sinks(DeliverSettings(sinks={name: "x"}), levels, SystemClock())
