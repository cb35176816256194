"""Pages on agreements: every rule in plain words, versions and how they differ, drafts, publication."""

from skillbridge.console.forms import ROWS, query, struct, version
from skillbridge.console.site import HOME, Answer, Gone, Shown, Visit
from skillbridge.errors import BadInput
from skillbridge.workspace import agreements
from skillbridge.workspace import views as v


def partnerships(visit: Visit) -> Answer:
    """The agreements, one line a version."""
    asked = query(visit, agreements.PartnershipsQuery, limit=ROWS)
    page = agreements.list_partnerships(visit.ws, visit.who, asked)
    return Shown("partnerships.html", {"page": page})


def partnership(visit: Visit) -> Answer:
    """One agreement: every rule in plain words of the visitor's language, with its source; its versions."""
    from skillbridge.partnerships.wording import says

    versions = agreements.list_versions(visit.ws, visit.who, visit.ids[0])
    wanted = visit.query.get("version", "")
    view = agreements.read_partnership(visit.ws, visit.who, visit.ids[0])
    view = next((one for one in versions if str(one.number) == wanted), view)
    one = agreements.parsed(view.toml or "")
    rules = [(rule, says(rule, visit.language.code)) for rule in one.binding]
    draft = next((one for one in versions if one.status == "draft"), None)
    return Shown("partnership.html", {"view": view, "one": one, "rules": rules, "versions": versions, "draft": draft})


def publish(visit: Visit) -> Answer:
    """Put the draft in force, as a second person, in the very version that the page showed."""
    agreements.publish(visit.ws, visit.who, visit.ids[0], version=version(visit))
    return Gone(f"{HOME}/partnerships/{visit.ids[0]}")


def difference(visit: Visit) -> Answer:
    """How two versions differ, line by line."""
    asked = query(visit, agreements.DiffQuery)
    found = agreements.diff_versions(visit.ws, visit.who, visit.ids[0], asked)
    return Shown("difference.html", {"found": found, "partnership_id": visit.ids[0]})


def draft_form(visit: Visit) -> Answer:
    """The text of the draft, or of the newest version to draft from, or an empty one."""
    text, partnership_id = "", visit.ids[0] if visit.ids else ""
    if partnership_id:
        text = agreements.list_versions(visit.ws, visit.who, partnership_id)[-1].toml or ""
    return Shown("draft.html", {"text": visit.given("toml") or text, "partnership_id": partnership_id})


def keep_draft(visit: Visit) -> Answer:
    """Keep the draft if it is free of problems; else each is named with its place."""
    draft = struct(visit, v.Draft, ["toml"])
    checked = agreements.check_text(visit.ws, visit.who, draft)
    if checked.problems:
        first = checked.problems[0]
        raise BadInput(f"$.toml.{first.where}", first.what, first.expected)
    partnership_id = visit.ids[0] if visit.ids else checked.partnership_id or ""
    kept = agreements.put_draft(visit.ws, visit.who, partnership_id, draft)
    return Gone(f"{HOME}/partnerships/{kept.partnership_id}?version={kept.number}")
