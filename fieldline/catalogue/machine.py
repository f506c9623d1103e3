"""The catalogue's rows about machines and lines: effectiveness, where time went, and what was made."""

from fieldline.catalogue.metric import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind

_ISO = "ISO 22400-2:2014"
_NAKAJIMA = "S. Nakajima, Introduction to TPM, Productivity Press, 1988"
_TAGS = (*LEVELS, "window")
_LABELS = ("shift", "product")
_COVERAGE = (
    "share of the window in which the machine's state was known or no production was planned; of a line the mean of its "
    "machines' shares, weighed by their time"
)

OEE = Kind(
    "oee",
    "Overall equipment effectiveness of a machine or a line and the ISO 22400 times behind it. A line's are the sums of its "
    "machines' times, then divided: never a mean of ratios.",
    _TAGS,
    _LABELS,
    _COVERAGE,
    (
        (
            "availability",
            "1",
            "share of the planned busy time in production; a minor stop is lost speed, not lost availability",
            "(APT + minor stops) / PBT",
            f"{_ISO}, Availability (A); {_NAKAJIMA}",
        ),
        (
            "performance",
            "1",
            "ideal time of the pieces made over the time it took; above 1 when the ideal cycle is too long or a count is "
            "wrong: shown, never clamped",
            "Σ PQ · PRI / (APT + minor stops)",
            f"{_ISO}, Effectiveness (E)",
        ),
        (
            "quality",
            "1",
            "good pieces over pieces made; with several products each weighed by its ideal cycle",
            "Σ GQ · PRI / Σ PQ · PRI",
            f"{_ISO}, Quality ratio (Q)",
        ),
        (
            "oee",
            "1",
            "overall equipment effectiveness; 0 for planned time that was not used",
            "A · E · Q = Σ GQ · PRI / PBT",
            f"{_ISO}, OEE index; {_NAKAJIMA}",
        ),
        (
            "teep",
            "1",
            "total effective equipment performance: of all calendar time",
            "Σ GQ · PRI / calendar time",
            "R. Hansen, Overall Equipment Effectiveness, Industrial Press, 2001",
        ),
        (
            "planned_busy_time_s",
            "s",
            "time planned for production of which something is known (PBT)",
            "calendar − unscheduled − planned stop − unqualified",
            f"{_ISO}, PBT",
        ),
        ("actual_production_time_s", "s", "time in production (APT)", "Σ time producing", f"{_ISO}, APT"),
        ("actual_unit_setup_time_s", "s", "changeovers and setting up (AUST)", "Σ time in setup", f"{_ISO}, AUST"),
        (
            "actual_unit_delay_time_s",
            "s",
            "could produce and did not (ADET): idle, starved, blocked, standby, longer than a microstop",
            "Σ time in these states",
            f"{_ISO}, ADET",
        ),
        (
            "actual_unit_down_time_s",
            "s",
            "could not produce (ADOT): down or off, longer than a microstop",
            "Σ time in these states",
            f"{_ISO}, ADOT",
        ),
        (
            "minor_stop_time_s",
            "s",
            "microstops: stops shorter than the machine's `microstop_s`, whatever their state",
            "Σ time of stops < microstop_s",
            f"{_NAKAJIMA}: idling and minor stoppages",
        ),
        (
            "planned_stop_time_s",
            "s",
            "planned stops: breaks and stops of the calendar, and states that say so",
            "Σ time planned to stand",
            f"{_ISO}, time outside PBT",
        ),
        ("unscheduled_time_s", "s", "outside all shifts", "Σ time outside shifts", f"{_ISO}, time outside PBT"),
        (
            "unqualified_time_s",
            "s",
            "planned time of which nothing is known: no signal, or a state never heard of. It stays visible and out of the ratios",
            "Σ time without a known state",
            OWN,
        ),
        ("stop_count", "1", "breakdowns begun in the window, microstops left out", "n", f"{_ISO}, failure events (FE)"),
        ("minor_stop_count", "1", "microstops begun in the window", "n", _NAKAJIMA),
        (
            "mtbf_s",
            "s",
            "mean planned busy time between failures; absent without a failure",
            "PBT / stop_count",
            f"{_ISO}, MTBF; IEC 60050-192:2015",
        ),
        (
            "mttr_s",
            "s",
            "mean time to restoration; absent without a failure",
            "ADOT / stop_count",
            f"{_ISO}, MTTR; IEC 60050-192:2015",
        ),
        ("performance_above_one", "1", "1 when performance is above 1, else 0", "performance > 1", OWN),
        (
            "coverage",
            "1",
            "share of the window in which the state was known or no production was planned, 0 to 1",
            "1 − unqualified / calendar time",
            OWN,
        ),
        ("machine_count", "1", "machines whose times were added: 1 but for a line", "n", OWN),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)

_WATERFALL = f"{_NAKAJIMA}: the six big losses; times of {_ISO}"

LOSSES = Kind(
    "losses",
    "The loss waterfall: where the calendar time of a machine or line went. The parts, without "
    "`actual_production_time_s`, add up to `calendar_time_s` exactly; of a line it is the sum over its machines.",
    _TAGS,
    _LABELS,
    _COVERAGE,
    (
        (
            "calendar_time_s",
            "s",
            "the whole window; what is still to come of it is unqualified",
            "end − start",
            _WATERFALL,
        ),
        ("unscheduled_time_s", "s", "outside all shifts", "as oee", _WATERFALL),
        ("planned_stop_time_s", "s", "planned stops", "as oee", _WATERFALL),
        ("unqualified_time_s", "s", "nothing is known", "as oee", OWN),
        ("down_time_loss_s", "s", "breakdowns", "ADOT", _WATERFALL),
        ("setup_loss_s", "s", "changeovers", "AUST", _WATERFALL),
        ("delay_loss_s", "s", "waiting", "ADET", _WATERFALL),
        ("minor_stop_loss_s", "s", "microstops", "as oee.minor_stop_time_s", _WATERFALL),
        (
            "actual_production_time_s",
            "s",
            "time in production: what the three parts that follow add up to",
            "APT",
            _WATERFALL,
        ),
        (
            "speed_loss_s",
            "s",
            "slow cycles; negative where performance is above 1. Without an ideal cycle or counts it is absent, as are the two "
            "that follow",
            "APT − Σ PQ · PRI",
            _WATERFALL,
        ),
        ("quality_loss_s", "s", "ideal time of pieces that were not good", "Σ (PQ − GQ) · PRI", _WATERFALL),
        ("fully_productive_time_s", "s", "ideal time of good pieces", "Σ GQ · PRI", _WATERFALL),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)

QUALITY = Kind(
    "quality",
    "What a machine made in a window, good and not, from its counters and from what was corrected since.",
    _TAGS,
    _LABELS,
    "none of its own: a counter's step counts at its later reading, however far apart they are",
    (
        ("good_count", "1", "good pieces (GQ)", "Σ steps of the counter + corrections, or PQ − SQ", f"{_ISO}, GQ"),
        ("scrap_count", "1", "pieces scrapped (SQ)", "Σ steps + corrections, or PQ − GQ", f"{_ISO}, SQ"),
        ("rework_count", "1", "pieces sent to rework (RQ)", "Σ steps + corrections", f"{_ISO}, RQ"),
        ("total_count", "1", "pieces made (PQ)", "Σ steps, or GQ + SQ", f"{_ISO}, PQ"),
        ("quality", "1", "good pieces over all pieces; absent without pieces", "GQ / PQ", f"{_ISO}, Quality ratio (Q)"),
        ("scrap_ratio", "1", "scrap over all pieces; absent without pieces", "SQ / PQ", f"{_ISO}, Scrap ratio (SQR)"),
        ("rework_ratio", "1", "rework over all pieces; absent without pieces", "RQ / PQ", f"{_ISO}, Rework ratio (RR)"),
        (
            "first_pass_yield",
            "1",
            "pieces good at the first pass over all pieces; absent without pieces",
            "(PQ − SQ − RQ) / PQ",
            f"{_ISO}, First pass yield (FPY)",
        ),
        (
            "rolled_throughput_yield",
            "1",
            "of a line: share of pieces that pass all its machines at the first pass",
            "Π first_pass_yield of its machines",
            "M. Harry and R. Schroeder, Six Sigma, Doubleday, 2000",
        ),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)
