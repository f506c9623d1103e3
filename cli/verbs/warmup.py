"""Compile the kernels into the cache, so that stages start at once; one process at a time does it."""

import time

from cli.report import Note, Report, tell
from cli.terminal import say
from cli.warm import warm_kernels


def warmup() -> None:
    """Compile, and say how long it took."""
    began = time.monotonic()
    say("compiling kernels; the first time this takes a minute or so")
    warm_kernels()
    tell(Report([Note(f"kernels are ready after {time.monotonic() - began:.1f} s")]))
