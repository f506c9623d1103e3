"""The command line, and the wiring of stages to a log. Typer and rich live here; formulas do not."""
