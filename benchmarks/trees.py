"""Another tree of the project, to be measured beside this one: a folder, or a commit taken out of git.

It runs in this tree's environment with its own code first on the path. Commits are kept under `.build/trees`, so that their
kernels stay compiled from one run to the next.
"""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from benchmarks.stand import ROOT, BenchFailed, Stand, environment

_ROOMS = ("fieldline", "ingest", "processing", "delivery", "cli")


def tree_of(named: str, repository: Path = ROOT) -> Path:
    """The folder of the tree that `named` is: a checkout, else any name git has for a commit. Raises BenchFailed."""
    folder = Path(named)
    if (folder / "cli").is_dir():
        return folder.resolve()
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{named}^{{commit}}")
    if not commit:
        raise BenchFailed(f"expected a checkout or a commit, got {named!r}")
    return _taken_out(repository, commit)


def told(tree: Path) -> str:
    """A tree in words: its commit, and whether it differs from it."""
    if tree.parent == ROOT / ".build" / "trees":
        return f"commit {tree.name[:10]}"
    commit = _git(tree, "rev-parse", "--short=10", "HEAD")
    return f"commit {commit}{', changed' if _git(tree, 'status', '--porcelain') else ''}" if commit else str(tree)


def prepare(tree: Path) -> None:
    """Make sure that a tree's own code is what runs, and compile its kernels. Raises BenchFailed."""
    # Only the first place counts: a room without an `__init__.py` is found in the environment's tree too, after that.
    firsts = ", ".join(f"list({room}.__path__)[0]" for room in _ROOMS)
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(_ROOMS)}; print({firsts}, sep='\\n')"],
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    strangers = [path for path in done.stdout.splitlines() if not Path(path).is_relative_to(tree)]
    if done.returncode or strangers:
        raise BenchFailed(f"{tree}: its code does not run here: {strangers or done.stderr[-2000:]}")
    with Stand(tree) as stand:
        stand.fieldline("warmup").wait(600.0)


def _taken_out(repository: Path, commit: str) -> Path:
    target = repository / ".build" / "trees" / commit
    if target.is_dir():
        return target
    part = target.with_name(f"{commit}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    archive = target.with_name(f"{commit}.tar")
    _git(repository, "archive", "--format=tar", f"--output={archive}", commit)
    with tarfile.open(archive) as packed:
        packed.extractall(part, filter="data")
    archive.unlink()
    return part.rename(target)


def _git(folder: Path, *arguments: str) -> str:
    """What git says, or nothing when it says no."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if not done.returncode else ""
