"""What is wrong with one `[[metric]]`, and from when on it holds."""

import tomllib

import pytest

from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct


def faults_of(text: str) -> list[str]:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(f"[[metric]]\nkind = 'x'\n{text}"), "$", wrong)
    return wrong


def chain(n: int) -> str:
    return "".join(f"field.a{k} = {{ value = 'a{k + 1} + 1' }}\n" for k in range(n - 1)) + f"field.a{n - 1} = {{ value = '1' }}\n"  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("field.cop = { value = 'power_kw' }", "'power_kw' is no field of this metric"),
        ("field.cop = { value = 'cap' }\nfield.cup = { value = '1' }", "did you mean 'cup'"),
        ("field.a = { value = 'b' }\nfield.b = { value = 'a' }", "field.a: is made of itself, by way of b"),
        ("field.a = { value = 'a' }", "field.a: is made of itself"),
        ("field.a = { value = 'mean(pmup.power_kw)' }\nassets.pump = 'a/b/c/d'", "did you mean 'pump'"),
        (chain(1500), "expected at most 200, got 1500"),
        ("field.a = { value = '1' }\nassets.class = 'a/b/c/d'", "assets: 'class' means something else in expressions"),
        ("field.a = { value = '1' }\nassets.line = 'a/b/c/d'", "assets: 'line' means something else in expressions"),
    ],
)
def test_names_that_mean_nothing_and_circles_are_told(text: str, why: str) -> None:
    assert why in "\n".join(faults_of(text))


@pytest.mark.parametrize(
    "name", ["area m2", "lambda", "2nd", "m²", "ﬁll"]
)  # Python takes ² for 2, and ﬁ for two letters
def test_a_value_that_no_expression_can_name_is_refused(name: str) -> None:
    wrong: list[str] = []

    to_struct(PlantFile, {"asset": [{"path": "a/b/c/d", "values": {name: 1.0, "area_m2": 2.0}}]}, "$", wrong)

    assert len(wrong) == 1
    assert f"values: {name!r} can't be named by an expression" in wrong[0]


def test_a_chain_of_as_many_fields_as_there_may_be_is_put_in_order() -> None:
    wrong: list[str] = []

    file = to_struct(PlantFile, tomllib.loads(f"[[metric]]\nkind = 'x'\n{chain(200)}"), "$", wrong)

    assert not wrong
    assert file.metric[0].ordered == [f"a{k}" for k in reversed(range(200))]


@pytest.mark.parametrize(
    ("since", "ns"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T22:13:20.000001Z", 1_700_000_000_000_001_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("0001-01-01T00:00:00+01:00", -(2**62) + 1),
        ("9999-12-31T23:59:59-01:00", 2**63 - 1),
    ],
)
def test_a_definition_holds_from_its_moment_on_to_the_microsecond(since: str, ns: int) -> None:
    wrong: list[str] = []

    file = to_struct(PlantFile, tomllib.loads(f"[[metric]]\nkind = 'x'\nsince = {since}\nfield.a = {{ value = '1' }}"), "$", wrong)  # fmt: skip

    assert file.metric[0].since_ns == ns
