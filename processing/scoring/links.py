"""Links by the names that model files have for them."""

from typing import Literal

from processing.kernels import links

Link = Literal["identity", "logistic", "softmax", "exponential", "halving"]

NUMBER_OF: dict[str, int] = {
    "identity": links.IDENTITY,
    "logistic": links.LOGISTIC,
    "softmax": links.SOFTMAX,
    "exponential": links.EXPONENTIAL,
    "halving": links.HALVING,
}
