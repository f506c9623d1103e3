"""The catalogue says what leaves the pipeline: no field more, no field less, and the tags that tell rows apart."""

from collections import defaultdict
from pathlib import Path

from fieldline.catalogue import ALL, fields, texts
from processing.metric_rows import WINDOWS, MetricRows
from processing.operator import Operator
from processing.operators import known
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, plant_of, rows_of_line
from tests.processing.engine_rig import T0, EngineRig, Row, frames_of

_CHARTED = """
[[asset]]
path = "plant/hall1/line1/oven"

[asset.tags.temp_c.spc]
chart = "i_mr"
center = 180.0
sigma = 2.0
lsl = 170.0
usl = 190.0
"""


class _Noting(EngineRig):
    """Keeps the rows that were emitted."""

    emitted: list[MetricRows]

    def collect(self) -> None:
        self.emitted = [*getattr(self, "emitted", []), *self.engine.take()]


def test_every_field_that_any_operator_emits_is_in_the_catalogue_and_the_reverse(tmp_path: Path) -> None:
    rows = rows_of_line(5, 3600)
    rows += [Row(f"{LINE}/oven", "temp_c", T0 + k * 10 * SECOND, 180.0 + k % 7) for k in range(300)]
    rows.sort(key=lambda row: row.time)
    plant = plant_of(tmp_path, PLANT + _CHARTED)

    operators = [one for one in known().values() if isinstance(one, Operator)]
    rig = _Noting(plant, windows=WINDOWS, operators=operators, raw=("*",))
    rig.send(frames_of(rows, 500)).finish()

    numbers, words, labels = defaultdict(set), defaultdict(set), defaultdict(set)
    for batch in rig.emitted:
        numbers[batch.kind] |= batch.fields.keys()
        words[batch.kind] |= batch.texts.keys()
        labels[batch.kind] |= batch.labels.keys()
        assert ("tag" in {tag for kind in ALL if kind.name == batch.kind for tag in kind.tags}) == (
            batch.tag is not None
        )
    for kind in ALL:
        assert numbers[kind.name] == set(fields(kind.name)), kind.name
        assert words[kind.name] == set(texts(kind.name)), kind.name
        assert labels[kind.name] == set(kind.labels), kind.name
