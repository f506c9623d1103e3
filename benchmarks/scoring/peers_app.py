"""ONNX Runtime and treelite on the same estimators, in an environment of their own; prints what it found as JSON.

Each has one thread. ONNX Runtime gets float32, as skl2onnx converts by default, and float64 where it takes that. A peer that can't convert
an estimator is told as such, with its error; one whose scores are wrong, with how far off they are.
"""

import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import onnxruntime
import treelite
from skl2onnx import to_onnx
from sklearn.exceptions import ConvergenceWarning
from subjects import COUNTS, INPUTS, NAMES, Subject, asked, fitted
from timed import least_us
from treelite import gtil

_PCA = "PCA"
"""Converted it gives the states alone, without T² and Q: another work."""


def onnx(subject: Subject, kind: type) -> Callable[[np.ndarray], np.ndarray]:
    """Rows of that type → scores, by ONNX Runtime. Raises what the converter or the runtime raises."""
    options = {id(subject.estimator): {"zipmap": False}} if hasattr(subject.estimator, "predict_proba") else {}
    made = to_onnx(
        subject.estimator, np.zeros((1, INPUTS), kind), options=options, target_opset={"": 18, "ai.onnx.ml": 3}
    )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    name, last = session.get_inputs()[0].name, len(session.get_outputs()) - 1
    is_isolation = "Isolation" in type(subject.estimator).__name__

    def ask(rows: np.ndarray) -> np.ndarray:
        found = session.run(None, {name: rows})[last]
        if is_isolation:  # its decision function: score_samples less the offset
            return -(found + subject.estimator.offset_)
        return found[:, 1:] if hasattr(subject.estimator, "predict_proba") else found

    return ask


def tree_lite(subject: Subject) -> Callable[[np.ndarray], np.ndarray]:
    """Rows → scores, by treelite's interpreter. Raises TreeliteError."""
    model = treelite.sklearn.import_model(subject.estimator)
    return lambda rows: gtil.predict(model, rows, nthread=1).reshape(len(rows), -1)


PEERS: dict[str, tuple[Callable[[Subject], Callable], type]] = {
    "ONNX Runtime float32": (lambda subject: onnx(subject, np.float32), np.float32),
    "ONNX Runtime float64": (lambda subject: onnx(subject, np.float64), np.float64),
    "treelite": (tree_lite, np.float64),
}


def measured(subject: Subject, make: Callable[[Subject], Callable], kind: type) -> dict[str, Any]:
    """How long a peer takes for each number of rows, and how far off its scores are; or why it can't."""
    try:
        ask, rows = make(subject), asked().astype(kind)
        got, wanted = ask(rows), subject.ask(asked())
    except Exception as error:  # whatever a converter raises for an estimator that it does not know
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"}
    off = float(np.abs(got[:, -1:] - wanted[:, -1:]).max())
    return {"off": off, "us": {count: least_us(lambda some=rows[:count]: ask(some)) for count in COUNTS}}


def main() -> None:
    """Measure all, print one line of JSON."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)
    found: dict[str, Any] = {}
    for name in NAMES:
        if not name.startswith(_PCA):
            subject = fitted(name)
            found[name] = {peer: measured(subject, *how) for peer, how in PEERS.items()}
    versions = {name: version(name) for name in ("onnxruntime", "skl2onnx", "treelite", "scikit-learn")}
    print(json.dumps({"found": found, "versions": versions}))


if __name__ == "__main__":
    main()
