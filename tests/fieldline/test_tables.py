from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import SettingsError
from fieldline.plantfile import PlantFile
from fieldline.settings import Settings
from fieldline.tables import merge, read_toml, to_struct

_KEYS = st.sampled_from(
    "log plant http ingest process deliver mqtt subscribe batch_s clock windows raw token token_file influx max_age_s "
    "line_depth time_zone site asset topic path tags unit kind low high modulus pattern tag x".split()
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["kWh", "power", "UTC", "a/{tag}", "mqtt://[::1", "http://x/b", "25h", "sqlite:x", "/", "{", "*"]),
)
_TABLES = st.dictionaries(
    _KEYS,
    st.recursive(
        _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
    ),
    max_size=5,
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(_TABLES)
def test_any_table_is_a_struct_or_a_list_of_faults_never_a_crash(table):
    for kind in (Settings, PlantFile):
        wrong: list[str] = []

        struct = to_struct(kind, table, "$", wrong)

        assert (struct is None) == bool(wrong)
        assert all(line.startswith("$") for line in wrong)


def test_tables_merge_and_everything_else_is_replaced():
    below = {"a": {"x": 1, "y": [1, 2]}, "b": 1}

    merged = merge(below, {"a": {"y": [3]}, "b": {"z": 2}})

    assert merged == {"a": {"x": 1, "y": [3]}, "b": {"z": 2}}
    assert below == {"a": {"x": 1, "y": [1, 2]}, "b": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"a = " + b"[" * 100_000,
        b"a = " + b"[" * 900 + b"]" * 900,
        b"[" + b".".join([b"a"] * 20_000) + b"]",
        b"a = " + b"9" * 5_000,
        b'a = "\xff"',
        'a = "x"'.encode("utf-16"),
    ],
    ids=["unclosed", "nested", "dotted", "digits", "not UTF-8", "UTF-16"],
)
def test_a_hostile_file_is_a_message_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plant.toml"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=r"plant\.toml: ."):
        read_toml(path)
