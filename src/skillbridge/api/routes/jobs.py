"""Background work, bulk imports and exports."""

from functools import partial

from skillbridge.api.operations import op
from skillbridge.workspace import views as v
from skillbridge.workspace import work as acts
from skillbridge.workspace.views import JobView

UPLOADS = ("application/x-ndjson", "text/csv")


def _import(kind: acts.Kind, ws, actor, upload, query):  # type: ignore[no-untyped-def]
    return acts.start_import(ws, actor, kind, upload, query)


def _export(kind: acts.Kind, ws, actor, query):  # type: ignore[no-untyped-def]
    return acts.export(ws, actor, kind, query)


OPERATIONS = (
    op(
        "jobs",
        "list_jobs",
        "GET /v1/jobs",
        "jobs.read",
        acts.list_jobs,
        "List jobs",
        query=acts.JobsQuery,
        answer=v.Jobs,
    ),
    op(
        "jobs",
        "get_job",
        "GET /v1/jobs/{job_id}",
        "jobs.read",
        acts.read_job,
        "Read a job",
        query=acts.JobQuery,
        answer=JobView,
    ),
    op(
        "jobs",
        "cancel_job",
        "DELETE /v1/jobs/{job_id}",
        "jobs.cancel",
        acts.cancel_job,
        "Cancel a job",
        answer=JobView,
        status=202,
    ),
    op(
        "jobs",
        "follow_job",
        "GET /v1/jobs/{job_id}/events",
        "jobs.read",
        acts.read_job,
        "Follow a job: one server-sent event a change, until it ends",
        stream="text/event-stream",
        live=True,
    ),
    *(
        op(
            "jobs",
            f"import_{kind}",
            f"POST /v1/imports/{kind}",
            f"imports.{kind}",
            partial(_import, kind),
            f"Import {kind} in bulk",
            upload=UPLOADS,
            query=acts.ImportQuery,
            answer=JobView,
            status=202,
            slow=True,
        )
        for kind in ("workers", "vacancies")
    ),
    *(
        op(
            "jobs",
            f"export_{kind}",
            f"GET /v1/exports/{kind}",
            f"exports.{kind}",
            partial(_export, kind),
            f"Export {kind} in bulk",
            query=acts.ExportQuery,
            stream="application/x-ndjson",
            slow=True,
        )
        for kind in ("workers", "vacancies")
    ),
)
