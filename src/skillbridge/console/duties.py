"""Pages on what a controller answers for: datasets and retention, who sees what, fact sheets, webhooks."""

from typing import get_args

from skillbridge.console.forms import ROWS, query, struct, version
from skillbridge.console.site import HOME, Answer, Gone, Shown, Visit
from skillbridge.errors import Refused
from skillbridge.workspace import PageQuery, agreements, facts, hooks, record
from skillbridge.workspace import views as v

SPARE = 3
"""Empty lines for further parties on the page of who sees what."""

SEES = get_args(v.See)


def sharing(visit: Visit) -> Answer:
    """Who takes part in an agreement and what each party sees; a form for who may change it."""
    partnership_id = visit.ids[0]
    agreements.read_partnership(visit.ws, visit.who, partnership_id)
    shown, parties = 0, list[v.SharedParty]()
    try:
        found = agreements.read_sharing(visit.ws, visit.who, partnership_id)
        shown, parties = found.version, found.sharing.parties
    except Refused as error:
        if error.code != "not_found":  # nothing was shared yet
            raise
    if visit.problem:
        shown, lines = version(visit), _lines(visit)
    else:
        lines = [(one.party, [*map(str, one.sees)]) for one in parties] + [("", [])] * SPARE
    values = {"partnership_id": partnership_id, "version": shown, "parties": parties, "lines": lines, "sees": SEES}
    return Shown("sharing.html", values)


def _lines(visit: Visit) -> list[tuple[str, list[str]]]:
    """(party, what it sees) of each line of the form, empty ones included."""
    count = min(sum(name.startswith("party-") for name in visit.form), 1_000)
    return [
        (visit.given(f"party-{line}"), [one for one in visit.form.get(f"sees-{line}", ()) if one in SEES])
        for line in range(count)
    ]


def share(visit: Visit) -> Answer:
    """Say who sees what, if nobody changed it since the page was read; a line without a party is left out."""
    parties = [{"party": party, "sees": sees} for party, sees in _lines(visit) if party]
    body = struct(visit, v.Sharing, [], partnership_id=visit.ids[0], parties=parties)
    agreements.read_partnership(visit.ws, visit.who, visit.ids[0])
    agreements.put_sharing(visit.ws, visit.who, visit.ids[0], body, version=version(visit))
    return Gone(f"{HOME}/partnerships/{visit.ids[0]}/sharing")


def datasets(visit: Visit) -> Answer:
    """Why personal records are held and until when, with the form to declare it."""
    found = record.list_datasets(visit.ws, visit.who).items
    chosen = visit.given("dataset_id") or visit.query.get("dataset_id", "")
    one = next((each for each in found if each.dataset_id == chosen), None)
    return Shown("datasets.html", {"items": found, "one": one})


def declare(visit: Visit) -> Answer:
    """Declare or change a dataset's purpose, legal basis, controller and retention."""
    names = ("dataset_id", "purpose", "legal_basis", "controller", "retention_days")
    body = struct(visit, v.Dataset, names, synthetic=visit.given("synthetic") == "yes")
    record.put_dataset(visit.ws, visit.who, body.dataset_id, body)
    return Gone(f"{HOME}/datasets")


def fact_sheets(visit: Visit) -> Answer:
    """The facts for a data-protection impact assessment and for the AI Act, from the running configuration."""
    sheets = [facts.dpia(visit.ws, visit.who), facts.ai_act(visit.ws, visit.who)]
    return Shown("facts.html", {"sheets": sheets})


def webhooks(visit: Visit) -> Answer:
    """Where signed events go, with the form to register an address."""
    return Shown("webhooks.html", _hooks(visit) | {"made": None})


def _hooks(visit: Visit) -> dict[str, object]:
    return {"items": hooks.list_webhooks(visit.ws, visit.who).items, "events": get_args(v.WebhookEvent)}


def register(visit: Visit) -> Answer:
    """Register a webhook; its signing secret is on this page and never again."""
    body = struct(visit, v.NewWebhook, ["url"], events=list(visit.form.get("events", ())))
    made = hooks.create_webhook(visit.ws, visit.who, body)
    return Shown("webhooks.html", _hooks(visit) | {"made": made})


def deliveries(visit: Visit) -> Answer:
    """What was sent to a webhook, newest first."""
    found = next(
        (one for one in hooks.list_webhooks(visit.ws, visit.who).items if one.webhook_id == visit.ids[0]), None
    )
    if found is None:
        raise Refused("not_found", f"there is no webhook {visit.ids[0]}")
    page = hooks.list_deliveries(visit.ws, visit.who, visit.ids[0], query(visit, PageQuery, limit=ROWS))
    return Shown("webhook.html", {"one": found, "page": page})


def end_webhook(visit: Visit) -> Answer:
    """Stop sending."""
    hooks.delete_webhook(visit.ws, visit.who, visit.ids[0])
    return Gone(f"{HOME}/webhooks")


def send_again(visit: Visit) -> Answer:
    """Send a delivery again."""
    hooks.replay(visit.ws, visit.who, *visit.ids)
    return Gone(f"{HOME}/webhooks/{visit.ids[0]}")
