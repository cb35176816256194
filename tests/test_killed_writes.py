"""A process killed at any step of a write leaves the last good state or the new one, and the next one runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skillbridge.tables import recover, replace_folder

DIES = """
import os, sys
from pathlib import Path
import polars as pl
from skillbridge import tables
from skillbridge.taxonomies import pack

place, step, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
taxonomy = pack.load("core") if what == "pack" else None
steps = 0

def count(event, arguments):
    global steps
    watched = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
    if event in watched and str(place) in str(arguments[0]):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), 9)

def fill(folder):
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("new")

sys.addaudithook(count)
if what == "folder":
    tables.replace_folder(place / "out", fill)
elif what == "file":
    tables.replace_file(place / "out", lambda path: path.write_text("new"))
else:
    pack.save(taxonomy, place / "out")
print(steps)
"""


def die(place: Path, step: int, what: str) -> int | None:
    """Run the write and kill it at its nth step on the disk; None if it was killed, else how many steps there were."""
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(place), str(step), what], capture_output=True, text=True, timeout=60
    )
    if done.returncode == -9:
        return None
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_folder_is_old_or_new_after_a_kill_at_any_step(tmp_path: Path) -> None:
    old, new = {"a.txt": "old", "c.txt": "old"}, {"a.txt": "new", "b.txt": "new"}
    seen = []
    for step in range(1, 200):
        place = tmp_path / str(step)
        (place / "out").mkdir(parents=True)
        for name, text in old.items():
            (place / "out" / name).write_text(text)
        last = die(place, step, "folder")
        recover(place / "out")
        assert sorted(path.name for path in place.iterdir()) == ["out"], step
        seen.append(content(place / "out"))
        assert seen[-1] in (old, new), step
        if last is not None:
            break
    assert step >= 12
    assert seen[0] == old
    assert seen[-1] == new
    assert seen == sorted(seen, key=lambda one: one == new)


def test_a_file_is_old_or_new_after_a_kill_at_any_step(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    texts = []
    for step in range(1, 50):
        last = die(tmp_path, step, "file")
        texts.append((tmp_path / "out").read_text())
        if last is not None:
            break
    assert set(texts) == {"old", "new"}
    assert texts[0] == "old"


def test_a_pack_moved_aside_by_a_killed_import_comes_back_by_itself(tmp_path: Path) -> None:
    from skillbridge.taxonomies import pack

    steps = die(tmp_path, 10_000, "pack")
    assert steps is not None
    before = pack.load(tmp_path / "out").concepts
    for step in range(steps, 2 * steps + 20):
        if die(tmp_path, step, "pack") is None and not (tmp_path / "out").exists():
            break
    else:
        pytest.fail("no step left the pack moved aside")
    assert pack.load(tmp_path / "out").concepts.equals(before)


def test_the_folder_of_a_process_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f".out.{os.getppid()}.new"
    other.mkdir()
    stranger = tmp_path / ".out.notes.old"
    stranger.mkdir()
    replace_folder(tmp_path / "out", lambda folder: (folder / "a").write_text("1"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([other.name, stranger.name, "out"])


def test_an_error_while_filling_leaves_the_old_folder(tmp_path: Path) -> None:
    replace_folder(tmp_path / "out", lambda folder: (folder / "a").write_text("1"))

    def fails(folder: Path) -> None:
        (folder / "a").write_text("2")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        replace_folder(tmp_path / "out", fails)
    assert content(tmp_path / "out") == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
