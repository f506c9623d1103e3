"""Waveforms that are kept: what became of those on the log, and what there is of each machine."""

from analysis.kept_waveforms.keeping import keep
from analysis.kept_waveforms.rule import REGULAR, Rule
from analysis.kept_waveforms.store import Store
from cli.report import Column, Note, Report, Table, columns
from fieldline.log import Log
from fieldline.moments import iso
from fieldline.plant import Plant


def kept(log: Log, plant: Plant, store: Store, rule: Rule, now_ns: int) -> Report:
    """Keep them, and tell of each machine how many. Raises SettingsError, Unavailable."""
    rows = [account._asdict() for account in keep(log, plant, store, rule, now_ns)]
    heads = [
        Column("asset"),
        Column("seen", "on the log"),
        Column("undecided", "too new"),
        Column("added"),
        *columns("around", "regular"),
        Column("days_dropped", "days dropped"),
    ]
    table = Table("kept", heads, rows, empty="the log has no waveforms")
    said = "around: kept for what happened near it; regular: the first of its time, in {} now"
    return Report([table, Note(said, (str(store.folder),))], root="kept")


def listed(store: Store) -> Report:
    """What there is of each machine. Raises SettingsError."""
    rows = []
    for asset in store.assets():
        times, whys = store.times(asset), store.reasons(asset)
        if len(times):
            around = sorted({why for why in whys if why != REGULAR})
            row = {"asset": asset, "waveforms": len(times), "first": iso(int(times[0])), "last": iso(int(times[-1]))}
            rows.append(row | {"regular": whys.count(REGULAR), "around": ", ".join(around)})
    heads = columns("asset", "waveforms", "first", "last", "regular", "around")
    return Report([Table("waveforms", heads, rows, empty=f"no waveforms in {store.folder}")], root="waveforms")
