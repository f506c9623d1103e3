"""The entry point: `fieldline VERB`. Errors become one line and an exit code; see `cli/exits.py`."""

import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.exits import Exit, exit_of
from cli.loader import Verbs
from fieldline.errors import FieldlineError

_DEBUG = "FIELDLINE_DEBUG"
_FAULT = "This is a fault of Fieldline. Run it again with --debug and report what it prints."


class FieldlineGroup(TyperGroup):
    """All verbs, with errors printed as one line each; `--debug` shows where they come from."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.verbs = Verbs()
        self.commands = self.verbs

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.verbs.sentence(name)) for name in self.verbs])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        # Names and sentences are all that a shell shows of verbs; none is imported for it.
        self.commands = {name: TyperCommand(name, help=self.verbs.sentence(name)) for name in self.verbs}
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.commands = self.verbs

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FieldlineError as error:
            self._print(ctx, str(error), exit_of(error), error)
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            file = f": {error.filename}" if error.filename else ""
            self._print(ctx, f"{error.strerror or error}{file}", Exit.UNAVAILABLE, error)
        except Exception as error:
            if type(error).__module__.startswith(("typer", "click")):
                raise  # usage errors, and exits: typer prints them
            self._print(ctx, f"{type(error).__name__}: {error}\n{_FAULT}", Exit.INTERNAL, error)

    def _print(self, ctx: Any, text: str, code: Exit, error: BaseException) -> None:
        if ctx.params.get("debug") or os.environ.get(_DEBUG):
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


def main() -> None:
    """What the console script calls."""
    app(prog_name="fieldline")


if __name__ == "__main__":
    main()
