"""Which spans between the samples of a power count: short ones, and those of a tag that speaks in a rhythm."""

from itertools import pairwise

from fieldline.tags import TagInfo


def spans_that_count(times: list[int], info: TagInfo) -> list[bool]:
    """Of each span from one sample to the next, whether it is energy; times : ascending [ns].

    One up to `max_gap_s` is. Where that is not declared, one up to 75 min is as well that is at most a quarter longer than the span
    before it or after it, if that is no longer than 75 min either.
    """
    spans = [after - before for before, after in pairwise(times)]
    longest = int(info.rhythm_s * 1e9)
    found = []
    for before, span, after in zip([0, *spans], spans, [*spans[1:], 0], strict=False):
        beside = max((other for other in (before, after) if other <= longest), default=0)
        found.append(span <= int(info.max_gap_s * 1e9) or (span <= longest and 4 * span <= 5 * beside))
    return found
