"""Topics: where the values of a topic belong."""

import pytest

from fieldline.errors import PayloadError
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from ingest.topics import TopicMap, source_levels


def topics(*declared: Topic) -> TopicMap:
    return TopicMap(Plant(PlantFile(topic=declared)))


def test_without_a_plant_file_the_topic_is_the_asset_and_its_last_level_the_tag_of_a_single_value() -> None:
    route = topics().route(b"site/area/line/press/power_kw")

    assert (route.value_asset, route.value_tag) == ("site/area/line/press", "power_kw")
    assert route.object_asset == "site/area/line/press/power_kw"


def test_a_topic_of_one_level_has_the_tag_value() -> None:
    route = topics().route(b"boiler")

    assert (route.value_asset, route.value_tag, route.object_asset) == ("boiler", "value", "boiler")


def test_the_first_pattern_that_matches_decides() -> None:
    declared = topics(
        Topic(pattern="plant/{line}/{machine}/{tag}", asset="acme/hall/{line}/{machine}", tag="{tag}"),
        Topic(pattern="plant/{rest#}", asset="other/{rest}"),
        Topic(pattern="plant/#", asset="never"),
    )

    exact, rest = declared.route(b"plant/l1/press/power_kw"), declared.route(b"plant/l1/press/inner/deep")

    assert (exact.value_asset, exact.value_tag, exact.object_asset, exact.prefix) == (
        "acme/hall/l1/press",
        "power_kw",
        "acme/hall/l1/press",
        "power_kw/",
    )
    assert (rest.object_asset, rest.value_asset, rest.value_tag) == (
        "other/l1/press/inner/deep",
        "other/l1/press/inner/deep",
        "value",
    )


@pytest.mark.parametrize(
    ("pattern", "topic", "is_match"),
    [
        ("a/+/c", b"a/b/c", True),
        ("a/+/c", b"a/b/x/c", False),
        ("a/#", b"a", True),
        ("a/#", b"a/b/c", True),
        ("a/#", b"ab", False),
        ("a.c/{x}", b"abc/d", False),
    ],
)
def test_patterns_match_as_mqtt_filters_do(pattern: str, topic: bytes, is_match: bool) -> None:
    route = topics(Topic(pattern=pattern, asset="matched")).route(topic)

    assert (route.object_asset == "matched") is is_match


@pytest.mark.parametrize(
    "topic",
    [b"", b"/a", b"a/", b"a//b", b"$SYS/uptime", b"a/b\nc", b"a\x00", b"\xff", b"a/+/b", b"a/#", b"a" * 65535, b"a/@x"],
)
def test_topics_that_are_no_path_are_refused_each_time(topic: bytes) -> None:
    routes = topics()

    for _ in range(2):
        with pytest.raises(PayloadError) as refused:
            routes.route(topic)
        assert refused.value.reason in ("topic", "name")


@pytest.mark.parametrize("topic", ["a, b/c=d/e f", 'a"b/c\\d', "größe/温度/🌾", "a'b;--/c"])
def test_names_with_commas_spaces_quotes_and_any_script_are_kept(topic: str) -> None:
    assert topics().route(topic.encode()).object_asset == topic


def test_a_topic_that_is_not_utf_8_still_has_a_source() -> None:
    assert source_levels(b"a/\xff/c") == "a/\ufffd/c"
