"""Compile or load kernels before the first reading comes, so that it does not wait for them."""

import sys
from collections.abc import Callable, Collection
from types import ModuleType

from processing.operator import Operator


def warmup() -> None:
    """Compile what is not in the cache yet; a second call, also of another process, is quick. Call under a file lock."""
    from processing.operators import known

    load(list(known().values()))


def load(operators: Collection[Operator], is_stopped: Callable[[], bool] = bool) -> None:
    """Load the kernels that the timeline and these operators call, and compile those that are not in the cache yet.

    Kernels that no one but other operators calls are left alone. It ends early when it is stopped: compiling all takes a minute.
    """
    import processing.timeline.engine  # noqa: F401 (its kernels are known when its files are imported)
    from processing.kernels.jit import KERNELS
    from processing.operators import known

    others = [operator for operator in known().values() if operator not in operators]
    ours = {kernel.__module__ for kernel in KERNELS if kernel.__module__.startswith("processing.kernels.")}
    called = _called(operators)
    wanted = called | (ours - _called(others))
    for kernel in KERNELS:
        if kernel.__module__ in wanted and not is_stopped():
            kernel.dispatcher  # noqa: B018 (it is loaded when it is asked for)


def _called(operators: Collection[Operator]) -> set[str]:
    """Names of the kernel files from which operators' files import."""
    found = [value for operator in operators for value in vars(sys.modules[operator.read_out.__module__]).values()]
    return {value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") for value in found}
