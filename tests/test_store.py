"""The workspace on disk: transactions, versions, jobs, migrations, copies, and what happens when a process dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skillbridge.errors import BadInput, Corrupt, Refused
from skillbridge.store import Compare, Database, Store
from skillbridge.store.backup import backup, restore, verify
from skillbridge.store.schema import MIGRATIONS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "ws")
    yield opened
    opened.close()


def vacancy(number: int, status: str = "open") -> bytes:
    return json.dumps({"vacancy": {"employer_id": "e1", "isco": f"92{number % 90 + 10}"}, "status": status}).encode()


def test_a_record_is_given_back_as_stored_with_its_version(store: Store) -> None:
    made = store.records.create("vacancy", "v1", vacancy(1), "e1", NOW)
    assert (made.version, made.party, json.loads(made.body)["status"]) == (1, "e1", "open")
    assert store.records.get("vacancy", "v1") == made
    changed = store.records.replace("vacancy", "v1", vacancy(1, "paused"), NOW, 1)
    assert changed.version == 2


def test_a_stale_change_is_refused_and_changes_nothing(store: Store) -> None:
    store.records.create("vacancy", "v1", vacancy(1), "e1", NOW)
    store.records.replace("vacancy", "v1", vacancy(1, "paused"), NOW, 1)
    with pytest.raises(Refused) as refusal:
        store.records.replace("vacancy", "v1", vacancy(1, "filled"), NOW, 1)
    assert refusal.value.code == "stale"
    assert json.loads(store.records.need("vacancy", "v1").body)["status"] == "paused"


def test_pages_follow_the_order_of_entry_and_lose_no_row(store: Store) -> None:
    for number in range(25):
        store.records.create("vacancy", f"v{number}", vacancy(number), f"e{number % 2}", NOW)
    seen: list[str] = []
    after = 0
    while page := store.records.page("vacancy", {"party": "e1"}, after=after, limit=4):
        seen += [record.id for record in page]
        after = page[-1].seq
        store.records.create("vacancy", f"late{len(seen)}", vacancy(1), "e2", NOW)
    assert seen == [f"v{number}" for number in range(25) if number % 2]


def test_filters_compare_prefixes_sets_and_absence(store: Store) -> None:
    for number, party in ((1, "a"), (2, "b"), (12, None)):
        store.records.create("vacancy", f"v{number}", vacancy(number), party, NOW)

    def ids(**where: object) -> list[str]:
        return [record.id for record in store.records.page("vacancy", where)]

    assert ids(isco=Compare("GLOB", "921*")) == ["v1", "v2"]
    assert ids(party=("a", "b")) == ["v1", "v2"]
    assert ids(party=None) == ["v12"]
    assert ids(party=()) == []
    assert store.records.tally("vacancy", "status") == {"open": 3}


def test_a_column_name_that_is_not_one_is_never_put_into_sql(store: Store) -> None:
    with pytest.raises(ValueError, match="1=1"):
        store.records.page("vacancy", {"1=1; --": "x"})


def test_an_inner_failure_undoes_itself_alone(store: Store) -> None:
    def fail() -> None:
        with store.write():
            store.records.create("vacancy", "undone", vacancy(2), None, NOW)
            raise RuntimeError

    with store.write():
        store.records.create("vacancy", "kept", vacancy(1), None, NOW)
        with pytest.raises(RuntimeError):
            fail()
    assert store.records.get("vacancy", "kept")
    assert store.records.get("vacancy", "undone") is None


def test_an_outer_failure_undoes_everything(store: Store) -> None:
    def fail() -> None:
        with store.write():
            with store.write():
                store.records.create("vacancy", "v1", vacancy(1), None, NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.records.get("vacancy", "v1") is None


def test_a_body_that_is_not_json_is_refused(store: Store) -> None:
    with pytest.raises(Refused) as refusal:
        store.records.create("vacancy", "v1", b"{", None, NOW)
    assert refusal.value.code == "conflict"


def test_concurrent_writers_lose_no_transaction(store: Store) -> None:
    store.records.create("vacancy", "v1", json.dumps({"status": "0"}).encode(), None, NOW)

    def add() -> None:
        for _ in range(25):
            with store.write():
                seen = int(json.loads(store.records.need("vacancy", "v1").body)["status"])
                store.records.replace("vacancy", "v1", json.dumps({"status": str(seen + 1)}).encode(), NOW)
        store.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads(store.records.need("vacancy", "v1").body)["status"] == "100"


def test_a_revision_grows_with_each_change_of_its_kind(store: Store) -> None:
    before = store.records.revision("vacancy")
    store.records.create("vacancy", "v1", vacancy(1), None, NOW)
    assert store.records.revision("vacancy") > before
    assert store.records.revision("worker") == 0


def test_what_changed_since_a_revision_is_told_once_each_also_to_other_connections(store: Store) -> None:
    store.records.create_many("vacancy", ((f"v{n}", vacancy(n), None) for n in range(3)), NOW)
    seen = store.records.revision("vacancy")
    assert store.records.changed("vacancy", seen) == []
    other = Store(store.folder)
    other.records.replace("vacancy", "v1", vacancy(1, "paused"), NOW)
    other.records.create("vacancy", "v3", vacancy(3), None, NOW)
    other.close()
    assert [one.id for one in store.records.changed("vacancy", seen)] == ["v1", "v3"]
    assert store.records.changed("vacancy", store.records.revision("vacancy")) == []


def test_a_revision_read_inside_an_undone_change_is_forgotten(store: Store) -> None:
    before = store.records.revision("vacancy")

    def fail() -> None:
        with store.write():
            store.records.create("vacancy", "v1", vacancy(1), None, NOW)
            assert store.records.revision("vacancy") > before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.records.revision("vacancy") == before


def test_a_shared_connection_carries_one_transaction_through_several_threads(store: Store) -> None:
    connection = store.database.connect(shared=True)
    connection.execute("BEGIN IMMEDIATE")

    def add() -> None:
        with store.database.using(connection), store.write():
            store.records.create("vacancy", "v1", vacancy(1), None, NOW)

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    assert store.records.get("vacancy", "v1") is None, "not committed yet"
    connection.execute("COMMIT")
    connection.close()
    assert store.records.get("vacancy", "v1")


# jobs ----------------------------------------------------------------------------------------------------------------


def add_job(store: Store, job_id: str, *, party: str | None = "p", priority: int = 0) -> None:
    store.queue.add(job_id, "import", b"{}", party=party, account_id="a", priority=priority, created="now")


def claim(store: Store, worker: str, now: float, per_party: int = 2) -> str | None:
    job = store.queue.claim(worker, now, moment="m", silent=30, per_party=per_party)
    return job.id if job else None


def test_jobs_are_taken_by_priority_then_arrival_once_each(store: Store) -> None:
    for job_id, priority in (("late", 0), ("first", 5), ("later", 0)):
        add_job(store, job_id, priority=priority)
    assert [claim(store, "w", 100.0, per_party=9) for _ in range(4)] == ["first", "late", "later", None]


def test_a_party_has_its_limit_and_leaves_room_for_others(store: Store) -> None:
    for number in range(3):
        add_job(store, f"a{number}", party="a")
    add_job(store, "b0", party="b")
    assert [claim(store, "w", 100.0) for _ in range(4)] == ["a0", "a1", "b0", None]


def test_a_silent_worker_loses_its_job_and_cannot_finish_it(store: Store) -> None:
    add_job(store, "j")
    lost = store.queue.claim("one", 100.0, moment="m", silent=30, per_party=2)
    assert lost is not None
    assert claim(store, "two", 120.0) is None
    taken = store.queue.claim("two", 131.0, moment="m", silent=30, per_party=2)
    assert taken is not None
    assert taken.attempt == 2
    assert store.queue.beat(lost, 132.0) == "lost"
    assert not store.queue.finish(lost, "done", "m")
    assert store.queue.finish(taken, "done", "m", result=b"{}")


def test_a_clock_set_back_gives_a_job_to_one_worker_only(store: Store) -> None:
    """The beat then lies in the future: the job counts as silent, and the attempt number still fences."""
    add_job(store, "j")
    first = store.queue.claim("one", 10_000.0, moment="m", silent=30, per_party=2)
    second = store.queue.claim("two", 5_000.0, moment="m", silent=30, per_party=2)
    assert first is not None
    assert second is not None
    assert [store.queue.finish(job, "done", "m") for job in (first, second)] == [False, True]


def test_a_cancelled_job_stops_at_once_if_queued_and_when_it_listens_if_running(store: Store) -> None:
    add_job(store, "queued")
    assert store.queue.cancel("queued", "m").state == "cancelled"
    add_job(store, "running")
    job = store.queue.claim("w", 1.0, moment="m", silent=30, per_party=2)
    assert job is not None
    assert store.queue.cancel("running", "m").state == "running"
    assert store.queue.beat(job, 2.0, {"share": 0.5}) == "cancel"


# migrations, copies, damage ------------------------------------------------------------------------------------------


def test_a_migration_backs_up_first_and_keeps_the_rows(tmp_path: Path) -> None:
    first = Store(tmp_path / "ws")
    first.records.create("vacancy", "v1", vacancy(1), None, NOW)
    first.close()
    later = Database(tmp_path / "ws", [*MIGRATIONS, ["CREATE TABLE extra (id TEXT PRIMARY KEY) STRICT"]])
    assert later.one("SELECT count(*) FROM vacancy") == (1,)
    assert later.one("SELECT count(*) FROM extra") == (0,)
    assert (tmp_path / "ws" / "backups" / f"before-schema-{len(MIGRATIONS) + 1}.sqlite3").is_file()
    later.close()
    with pytest.raises(BadInput, match="newer version"):
        Store(tmp_path / "ws")


def test_a_workspace_of_every_earlier_schema_is_brought_up(tmp_path: Path) -> None:
    for number in range(1, len(MIGRATIONS)):
        old = Database(tmp_path / f"ws-{number}", MIGRATIONS[:number])
        body = vacancy(1).decode()
        old.run("INSERT INTO vacancy(id, created, updated, body) VALUES ('v1', 'then', 'then', ?)", body)
        old.close()
        store = Store(tmp_path / f"ws-{number}")
        assert store.records.need("vacancy", "v1").body == body
        store.records.create("vacancy", "v2", vacancy(2), None, NOW)
        assert [one.id for one in store.records.changed("vacancy", 1)] == ["v2"]
        store.close()


def test_a_migration_that_fails_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    Store(tmp_path / "ws").close()
    broken = [*MIGRATIONS, ["CREATE TABLE extra (id TEXT) STRICT", "INSERT INTO nowhere VALUES (1)"]]
    with pytest.raises(Exception, match="nowhere"):
        Database(tmp_path / "ws", broken)
    again = Store(tmp_path / "ws")
    assert again.database.one("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == (0,)
    again.close()


def test_a_backup_made_while_others_write_comes_back_whole(store: Store, tmp_path: Path) -> None:
    frame = store.folder / "frames" / "worker-1.parquet"
    frame.parent.mkdir()
    frame.write_bytes(b"parquet")
    with store.write():
        store.ledger.keep_file(store.folder, frame)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            store.records.create("vacancy", f"v{number}", vacancy(number), None, NOW)
            number += 1
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = backup(store, tmp_path / "copy", "now")
    finally:
        stop.set()
        writer.join()
    assert set(made.files) == {"workspace.sqlite3", "frames/worker-1.parquet"}
    restore(tmp_path / "copy", tmp_path / "back")
    back = Store(tmp_path / "back")
    assert verify(back) == {"files": 1}
    ids = [record.id for record in back.records.page("vacancy")]
    assert ids == [f"v{number}" for number in range(len(ids))]
    back.close()


def test_a_damaged_or_unfinished_backup_is_not_restored(store: Store, tmp_path: Path) -> None:
    backup(store, tmp_path / "copy", "now")
    copy = tmp_path / "copy" / "workspace.sqlite3"
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.raises(Corrupt, match="damaged"):
        restore(tmp_path / "copy", tmp_path / "back")
    (tmp_path / "copy" / "backup.json").unlink()
    with pytest.raises(BadInput, match=r"no backup\.json"):
        restore(tmp_path / "copy", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_restore_moves_what_was_there_aside(store: Store, tmp_path: Path) -> None:
    backup(store, tmp_path / "copy", "now")
    store.records.create("vacancy", "later", vacancy(1), None, NOW)
    store.close()
    (store.folder / "erased.log").write_text("w-9\n")
    assert restore(tmp_path / "copy", store.folder) == ["w-9"]
    assert (tmp_path / "ws.before-restore-1" / "workspace.sqlite3").is_file()
    assert Store(store.folder).records.get("vacancy", "later") is None


def test_a_changed_file_beside_the_database_is_noticed(store: Store) -> None:
    file = store.folder / "frames" / "x.parquet"
    file.parent.mkdir()
    file.write_bytes(b"one")
    with store.write():
        store.ledger.keep_file(store.folder, file)
    assert verify(store) == {"files": 1}
    file.write_bytes(b"two")
    with pytest.raises(Corrupt, match=r"frames/x\.parquet"):
        verify(store)


def test_a_full_disk_refuses_writes_keeps_reads_and_loses_nothing(store: Store) -> None:
    store.records.create("vacancy", "v1", vacancy(1), None, NOW)
    pages = store.database.one("PRAGMA page_count")
    assert pages
    store.database.run(f"PRAGMA max_page_count = {pages[0]}")

    def fill() -> None:
        with store.write():
            for number in range(2_000):
                store.records.create("vacancy", f"big{number}", vacancy(number), None, NOW)

    with pytest.raises(Refused) as refusal:
        fill()
    assert refusal.value.code == "storage_full"
    assert [record.id for record in store.records.page("vacancy")] == ["v1"]
    store.database.run("PRAGMA max_page_count = 1000000")
    store.records.create("vacancy", "v2", vacancy(2), None, NOW)
    assert store.database.one("PRAGMA integrity_check") == ("ok",)


def test_a_read_only_storage_refuses_writes_and_still_reads(store: Store) -> None:
    store.records.create("vacancy", "v1", vacancy(1), None, NOW)
    store.database.run("PRAGMA query_only = 1")
    with pytest.raises(Refused) as refusal:
        store.records.create("vacancy", "v2", vacancy(2), None, NOW)
    assert refusal.value.code == "storage_readonly"
    assert store.records.get("vacancy", "v1")


def test_a_damaged_database_says_so(store: Store) -> None:
    for number in range(200):
        store.records.create("vacancy", f"v{number}", vacancy(number), None, NOW)
    store.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    path = store.folder / "workspace.sqlite3"
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 3 :] = b"\xff" * (len(damaged) - 4096 * 3)
    path.write_bytes(bytes(damaged))
    with pytest.raises(Corrupt, match="damaged"):
        verify(Store(store.folder))


WRITE_UNTIL_KILLED = """
import sys
from datetime import UTC, datetime
from skillbridge.store import Store
store = Store(sys.argv[1])
start = store.records.count("vacancy")
for number in range(start, 10**9):
    with store.write():
        store.records.create("vacancy", f"v{number}", b'{"status": "open"}', None, datetime.now(UTC))
        store.records.create("employer", f"e{number}", b"{}", None, datetime.now(UTC))
    print(number, flush=True)
"""

BACK_UP_UNTIL_KILLED = """
import sys
from pathlib import Path
from skillbridge.store import Store
from skillbridge.store.backup import backup
store = Store(sys.argv[1])
print("start", flush=True)
backup(store, Path(sys.argv[2]), "now")
print("done", flush=True)
"""

MIGRATE_UNTIL_KILLED = """
import sys
from pathlib import Path
from skillbridge.store import Database
from skillbridge.store.schema import MIGRATIONS
steps = ["CREATE TABLE extra (id INTEGER PRIMARY KEY, a TEXT) STRICT"]
steps += [f"INSERT INTO extra(a) SELECT hex(randomblob(500)) FROM vacancy" for _ in range(40)]
print("start", flush=True)
Database(Path(sys.argv[1]), [*MIGRATIONS, steps])
print("done", flush=True)
"""


def run_and_kill(script: str, *arguments: str, after: float) -> list[str]:
    """Lines a process printed before it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "src"},
    )
    assert process.stdout
    lines = [process.stdout.readline().strip()]
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return [line for line in [*lines, *rest.split("\n")[:-1]] if line.strip()]


def test_no_acknowledged_write_is_lost_when_the_process_is_killed(store: Store) -> None:
    for kill in range(5):
        acknowledged = run_and_kill(WRITE_UNTIL_KILLED, str(store.folder), after=0.01 * kill)
        count = store.records.count("vacancy")
        assert count >= int(acknowledged[-1]) + 1
        assert store.records.count("employer") == count, "half a transaction is visible"
    assert store.database.one("PRAGMA integrity_check") == ("ok",)


def test_a_killed_backup_is_no_backup_and_harms_nothing(store: Store, tmp_path: Path) -> None:
    with store.write():
        store.records.create_many("vacancy", ((f"v{n}", vacancy(n), None) for n in range(20_000)), NOW)
    for kill in range(3):
        target = tmp_path / f"copy{kill}"
        if "done" not in run_and_kill(BACK_UP_UNTIL_KILLED, str(store.folder), str(target), after=0.01 * kill):
            with pytest.raises(BadInput):
                restore(target, tmp_path / "back")
    assert verify(store) == {"files": 0}
    assert store.records.count("vacancy") == 20_000


def test_a_killed_migration_is_done_wholly_or_not_at_all(store: Store) -> None:
    with store.write():
        store.records.create_many("vacancy", ((f"v{n}", vacancy(n), None) for n in range(2_000)), NOW)
    for kill in range(3):
        done = "done" in run_and_kill(MIGRATE_UNTIL_KILLED, str(store.folder), after=0.03 * kill)
        version = store.database.one("PRAGMA user_version")
        made = store.database.one("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'")
        assert (version, made) in [((len(MIGRATIONS),), (0,)), ((len(MIGRATIONS) + 1,), (1,))]
        assert not done or made == (1,)
        assert store.records.count("vacancy") == 2_000
        if made == (1,):
            assert store.database.one("SELECT count(*) FROM extra") == (80_000,)
            break
    assert store.database.one("PRAGMA integrity_check") == ("ok",)


def test_a_version_that_was_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.records.create("employer", "e-1", b"{}", None, NOW)
    store.records.replace("employer", "e-1", b'{"a": 1}', NOW, 1)
    for version, code in ((1, "stale"), (0, "conflict"), (3, "conflict")):
        with pytest.raises(Refused) as refusal:
            store.records.replace("employer", "e-1", b'{"a": 2}', NOW, version)
        assert refusal.value.code == code
    assert store.records.need("employer", "e-1").version == 2
