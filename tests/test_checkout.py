"""What the repository holds is all that a fresh clone has."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_no_tracked_link_leads_out_of_the_checkout() -> None:
    """A link to somebody's own environment works on that machine alone, and hides it there."""
    listed = subprocess.run(["git", "ls-files", "-s", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    entries = [entry.partition("\t") for entry in listed.stdout.split("\0") if entry]
    assert entries, "git lists no files"
    links = [ROOT / path for mode, _, path in entries if mode.startswith("120000")]

    astray = [str(link) for link in links if not link.resolve().is_relative_to(ROOT)]

    assert astray == []
