"""How many levels of a path make a line: one number for the plant file, and another for a site that says so."""

from typing import NamedTuple

from fieldline.plantfile.globs import is_glob


def first_levels(path: str, count: int) -> str:
    """The first `count` levels of a path, or all that it has."""
    return "/".join(path.split("/", count)[:count])


def lies_in(path: str, above: str) -> bool:
    """Whether a path is another or lies below it."""
    return path == above or path.startswith(above + "/")


class Depths(NamedTuple):
    """Answers for any path, globs too, as far as their first levels have no signs of globs.

    default : levels of a line where no site says otherwise; sites : those that do, the nearest to an asset first
    """

    default: int
    sites: tuple[tuple[str, int], ...]

    @classmethod
    def of_sites(cls, default: int, said: dict[str, int | None]) -> "Depths":
        """Of what each site says, None where it says nothing."""
        told = [(path, depth) for path, depth in said.items() if depth is not None]
        return cls(default, tuple(sorted(told, key=lambda site: len(site[0]), reverse=True)))

    def of(self, path: str) -> int:
        """How many levels the lines have among which a path stands."""
        return next((depth for site, depth in self.sites if lies_in(path, site)), self.default)

    def above(self, path: str) -> int:
        """The same without what is said of the path itself."""
        return next((depth for site, depth in self.sites if site != path and lies_in(path, site)), self.default)

    def most_of(self, pattern: str) -> int:
        """How many levels lines have at most among which what a glob matches may stand."""
        start = pattern[: next((k for k, sign in enumerate(pattern) if is_glob(sign)), len(pattern))]
        return max([self.of(pattern), *(depth for site, depth in self.sites if site.startswith(start))])

    def line_of(self, path: str) -> str:
        """The path of the line that a path lies in; one with fewer levels is a line of its own."""
        return first_levels(path, self.of(path))
