"""`fieldline run`: all stages in one process give what the stages give over Kafka, and work with nothing given."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration import steel_rig
from tests.integration.pipe_rig import Pipe, Process, fieldline
from tests.integration.steel_rig import LINES, METERS, ROWS, TAGS, Results


def test_all_stages_in_one_process_on_sqlite_give_the_bits_of_two_workers_on_kafka(
    make_pipe: Callable[[], Pipe], undisturbed: tuple[Pipe, Results], tmp_path: Path
) -> None:
    over_kafka = make_pipe()
    log = f"sqlite:{tmp_path / 'plant.db'}"
    with Pipe(over_kafka.name, tmp_path, over_kafka.mqtt, log, over_kafka.influx) as pipe:
        stages = ("--mqtt", pipe.mqtt, "--subscribe", "plant/#", "--influx", pipe.influx, "--store", "none")
        pipe.launch("run", "run", *stages, "--horizon", "25h", "--windows", "15m,1h,day").until_ready()
        steel_rig.send_all(pipe.mqtt, "--batch", "4", meters=METERS[:1])
        pipe.wait_drained()
        sources = pipe.audit()
        pipe.stop()

        want = Results(*(of_meter(text, METERS[0]) for text in undisturbed[1]))
        found = Results(*(of_meter(text, METERS[0]) for text in steel_rig.results(pipe)))
    assert found.energy == want.energy
    assert found.telemetry == want.telemetry
    assert sources[LINES[0]]["stored"] == TAGS * ROWS


def of_meter(text: str, meter: str) -> list[str]:
    """The points of one meter."""
    points = [line for line in text.splitlines() if f"asset={meter}," in line]
    assert len(points) > ROWS
    return points


@pytest.mark.usefixtures("_warm")
def test_run_with_nothing_given_takes_a_simulated_plant_to_the_local_store(tmp_path: Path) -> None:
    # On a free port: the default one may be taken on the machine that runs the tests.
    process = Process("run", tmp_path, "run", "--broker-port", "0", "--windows", "1m,1h").start()
    try:
        process.until_ready()
        broker = re.search(r"embedded broker listens on (mqtt://\S+)", process.last_words())
        assert broker is not None, process.last_words()
        sent = json.loads(
            fieldline("simulate", "--to", broker[1], "--duration", "120s", "--speed", "60", "--json", folder=tmp_path)
        )
        fieldline("status", "--wait", "60s", folder=tmp_path)
        account = json.loads(fieldline("audit", "--json", folder=tmp_path))
        rows = json.loads(fieldline("query", "energy", "--window", "1m", "--json", folder=tmp_path))
        assert process.stop() < 10.0
    finally:
        process.abandon()

    assert account["balanced"]
    assert sum(source["received"] for source in account["sources"]) == sent["readings"]
    assert any(row["active_energy_kwh"] for row in rows)
    assert (tmp_path / "fieldline.db").exists() and (tmp_path / "fieldline.results.db").exists()
