"""What a header says by its words: when work or a person's time begins or ends, how long work lasts, for how many.

Lists name these in endless ways (`Beschäftigung von`, `Okres zatrudnienia do`, `Fecha prevista de inicio del contrato`,
`Anzahl Saisonkräfte`), which no table of synonyms holds. The words and what part they play are in
`datasets/intake/header_words.csv`.
"""

from functools import cache

import polars as pl

from skillbridge.intake.values import words
from skillbridge.resources import folder

_ABOUT = {"vacancies": "term", "workers": "available"}
"""Table -> the part that the words beside a first or last day play in its headers."""
_DAYS = {"start": "available_from", "end": "available_to"}
"""The same days of a worker."""

_STEM = 4
"""Letters from which on a word of the table is also found at the beginning or the end of another."""
_INSIDE = 5
"""Letters from which on it is found anywhere in another (`seizoenarbeiders`)."""
_SHORT = 3
"""Letters up to which a word of a header that says nothing here is passed over (`de`, `del`, `of`)."""


def phrase(table: str, header: str) -> str:
    """The field of `table` that the words of `header` make up, or '' if they make up none.

    Of vacancies `start`, `end`, `duration` or `positions`, of workers `available_from` or `available_to`. A first or
    last day, or a length, is a word for it with nothing beside it but words for work (for being free) and for dates;
    short words such as `von` or `do` count only as the first or the last. A count is a word for number beside one for
    people; whether they are those wanted is for :func:`unwanted` to say.
    """
    tokens = words(header).split()
    if table == "workers":
        return _DAYS.get(_day(tokens, table), "")
    if table != "vacancies":
        return ""
    return _day(tokens, table) or _length(tokens) or ("positions" if _count(tokens) else "")


def unwanted(header: str) -> bool:
    """Whether the header speaks of people other than those wanted: local, present or refused ones."""
    return not _words("not wanted").isdisjoint(words(header).split())


def _day(tokens: list[str], table: str) -> str:
    about = _ABOUT[table]
    if len(tokens) == 1:
        return next((part for part in ("start", "end") if _compound(tokens[0], part, about)), "")
    spoken = {part: [token for token in tokens if token in _words(part)] for part in ("start", "end")}
    plain = any(spoken.values())
    if not plain:
        last = len(tokens) - next(i for i, t in enumerate([*reversed(tokens), ""]) if t not in _words("date"))
        edges = [" ".join(tokens[part]) for part in (slice(1), slice(2), slice(last - 1, last), slice(last - 2, last))]
        spoken = {part: [edge for edge in edges if edge in _words(f"{part} at an edge")] for part in spoken}
    if not (plain and table == "vacancies") and not any(_holds(token, about) for token in tokens):
        return ""
    said = [part for part, found in spoken.items() if found]
    if len(said) != 1:
        return ""
    rest = [token for token in tokens if token not in " ".join(spoken[said[0]]).split()]
    return said[0] if all(t in _words("date") or _of(about, t) for t in rest) else ""


def _length(tokens: list[str]) -> str:
    lengths = [token for token in tokens if token in _words("length")]
    rest = [token for token in tokens if token not in lengths]
    about = any(_holds(token, "term") for token in rest)
    of_work = all(_of("term", t) and t not in _words("date") | _words("not wanted") for t in rest)
    return "duration" if lengths and about and of_work else ""


def _of(about: str, token: str) -> bool:
    return len(token) <= _SHORT or _holds(token, about) or _holds(token, "term")


def _compound(token: str, part: str, about: str) -> bool:
    """Whether a word for work and one for its beginning or end are written together (`Vertragsende`)."""
    ends = [word for word in _words(part) if len(word) >= _STEM and token.endswith(word)]
    return any(_holds(token.removesuffix(word), about) for word in ends)


def _count(tokens: list[str]) -> bool:
    counted = tokens[:1] if tokens[:1] and tokens[0] in _words("count first") else []
    counted += [token for token in tokens if token in _words("count")]
    return bool(counted) and any(_holds(token, "people") for token in tokens if token not in counted)


def _holds(token: str, part: str) -> bool:
    """Whether a word of the part is this one or, if long enough, in it."""
    return token in _words(part) or any(
        len(word) >= _STEM
        and (token.startswith(word) or token.endswith(word) or (len(word) >= _INSIDE and word in token))
        for word in _words(part)
    )


@cache
def _words(part: str) -> frozenset[str]:
    rows = pl.read_csv(folder("datasets") / "intake" / "header_words.csv", infer_schema_length=0)
    lines = rows.filter(pl.col("role") == part)["words"].to_list()
    return frozenset(words(word) for line in lines for word in line.split(";"))
