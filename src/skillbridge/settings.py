"""Every setting of a running workspace, in one struct: read once at start, from the environment, never later."""

import os
from collections.abc import Mapping
from typing import Annotated

import msgspec

from skillbridge.errors import BadInput

PREFIX = "SKILLBRIDGE_"

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set each by an environment variable: `body_limit` by SKILLBRIDGE_BODY_LIMIT and so on."""

    secret_file: Annotated[
        str, msgspec.Meta(description="file with the workspace secret; empty: secret.key in the workspace")
    ] = ""
    seal_file: Annotated[
        str, msgspec.Meta(description="file with the Ed25519 key that certificates are signed with; empty: unsigned")
    ] = ""
    issuer: Annotated[str, msgspec.Meta(description="the issuer's name on certificates")] = "SkillBridge workspace"
    body_limit: Annotated[Positive, msgspec.Meta(description="bytes of one JSON request body")] = 1_000_000
    upload_limit: Annotated[Positive, msgspec.Meta(description="bytes of one bulk upload")] = 64_000_000
    page_limit: Annotated[Positive, msgspec.Meta(description="rows of one page at most")] = 200
    ranking_age: Annotated[
        int, msgspec.Meta(ge=0, description="seconds that rankings of a large workspace may lag behind what is stored")
    ] = 15
    requests_per_minute: Annotated[Positive, msgspec.Meta(description="requests of one account and minute")] = 6_000
    logins_per_minute: Annotated[Positive, msgspec.Meta(description="failed logins of one account name and minute")] = 5
    guesses_per_minute: Annotated[
        Positive, msgspec.Meta(description="wrong keys, links and passwords of one network address and minute")
    ] = 300
    session_minutes: Annotated[Positive, msgspec.Meta(description="life of a session, however much it is used")] = 480
    session_idle_minutes: Annotated[Positive, msgspec.Meta(description="a session unused for this long ends")] = 30
    link_hours: Annotated[Positive, msgspec.Meta(description="life of a worker's one-time link")] = 72
    small_cell: Annotated[int, msgspec.Meta(ge=2, description="people: smaller published counts are suppressed")] = 5
    sample_review: Annotated[int, msgspec.Meta(ge=1, description="placements to look at before a bulk approval")] = 10
    jobs: Annotated[int, msgspec.Meta(ge=0, description="worker processes that serve starts")] = 1
    jobs_per_party: Annotated[Positive, msgspec.Meta(description="jobs of one party that run at once")] = 2
    job_seconds: Annotated[Positive, msgspec.Meta(description="longest time limit a plan may ask for")] = 3_600
    heartbeat_seconds: Annotated[Positive, msgspec.Meta(description="a job silent for this long is taken over")] = 30
    retention_hours: Annotated[Positive, msgspec.Meta(description="how often retention runs by itself")] = 24
    webhook_private: Annotated[
        bool, msgspec.Meta(description="deliver to private addresses and plain http (tests only)")
    ] = False
    debug: Annotated[bool, msgspec.Meta(description="raise internal errors instead of answering 500 (tests only)")] = (
        False
    )
    secure_cookies: Annotated[bool, msgspec.Meta(description="console cookies only over https")] = True


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings given as SKILLBRIDGE_<NAME>; unknown names are left alone, bad values raise `BadInput`."""
    given = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if PREFIX + name.upper() in environment
    }
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput("settings", str(error), "see docs/operating") from error
