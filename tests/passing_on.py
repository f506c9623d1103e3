"""A real part of which a test changes one thing."""

from typing import Any


class PassingOn:
    """Hands on to a real log or reader whatever a subclass does not do otherwise; `_real` is the one."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
