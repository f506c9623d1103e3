"""Cases through the product: `fieldline run` with its embedded broker as a process, MQTT over a socket, and `query`'s own code."""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from delivery.query import Only, query
from fieldline.errors import SettingsError
from fieldline.plant import load_plant
from ingest.publisher import Publisher
from tests.cases.cases import Case, Check
from tests.cases.verdict import Outcome, judged
from tests.integration.pipe_rig import Process, fieldline

_READY_S, _DRAINED_S = 120.0, 120.0


class NotDrained(Exception):
    """The stages did not work off what they were sent, or its account does not balance."""


def run_cases(cases: Sequence[Case]) -> list[Outcome]:
    """The outcome of every check. A case whose own plant file is refused is wrong with the refusal; the others go on.

    Raises NotDrained.
    """
    with tempfile.TemporaryDirectory(prefix="fieldline-cases-") as name:
        folder = Path(name)
        refused = {case.id: fault for case in cases if (fault := _plant_fault(case, folder))}
        sent = [case for case in cases if case.id not in refused]
        (folder / "plant.toml").write_text("\n".join(case.plant_toml for case in sent), encoding="utf-8")
        store = _stored(sent, folder) if sent else ""
        outcomes = []
        for case in cases:
            for check in case.checks:
                if case.id in refused:
                    outcomes.append(Outcome(case.id, check.field, "a plant file", refused[case.id], False))
                else:
                    outcomes.append(_asked(case.id, check, store))
        return outcomes


def _plant_fault(case: Case, folder: Path) -> str:
    path = folder / "one.toml"
    path.write_text(case.plant_toml, encoding="utf-8")
    try:
        load_plant(path)
    except SettingsError as error:
        return str(error)
    return ""


def _stored(cases: Sequence[Case], folder: Path) -> str:
    """Send all messages in their order, wait until nothing is on its way, stop; where the results lie."""
    process = Process("run", folder, "run", "--broker-port", "0", "--plant", "plant.toml").start()
    try:
        process.until_ready(_READY_S)
        broker = re.search(r"embedded broker listens on (mqtt://\S+)", process.last_words())
        if broker is None:
            raise NotDrained(process.last_words())
        with Publisher(broker[1]) as publisher:
            for case in cases:
                for message in case.messages:
                    publisher.publish(message.topic, message.content(), retain=message.retain)
            publisher.flush()
        _wait_drained(folder, process)
        process.stop()
    finally:
        process.abandon()
    return str(folder / "fieldline.results.db")


def _wait_drained(folder: Path, process: Process) -> None:
    """Return when `status` says that every stage is through, and `audit` that each message is accounted for."""
    wait = ("status", "--wait", f"{_DRAINED_S:g}s", "--json")
    status = fieldline(*wait, timeout_s=_DRAINED_S + 60, code=None, folder=folder)
    account = fieldline("audit", "--json", code=None, folder=folder)
    if not json.loads(status or "{}").get("drained") or not json.loads(account or "{}").get("balanced"):
        raise NotDrained(f"{status}\n{account}\n{process.last_words()}")


def _asked(case: str, check: Check, store: str) -> Outcome:
    only = Only(tag="*" if check.tag is None else _literal(check.tag))
    return judged(case, check, query(check.kind, _literal(check.asset), check.window, source=store, only=only))


def _literal(name: str) -> str:
    """A glob that only this name matches."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
