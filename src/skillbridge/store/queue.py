"""The jobs table: claimed by one worker at a time, given back when its worker falls silent."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from skillbridge.errors import Refused
from skillbridge.store.database import Database

OPEN = ("queued", "running")


class Job(NamedTuple):
    """A row of the jobs table; `payload`, `progress` and `result` are JSON texts."""

    seq: int
    id: str
    kind: str
    party: str | None
    account_id: str
    priority: int
    state: str
    payload: str
    progress: str
    result: str | None
    error: str | None
    attempt: int
    cancel: int
    created: str
    started: str | None
    finished: str | None


_COLUMNS = ", ".join(Job._fields)


class Queue:
    """Jobs in order of priority, then of arrival. `clock` values are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        job_id: str,
        kind: str,
        payload: bytes,
        *,
        party: str | None,
        account_id: str,
        priority: int,
        created: str,
        not_before: float = 0,
    ) -> Job:
        """The job, queued."""
        self.database.run(
            "INSERT INTO job(id, kind, party, account_id, priority, state, payload, created, not_before) "
            "VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?)",
            *(job_id, kind, party, account_id, priority, payload.decode(), created, not_before),
        )
        return self.need(job_id)

    def need(self, job_id: str) -> Job:
        """The job; raises `Refused` not_found."""
        row = self.database.one(f"SELECT {_COLUMNS} FROM job WHERE id = ?", job_id)
        if row is None:
            raise Refused("not_found", f"there is no job {job_id}")
        return Job(*row)

    def page(self, *, party: str | None = None, state: str | None = None, after: int = 0, limit: int = 50) -> list[Job]:
        """Jobs newest first, of one party (None: of all)."""
        rows = self.database.all(
            f"SELECT {_COLUMNS} FROM job "
            "WHERE (? = 0 OR seq < ?) AND (? IS NULL OR party = ?) AND (? IS NULL OR state = ?) "
            "ORDER BY seq DESC LIMIT ?",
            *(after, after, party, party, state, state, limit),
        )
        return [Job(*row) for row in rows]

    def claim(self, worker: str, now: float, *, moment: str, silent: float, per_party: int) -> Job | None:
        """The next job, now running for `worker`; jobs silent for `silent` seconds count as given back.

        A party has at most `per_party` jobs running. The attempt number fences: who lost a job by silence cannot
        finish it any more.
        """
        row = self.database.one(
            f"""UPDATE job SET state = 'running', worker = ?, beat = ?, attempt = attempt + 1, started = ?
            WHERE seq = (
                SELECT j.seq FROM job j
                WHERE j.cancel = 0 AND j.not_before <= ?
                  AND (j.state = 'queued' OR (j.state = 'running' AND (j.beat < ? OR j.beat > ? + 1)))
                  AND (SELECT count(*) FROM job r WHERE r.state = 'running' AND r.party IS j.party AND r.seq <> j.seq
                       AND r.beat BETWEEN ? AND ? + 1) < ?
                ORDER BY j.priority DESC, j.seq LIMIT 1)
            RETURNING {_COLUMNS}""",
            *(worker, now, moment, now, now - silent, now, now - silent, now, per_party),
        )
        return Job(*row) if row else None

    def beat(self, job: Job, now: float, progress: Mapping[str, Any] | None = None) -> str:
        """Say that the job's worker lives: `go`, `cancel` (asked to stop) or `lost` (another worker has it)."""
        text = None if progress is None else msgspec.json.encode(progress).decode()
        row = self.database.one(
            "UPDATE job SET beat = ?, progress = coalesce(?, progress) "
            "WHERE id = ? AND attempt = ? AND state = 'running' RETURNING cancel",
            *(now, text, job.id, job.attempt),
        )
        if row is None:
            return "lost"
        return "cancel" if row[0] else "go"

    def holds(self, job: Job) -> bool:
        """Whether this attempt still is the running one (asked inside the transaction that stores its result)."""
        found = self.database.one(
            "SELECT 1 FROM job WHERE id = ? AND attempt = ? AND state = 'running'", job.id, job.attempt
        )
        return found is not None

    def finish(
        self, job: Job, state: str, moment: str, *, result: bytes | None = None, error: str | None = None
    ) -> bool:
        """Whether the job was closed by this attempt (False: it is another's by now)."""
        changed = self.database.run(
            "UPDATE job SET state = ?, result = ?, error = ?, finished = ?, beat = NULL "
            "WHERE id = ? AND attempt = ? AND state = 'running'",
            *(state, result.decode() if result else None, error, moment, job.id, job.attempt),
        )
        return bool(changed)

    def release(self, job: Job, not_before: float = 0) -> bool:
        """Whether the job went back to the queue, to be taken from `not_before` on."""
        changed = self.database.run(
            "UPDATE job SET state = 'queued', beat = NULL, not_before = ? "
            "WHERE id = ? AND attempt = ? AND state = 'running'",
            *(not_before, job.id, job.attempt),
        )
        return bool(changed)

    def cancel(self, job_id: str, moment: str) -> Job:
        """Ask a job to stop: a queued one is cancelled at once, a running one as soon as it listens."""
        self.database.run("UPDATE job SET cancel = 1 WHERE id = ? AND state IN ('queued', 'running')", job_id)
        self.database.run(
            "UPDATE job SET state = 'cancelled', finished = ? WHERE id = ? AND state = 'queued'", moment, job_id
        )
        return self.need(job_id)

    def abandoned(self, now: float, silent: float) -> list[Job]:
        """Running jobs that were asked to stop and whose worker is silent: to be closed by whoever finds them."""
        rows = self.database.all(
            f"SELECT {_COLUMNS} FROM job WHERE state = 'running' AND cancel = 1 AND (beat < ? OR beat > ? + 1)",
            now - silent,
            now,
        )
        return [Job(*row) for row in rows]

    def tally(self) -> dict[str, int]:
        """How many jobs per state."""
        return {str(state): int(n) for state, n in self.database.all("SELECT state, count(*) FROM job GROUP BY state")}
