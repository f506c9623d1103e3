"""Run as a program: the digest of an operator's bits of seeded rows that come late and twice, for comparing modes of the kernels."""

import sys
from random import Random

from processing.operator import Operator
from tests.contracts.operator_inputs import installed, made_rows, subject_of
from tests.contracts.operator_rig import OperatorRig, digest
from tests.processing.engine_rig import frames_of


def digest_of(operator: Operator) -> str:
    """Of the rows that stand."""
    subject, random = subject_of(operator), Random(5)
    rows = made_rows(subject, random, 40, (0.25, 7.0, 20.0, 44.0, 91.0))
    late = sorted(rows + rows[::9], key=lambda row: row.time + (random.random() < 0.1) * random.random() * 200e9)
    return digest(OperatorRig(subject).send(frames_of(late, 10)).finish().standing)  # type: ignore[attr-defined]


if __name__ == "__main__":
    print(digest_of(installed()[sys.argv[1]]))
