"""The entry point: `fieldline VERB`. Errors become one line and an exit code; see `cli/exits.py`.

Verbs import what they need when they run, so that `fieldline --help` answers at once.
"""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    audit,
    baseline,
    catalogue,
    check,
    correct,
    deadletters,
    demo,
    doctor,
    explain,
    limits,
    productivity,
    publish,
    query,
    show,
    stages,
    status,
    tap,
    topics,
)
from cli.exits import Exit, exit_of
from fieldline.errors import FieldlineError

_DEBUG = "FIELDLINE_DEBUG"
_FAULT = "This is a fault of Fieldline. Run it again with --debug and report what it prints."
_ORDER = (
    "demo", "run", "ingest", "process", "deliver", "topics", "status", "simulate", "send", "correct", "tap", "query", "show",
    "explain", "catalogue", "audit", "dlq", "baseline", "limits", "productivity", "check", "doctor", "warmup", "version",
)  # fmt: skip


class FieldlineGroup(TyperGroup):
    """All verbs, with errors told as one line each; `--debug` shows where they come from."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in _ORDER if name in self.commands]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FieldlineError as error:
            self._tell(ctx, str(error), exit_of(error), error)
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            self._tell(
                ctx,
                f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}",
                Exit.UNAVAILABLE,
                error,
            )
        except Exception as error:
            if type(error).__module__.startswith(("typer", "click")):
                raise  # usage errors, and exits: typer tells them
            text = f"{type(error).__name__}: {error}\n{_FAULT}"
            self._tell(ctx, text, Exit.INTERNAL, error)

    def _tell(self, ctx: Any, text: str, code: Exit, error: BaseException) -> None:
        if ctx.params.get("debug") or os.environ.get(_DEBUG):
            import traceback

            traceback.print_exception(error)
        for line in text.splitlines() or [type(error).__name__]:
            typer.echo(f"fieldline: {line}", err=True)
        sys.exit(code)


app = typer.Typer(
    name="fieldline",
    cls=FieldlineGroup,
    help="Telemetry of production lines and farm fields: MQTT in, energy and other metrics out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False) -> None:
    """Telemetry of production lines and farm fields: MQTT in, energy and other metrics out."""


app.command()(demo.demo)
app.command()(stages.run)
app.command()(stages.ingest)
app.command()(stages.process)
app.command()(stages.deliver)
app.add_typer(topics.app, name="topics")
app.command()(status.status)
app.command()(publish.simulate)
app.command()(publish.send)
app.add_typer(correct.app, name="correct")
app.command()(tap.tap)
app.command()(query.query)
app.command()(show.show)
app.command()(explain.explain)
app.command()(catalogue.catalogue)
app.command()(audit.audit)
app.add_typer(deadletters.app, name="dlq")
app.command()(baseline.baseline)
app.command()(limits.limits)
app.command()(productivity.productivity)
app.command()(check.check)
app.command()(doctor.doctor)
app.command()(check.warmup)
app.command()(check.version)


def main() -> None:
    """What the console script calls."""
    app(prog_name="fieldline")


if __name__ == "__main__":
    main()
