"""The catalogue's rows about control charts of tags."""

from fieldline.catalogue.metric import LEVELS, NULL_REASON, OWN, RETRACTED, REV, Kind

_SHEWHART = "ISO 7870-2:2013; D. Montgomery, Introduction to Statistical Quality Control, 7th ed., 2013"
_EWMA = "S. Roberts, Technometrics 1 (1959); ISO 7870-6:2016"
_CUSUM = "E. Page, Biometrika 41 (1954); ISO 7870-4:2021"
_CAPABILITY = "ISO 22514-2:2017; Montgomery, ch. 8"

SPC = Kind(
    "spc",
    "One point of a tag's control chart: a cell of samples (1 min, 15 min or an hour) against limits that Phase I found and that "
    "are frozen by product and version.",
    (*LEVELS, "tag", "window"),
    (),
    "share of the subgroup's samples that came, where a size is declared; else 1",
    (
        ("n", "1", "samples of the point", "n", "definition"),
        ("mean", "tag's", "mean of the point's samples", "Σ xᵢ / n", _SHEWHART),
        ("range", "tag's", "range of the point's samples; X̄-R charts", "max xᵢ − min xᵢ", _SHEWHART),
        (
            "standard_deviation",
            "tag's",
            "standard deviation of the point's samples; X̄-S charts",
            "√(Σ (xᵢ − x̄)² / (n − 1))",
            _SHEWHART,
        ),
        ("moving_range", "tag's", "distance from the point before; I-MR charts", "|xₖ − xₖ₋₁|", _SHEWHART),
        ("center", "tag's", "center line of the frozen limits", "µ", "analysis of Phase I, version `limits_version`"),
        ("lcl", "tag's", "lower control limit", "µ − 3 · (σ / √n)", _SHEWHART),
        ("ucl", "tag's", "upper control limit", "µ + 3 · (σ / √n)", _SHEWHART),
        ("standardised", "1", "the point in standard deviations from the center", "(x̄ − µ) / (σ / √n)", _SHEWHART),
        (
            "ewma",
            "1",
            "exponentially weighted moving average of the standardised points",
            "λ · z + (1 − λ) · e′",
            _EWMA,
        ),
        ("ewma_lcl", "1", "its lower limit", "−L · √(λ / (2 − λ) · (1 − (1 − λ)²ᵏ))", _EWMA),
        ("ewma_ucl", "1", "its upper limit", "L · √(λ / (2 − λ) · (1 − (1 − λ)²ᵏ))", _EWMA),
        ("cusum_high", "1", "upper cumulative sum of the standardised points", "max(0, C′ + z − k)", _CUSUM),
        ("cusum_low", "1", "lower cumulative sum", "max(0, C′ − z − k)", _CUSUM),
        ("alarm", "1", "1 when a chosen rule holds, or EWMA or CUSUM is beyond its limits", "any", OWN),
        (
            "rules",
            "1",
            "rules that complete at this point, as bits; their names are in `rule_names`",
            "Σ 2ʳ",
            "L. Nelson, J. Quality Technology 16 (1984); Western Electric, Statistical Quality Control Handbook, 1956",
        ),
        (
            "drift",
            "1",
            "−1 or 1 when the mean has drifted down or up, else 0",
            "Page-Hinkley test",
            "E. Page, Biometrika 41 (1954)",
        ),
        (
            "outlier",
            "1",
            "1 when the point is an outlier among those before it",
            "Hampel identifier",
            "F. Hampel, JASA 69 (1974)",
        ),
        (
            "cp",
            "1",
            "capability of the frozen limits, where specification limits are declared",
            "(USL − LSL) / 6σ",
            _CAPABILITY,
        ),
        ("cpk", "1", "capability to the nearer limit", "min(USL − x̄, x̄ − LSL) / 3σ", _CAPABILITY),
        ("limits_version", "1", "version of the frozen limits that held", "version", "plant file"),
        ("coverage", "1", "share of the subgroup that came, 0 to 1", "n / declared n", OWN),
        REV,
        RETRACTED,
    ),
    (
        ("rule_names", "names of the rules in `rules`"),
        ("product", "the product that was made all through the cell, whose limits hold"),
        NULL_REASON,
    ),
)
