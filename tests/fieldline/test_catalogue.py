import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from fieldline import catalogue
from fieldline.catalogue import declared, emitter, fields, kind_of, kinds, metric, metrics, tags, texts
from fieldline.catalogue.page import page
from fieldline.errors import SettingsError
from fieldline.plantfile.whole import PlantFile
from fieldline.windows import WINDOWS
from tests.contracts.distributions import importable, install


def test_the_page_is_the_catalogue_of_today() -> None:
    assert Path("docs/metrics.md").read_text("utf-8") == page(), "run `make docs`"


def test_every_metric_names_kind_unit_meaning_formula_and_source() -> None:
    assert all(all(row) for row in metrics())
    assert {row.kind for row in metrics()} == set(kinds())
    assert all(kind.name and kind.meaning and kind.tags and kind.coverage for kind in kinds().values())


def test_no_field_stands_twice_be_it_number_text_or_tag() -> None:
    for kind in kinds().values():
        names = [*fields(kind.name), *texts(kind.name), *tags(kind.name)]

        assert len(names) == len(set(names)), kind.name


def test_fields_keep_the_catalogues_order() -> None:
    assert fields("telemetry") == ("count", "min", "max", "mean", "time_weighted_mean", "last", "coverage", "rev")
    assert fields("no such kind") == texts("no such kind") == tags("no such kind") == ()


def test_texts_are_no_number_fields() -> None:
    assert texts("oee") == ("order_id", "null_reason")
    assert not set(texts("oee")) & set(fields("oee"))


def test_a_field_in_seconds_or_kilowatt_hours_has_that_unit() -> None:
    ends = {
        "_mm_s": "mm/s",
        "_m_s": "m/s",
        "_s": "s",
        "_l_kwh": "L/kWh",
        "_kwh": "kWh",
        "_kvarh": "kvarh",
        "_kvah": "kVAh",
        "_kw": "kW",
        "_kg": "kg CO2e",
        "_count": "1",
    }

    told = [(row, next((unit for end, unit in ends.items() if row.field.endswith(end)), row.unit)) for row in metrics()]
    wrong = [row for row, unit in told if row.unit != unit]

    assert wrong == []


def test_a_field_and_a_kind_are_found_by_name() -> None:
    found = metric("oee", "availability")

    assert found is not None and found.formula == "(APT + minor stops) / PBT"
    assert metric("oee", "no such field") is None
    assert kind_of("oee") in kinds().values()
    assert kind_of("no such kind") is None


def test_bars_in_formulas_do_not_break_the_pages_tables() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]

    assert {len(row.replace("\\|", "").split("|")) for row in rows} == {7}


@pytest.mark.parametrize("name", declared())
def test_an_operator_declares_windows_needs_and_parameters_that_there_are(name: str) -> None:
    operator = declared()[name]

    assert operator.name == name
    assert operator.emits and all(emitter(kind.name) is operator for kind in operator.emits)
    assert set(operator.windows) <= set(WINDOWS)
    assert set(operator.needs) <= set(declared()) - {name}
    assert [entry for entry in operator.parameters if not _is_known(PlantFile, entry.split("."))] == []


def _is_known(kind: Any, names: list[str]) -> bool:
    """Whether a path of keys leads to an entry of the plant file."""
    if not names:
        return True
    inner = _entries(kind).get(names[0])
    return inner is not None and any(_is_known(each, names[1:]) for each in _structs(inner))


def _entries(kind: Any) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)} if _is_struct(kind) else {}


def _structs(kind: Any) -> list[Any]:
    """A type, or what it holds: of a tuple, a dict by name, or an optional one."""
    return [kind] if get_origin(kind) is None else [one for each in get_args(kind) for one in _structs(each)]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


ACME = """from fieldline.catalogue import LEVELS, OWN, REV, Kind
from processing.operator import Operator
KIND = Kind("{kind}", "A kind.", (*LEVELS, "window"), (), "none", (("good_count", "1", "n", "n", OWN), REV))
COMPONENT = Operator(name="{name}", emits=(KIND,), windows=("1h",))
"""


def acme(folder: Path, source: str) -> Path:
    install(folder, "acme-wear", {"fieldline.operators": {"wear": "acme_wear:COMPONENT"}}, {"acme_wear": source})
    return folder


def test_an_operator_of_another_distribution_is_in_the_catalogue_and_on_the_page(tmp_path: Path) -> None:
    with importable(acme(tmp_path, ACME.format(name="wear", kind="valve_wear"))):
        catalogue.forget()
        try:
            assert fields("valve_wear") == ("good_count", "rev")
            assert "Operator: `wear`, not on by default. Windows: `1h`." in page()
        finally:
            catalogue.forget()


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("wear", "oee", r"expected each kind from one alone, got 'oee' from 'machine' and 'wear'"),
        ("tear", "valve_wear", r"acme-wear 1\.0 .*expected COMPONENT to be named 'wear', got 'tear'"),
    ],
)
def test_two_operators_of_one_kind_and_a_wrong_name_are_refused(
    tmp_path: Path, name: str, kind: str, told: str
) -> None:
    with importable(acme(tmp_path, ACME.format(name=name, kind=kind))):
        catalogue.forget()
        try:
            with pytest.raises(SettingsError, match=told):
                kinds()
        finally:
            catalogue.forget()


def test_the_catalogue_imports_no_operator_before_it_is_asked_and_never_numba() -> None:
    program = (
        "import sys, fieldline.catalogue\n"
        "assert not [name for name in sys.modules if name.startswith('processing')]\n"
        "fieldline.catalogue.kinds()\n"
        "assert 'processing.operators.energy' in sys.modules and 'numba' not in sys.modules\n"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert run.returncode == 0, run.stderr
