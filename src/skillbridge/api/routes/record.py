"""The audit chain, datasets, fact sheets."""

from skillbridge.api.operations import op
from skillbridge.workspace import facts
from skillbridge.workspace import record as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "record",
        "list_audit",
        "GET /v1/audit",
        "audit.read",
        acts.list_audit,
        "Read the record, newest first",
        query=acts.AuditQuery,
        answer=v.AuditLines,
    ),
    op(
        "record",
        "verify_audit",
        "GET /v1/audit/verification",
        "audit.read",
        acts.verify_audit,
        "Recompute the chain",
        query=acts.HeadQuery,
        answer=v.Verified,
        slow=True,
        errors=("corrupt", "conflict"),
    ),
    op(
        "record",
        "list_datasets",
        "GET /v1/datasets",
        "datasets.read",
        acts.list_datasets,
        "List datasets",
        answer=v.Datasets,
    ),
    op(
        "record",
        "put_dataset",
        "PUT /v1/datasets/{dataset_id}",
        "datasets.write",
        acts.put_dataset,
        "Declare a dataset's purpose, legal basis and retention",
        body=v.Dataset,
        answer=v.Dataset,
    ),
    op(
        "record",
        "get_dpia",
        "GET /v1/facts/dpia",
        "facts.read",
        facts.dpia,
        "Facts for a data-protection impact assessment",
        answer=v.FactSheet,
        slow=True,
    ),
    op(
        "record",
        "get_ai_act",
        "GET /v1/facts/ai-act",
        "facts.read",
        facts.ai_act,
        "Facts for the AI Act's technical documentation",
        answer=v.FactSheet,
        slow=True,
    ),
)
