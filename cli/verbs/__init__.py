"""The verbs, one file each: `NAME.py` has a function `NAME`, or a typer `app` where the verb has verbs of its own.

A file's docstring is what `fieldline NAME --help` prints, its first line is the verb's line in `fieldline --help`. A file is imported when
its verb is called, so imports stand at its top.
"""
