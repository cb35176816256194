"""Copies of a workspace while it runs, the way back, and the proof that what is stored is what was written."""

import shutil
from pathlib import Path

import msgspec

from skillbridge.errors import BadInput, Corrupt
from skillbridge.store import FILE, Store
from skillbridge.tables import replace_file, sha256

MANIFEST = "backup.json"
ERASED = "erased.log"


class Backup(msgspec.Struct, frozen=True):
    """What a backup holds: path -> SHA-256, and when it was made."""

    made: str
    files: dict[str, str]


def backup(store: Store, target: Path, made: str) -> Backup:
    """The finished backup in the new folder `target`; the workspace stays in use meanwhile.

    The database is copied first, then the files it vouches for (they never change once written). The secret is not
    part of a backup. A backup cut short has no manifest and cannot be restored.
    """
    if target.exists() and any(target.iterdir()):
        raise BadInput(str(target), "not empty", "a new or empty folder")
    target.mkdir(parents=True, exist_ok=True)
    store.database.copy_to(target / FILE)
    copy = Store(target)
    try:
        for path, digest, _ in copy.ledger.files():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store.folder / path, target / path)
            if sha256(target / path) != digest:
                raise Corrupt(f"{path} changed while it was backed up, or is damaged")
        copy.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        copy.close()
    files = {
        file.relative_to(target).as_posix(): sha256(file)
        for file in sorted(target.rglob("*"))
        if file.is_file() and not file.name.endswith(("-wal", "-shm"))
    }
    manifest = Backup(made, files)
    replace_file(target / MANIFEST, lambda path: path.write_bytes(msgspec.json.encode(manifest)))
    return manifest


def restore(source: Path, folder: Path) -> list[str]:
    """Bring a backup back as the workspace `folder`; gives the ids erased since, whose erasure the caller repeats.

    What was in `folder` is moved aside to `<folder>.before-restore-<n>`; its secret and its list of erasures stay.
    """
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Backup)
    except FileNotFoundError:
        raise BadInput(str(source), "no backup.json", "the folder of a finished backup") from None
    for path, digest in manifest.files.items():
        file = source / path
        if not file.is_file() or sha256(file) != digest:
            raise Corrupt(f"{path} of the backup is missing or damaged")
    fresh = folder.with_name(f".{folder.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    for path in manifest.files:
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, fresh / path)
    erased: list[str] = []
    if folder.exists():
        for kept in ("secret.key", ERASED):
            if (folder / kept).is_file():
                shutil.copy2(folder / kept, fresh / kept)
        number = 1
        while (aside := folder.with_name(f"{folder.name}.before-restore-{number}")).exists():
            number += 1
        folder.rename(aside)
    if (fresh / ERASED).is_file():
        erased = (fresh / ERASED).read_text(encoding="utf-8").split()
    fresh.rename(folder)
    return erased


def verify(store: Store) -> dict[str, int]:
    """Counts of what was checked: pages and references of the database, checksums of every file; raises `Corrupt`."""
    found = store.database.one("PRAGMA integrity_check")
    if found != ("ok",):
        raise Corrupt(f"the database is damaged: {found[0] if found else 'no answer'}")
    return {"files": store.ledger.check_files(store.folder)}
