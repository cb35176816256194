"""Fact sheets for a data-protection impact assessment and for the AI Act, written from the live configuration."""

from collections.abc import Iterable

from skillbridge import __version__, audit
from skillbridge.access import DAILY_ROWS, POLICY, ROLES, SEES_IDENTITY, Actor, check
from skillbridge.model import Worker
from skillbridge.workspace import Workspace, read
from skillbridge.workspace.people import HIDDEN
from skillbridge.workspace.views import Dataset, FactSection, FactSheet, Identity, PlanBody, Sharing

NEVER_STORED = (
    "ethnicity",
    "religion",
    "politics",
    "union membership",
    "health details",
    "marital status",
    "photographs",
)
NEVER_SCORED = ("sex", "age", "origin", "district")


def dpia(ws: Workspace, actor: Actor) -> FactSheet:
    """What a data-protection impact assessment asks for: data, purposes, recipients, retention, safeguards."""
    check(actor, "facts.read")
    datasets = [read(record, Dataset) for record in ws.store.records.page("dataset")]
    sharing = [read(record, Sharing) for record in ws.store.records.page("sharing")]
    sections = [
        _section(
            "Purposes and legal basis",
            (f"{d.dataset_id}: {d.purpose}; {d.legal_basis}; controller {d.controller}" for d in datasets),
        ),
        _section(
            "Data held on a person",
            (
                f"profile under a pseudonym: {', '.join(Worker.__struct_fields__)}",
                f"sealed under a key of the person: {', '.join(Identity.__struct_fields__)}",
                "identity documents: kind, country and a keyed hash of the number",
                f"never stored: {', '.join(NEVER_STORED)}",
            ),
        ),
        _section(
            "How many", (f"{kind}s: {ws.store.records.count(kind)}" for kind in ("worker", "placement", "consent"))
        ),
        _section(
            "Recipients",
            (
                f"{one.partnership_id}: {party.party} sees {', '.join(party.sees) or 'nothing of others'}"
                for one in sharing
                for party in one.parties
            ),
        ),
        _section(
            "Who may read what",
            (
                f"{role}: " + ", ".join(f"{act} ({POLICY[act][role]})" for act in sorted(POLICY) if role in POLICY[act])
                for role in ROLES
            ),
        ),
        _section(
            "Retention",
            (
                *(f"{d.dataset_id}: erased {d.retention_days} days after the last change, by itself" for d in datasets),
                f"retention runs every {ws.settings.retention_hours} hours; nobody is erased while abroad",
            ),
        ),
        _section(
            "Safeguards",
            (
                f"identity without the worker's consent: {', '.join(sorted(SEES_IDENTITY))}; each reading is recorded",
                f"hidden from employers and recruiters: {', '.join(HIDDEN)}",
                "employers never see who was rejected",
                *(f"{role} reads at most {rows} rows about workers a day" for role, rows in sorted(DAILY_ROWS.items())),
                f"published counts below {ws.settings.small_cell} people are suppressed, with their complements",
                "erasure destroys the person's key; restored backups are erased again",
            ),
        ),
    ]
    return FactSheet("Data protection impact assessment: facts", ws.now().isoformat(), sections)


def ai_act(ws: Workspace, actor: Actor) -> FactSheet:
    """What the AI Act's technical documentation asks for: purpose, logic, oversight, accuracy, record."""
    from skillbridge.matching.policy import load_policy

    check(actor, "facts.read")
    plans = [(record, read(record, PlanBody)) for record in ws.store.records.page("plan")]
    runs = [(record, body) for record, body in plans if body.summary and "manifest" in body.summary]
    states = ws.store.records.tally("plan", "status")
    appeals = ws.store.records.tally("appeal", "status")
    overrides = sum(1 for link in ws.store.ledger.links(limit=1_000_000) if link.act == "plans.override")
    head = audit.verify(ws.store)
    policy = load_policy()
    weights = ", ".join(f"{one.__struct_config__.tag} {one.weight}" for one in policy.criteria)
    sections = [
        _section(
            "Purpose and classification",
            (
                "ranks and proposes placements of workers in seasonal and temporary work; a plan is a proposal",
                "treated as high-risk under Annex III point 4(a)",
                f"software version {__version__}",
            ),
        ),
        _section(
            "Logic",
            (
                f"criteria of the score, in thousandths: {weights}",
                f"never in a score: {', '.join(NEVER_SCORED)}",
                "rules of the agreements are hard constraints; who is ruled out is told by which rule",
            ),
        ),
        _section(
            "Human oversight",
            (
                *(f"plans {state}: {number}" for state, number in states.items()),
                f"overrides with a reason: {overrides}",
                *(f"appeals {state}: {number}" for state, number in appeals.items()),
                f"a bulk approval asks for {ws.settings.sample_review} placements to be looked at by the same officer",
                "a partnership is published, and an appeal decided, by another person than the author",
            ),
        ),
        _section(
            "Accuracy of each run",
            (
                f"{record.id}: {body.summary['status']}, proven gap {body.summary['gap']:.4%}, seed "
                f"{body.summary['manifest']['seed']}, objective {body.summary['manifest']['objective']}"
                for record, body in runs
                if body.summary
            ),
        ),
        _section("Record", (f"audit chain of {head.seq} lines verifies; newest hash {head.hash}",)),
    ]
    return FactSheet("AI Act technical documentation: facts", ws.now().isoformat(), sections)


def _section(heading: str, lines: Iterable[str]) -> FactSection:
    return FactSection(heading, list(lines) or ["none"])
