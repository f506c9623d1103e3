import json
from pathlib import Path

import pytest

from fieldline.partition import murmur2, partition_of

CASES = {case["id"]: case for case in json.loads(Path("tests/data/oracles/streaming.json").read_text())["cases"]}


def test_murmur2_gives_the_hashes_of_kafkas_own_tests():
    case = CASES["kafka-murmur2"]

    hashes = [murmur2(key.encode()) for key in case["inputs"]["keys"]]

    assert hashes == case["expected"]["hash"]


def test_partitions_are_those_of_kafkas_clients():
    case = CASES["kafka-murmur2"]

    partitions = [partition_of(key, case["inputs"]["partitions"]) for key in case["inputs"]["keys"]]

    assert partitions == case["expected"]["partition"]


def test_a_name_that_is_no_unicode_text_still_has_a_partition():
    assert 0 <= partition_of("line\udcff", 3) < 3


def test_no_partitions_at_all_are_refused():
    with pytest.raises(ValueError, match="at least one partition"):
        partition_of("plant/hall1/line1", 0)
