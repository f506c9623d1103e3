"""What is an expression, what it reads, and what is refused: with what was expected and what came."""

import pytest

from fieldline.expressions import Figure, Length, Parameter, Statistic, inputs_of, own_fields_of, parse


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("mean(power_kw)", [Statistic("mean", "power_kw")]),
        ('last("1.8.0")', [Statistic("last", "1.8.0")]),
        ("mean(line.flow_m3h)", [Statistic("mean", "flow_m3h", "line")]),
        ("mean(station['T out'])", [Statistic("mean", "T out", "station")]),
        ("max(quantity.temperature)", [Statistic("max", "temperature", "", "quantity")]),
        ("count(station.role.state)", [Statistic("count", "state", "station", "role")]),
        ("energy.active_energy_kwh", [Figure("energy", "active_energy_kwh")]),
        ("line.oee.oee + a.energy.co2_kg", [Figure("oee", "oee", "line"), Figure("energy", "co2_kg", "a")]),
        ("asset.area_m2 * station.asset.height_m", [Parameter("area_m2"), Parameter("height_m", "station")]),
        ("1 / window.length_s", [Length()]),
        ("min(mean(a), mean(b)) if max(a) > 1 and not min(a) == 0 else -abs(last(a)) ** 2",
         [Statistic("max", "a"), Statistic("min", "a"), Statistic("mean", "a"), Statistic("mean", "b"), Statistic("last", "a")]),
        ("2.5", []),
    ],
)  # fmt: skip
def test_an_expression_says_what_it_reads(text: str, inputs: list[object]) -> None:
    assert inputs_of(parse(text)) == inputs


@pytest.mark.parametrize(
    "one", ["mean(power_kw)", 'last("1.8.0")', 'min(line["a b"])', "max(x.quantity.pressure)", "x.oee.oee"]
)
def test_an_input_reads_as_it_is_written(one: str) -> None:
    assert str(parse(one)) == one


def test_other_fields_of_the_metric_are_told_from_tags() -> None:
    assert own_fields_of(parse("cop * 2 + mean(cop) - dt_k")) == ["cop", "dt_k"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("__import__('os')", r"__import__\(…\): expected one of count, min"),
        ("x.__class__.__bases__.y", "expected a field of a metric"),
        ("mean(power_kw).real", "expected a field of a metric"),
        ("(lambda: 1)()", "expected numbers"),
        ("[1][0]", "expected numbers"),
        ("{}", "expected numbers"),
        ("f'{mean(a)}'", "expected numbers"),
        ("'a'", "expected numbers"),
        ("True", "expected numbers"),
        ("1j", "expected numbers"),
        ("1 < 2 < 3", "expected numbers"),
        ("a := 1", "expected an expression"),
        ("yield", "expected an expression"),
        ("1; 2", "expected an expression"),
        ("", "expected an expression"),
        ("mean(a", "was never closed"),
        ("a\0", "expected an expression"),
        ("9 ** 9 ** 9", r"a whole number from 2 to 8 after \*\*"),
        ("2 ** 1000000", "from 2 to 8"),
        ("2 ** 0.5", "from 2 to 8"),
        ("1e999", "expected a finite number"),
        ("1" + "0" * 400, "expected a finite number"),
        ("(" * 300 + "1" + ")" * 300, "expected an expression"),
        ("-" * 900 + "1", "at most 50 deep"),
        ("+".join("1" * 400), "at most 50 deep"),
        ("1" * 1001, "at most 1000 signs, got 1001"),
        ("mean(a, b)", "expected one tag"),
        ("mean()", "expected one tag"),
        ("min()", "expected 2 arguments or more, got 0"),
        ("sqrt(1, 2)", "expected 1 argument, got 2"),
        ("capacitor_kvar(1, 2)", "expected 3 arguments, got 2"),
        ("phase_imbalance(1)", "expected 2 arguments or more, got 1"),
        ("min(*a)", "expected a tag"),
        ("mean(a, key=b)", "expected numbers"),
        ("meen(a)", "did you mean 'mean'"),
        ("mean(quantity.tempe)", "did you mean 'temperature'"),
        ("mean(role.sate)", "expected a role of"),
        ("mean(asset.a)", "'asset' has no tags"),
        ("line.flow", r"a statistic of a tag \(mean\(line\.flow\)\)"),
        ("window.start", "expected one of length_s, start_s, hour, weekday, working_share, day_number, cheapest_per_kwh, cheapest_hour, shift, crew, product"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)


@pytest.mark.parametrize("text", ["f(a=" * 190 + "1" + ")" * 190, "[x for x in " * 60 + "1" + "]" * 60])
def test_what_is_nested_in_any_part_is_refused_by_its_depth(text: str) -> None:
    with pytest.raises(ValueError, match="at most 50 deep"):
        parse(text)


def test_a_name_that_the_grammar_reads_otherwise_than_it_is_written_is_wanted_in_quotes() -> None:
    micro, greek = "vibration_\u00b5m", "vibration_\u03bcm"

    with pytest.raises(ValueError, match="in quotes"):
        parse(f"mean({micro})")

    assert parse(f"mean('{micro}')") == Statistic("mean", micro)
    assert parse(f"mean({greek})") == Statistic("mean", greek)
