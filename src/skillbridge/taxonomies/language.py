"""Which of a taxonomy's languages a text is to be searched in."""

from functools import lru_cache

import langcodes


@lru_cache(maxsize=4096)
def closest(tag: str | None, languages: tuple[str, ...]) -> int:
    """The number in `languages` that serves a BCP 47 tag (`pt-BR` -> `pt`, `nb` -> `no`); -1 where none does."""
    if not tag:
        return -1
    if tag in languages:
        return languages.index(tag)
    try:
        found, _ = langcodes.closest_match(tag, list(languages), max_distance=10)
    except (ValueError, LookupError):
        return -1
    return languages.index(found) if found in languages else -1
