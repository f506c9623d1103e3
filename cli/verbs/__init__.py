"""The verbs, one file each: `NAME.py` has a function `NAME`, or a typer `app` where the verb has verbs of its own.

A file's docstring is what `fieldline NAME --help` prints, its first line is the verb's line in `fieldline --help`. A file has flags and
checks them. What the verb works with (a stage, an analysis, its answer in `cli/answers/`) is imported in the function, so that `--help`
imports none of it.
"""
