"""Shell-like patterns over asset paths and tags, as one regular expression that Python and InfluxDB (RE2) read alike."""

import re


def glob_regex(glob: str) -> str:
    """An anchored expression that matches what the glob does.

    `*` is any text (also across `/`), `?` one character, `[abc]` and `[!a-f]` are sets; all else is literal.
    A bracket that is never closed is literal.
    """
    out, at = ["^"], 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "[" and (end := glob.find("]", at + (2 if glob[at : at + 1] == "!" else 1))) > 0:
            out.append(_bracket(glob[at:end]))
            at = end + 1
        else:
            out.append(_literal(char))
    return "".join(out) + "$"


def is_literal(glob: str) -> bool:
    """Whether the pattern stands for itself only."""
    return not re.search(r"[*?\[]", glob)


def _bracket(content: str) -> str:
    negated = content.startswith("!")
    inside = content[1:] if negated else content
    escaped = "".join(char if char == "-" or char.isalnum() else _literal(char) for char in inside)
    return f"[{'^' if negated else ''}{escaped}]"


def _literal(char: str) -> str:
    return f"\\{char}" if char.isascii() and not char.isalnum() and char not in "_ " else char
