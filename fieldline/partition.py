"""Which partition a line's readings lie in: Kafka's own rule, so that other clients agree.

Source: Apache Kafka, `org.apache.kafka.common.utils.Utils.murmur2` (MurmurHash2, 32 bit, Austin Appleby) and
`BuiltInPartitioner.partitionForKey`: partition = (hash & 0x7fffffff) % partitions.
"""

from functools import lru_cache

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """The hash as Kafka's Java code gives it: a signed 32 bit integer."""
    length = len(data)
    h = (_SEED ^ length) & _MASK
    whole = length & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if whole < length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    h ^= h >> 15
    return h - (1 << 32) if h >> 31 else h


@lru_cache(maxsize=65_536)
def partition_of(line: str, partitions: int) -> int:
    """The partition, 0 to `partitions` − 1, of all rows of `line`. Raises ValueError when there are none."""
    if partitions < 1:
        raise ValueError(f"expected at least one partition, got {partitions}")
    return (murmur2(line.encode("utf-8", "surrogatepass")) & 0x7FFFFFFF) % partitions
