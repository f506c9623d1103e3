"""Payloads that are meant to cost memory or time: refused by what their bytes show, before anything is parsed."""

import tracemalloc

import pytest

from fieldline.errors import PayloadError
from fieldline.plant import Plant
from ingest.codecs import Limits
from ingest.codecs.json import COMPONENT
from ingest.rows import Rows
from ingest.topics import TopicMap

NOW = 1_767_225_700_000_000_000


def keys(count: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % k for k in range(count)) + b"}"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'"' + b"x" * 10_000_000 + b'"', "size"),
        (keys(1_000_000), "size"),
        (keys(80_000), "values"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "depth"),
        (b"[" * 1_000_000, "depth"),
    ],
    ids=["10 MB", "a million keys", "80,000 keys", "10,000 levels", "a million levels"],
)
def test_a_hostile_payload_is_refused_without_memory_for_what_it_says(payload: bytes, reason: str) -> None:
    rows, route = Rows(), TopicMap(Plant()).route(b"site/area/line/press")
    tracemalloc.start()
    try:
        with pytest.raises(PayloadError) as refused:
            COMPONENT.decode(payload, route, NOW, rows, Limits())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refused.value.reason == reason
    assert peak < 12 << 20  # of the largest payload that is looked at, ten times its size
    assert len(rows) == 0
