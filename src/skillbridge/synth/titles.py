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


@cache
def titles() -> dict[tuple[str, str], pl.Series]:
    """(ISCO unit group, language) -> spellings of its titles; drawing evenly from them is realistic."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in table("titles").iter_rows(named=True):
        found.setdefault((row["isco"], row["lang"]), []).append(row["title"])
    for isco, lang, label, kind in _core_labels().iter_rows():
        if kind == "alternative":
            found.setdefault((isco, lang), []).append(label)
    return {
        key: pl.Series([spelling for title in sorted(set(labels)) for spelling in spellings(title)])
        for key, labels in sorted(found.items())
    }


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
def skills() -> dict[tuple[str, str], pl.Series]:
    """(ISCO unit group, language) -> lists of one to five of its skills, in that language or else in English."""
    try:
        core = folder("taxonomies") / "core"
        relations = pl.read_csv(core / "relations.csv", infer_schema_length=0)
        labels = pl.read_csv(core / "labels.csv", infer_schema_length=0)
    except FileNotFoundError:
        return {}
    links = relations.filter(pl.col("relation").is_in(["essential", "optional"])).select(
        isco=pl.col("subject").str.strip_prefix(ISCO), concept_uri="object"
    )
    named = links.join(labels.filter(pl.col("label_kind") == "preferred"), on="concept_uri").sort(
        "isco", "lang", "label"
    )
    found = {}
    for (isco, lang), group in named.group_by(["isco", "lang"], maintain_order=True):
        names = [name for name in group["label"].unique(maintain_order=True) if ";" not in name]
        rng = np.random.default_rng(zlib.crc32(f"{isco}{lang}".encode()))
        drawn = (
            rng.choice(len(names), min(len(names), 1 + int(rng.integers(5))), replace=False)
            for _ in range(COMBINATIONS)
        )
        found[str(isco), str(lang)] = pl.Series([";".join(names[i] for i in sorted(some)) for some in drawn])
    return found


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
