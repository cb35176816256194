"""The worker process: takes jobs from the table, says that it lives, stops on request, leaves nothing half done."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from skillbridge.errors import BadInput, Corrupt, Infeasible, Refused
from skillbridge.jobs.send import deliver_due
from skillbridge.store import Job
from skillbridge.workspace import Workspace, insight, planning, record, tasks

HANDLERS: dict[str, Callable[[Workspace, Job, planning.Control], None]] = {
    "import": tasks.run_import,
    "plan": tasks.run_plan,
    "scenario": insight.run_scenario,
}
"""Kind of job -> what carries it out. Each may be run again after a crash."""

TRIES = 3
"""Attempts of a job whose worker crashed or failed unexpectedly."""

GRACE = 4.0
"""Seconds a running job has to end when the worker is told to stop; then it goes back to the queue."""

_log = structlog.get_logger("skillbridge.jobs")


class Beat:
    """The running job's line to its worker process: progress out, stop in. Beats from a thread of its own."""

    def __init__(self, ws: Workspace, job: Job, stopping: threading.Event) -> None:
        self._ws, self._job, self._stopping = ws, job, stopping
        self._progress: dict[str, Any] | None = None
        self._over = threading.Event()
        self.verdict = "go"
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def progress(self, stage: str, share: float, **more: Any) -> None:
        """Report; written with the next beat, so it costs the job nothing."""
        self._progress = {"stage": stage, "share": round(share, 4), **more}

    def stop(self) -> bool:
        """Whether the job was cancelled, lost, or the worker is stopping."""
        return self.verdict != "go" or self._stopping.is_set()

    def close(self) -> None:
        """Stop beating."""
        self._over.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        pause = min(1.0, self._ws.settings.heartbeat_seconds / 4)
        while not self._over.wait(pause):
            progress, self._progress = self._progress, None
            try:
                self.verdict = self._ws.store.queue.beat(self._job, self._ws.seconds(), progress)
            except Refused:
                continue  # the store is busy or full: the next beat tells
            if self.verdict == "lost":
                break
        self._ws.store.close()


class Runner:
    """One worker process on one workspace."""

    def __init__(self, ws: Workspace, name: str | None = None, *, idle: float = 0.25) -> None:
        self.ws = ws
        self.name = name or f"{os.uname().nodename}-{os.getpid()}"
        self.idle = idle
        self.stopping = threading.Event()
        self._retained = float("-inf")
        self._sent = float("-inf")

    def run(self) -> None:
        """Work until `stopping` is set."""
        while not self.stopping.is_set():
            try:
                worked = self.step()
            except Refused as error:
                _log.warning("the store refuses", code=error.code)
                worked = False
            if not worked:
                self.stopping.wait(self.idle)

    def step(self) -> bool:
        """Do one piece of work, if there is any."""
        self._keep_house()
        settings = self.ws.settings
        if not self.ws.store.database.one("SELECT 1 FROM job WHERE state IN ('queued', 'running') LIMIT 1"):
            return False
        job = self.ws.store.queue.claim(
            self.name,
            self.ws.seconds(),
            moment=self.ws.now().isoformat(),
            silent=settings.heartbeat_seconds,
            per_party=settings.jobs_per_party,
        )
        if job is None:
            return False
        self._carry_out(job)
        return True

    def _carry_out(self, job: Job) -> None:
        if job.attempt > TRIES:
            self._close(job, "failed", f"given up after {TRIES} attempts: each one ended without an answer")
            return
        beat = Beat(self.ws, job, self.stopping)
        watch = threading.Thread(target=self._leave_in_time, args=(job, beat), name="watch", daemon=True)
        watch.start()
        _log.info("job taken", job=job.id, kind=job.kind, attempt=job.attempt)
        try:
            HANDLERS[job.kind](self.ws, job, beat)
        except tasks.LostError:
            _log.warning("job lost to another worker", job=job.id)
        except tasks.InterruptedJobError:
            self.ws.store.queue.release(job)
        except (BadInput, Infeasible, Corrupt) as error:
            self._close(job, "failed", str(error))
        except Refused as error:
            if error.code in {"busy", "storage_full", "storage_readonly"} and job.attempt < TRIES:
                self.ws.store.queue.release(job, self.ws.seconds() + 5 * job.attempt)
            else:
                self._close(job, "failed", error.what)
        except Exception as error:
            # The type alone: messages may hold personal data.
            _log.error("job failed", job=job.id, error=type(error).__name__)
            if job.attempt < TRIES:
                self.ws.store.queue.release(job, self.ws.seconds() + 5 * job.attempt)
            else:
                self._close(job, "failed", f"an error of ours ({type(error).__name__})")
        finally:
            beat.close()

    def _close(self, job: Job, state: str, error: str) -> None:
        with self.ws.acting():
            if self.ws.store.queue.finish(job, state, self.ws.now().isoformat(), error=error):
                tasks.close_subject(self.ws, job, state)

    def _leave_in_time(self, job: Job, beat: Beat) -> None:
        """Give the job back and leave, should it not listen when the worker stops."""
        self.stopping.wait()
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            if beat._over.is_set():
                return
            time.sleep(0.05)
        try:
            self.ws.store.queue.release(job)
        finally:
            os._exit(0)

    def _keep_house(self) -> None:
        """Deliver what is due, close what was abandoned, erase what retention says."""
        ws, moment = self.ws, time.monotonic()
        if moment - self._sent >= 1.0:
            self._sent = moment
            deliver_due(ws)
            for job in ws.store.queue.abandoned(ws.seconds(), ws.settings.heartbeat_seconds):
                self._close(job, "cancelled", "its worker fell silent after it was asked to stop")
        if moment - self._retained >= ws.settings.retention_hours * 3600:
            self._retained = moment
            record.retain(ws)
