import pytest

from fieldline.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("100ms", 0.1),
        ("60s", 60),
        ("15m", 900),
        ("25h", 90_000),
        ("7d", 604_800),
        ("1h30m", 5400),
        ("0.5", 0.5),
        (" 2 h ", 7200),
    ],
)
def test_durations_as_people_write_them(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "h", "-5s", "5 parsecs", "1h30", "1.2.3s", "nan", "5s,"])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 100ms"):
        parse_duration(text)
