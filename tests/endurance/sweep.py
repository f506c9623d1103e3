"""A run: a random plant lives, is disturbed, and is judged. All of it follows from its seed but the moments at which signals meet a process."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.endurance.disturbances import DISTURBANCES, Disturbance
from tests.endurance.site import Site
from tests.endurance.traffic import Traffic
from tests.endurance.verdict import judge
from tests.endurance.world import READY_S, World
from tests.integration.pipe_rig import until

MAX_LATE_H = 6
_HOURS_BETWEEN = 2


class Plan(NamedTuple):
    """How long and how large a run is.

    is_over : asked after each round of disturbances, told how many there were; drain_s : what the end may take [s]
    kinds : the disturbances
    """

    seed: int
    lines: int
    is_over: Callable[[int], bool]
    drain_s: float = 300.0
    kinds: tuple[type[Disturbance], ...] = DISTURBANCES


class Servers(NamedTuple):
    """URLs of a database and of a log, each of the run's own; None: no database, and a SQLite file."""

    influx: str | None = None
    kafka: str | None = None


def sweep(plan: Plan, folder: Path, servers: Servers | None = None, say: Callable[[str], None] = print) -> list[str]:
    """Run, and give every fault, none when all holds."""
    random = Random(plan.seed)
    site = Site.drawn(random, plan.lines)
    traffic = Traffic(random, tuple(site.lines), MAX_LATE_H)
    say(
        f"seed {plan.seed}: {plan.lines} lines in {site.zone}, edited are {', '.join(site.edited)}; horizon {site.horizon_h} h"
    )
    with World(folder, site, traffic, *(servers or Servers())) as world:
        world.start()
        world.send_hour()
        for number, disturbance in enumerate(_deck(plan, world)):
            if plan.is_over(number):
                break
            for _ in range(_HOURS_BETWEEN):
                world.send_hour()
            pause(disturbance.wait_s)
            say(f"{number:4} {_told(traffic.now)} {disturbance}")
            disturbance.befall(world)
            world.check_running()
        _end(world)
        world.drain(plan.drain_s)
        say(f"sent {len(world.ledger.entries)} records, {sum(len(e.rows) for e in world.ledger.entries)} rows; judging")
        return judge(world, plan.drain_s)


def _end(world: World) -> None:
    """What is on its way arrives, and everything that was left out is wanted again."""
    with ExitStack() as away:
        for name in world.workers:
            away.enter_context(world.stopped(name, is_killed=False))
        world.site.left_out_windows.clear()
        world.site.left_out_operators.clear()
        world.write_files()
    world.send_rest()
    for stage in world.stages.values():
        stage.until_ready(READY_S)


def _deck(plan: Plan, world: World) -> Iterator[Disturbance]:
    """All disturbances in a drawn order, and again in another one, each drawn by a number of its own."""
    random = Random(f"{plan.seed} deck")
    kinds = list(plan.kinds)
    while True:
        random.shuffle(kinds)
        for kind in kinds:
            drawn = kind(Random(random.getrandbits(64)), world.site)
            if drawn.is_possible(world):
                yield drawn


def pause(seconds: float) -> None:
    """Let the run go on for a drawn time: the moment of the next disturbance."""
    over = time.monotonic() + seconds
    until(lambda: time.monotonic() >= over, seconds + 5.0, lambda: "the clock stands still")


def _told(ns: int) -> str:
    """Event time for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(ns // 1_000_000_000))
