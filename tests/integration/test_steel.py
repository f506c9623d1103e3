"""Real input: nine months of a steel plant's meter, over Mosquitto, Kafka with two workers, into InfluxDB."""

from collections.abc import Callable

import pytest

from tests.integration import steel_rig
from tests.integration.pipe_rig import Pipe
from tests.integration.steel_rig import LINES, METERS, ROWS, TAGS, Results

pytestmark = pytest.mark.usefixtures("mosquitto", "kafka", "influxdb")


def test_daily_energy_and_power_factor_equal_those_computed_from_the_file(undisturbed: tuple[Pipe, Results]) -> None:
    pipe, _ = undisturbed

    want = steel_rig.days_of_the_file()

    assert len(want) == steel_rig.DAYS
    for meter in METERS:
        steel_rig.assert_days(steel_rig.days_in_influxdb(pipe, meter), want)


def test_every_row_of_the_file_has_an_account(undisturbed: tuple[Pipe, Results]) -> None:
    pipe, _ = undisturbed

    sources = pipe.audit()

    assert sorted(sources) == sorted(LINES)
    for source in sources.values():
        assert (source["received"], source["stored"], source["late"]) == (TAGS * ROWS, TAGS * ROWS, 0)


def test_the_file_sent_again_changes_no_bit(undisturbed: tuple[Pipe, Results]) -> None:
    before, want = undisturbed

    with Pipe(before.name, before.folder, before.mqtt, before.log, before.influx) as pipe:
        steel_rig.start_stages(pipe)
        steel_rig.send_all(pipe.mqtt, "--batch", "20")
        pipe.wait_drained()
        sources = pipe.audit()
        pipe.stop()

        steel_rig.assert_same(pipe, want)
    for source in sources.values():
        assert (source["received"], source["stored"]) == (2 * TAGS * ROWS, TAGS * ROWS)


def test_the_file_shuffled_within_the_horizon_gives_the_same_bits(
    make_pipe: Callable[[], Pipe], undisturbed: tuple[Pipe, Results]
) -> None:
    # A row lies up to a day behind in the file, and is displaced by up to another day.
    with make_pipe() as pipe:
        steel_rig.start_stages(pipe, horizon="49h")
        steel_rig.send_all(pipe.mqtt, "--batch", "4", "--shuffle-within", "24h", "--seed", "7", meters=METERS[:1])
        steel_rig.send_all(pipe.mqtt, "--batch", "4", "--shuffle-within", "1h", "--seed", "8", meters=METERS[1:])
        pipe.wait_drained()
        sources = pipe.audit()
        pipe.stop()

        steel_rig.assert_same(pipe, undisturbed[1])
    assert {source["stored"] for source in sources.values()} == {TAGS * ROWS}
