"""Job titles and skills as people write them: labels of the core pack and own ones, in capitals, mistyped and so on."""

import unicodedata
import zlib
from functools import cache

import numpy as np
import polars as pl

from skillbridge.model import ISCO
from skillbridge.resources import folder
from skillbridge.synth.parameters import table

VARIANTS = 24
"""Spellings drawn for each title; a pool's distinct titles stay few enough to be resolved once each."""
COMBINATIONS = 48
"""Lists of skills drawn for each occupation and language."""


def trades() -> list[str]:
    """Every ISCO unit group that titles are known for, sorted."""
    return sorted({isco for isco, _ in _titles()})


@cache
def written(isco: str, lang: str) -> pl.Series:
    """Spellings of the titles of a unit group in that language, or else in English; drawing evenly is realistic.

    Raises `KeyError` for a group that is not among `trades`.
    """
    known = _titles()
    labels = known.get((isco, lang)) or known.get((isco, "en")) or known[min(key for key in known if key[0] == isco)]
    return pl.Series([spelling for title in labels for spelling in spellings(title)])


@cache
def _titles() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for row in table("titles").iter_rows(named=True):
        found.setdefault((row["isco"], row["lang"]), set()).add(row["title"])
    for isco, lang, label, kind in _core_labels().iter_rows():
        if kind == "alternative":
            found.setdefault((isco, lang), set()).add(label)
    return {key: sorted(labels) for key, labels in sorted(found.items())}


def spellings(title: str) -> list[str]:
    """VARIANTS ways to write `title`: about half clean, the others in capitals, without accents, or mistyped."""
    rng = np.random.default_rng(zlib.crc32(title.encode()))
    written = []
    for number in range(VARIANTS):
        text = title if number % 3 else title.capitalize()
        match number % 12:
            case 1:
                text = title.upper()
            case 5:
                text = "".join(c for c in unicodedata.normalize("NFD", title) if not unicodedata.combining(c))
            case 7 | 11:
                text = _mistype(title, rng)
            case 9 if number > 12:
                text = f" {title}" if rng.random() < 0.5 else title.replace(" ", "  ")
            case _:
                pass
        written.append(text)
    return written


@cache
def skills(isco: str, lang: str) -> pl.Series | None:
    """Lists of one to five skills of an ISCO unit group, in that language or else in English; None if none is known."""
    names = _skill_names().get((isco, lang)) or _skill_names().get((isco, "en"))
    if not names:
        return None
    rng = np.random.default_rng(zlib.crc32(f"{isco}{lang}".encode()))
    sizes = 1 + rng.integers(min(5, len(names)), size=COMBINATIONS)
    drawn = (rng.choice(len(names), size, replace=False) for size in sizes)
    return pl.Series([";".join(names[i] for i in sorted(some)) for some in drawn])


@cache
def _skill_names() -> dict[tuple[str, str], list[str]]:
    try:
        core = folder("taxonomies") / "core"
        relations = pl.read_csv(core / "relations.csv", infer_schema_length=0)
        labels = pl.read_csv(core / "labels.csv", infer_schema_length=0)
    except FileNotFoundError:
        return {}
    links = relations.filter(pl.col("relation").is_in(["essential", "optional"])).select(
        isco=pl.col("subject").str.strip_prefix(ISCO), concept_uri="object"
    )
    preferred = labels.filter((pl.col("label_kind") == "preferred") & ~pl.col("label").str.contains(";"))
    named = links.join(preferred, on="concept_uri").group_by("isco", "lang").agg(pl.col("label").unique().sort())
    return {(isco, lang): names for isco, lang, names in named.iter_rows()}


def _core_labels() -> pl.DataFrame:
    empty = pl.DataFrame(schema={"isco": pl.String, "lang": pl.String, "label": pl.String, "label_kind": pl.String})
    try:
        path = folder("taxonomies") / "core" / "labels.csv"
    except FileNotFoundError:
        return empty
    if not path.is_file():
        return empty
    return (
        pl.read_csv(path, infer_schema_length=0)
        .filter(pl.col("concept_uri").str.contains(r"/isco/C\d{4}$"))
        .select(pl.col("concept_uri").str.strip_prefix(ISCO).alias("isco"), "lang", "label", "label_kind")
    )


def _mistype(text: str, rng: np.random.Generator) -> str:
    """`text` with one slip of the fingers: two letters swapped, one left out or one doubled."""
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    i = places[int(rng.integers(len(places)))]
    slip = int(rng.integers(3))
    if slip == 0:
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text[:i] + text[i + 1 :] if slip == 1 else text[:i] + text[i] + text[i:]
