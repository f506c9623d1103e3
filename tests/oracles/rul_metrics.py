"""`rul_metrics.json` by the project's own scores, trends and formulas of reliability."""

from typing import Any

import numpy as np

from models.evaluation import rul_scores
from models.evaluation.classification import average_precision, decide, roc_auc
from models.trend.shapes import SHAPES, line_reaches, theil_sen
from processing.formulas import reliability

Case = dict[str, Any]


def rul_metrics(inputs: Case) -> Case:
    lives = inputs["true"], inputs["pred"]
    return {
        "rmse": rul_scores.rmse(*lives),
        "mae": rul_scores.mae(*lives),
        "bias": rul_scores.bias(*lives),
        "mape": rul_scores.mape(*lives),
        "nasa_score": rul_scores.phm08(*lives),
        "late_count": rul_scores.late_count(*lives),
    }


def phm2012_score(inputs: Case) -> Case:
    accuracies = rul_scores.phm2012(inputs["true"], inputs["pred"])
    return {"A": accuracies, "score": accuracies.mean()}


def detection_metrics(inputs: Case) -> Case:
    failed, score = np.array(inputs["y"], bool), np.array(inputs["score"])
    found = decide(failed, score, inputs["threshold"])
    return {
        "roc_auc": roc_auc(failed, score),
        "average_precision": average_precision(failed, score),
        "precision": found.precision,
        "recall": found.recall,
        "f1": found.f1,
        "mcc": found.mcc,
        "fpr": found.false_alarm_rate,
        "confusion_tn_fp_fn_tp": list(found),
    }


def rul_linear(inputs: Case) -> Case:
    end = line_reaches(inputs["intercept"], inputs["slope_per_h"], inputs["threshold"])
    return {"t_fail_h": end, "rul_h": end - inputs["now_h"]}


def rul_exponential(inputs: Case) -> Case:
    shape, start = SHAPES["exponential"], inputs["v"][0]
    x, y = shape.x(np.array(inputs["t_h"])), shape.y(np.array(inputs["v"]), start)
    rate = theil_sen(x, y)
    limit = shape.y(np.array([inputs["threshold"]]), start)[0]
    return {"rate_per_h": rate, "t_fail_h": shape.time(np.array(line_reaches(np.median(y - rate * x), rate, limit)))}


def weibull(inputs: Case) -> Case:
    beta, eta, time = inputs["beta"], inputs["eta_h"], inputs["t_h"]
    return {
        "reliability": reliability.weibull_reliability(time, beta, eta),
        "hazard_per_h": reliability.weibull_hazard(time, beta, eta),
        "mttf_h": reliability.weibull_mean_life(beta, eta),
        "b10_h": reliability.weibull_life(0.1, beta, eta),
    }


def bearing_l10(inputs: Case) -> Case:
    revolutions = reliability.bearing_life(inputs["C_n"], inputs["P_n"], inputs["p"])
    return {"l10_mrev": revolutions, "l10h": reliability.hours_of(revolutions, inputs["rpm"])}


FUNCTIONS = {
    function.__name__: function
    for function in (rul_metrics, phm2012_score, detection_metrics, rul_linear, rul_exponential, weibull, bearing_l10)
}
