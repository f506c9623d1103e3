"""Training and scoring by one thread: the same bits on every machine, and no threads that spin while others want the cores."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it the libraries under scikit-learn, OpenMP and BLAS, use one thread each.

    Only libraries that are loaded are limited, so the estimators are imported here first.
    """
    import sklearn.ensemble
    import sklearn.kernel_approximation  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
