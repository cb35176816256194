"""What schemathesis does not know by itself: how lines of JSON are written."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def lines(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """The value as it is, if it is bytes or text; else as one line of JSON."""
    import msgspec

    del ctx
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value) + b"\n"
