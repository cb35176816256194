"""Every refusal as problem+json (RFC 9457): a stable code, the path of the field, what was found, what was expected."""

import tomllib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec.structs import replace

from skillbridge.errors import BadInput, BadInputs, Corrupt, Infeasible, Refused
from skillbridge.words import LANGUAGES
from skillbridge.workspace.problems import field_problem, told
from skillbridge.workspace.views import Problem, doc


class Code(NamedTuple):
    """What an error code means: HTTP status, title, and a sentence for the documentation."""

    status: int
    title: str
    sentence: str


CODES: dict[str, Code] = {
    "malformed": Code(400, "Malformed request", "The body is not JSON, or the request cannot be read at all."),
    "unauthenticated": Code(
        401, "Not authenticated", "No valid key, session, link, or name and password came with it."
    ),
    "forbidden": Code(403, "Not allowed", "The role may not do this."),
    "csrf": Code(403, "Cross-site request", "A cookie session changes things only with its X-CSRF-Token."),
    "consent_required": Code(403, "Consent required", "The worker has not consented to be known to this party."),
    "four_eyes": Code(403, "Second person required", "Another person than the author must do this."),
    "employer_suspended": Code(403, "Employer suspended", "A suspended employer posts and changes no vacancies."),
    "not_found": Code(404, "Not found", "It does not exist, or is out of the account's reach."),
    "method": Code(405, "Method not allowed", "The path exists, the method does not; see Allow."),
    "conflict": Code(409, "Conflict", "The request contradicts what is stored or the state it is in."),
    "duplicate_document": Code(409, "Document known", "The identity document belongs to another worker."),
    "key_reused": Code(409, "Idempotency key reused", "The same Idempotency-Key came before with another request."),
    "erased": Code(404, "Erased", "The person's data was erased; only statistics are left."),
    "stale": Code(412, "Changed meanwhile", "The record has another version than If-Match says: read it again."),
    "too_large": Code(413, "Too large", "The body is larger than this server takes."),
    "media_type": Code(415, "Unsupported media type", "The body must be of the content type that the operation names."),
    "invalid": Code(400, "Invalid field", "A field breaks the schema; errors[] names each with its path."),
    "unusable": Code(409, "Unusable value", "A field fits the schema but not what is stored or stated; see errors[]."),
    "reason_required": Code(409, "Reason required", "The step must be explained in words."),
    "sample_unseen": Code(
        409, "Sample not looked at", "A bulk approval needs the sample of placements looked at first."
    ),
    "infeasible": Code(409, "Infeasible", "Nothing satisfies the hard rules; the detail names them."),
    "precondition_required": Code(400, "Version required", "A change needs If-Match with the version that was read."),
    "too_many": Code(429, "Too many requests", "The account's requests of this minute are used up; see Retry-After."),
    "too_many_tries": Code(429, "Too many failed logins", "Wait a minute; see Retry-After."),
    "budget_spent": Code(429, "Daily rows used up", "The account has read as many rows about workers as it may today."),
    "corrupt": Code(500, "Stored data damaged", "Stored data does not match its checksum: the operator must restore."),
    "internal": Code(
        500, "Internal error", "An error of ours; it was logged under the request's id, without your data."
    ),
    "not_ready": Code(501, "Not available", "This installation does not have the part that the operation needs."),
    "storage_readonly": Code(503, "Storage read-only", "The storage cannot be written now; nothing was changed."),
    "busy": Code(503, "Busy", "Another change takes too long; nothing was changed: try again."),
    "storage_full": Code(507, "Storage full", "The storage is full; nothing was changed."),
}
"""Every code a client may meet; docs/api.md lists them and a test keeps both equal.

A request that breaks the contract is 400; one that keeps it and cannot be carried out is 404 or 409 (412 where a change
of a record names a version that was): whoever tests against the contract alone can tell the two apart by the status.
"""

ALWAYS = ("unauthenticated", "forbidden", "malformed", "invalid", "too_many", "internal", "busy")
"""Codes that any operation with a key may answer."""

RETRY = {"too_many": "10", "too_many_tries": "60", "budget_spent": "3600", "busy": "1"}


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: Annotated[str, doc("Identifies the code.", "urn:skillbridge:invalid")]
    title: Annotated[str, doc("The code in words, in the language asked for.", "Invalid field")]
    status: Annotated[int, doc("HTTP status.", 400)]
    code: Annotated[str, doc("Stable code to branch on.", "invalid")]
    detail: Annotated[str, doc("What happened here, for people.", "$.profile.origin: wrong")]
    errors: Annotated[list[Problem], doc("Each wrong field, if fields were.")] = []


class InvalidError(BadInput):
    """Something of the request breaks the schema (as opposed to a value that an act cannot use)."""


class Answer(NamedTuple):
    """A problem ready to send."""

    status: int
    body: bytes
    headers: dict[str, str]


_EXPECT = {"fr": "attendu :", "es": "se esperaba:", "ar": "المتوقع:"}


def problem(code: str, detail: str, errors: list[Problem] | None = None) -> Answer:
    """The answer for a code of :data:`CODES`."""
    known = CODES[code]
    details = ProblemDetails(f"urn:skillbridge:{code}", known.title, known.status, code, detail, errors or [])
    headers = {"retry-after": RETRY[code]} if code in RETRY else {}
    if code == "unauthenticated":
        headers["www-authenticate"] = "Bearer"
    return Answer(known.status, msgspec.json.encode(details), headers)


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    """Language -> code -> its title and sentence."""
    return tomllib.loads(Path(__file__).with_name("problems.toml").read_text(encoding="utf-8"))


def language_of(accepted: str) -> str:
    """The language of an Accept-Language header that is wished for most and spoken here, else English."""
    wishes = []
    for number, part in enumerate(accepted[:1_000].split(",")):
        name, _, weight = part.partition(";q=")
        code = name.strip().lower().partition("-")[0]
        with suppress(ValueError):
            if code in LANGUAGES and (wish := float(weight or 1)) > 0:
                wishes.append((-wish, number, code))
    return min(wishes)[2] if wishes else "en"


def in_language(found: Answer, code: str) -> Answer:
    """The problem in a language: title, meaning and fields; what else is particular to the case follows in English."""
    if code == "en":
        return found
    details = msgspec.json.decode(found.body, type=ProblemDetails)
    title, sentence = _words()[code][details.code]
    fields = [Problem(one.where, told(one.what, code), told(one.expected, code)) for one in details.errors]
    here = "; ".join(_sentence(one, code) for one in fields) or details.detail
    said = replace(details, title=title, detail=f"{sentence} [{here}]", errors=fields)
    return Answer(found.status, msgspec.json.encode(said), found.headers | {"content-language": code})


def _sentence(wrong: Problem, code: str) -> str:
    return f"{wrong.where}: {wrong.what}" + (f" ({_EXPECT[code]} {wrong.expected})" if wrong.expected else "")


def answer(error: Exception) -> Answer | None:
    """The problem for an error made on purpose, or None for one that is not."""
    match error:
        case BadInputs():
            return problem("unusable", str(error), [Problem(e.where, e.what, e.expected) for e in error.problems])
        case BadInput():
            code = "invalid" if isinstance(error, InvalidError) else "unusable"
            return problem(code, str(error), [Problem(error.where, error.what, error.expected)])
        case Refused():
            return problem(error.code if error.code in CODES else "conflict", error.what)
        case Infeasible():
            return problem("infeasible", str(error))
        case Corrupt():
            return problem("corrupt", str(error))
        case msgspec.ValidationError():
            wrong = field_problem(error)
            return problem("invalid", f"{wrong.where}: {wrong.what}; expected {wrong.expected}", [wrong])
        case msgspec.DecodeError() | UnicodeDecodeError():
            return problem("malformed", f"the body is not JSON in UTF-8: {error}")
    return None
