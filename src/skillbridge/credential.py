"""The certificate of a season, for the worker: an Open Badge 3.0, which is a W3C verifiable credential 2.0 in JSON-LD.

Unsigned, or signed by Data Integrity's `eddsa-jcs-2022` (Ed25519 over RFC 8785 canonical JSON) under a `did:key`, which
holds the public key itself: whoever verifies fetches no address, and names the issuers that they trust.
"""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from skillbridge.errors import BadInput

Document = dict[str, Any]

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
"""The two vocabularies, in the order that Open Badges 3.0 asks for. They are names here: nothing is read from them."""

_SPACE = uuid.UUID("8b0f6e0c-43f5-5b53-9a1e-5f1f3f6b2a51")
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519 = b"\xed\x01"
_EXACT = 2**53
"""Whole numbers below this are the same in every reader of JSON."""


class Skill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A skill that a season used or taught, and on whose word. `uri` is a concept's URI, or the skill as a text.

    `basis`: `confirmed` by a role that reported it (`by`, on the day `on`), or `job`: the vacancy asked for it and the
    season was worked to its end.
    """

    uri: str
    label: str
    basis: Literal["confirmed", "job"]
    by: str = ""
    on: date | None = None


class Season(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One worked season of one person, by pseudonym. `start` and `end` are the days worked, both inclusive."""

    placement_id: str
    worker_id: str
    partnership: str
    occupation: str
    isco: str | None
    origin: str
    destination: str
    start: date
    end: date
    completed: bool
    skills: tuple[Skill, ...] = ()

    @property
    def days(self) -> int:
        """Days from the first to the last, both counted."""
        return (self.end - self.start).days + 1


def certificate(season: Season, issuer: str, name: str, issued: datetime) -> Document:
    """The season's credential, unsigned. `issuer` is a DID or another URI, `name` what the issuer is called.

    The same season gives the same `id`, so that a copy is seen to be one.
    """
    how = "worked to its end" if season.completed else "ended before its planned end"
    what = season.occupation or (f"work of ISCO-08 group {season.isco}" if season.isco else "seasonal work")
    badge = f"urn:uuid:{uuid.uuid5(_SPACE, season.placement_id)}"
    achievement: Document = {
        "id": f"urn:uuid:{uuid.uuid5(_SPACE, f'{season.placement_id} achievement')}",
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "name": f"Season of work: {what}",
        "description": f"{what} in {season.destination} under {season.partnership}, {how}.",
        "criteria": {"narrative": "The season was worked as the journey of the placement records it, day by day."},
    }
    for field, values in (
        ("alignment", [_alignment(skill) for skill in season.skills if _is_uri(skill)]),
        ("tag", [skill.label for skill in season.skills if not _is_uri(skill)]),
    ):
        if values:
            achievement[field] = values
    return {
        "@context": list(CONTEXT),
        "id": badge,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"Season of work in {season.destination}, {season.start.year}",
        "issuer": {"id": issuer, "type": ["Profile"], "name": name},
        "validFrom": _moment(issued),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": season.worker_id,
                    "identityType": "identifier",
                }
            ],
            "activityStartDate": _moment(datetime(season.start.year, season.start.month, season.start.day, tzinfo=UTC)),
            "activityEndDate": _moment(datetime(season.end.year, season.end.month, season.end.day, tzinfo=UTC)),
            "achievement": achievement,
        },
        "evidence": [
            {
                "id": f"urn:uuid:{uuid.uuid5(_SPACE, f'{season.placement_id} evidence')}",
                "type": ["Evidence"],
                "name": "Journey of the placement",
                "narrative": f"{season.days} days from {season.start} to {season.end}, {how}; recorded step by step by "
                "employer and sending unit.",
            },
            *(_evidence(season, skill) for skill in season.skills),
        ],
    }


def _is_uri(skill: Skill) -> bool:
    return skill.uri.startswith(("http://", "https://", "urn:"))


def _alignment(skill: Skill) -> Document:
    return {
        "type": ["Alignment"],
        "targetName": skill.label or skill.uri,
        "targetUrl": skill.uri,
        **({"targetFramework": "ESCO"} if skill.uri.startswith("http://data.europa.eu/esco/") else {}),
        "targetType": "ceasn:Competency",
    }


def _evidence(season: Season, skill: Skill) -> Document:
    said = (
        f"Confirmed by {skill.by.replace('_', ' ')} on {skill.on}."
        if skill.basis == "confirmed"
        else "Asked for by the vacancy, whose season was worked to its end."
    )
    return {
        "id": f"urn:uuid:{uuid.uuid5(_SPACE, f'{season.placement_id} {skill.uri}')}",
        "type": ["Evidence"],
        "name": skill.label or skill.uri,
        "narrative": said,
    }


def new_key() -> bytes:
    """A fresh Ed25519 private key as PEM (PKCS 8, not encrypted): keep it as the ministry's seal is kept."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_key(pem: bytes, where: str = "key") -> Ed25519PrivateKey:
    """The private key of a PEM file. Raises `BadInput` for another kind, or one under a password."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(where, "no such key", "an Ed25519 private key as PEM without a password (journey key makes one)")
    return key


def did_of(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The `did:key` of a key: its public half, written out."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return f"did:key:z{_base58(_ED25519 + public.public_bytes_raw())}"


def sign(document: Document, key: Ed25519PrivateKey, created: datetime) -> Document:
    """The credential with its proof. Raises `BadInput` where the issuer is another than the key's `did:key`."""
    did = did_of(key)
    if _issuer(document) != did:
        raise BadInput("issuer", f"{_issuer(document)!r}", f"the signing key's own, {did}")
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": _moment(created),
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }
    bare = {name: value for name, value in document.items() if name != "proof"}
    value = key.sign(_hashed(bare, {**proof, "@context": bare["@context"]}))
    return {**bare, "proof": {**proof, "@context": bare["@context"], "proofValue": f"z{_base58(value)}"}}


def verify(document: Document, trusted: Collection[str], now: datetime) -> Document:
    """The proof of a credential that holds: one of the `trusted` issuers (DIDs) signed exactly this, and it is valid.

    Raises `BadInput` saying what does not hold.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise BadInput("proof", "none" if proof is None else "not one proof", "a credential with one proof")
    _expect(proof, "proof.type", "DataIntegrityProof")
    _expect(proof, "proof.cryptosuite", "eddsa-jcs-2022")
    _expect(proof, "proof.proofPurpose", "assertionMethod")
    method = proof.get("verificationMethod")
    did, _, fragment = method.partition("#") if isinstance(method, str) else ("", "", "")
    if did not in trusted:
        raise BadInput(
            "proof.verificationMethod", f"{did or method!r}", "a trusted issuer: " + ", ".join(sorted(trusted))
        )
    if fragment and fragment != did.removeprefix("did:key:"):
        raise BadInput("proof.verificationMethod", f"#{fragment}", "the key that the did:key holds")
    if _issuer(document) != did:
        raise BadInput("issuer", f"{_issuer(document)!r}", f"the issuer who signed, {did}")
    bare = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    context = options.get("@context", bare.get("@context"))
    if not isinstance(context, list) or bare.get("@context", [])[: len(context)] != context:
        raise BadInput("proof.@context", "another than the credential's", "the beginning of the credential's @context")
    value = proof.get("proofValue")
    try:
        if not isinstance(value, str) or not value.startswith("z"):
            raise InvalidSignature
        public_key(did).verify(_plain(value[1:]), _hashed(bare, options))
    except (InvalidSignature, ValueError):
        raise BadInput("proof.proofValue", "does not fit", "the issuer's signature over this very credential") from None
    types = document.get("type")
    if not isinstance(types, list) or not {"VerifiableCredential", "OpenBadgeCredential"} <= {
        str(one) for one in types
    }:
        raise BadInput("type", f"{types!r}", "VerifiableCredential and OpenBadgeCredential")
    for name, side in (("validFrom", 1), ("validUntil", -1)):
        if name in document and side * (_read_moment(document[name], name) - now) > timedelta(0):
            raise BadInput(name, f"{document[name]}", f"a credential that is valid on {_moment(now)}")
    return dict(proof)


def public_key(did: str) -> Ed25519PublicKey:
    """The key that a `did:key` holds. Raises `BadInput` for another method or kind of key."""
    try:
        if not did.startswith("did:key:z"):
            raise ValueError(did)
        plain = _plain(did.removeprefix("did:key:z"))
        if not plain.startswith(_ED25519):
            raise ValueError(did)
        return Ed25519PublicKey.from_public_bytes(plain[len(_ED25519) :])
    except ValueError:
        raise BadInput("issuer", f"{did!r}", "did:key with an Ed25519 key (did:key:z6Mk...)") from None


def parse(text: bytes, where: str = "credential") -> Document:
    """A credential from JSON. Raises `BadInput` where two readers could understand it differently."""

    def once(pairs: Iterable[tuple[str, Any]]) -> Document:
        found: Document = {}
        for name, value in pairs:
            if name in found:
                raise BadInput(where, f"{name!r} stands twice in one object", "each name once")
            found[name] = value
        return found

    try:
        document = json.loads(text.decode(), object_pairs_hook=once, parse_constant=_no_number)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(where, f"not JSON ({error})", "a credential as UTF-8 JSON") from None
    if not isinstance(document, dict):
        raise BadInput(where, "not an object", "a credential as a JSON object")
    return document


def canonical(value: Any) -> bytes:
    """RFC 8785 canonical JSON. Raises `BadInput` for numbers that are not whole, or too large to be exact."""
    try:
        return _canonical(value).encode()
    except (UnicodeEncodeError, RecursionError):
        raise BadInput("credential", "text that is not Unicode, or nested too deep", "plain JSON") from None


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return (
            "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_canonical(value[name])}" for name in names) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= _EXACT):
        raise BadInput("credential", f"the number {value}", "whole numbers below 2^53")
    return json.dumps(value, ensure_ascii=False)


def _no_number(name: str) -> None:
    raise BadInput("credential", name, "a number of JSON")


def _hashed(bare: Document, options: Document) -> bytes:
    """What is signed: the hash of the proof's options, then that of the credential without its proof."""
    return hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(bare)).digest()


def _issuer(document: Document) -> object:
    issuer = document.get("issuer")
    return issuer.get("id") if isinstance(issuer, dict) else issuer


def _expect(proof: Document, where: str, wanted: str) -> None:
    found = proof.get(where.partition(".")[2])
    if found != wanted:
        raise BadInput(where, f"{found!r}", wanted)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_moment(text: object, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInput(where, f"{text!r}", "a moment with its time zone, as 2026-11-01T00:00:00Z")
    return found


def _base58(plain: bytes) -> str:
    """Base 58 in Bitcoin's alphabet, as multibase `z` has it; leading zero bytes are leading ones."""
    number, digits = int.from_bytes(plain), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "1" * (len(plain) - len(plain.lstrip(b"\0"))) + digits


def _plain(text: str) -> bytes:
    """What :func:`_base58` was given; raises `ValueError` for another alphabet."""
    if len(text) > 200:
        raise ValueError(text[:20])
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    plain = number.to_bytes((number.bit_length() + 7) // 8)
    return b"\0" * (len(text) - len(text.lstrip("1"))) + plain
