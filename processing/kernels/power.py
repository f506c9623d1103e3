"""Which spans between two samples of a power count: those up to the maximum gap, and those of the tag's own rhythm.

Where the plant file declares `max_gap_s`, a span up to it counts, and no other. Without, a span up to the default of 300 s counts; a
longer one, up to 75 min (`series.rhythm`), counts when a span beside it, the one before or the one after, says that the tag speaks no
more often: when it is itself no longer than 75 min, and the span is at most a quarter longer. So a span waits for the sample after the
next where the one before does not speak for it: it is laid out over its time at once, and marked as one that *waits*; that sample
takes the mark off, or leaves it there for good. What waits counts nothing and observes nothing.

A span that waits is longer than a slice of a minute, so that a slice holds nothing of it but what its own sample booked. Where a line's
slices are longer than that, no power has a rhythm: spans go by the gap, the default or what is declared.

Nothing but the two spans beside a span decides, so that a late sample changes no more than those around it.

Worked out, minutes between samples (spans that count in brackets):

    [15] [15] [15]            each quarter-hour; the first is known by the second
    [15] [14] [16] [15]       with a clock that jitters
    [1] [1] 40 [1] [1]        a gateway was away
    17 [1]                    a plug that is silent while it is off
    [15] [15] 30 [15] [15]    one was lost
    [60] [61] 180 [60] [60]   hours, and a night without
"""

from processing.kernels.jit import inline
from processing.kernels.layout import CHANGED, EMIT, SPREAD, TOUCHED

# bits of `waits` in a slice's partial aggregate
OWN = 1  # what its own sample booked: there is no other in the slice
BOUNDARY = 2  # its boundary contribution
SAID = 4  # of a register: what its own rows booked is what an event says, and its boundary contribution counts nothing


@inline
def speaks_for(other, span, series):
    """Whether a span beside makes a span one of the tag's rhythm; other : 0 where there is none [ns]."""
    return 0 < other <= series.rhythm and span <= series.rhythm and 4 * span <= 5 * other


@inline
def span_before(newest):
    """Between the newest sample and the one before it, 0 without [ns]."""
    return newest.time - newest.first_time if newest.first_time != 0 else 0


@inline
def set_waits(window, row, bit, waits, kept):
    """Mark what a slice has of a span as one that waits, or take the mark off."""
    part = kept.slices[row]
    bits = part.waits | bit if waits else part.waits & ~bit
    if part.waits != bits:
        part.waits = bits
        kept.dirty[row] |= EMIT | SPREAD
        window.flags |= TOUCHED | CHANGED


@inline
def mark(chunk, local, newest, waits, windows, kept):
    """Mark the span between the newest sample and the one before in all slices; the newest one lies in the chunk's or before."""
    if newest.time >= chunk.start:
        set_waits(windows[chunk.window], chunk.block + local, OWN, waits, kept)
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > newest.first_time:
        window = windows[older]
        if window.start <= newest.time:
            set_waits(window, window.block + local, OWN if newest.time < window.end else BOUNDARY, waits, kept)
        older = window.older


@inline
def may_be_answered(chunk, newest, series):
    """Whether a sample in a chunk may say that the span before the newest one counts: later ones leave it as it waits.

    Without this a meter's next sample, a day later, would walk back a day of slices, which have left memory by then.
    """
    return chunk.start - newest.time <= max(series.gap, series.rhythm)


@inline
def decide(chunk, series, newest, span, windows, kept):
    """Say whether the span before the newest sample, which waits, counts: a sample comes `span` ns after that one."""
    if may_be_answered(chunk, newest, series):
        counts = speaks_for(span, span_before(newest), series)
        mark(chunk, series.local, newest, not counts, windows, kept)


@inline
def counts_at_once(series, newest, span):
    """Whether a span counts, 1; must wait for the next sample, -1; or is too long, 0."""
    if span <= series.gap:
        return 1
    if span > series.rhythm:
        return 0
    return 1 if speaks_for(span_before(newest), span, series) else -1
