"""Twenty kills at seeded moments of a run: not one bit differs, nothing that was acknowledged is lost."""

import os
import random
import time
from collections.abc import Callable

from tests.integration import steel_rig
from tests.integration.pipe_rig import Pipe, until
from tests.integration.steel_rig import LINES, ROWS, TAGS, Results

SEED = int(os.environ.get("FIELDLINE_TEST_SEED", "20"))
KILLS = int(os.environ.get("FIELDLINE_TEST_KILLS", "20"))
_BETWEEN_S = (0.5, 4.0)
_SPAN_S = 60.0
"""How long sending takes: most kills fall into it, the last ones into what is still to be worked off."""


def test_kills_of_every_stage_and_a_worker_that_comes_and_goes_change_no_bit(
    make_pipe: Callable[[], Pipe], undisturbed: tuple[Pipe, Results]
) -> None:
    print("seed", SEED, "kills", KILLS)
    draw = random.Random(SEED)
    speed = steel_rig.DAYS * 86_400 / _SPAN_S
    with make_pipe() as pipe:
        steel_rig.start_stages(pipe)
        senders = steel_rig.start_sending(pipe.mqtt, pipe.folder, "--speed", f"{speed:g}")
        try:
            disturb(pipe, draw)
            for sender in senders:
                assert sender.wait(120.0) == 0  # every row of the file was acknowledged
        finally:
            for sender in senders:
                sender.kill()
                sender.wait(10.0)
        pipe.wait_drained(150.0)

        sources = pipe.audit()
        steel_rig.assert_same(pipe, undisturbed[1])
        pipe.stop()
    assert {name: source["stored"] for name, source in sources.items()} == dict.fromkeys(LINES, TAGS * ROWS)
    assert sum(process.kills for process in pipe.processes) == KILLS


def disturb(pipe: Pipe, draw: random.Random) -> None:
    """Kill a stage, start it again at once, and so on; a third worker joins after a quarter and leaves after the half."""
    ingest, first, second, deliver = pipe.processes
    targets = [ingest, first, second, deliver] * (KILLS // 4) + [deliver, first, ingest][: KILLS % 4]
    draw.shuffle(targets)
    third = None
    for number, target in enumerate(targets):
        if number == KILLS // 4:
            third = steel_rig.start_worker(pipe, 3)
        if number == KILLS // 2 and third is not None:
            third.until_ready().stop()
        pause(draw.uniform(*_BETWEEN_S))
        target.kill()
        target.start()


def pause(seconds: float) -> None:
    """Let the run go on for a drawn time: the moment of the next kill."""
    over = time.monotonic() + seconds
    until(lambda: time.monotonic() >= over, seconds + 5.0, lambda: "the clock stands still")
