"""The certificate of a season: what it says, who signed it, and that nothing else passes for it."""

import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.credential import (
    CONTEXT,
    Season,
    Skill,
    canonical,
    certificate,
    did_of,
    load_key,
    new_key,
    parse,
    public_key,
    sign,
    verify,
)
from skillbridge.errors import BadInput

NOW = datetime(2027, 5, 20, 9, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DID = did_of(KEY)
PRUNE = Skill("http://data.europa.eu/esco/skill/prune", "prune plants", "confirmed", "employer", date(2027, 4, 30))
ASKED = Skill("http://data.europa.eu/esco/skill/pick", "pick fruit", "job")
TYING = Skill("tying vines", "tying vines", "job")
SEASON = Season(
    "plan-1.1", "w-1", "nz-rse", "fruit picker", "9211", "WS", "NZ", date(2026, 11, 1), date(2027, 4, 30), True,
    (PRUNE, ASKED, TYING),
)  # fmt: skip


def signed() -> dict[str, Any]:
    return sign(certificate(SEASON, DID, "Ministry of Labour", NOW), KEY, NOW)


def test_a_certificate_is_an_open_badge_that_names_skills_with_their_evidence() -> None:
    badge = certificate(SEASON, DID, "Ministry of Labour", NOW)
    assert badge["@context"] == CONTEXT
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    subject = badge["credentialSubject"]
    assert subject["identifier"][0]["identityHash"] == "w-1"
    assert (subject["activityStartDate"], subject["activityEndDate"]) == (
        "2026-11-01T00:00:00Z", "2027-04-30T00:00:00Z",
    )  # fmt: skip
    assert [one["targetUrl"] for one in subject["achievement"]["alignment"]] == [PRUNE.uri, ASKED.uri]
    told = [one["narrative"] for one in badge["evidence"]]
    assert told[0].startswith("181 days from 2026-11-01 to 2027-04-30, worked to its end")
    assert told[1:] == [
        "Confirmed by employer on 2027-04-30.",
        *["Asked for by the vacancy, whose season was worked to its end."] * 2,
    ]
    assert subject["achievement"]["tag"] == ["tying vines"]
    assert "proof" not in badge
    assert badge["id"] == certificate(SEASON, "urn:other", "Other", NOW)["id"]


def test_what_was_signed_is_verified_after_a_journey_through_a_file() -> None:
    proof = verify(parse(json.dumps(signed(), indent=3).encode()), {DID}, NOW)
    assert proof["created"] == "2027-05-20T09:00:00Z"
    assert public_key(DID).public_bytes_raw() == KEY.public_key().public_bytes_raw()


def test_the_same_key_and_moment_sign_the_same() -> None:
    assert signed() == signed()


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("credentialSubject", "identifier", 0, "identityHash"), "w-2", "proof.proofValue"),
        (("credentialSubject", "activityEndDate"), "2027-09-30T00:00:00Z", "proof.proofValue"),
        (("evidence", 1, "narrative"), "Confirmed by the minister.", "proof.proofValue"),
        (("proof", "created"), "2020-01-01T00:00:00Z", "proof.proofValue"),
        (("proof", "proofValue"), "z" + "1" * 64, "proof.proofValue"),
        (("proof", "proofValue"), "0OIl", "proof.proofValue"),
        (("proof", "proofPurpose"), "authentication", "proof.proofPurpose"),
        (("proof", "cryptosuite"), "eddsa-rdfc-2022", "proof.cryptosuite"),
        (("proof", "verificationMethod"), 7, "proof.verificationMethod"),
        (("proof", "verificationMethod"), DID + "#z6MkOther", "proof.verificationMethod"),
        (("proof", "@context"), ["https://example.org/other"], "proof.@context"),
        (("issuer", "id"), "did:key:z6MkOther", "issuer"),
        (("proof",), None, "proof"),
    ],
)
def test_what_was_changed_after_signing_is_refused(path: tuple[Any, ...], value: object, where: str) -> None:
    badge = copy.deepcopy(signed())
    inner: Any = badge
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(BadInput) as refusal:
        verify(badge, {DID}, NOW)
    assert refusal.value.where == where


def test_a_signature_by_someone_not_trusted_is_refused() -> None:
    other = load_key(new_key())
    forged = sign(certificate(SEASON, did_of(other), "Ministry of Labour", NOW), other, NOW)
    verify(forged, {did_of(other)}, NOW)
    with pytest.raises(BadInput, match="a trusted issuer"):
        verify(forged, {DID}, NOW)
    with pytest.raises(BadInput, match="the signing key's own"):
        sign(certificate(SEASON, DID, "Ministry of Labour", NOW), other, NOW)


def test_a_certificate_from_the_future_or_past_its_end_is_refused() -> None:
    with pytest.raises(BadInput, match="validFrom"):
        verify(signed(), {DID}, datetime(2027, 5, 19, tzinfo=UTC))
    over = sign({**certificate(SEASON, DID, "Ministry", NOW), "validUntil": "2027-06-01T00:00:00Z"}, KEY, NOW)
    verify(over, {DID}, NOW)
    with pytest.raises(BadInput, match="validUntil"):
        verify(over, {DID}, datetime(2027, 6, 2, tzinfo=UTC))


def test_the_published_example_of_eddsa_jcs_2022_is_reproduced() -> None:
    """The test vector of W3C's Data Integrity EdDSA Cryptosuites 1.0: its issuer is no did:key, so only the proof."""
    did = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    context = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
    example = {
        "@context": context,
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "name": "Alumni Credential",
        "description": "A minimum viable example of an Alumni Credential.",
        "issuer": "https://vc.example/issuers/5678",
        "validFrom": "2023-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    }
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"{did}#{did[8:]}",
        "proofPurpose": "assertionMethod",
        "@context": context,
    }
    from skillbridge import credential

    value = "2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    public_key(did).verify(credential._plain(value), credential._hashed(example, proof))
    assert credential._base58(credential._plain(value)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"id": 1, "id": 2}', "stands twice"),
        (b"[1]", "not an object"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": NaN}', "NaN"),
    ],
)
def test_text_that_two_readers_could_understand_differently_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse(text)


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**60), "\ud800"])
def test_what_has_no_one_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        canonical({"a": value})


_plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(_plain_json)
def test_canonical_json_is_json_and_its_own_canonical_form(value: Any) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


def test_names_are_ordered_by_utf_16_as_rfc_8785_says() -> None:
    assert canonical({"\U0001f600": 1, "\ufb33": 2, "z": 3}).decode() == '{"z":3,"\U0001f600":1,"\ufb33":2}'


@pytest.mark.parametrize(
    "pem", [b"", b"not a key", new_key().replace(b"MC4C", b"MC5C")], ids=["empty", "text", "other length"]
)
def test_another_kind_of_key_is_refused(pem: bytes) -> None:
    with pytest.raises(BadInput, match="an Ed25519 private key"):
        load_key(pem)
