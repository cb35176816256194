"""Acts on partnerships: check, draft, compare, publish with four eyes, and who sees what."""

import difflib
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec.structs import replace

from skillbridge.access import Actor, check
from skillbridge.errors import BadInput, BadInputs, Refused
from skillbridge.store import Record
from skillbridge.workspace import PageQuery, Workspace, after, following, read, write
from skillbridge.workspace.hooks import announce
from skillbridge.workspace.views import (
    Checked,
    Difference,
    Draft,
    PartnershipBody,
    Partnerships,
    PartnershipView,
    Problem,
    Sharing,
    SharingView,
)

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership


class PartnershipsQuery(PageQuery, frozen=True):
    """Which versions."""

    partnership_id: (
        Annotated[str, msgspec.Meta(description="owner and scheme", examples=["nz-rse"], pattern="^[a-z0-9-]{1,64}$")]
        | None
    ) = None
    status: (
        Annotated[
            str,
            msgspec.Meta(description="draft, published or retired", examples=["published"], pattern="^[a-z]{1,12}$"),
        ]
        | None
    ) = None


def may_see_drafts(actor: Actor) -> bool:
    """Drafts are for those who write and publish them, and for the auditor."""
    return actor.role in {"ministry_admin", "ministry_officer", "auditor"}


def list_partnerships(ws: Workspace, actor: Actor, query: PartnershipsQuery) -> Partnerships:
    """Versions of partnerships, oldest first; drafts only for the ministry and the auditor."""
    check(actor, "partnerships.read")
    where: dict[str, object] = {}
    if query.partnership_id:
        where["partnership_id"] = query.partnership_id
    if query.status:
        where["status"] = query.status
    if not may_see_drafts(actor):
        if query.status == "draft":
            return Partnerships([], next=None)
        where.setdefault("status", ("published", "retired"))
    records = ws.store.records.page("partnership", where, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    return Partnerships([view_partnership(record, text=False) for record in records], next=cursor)


def read_partnership(ws: Workspace, actor: Actor, partnership_id: str) -> PartnershipView:
    """The published version; the draft where nothing is published yet."""
    check(actor, "partnerships.read")
    found = versions(ws, partnership_id)
    visible = [record for record in found if may_see_drafts(actor) or read(record, PartnershipBody).status != "draft"]
    if not visible:
        raise Refused("not_found", f"there is no partnership {partnership_id}")
    published = [record for record in visible if read(record, PartnershipBody).status == "published"]
    return view_partnership((published or visible)[-1])


def list_versions(ws: Workspace, actor: Actor, partnership_id: str) -> list[PartnershipView]:
    """Every version that the actor may see, oldest first, with its text; raises `Refused` not_found if none is."""
    check(actor, "partnerships.read")
    found = [view_partnership(record) for record in versions(ws, partnership_id)]
    visible = [one for one in found if may_see_drafts(actor) or one.status != "draft"]
    if not visible:
        raise Refused("not_found", f"there is no partnership {partnership_id}")
    return visible


def versions(ws: Workspace, partnership_id: str) -> list[Record]:
    """Every version, oldest first."""
    return ws.store.records.page("partnership", {"partnership_id": partnership_id})


def view_partnership(record: Record, *, text: bool = True) -> PartnershipView:
    """A version, with its text or without."""
    body = read(record, PartnershipBody)
    return PartnershipView(
        body.partnership_id,
        body.number,
        body.status,
        body.sha256,
        body.drafted_by,
        body.published_by,
        body.published,
        body.toml if text else None,
        record.version,
    )


def check_text(ws: Workspace, actor: Actor, body: Draft) -> Checked:
    """What a text says, rule by rule, and everything wrong with it."""
    from skillbridge.partnerships.doubts import doubts
    from skillbridge.partnerships.wording import says

    check(actor, "partnerships.read")
    try:
        parsed = _parse(body.toml, "partnership")
    except BadInputs as error:
        return Checked(None, [], _problems(error.problems), [])
    except BadInput as error:
        return Checked(None, [], _problems([error]), [])
    words = [f"{rule.id}: {' '.join(says(rule)) or rule.note}" for rule in parsed.binding]
    return Checked(parsed.id, words, [], _problems(doubts(parsed, "partnership")))


def _problems(found: Iterable[BadInput]) -> list[Problem]:
    return [Problem(one.where, one.what, one.expected) for one in found]


def put_draft(ws: Workspace, actor: Actor, partnership_id: str, body: Draft) -> PartnershipView:
    """Keep a draft: it must be free of problems; it replaces the draft there was."""
    check(actor, "partnerships.draft")
    parsed = _parse(body.toml, "$.toml")
    if parsed.id != partnership_id:
        raise BadInput("$.toml", f"id = {parsed.id!r}", f"{partnership_id!r}, as in the path")
    digest = hashlib.sha256(body.toml.encode()).hexdigest()
    with ws.acting():
        known = versions(ws, partnership_id)
        draft = next((record for record in known if read(record, PartnershipBody).status == "draft"), None)
        number = read(draft, PartnershipBody).number if draft else len(known) + 1
        stored = PartnershipBody(partnership_id, number, "draft", body.toml, digest, actor.account_id)
        if draft is None:
            record_id = f"{partnership_id}.{number}"
            record = ws.store.records.create("partnership", record_id, write(stored), actor.party, ws.now())
        else:
            record = ws.store.records.replace("partnership", draft.id, write(stored), ws.now())
        ws.note(actor, "partnerships.draft", record.id, before=draft, after=record)
    return view_partnership(record)


class DiffQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which versions."""

    a: Annotated[int, msgspec.Meta(description="version number", examples=[1], ge=1, le=1_000_000)]
    b: Annotated[int, msgspec.Meta(description="version number", examples=[2], ge=1, le=1_000_000)]


def diff_versions(ws: Workspace, actor: Actor, partnership_id: str, query: DiffQuery) -> Difference:
    """How two versions differ."""
    check(actor, "partnerships.read")
    texts = {}
    for number in (query.a, query.b):
        record = ws.store.records.get("partnership", f"{partnership_id}.{number}")
        if record is None or (read(record, PartnershipBody).status == "draft" and not may_see_drafts(actor)):
            raise Refused("not_found", f"there is no version {number} of {partnership_id}")
        texts[number] = read(record, PartnershipBody).toml
    return Difference(query.a, query.b, differences(texts[query.a], texts[query.b]))


def differences(a: str, b: str) -> list[str]:
    """The lines that differ between two agreements, each written out in the same order of fields."""
    first, second = (_dump(parsed(text)).splitlines() for text in (a, b))
    lines = difflib.unified_diff(first, second, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def publish(ws: Workspace, actor: Actor, partnership_id: str, *, version: int | None) -> PartnershipView:
    """Put the draft in force for plans to come. Four eyes: never by the account that wrote it."""
    with ws.acting():
        check(actor, "partnerships.publish")
        known = versions(ws, partnership_id)
        draft = next((record for record in known if read(record, PartnershipBody).status == "draft"), None)
        if draft is None:
            raise Refused("not_found" if not known else "conflict", f"{partnership_id} has no draft")
        body = read(draft, PartnershipBody)
        if body.drafted_by == actor.account_id:
            raise Refused("four_eyes", "a partnership is published by another person than who drafted it")
        for record in known:
            earlier = read(record, PartnershipBody)
            if earlier.status == "published":
                retired = replace(earlier, status="retired")
                ws.store.records.replace("partnership", record.id, write(retired), ws.now())
        moment = ws.now().isoformat()
        stored = replace(body, status="published", published_by=actor.account_id, published=moment)
        record = ws.store.records.replace("partnership", draft.id, write(stored), ws.now(), version)
        ws.note(actor, "partnerships.publish", record.id, before=draft, after=record)
        announce(ws, None, "partnership.published", {"partnership_id": partnership_id, "number": body.number})
    return view_partnership(record)


def _parse(text: str, where: str) -> "Partnership":
    from skillbridge.partnerships.partnership import parse  # here, as it brings the engine's libraries along

    return parse(text, where)


def _dump(partnership: "Partnership") -> str:
    from skillbridge.partnerships.partnership import dump

    return dump(partnership)


@lru_cache(maxsize=256)
def parsed(text: str) -> "Partnership":
    """The agreement of a text that was checked when it was stored."""
    return _parse(text, "partnership")


def published_text(ws: Workspace, partnership_id: str) -> str:
    """The text of the partnership in force; raises `Refused` if none is published."""
    found = ws.store.records.page("partnership", {"partnership_id": partnership_id, "status": "published"})
    if not found:
        raise Refused("conflict", f"{partnership_id} is not published")
    return read(found[-1], PartnershipBody).toml


def every_published(ws: Workspace) -> "list[Partnership]":
    """The partnerships in force, by id."""
    found = ws.store.records.page("partnership", {"status": "published"})
    return sorted((parsed(read(record, PartnershipBody).toml) for record in found), key=lambda one: one.id)


def read_sharing(ws: Workspace, actor: Actor, partnership_id: str) -> SharingView:
    """Who takes part in a partnership and what each party sees."""
    check(actor, "sharing.read")
    record = ws.store.records.need("sharing", partnership_id)
    return SharingView(record.version, read(record, Sharing))


def put_sharing(
    ws: Workspace, actor: Actor, partnership_id: str, body: Sharing, *, version: int | None = None
) -> SharingView:
    """Say who takes part and what each party sees; it holds from the next request on.

    With `version` (0: none yet) only if nobody changed it since.
    """
    check(actor, "sharing.write")
    if body.partnership_id != partnership_id:
        raise BadInput("$.partnership_id", f"{body.partnership_id!r}", f"{partnership_id!r}, as in the path")
    names = [entry.party for entry in body.parties]
    if len(set(names)) != len(names):
        raise BadInput("$.parties", "a party twice", "each party once")
    with ws.acting():
        before = ws.store.records.get("sharing", partnership_id)
        if before is None:
            record = ws.store.records.create("sharing", partnership_id, write(body), None, ws.now())
        else:
            record = ws.store.records.replace("sharing", partnership_id, write(body), ws.now(), version)
        ws.note(actor, "sharing.write", partnership_id, before=before, after=record)
    return SharingView(record.version, body)
