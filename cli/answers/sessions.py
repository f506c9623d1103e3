"""When a tag spoke: its sessions as a table, from the readings on the log."""

from analysis.logs import existing
from analysis.overview.sessions import Wanted, sessions_of
from cli.report import Column, Data, Note, Quantity, Report, Table
from fieldline.plant import Plant


def report(wanted: Wanted, plant: Plant, log: str) -> Report:
    """The sessions of a tag. log : its URL. Raises SettingsError, Unavailable."""
    with existing(log) as opened:
        found = sessions_of(wanted, plant, opened)
    unit, gap_s = plant.tag_info(wanted.asset, wanted.tag).unit or "", wanted.gap / 1e9
    columns = [
        Column("begin"),
        Column("end"),
        Column("length_s", "length", "s"),
        Column("samples"),
        *(Column(name, unit=unit) for name in ("mean", "min", "max")),
    ]
    rows = [
        {
            "begin": one.start,
            "end": one.end,
            "length_s": Quantity(one.length_s),
            "samples": one.samples,
            "mean": Quantity(one.mean),
            "min": Quantity(one.least),
            "max": Quantity(one.most),
        }
        for one in found
    ]
    sessions = f"{len(found)} session{'' if len(found) == 1 else 's'}"
    told = f"{wanted.asset} {wanted.tag}: {sessions}, {sum(one.samples for one in found)} readings"
    return Report(
        [
            *(Data(name, value) for name, value in (("asset", wanted.asset), ("tag", wanted.tag), ("gap_s", gap_s))),
            Note(f"{told}, pauses longer than {gap_s:g} s between them"),
            Table("sessions", columns, rows, keys=2),
        ]
    )
