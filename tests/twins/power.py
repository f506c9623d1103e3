"""Slow, obvious twin of `power`: which spans between the samples of a power count, each by itself, with those beside it in sight."""

from fieldline.plant import TagInfo

LONGEST = 75 * 60 * 10**9


def reach(info: TagInfo) -> int:
    """How far two samples may lie apart at most for the span between them to count [ns]."""
    gap = int(info.max_gap_s * 1e9)
    return gap if info.is_gap_declared else max(gap, LONGEST)


def spans_that_count(times: list[int], info: TagInfo) -> list[bool]:
    """Of each span from one time to the next, whether it counts."""
    spans = [after - before for before, after in zip(times, times[1:], strict=False)]
    beside = [[*spans[max(number - 1, 0) : number], *spans[number + 1 : number + 2]] for number in range(len(spans))]
    rhythm = [
        not info.is_gap_declared
        and span <= LONGEST
        and any(other <= LONGEST and span <= other * 1.25 for other in others)
        for span, others in zip(spans, beside, strict=True)
    ]
    return [span <= info.max_gap_s * 1e9 or is_rhythm for span, is_rhythm in zip(spans, rhythm, strict=True)]
