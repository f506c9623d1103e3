"""Where a series is looked up by the numbers of its asset and tag."""

from processing.kernels.jit import FRAME_CODES, INT, INTS, INTS32, NOTHING, inline, kernel, record, records
from processing.kernels.layout import SERIES_TABLE

PLACE = record(("asset", "i8"), ("tag", "i8"), ("series", "i8"))
PLACES = records(PLACE)
"""Where series are looked up, by the numbers of asset and tag: 2**k places of which at most half are taken; series is -1 where none is.

A table of assets × tags would be faster by little, and without bound where each asset has tags of its own.
"""
_GOLDEN = 2_654_435_769  # 2**32 by the golden ratio: multiples of it lie evenly, modulo 2**32, however many there are


@inline
def place_of(asset, tag, places):
    """The place of a series, or the free one that it may take.

    An asset's series lie side by side, so that those of a row are near those of the row before.
    """
    place = ((asset * _GOLDEN & 0xFFFF_FFFF) * places.size >> 32) + tag
    while True:
        place &= places.size - 1
        found = places[place]
        if found.series < 0 or (found.asset == asset and found.tag == tag):
            return place
        place += 1


@kernel(NOTHING, INT, SERIES_TABLE, PLACES)
def add_places(first, of_series, places):
    """Give the series from number `first` on their places; places : output."""
    for number in range(first, of_series.size):
        series = of_series[number]
        place = places[place_of(series.asset, series.tag, places)]
        place.asset, place.tag, place.series = series.asset, series.tag, number


@kernel(INT, FRAME_CODES, FRAME_CODES, INTS, INTS, PLACES, INTS32)
def map_series(asset, tag, assets, tags, places, series):
    """Series of each row, by its codes for asset and tag.

    asset, tag : int32[n] (a frame's arrays are read-only); assets, tags : the numbers that codes stand for, -1 where one has none yet
    series : int32[n], output, -1 where there is none yet. Returns how many rows those are.
    """
    unknown = 0
    for i in range(asset.size):
        a, t = assets[asset[i]], tags[tag[i]]
        series[i] = places[place_of(a, t, places)].series if a >= 0 and t >= 0 else -1
        if series[i] < 0:
            unknown += 1
    return unknown
