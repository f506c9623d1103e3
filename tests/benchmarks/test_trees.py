"""Another tree beside this one: which folder is meant, and that its code is what runs."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.stand import ROOT, BenchFailed
from benchmarks.trees import prepare, tree_of

ROOMS = ("fieldline", "ingest", "processing", "delivery", "cli")
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit tagged `old`, and a newer one."""
    root = tmp_path / "project"
    for text, tag in (("1", "old"), ("2", "new")):
        (root / "cli").mkdir(parents=True, exist_ok=True)
        (root / "cli" / "main.py").write_text(f"VERSION = {text}\n", "utf-8")
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", tag), ("tag", tag)):
            subprocess.run([*GIT, *arguments], cwd=root, check=True, capture_output=True)
    return root


def test_a_commit_is_taken_out_of_git_once_as_it_was(repository: Path) -> None:
    tree = tree_of("old", repository)
    again = tree_of("new~1", repository)

    assert (tree / "cli" / "main.py").read_text("utf-8") == "VERSION = 1\n"
    assert (repository / "cli" / "main.py").read_text("utf-8") == "VERSION = 2\n"
    assert again == tree
    assert not list(tree.parent.glob("*.tar"))


def test_a_checkout_is_used_as_it_stands(repository: Path) -> None:
    assert tree_of(str(repository), ROOT) == repository.resolve()


def test_what_is_neither_is_refused_by_name(repository: Path) -> None:
    with pytest.raises(BenchFailed, match="expected a checkout or a commit, got 'nothing'"):
        tree_of("nothing", repository)


def test_a_tree_whose_code_would_come_from_elsewhere_is_refused(tmp_path: Path) -> None:
    for room in ROOMS[:-1]:  # `cli` would be that of the environment, which is this tree's
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()

    with pytest.raises(BenchFailed, match=r"its code does not run here: .*/cli'"):
        prepare(tmp_path)
