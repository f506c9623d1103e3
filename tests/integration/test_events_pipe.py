"""Orders from a file through the whole pipe to a query, and a correction that takes one back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pipe_rig import until
from tests.integration.test_cli import Verbs

LINE = "plant/hall1/line1"
LOG = ("--log", "sqlite:plant.db")


@pytest.fixture
def verbs(tmp_path: Path) -> Iterator[Verbs]:
    verbs = Verbs(tmp_path)
    yield verbs
    for stage in verbs.stages:
        if stage.poll() is None:
            stage.kill()
        stage.wait(10)


def _write(folder: Path) -> None:
    """Four hours of 60 kW by the minute: 1 kWh a minute; two orders of other product within."""
    minutes = [f"2026-03-01 {6 + minute // 60:02d}:{minute % 60:02d}:00,60\n" for minute in range(241)]
    (folder / "meter.csv").write_text("when,p\n" + "".join(minutes), encoding="utf-8")
    (folder / "orders.csv").write_text(
        "Beginn,Auftrag,Artikel,Phase\n"
        "2026-03-01 06:10:30,0012,A,start\n"
        "2026-03-01 08:00:00,0013,B,start\n"
        "2026-03-01 09:30:00,0013,,stop\n",
        encoding="utf-8",
    )


def _orders(verbs: Verbs, *conditions: str) -> dict[str, tuple[str, float]]:
    """Product and energy [kWh] of each order that stands."""
    rows = verbs.json("query", "energy", "--window", "order", *LOG, *conditions)
    return {row["order_id"]: (row["product"], round(row["active_energy_kwh"], 9)) for row in rows}


def test_orders_of_a_file_show_with_product_and_energy_and_a_correction_changes_them(
    verbs: Verbs, mosquitto: Any, _warm: None
) -> None:
    _write(verbs.folder)
    to = ("--to", mosquitto.url)
    verbs.start("run", "--mqtt", mosquitto.url, "--subscribe", "plant/#", *LOG, "--client-id", "events-test")
    until(lambda: "subscribed" in verbs.said(), 60, verbs.said)

    verbs.run("send", "meter.csv", "--asset", f"{LINE}/oven", "--time", "when", "--tag", "p=power:kW", *to)
    columns = ("order=Auftrag", "product=Artikel", "phase=Phase")
    attributes = [word for column in columns for word in ("--attribute", column)]
    sent = verbs.json("send", "orders.csv", "--asset", LINE, "--time", "Beginn", "--event", "order", *attributes, *to)

    # From 06:10:30 to 08:00 are 109.5 min, from there to 09:30 90 min.
    first = {"0012": ("A", 109.5), "0013": ("B", 90.0)}
    until(lambda: _orders(verbs) == first, 60, verbs.said)
    correction = ("--line", LINE, "--at", "2026-03-01T08:00Z", "--order", "0013", "--product", "C", "--phase", "start")
    told = verbs.run("correct", "order", *correction, *to)
    until(lambda: _orders(verbs) == {"0012": ("A", 109.5), "0013": ("C", 90.0)}, 60, verbs.said)
    verbs.run("correct", "order", *correction[:-1], "void", *to)
    # Nothing begins at 08:00 any more, so the order before goes on; what ends at 09:30 is another.
    until(lambda: _orders(verbs) == {"0012": ("A", 229.5)}, 60, verbs.said)

    assert (sent["samples"], told.returncode) == (3, 0), told.stderr
    assert _orders(verbs, "--where", "product=B") == _orders(verbs, "--where", "product=C") == {}
    gone = verbs.json("query", "energy", "--window", "order", "--taken-back", *LOG)
    assert {row["product"] for row in gone if row["retracted"] == 1} == {"B", "C"}
    audit = verbs.run("audit", *LOG)
    assert audit.returncode == 0, audit.stdout
