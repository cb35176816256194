"""A bulk upload on its way to disk: a chunk at a time, so that its size costs no memory."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from skillbridge.api.asked import Asked
from skillbridge.errors import Refused

INCOMING = ".incoming-"
"""How the name of an upload begins until it is whole."""


@asynccontextmanager
async def received(asked: Asked, folder: Path, limit: int) -> AsyncIterator[tuple[Path, bytes]]:
    """(the upload as a file on disk in `folder`, its SHA-256); removed at the end unless it was moved away.

    Raises `Refused` too_large beyond `limit` bytes and storage_full or storage_readonly if the disk does not take it.
    """
    asked.check_length(limit)
    path, digest, size = folder / f"{INCOMING}{secrets.token_hex(8)}", hashlib.sha256(), 0
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("wb", buffering=1 << 18) as file:
                async for part in asked.parts():
                    size += len(part)
                    if size > limit:
                        raise Refused("too_large", f"more than {limit} bytes")
                    digest.update(part)
                    file.write(part)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        except OSError as error:
            code = "storage_readonly" if isinstance(error, PermissionError) or error.errno == 30 else "storage_full"
            raise Refused(code, "the storage did not take the upload: nothing was changed") from error
        yield path, digest.digest()
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
