"""The catalogue's rows about single tags as they are: the readings themselves, and what they did in a window."""

from fieldline.catalogue.metric import LEVELS, OWN, REV, Kind

READING = Kind(
    "reading",
    "The rows themselves, at their own time, for the assets and tags that `--raw GLOB` names. No window.",
    (*LEVELS, "tag"),
    (),
    "none: a reading is what was sent",
    (("value", "tag's", "the value as the device sent it", "value", "not computed"),),
)

TELEMETRY = Kind(
    "telemetry",
    "What one tag did in a window: at the window's start, per tag, in the tag's own unit.",
    (*LEVELS, "tag", "window"),
    (),
    "share of the window in which a value held: until the next sample, at most the tag's maximum gap (300 s)",
    (
        ("count", "1", "samples in the window; duplicates count once", "n", OWN),
        ("min", "tag's", "smallest sample", "min xᵢ", "definition"),
        ("max", "tag's", "largest sample", "max xᵢ", "definition"),
        ("mean", "tag's", "arithmetic mean of the samples, however they are spaced", "Σ xᵢ / n", "arithmetic mean"),
        (
            "time_weighted_mean",
            "tag's",
            "mean of the samples, each weighed by how long it held: until the next one, at most the tag's maximum gap",
            "Σ xᵢ · Δtᵢ / Σ Δtᵢ",
            "time average with the last value held",
        ),
        ("last", "tag's", "the newest sample", "xₙ", "definition"),
        ("coverage", "1", "share of the window in which a value held, 0 to 1", "Σ Δtᵢ / window", OWN),
        REV,
    ),
)
