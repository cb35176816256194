"""Tables between classifications, as statistical offices and ESCO publish them, into weighted crosswalks.

Relations come in several spellings, and in both senses: some files say what the target is to the code (SKOS), others
what the code is to the target. Which one a file means shows in its own numbers: a broader side has many partners.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake.files import read_table
from skillbridge.intake.values import fold
from skillbridge.resources import folder
from skillbridge.taxonomies.crosswalk import INVERSE, Crosswalk, weighted

ESCO = "http://data.europa.eu/esco/"
NONE = frozenset({"0000", "00000", "", "-", "N/A"})
"""Codes that mean: no correspondence."""
Layout = dict[str, str | None]


def read_crosswalks(path: Path) -> list[Crosswalk]:
    """The crosswalks of a file, one for each national classification in it, with `notes` on what was odd.

    Lost leading zeros are put back where the width of the codes is known, rows without a correspondence are left out
    and counted, relations are turned so that they are seen from the code. Raises `BadInput` for an unknown layout.
    """
    raw = read_table(path, _known, what="a table between two classifications")
    names = {fold(column): column for column in raw.table.columns}
    for layout in _layouts():
        columns = {key: _first(names, layout[key]) for key in ("code", "label", "to", "to_label", "relation", "file")}
        if columns["code"] and columns["to"] and (columns["relation"] or not layout["relation"]):
            break
    else:
        raise BadInput(
            str(path), "columns " + ", ".join(raw.table.columns[:8]), "a known layout of two classifications"
        )

    def column(key: str) -> pl.Expr:
        name = columns[key]
        return pl.col(name) if name else pl.lit(None, dtype=pl.String)

    table = raw.table.select(
        *(column(key).alias(alias) for key, alias in (("code", "code"), ("label", "label"), ("to", "target"))),
        column("to_label").alias("target_label"),
        column("relation").str.to_lowercase().str.extract(r"(exact|close|broad|narrow)").alias("said"),
        column("file").fill_null(path.name).alias("file"),
    ).with_row_index("row", offset=0)
    if layout["source"] == "national":
        table = _national_first(table)
    packs = [
        (str(name), _crosswalk(layout, str(name), part, has_relation=columns["relation"] is not None))
        for (name,), part in table.group_by(["file"], maintain_order=True)
    ]
    again = Counter(pack.source for _, pack in packs)
    return [
        replace(pack, source=f"{pack.source}-{_edition(name)}") if again[pack.source] > 1 else pack
        for name, pack in packs
    ]


def _crosswalk(layout: Layout, file: str, table: pl.DataFrame, *, has_relation: bool) -> Crosswalk:
    notes = []
    usable = table.filter(
        ~pl.col("code").fill_null("").is_in(list(NONE)) & ~pl.col("target").fill_null("").is_in(list(NONE))
    )
    if has_relation:
        usable = usable.filter(pl.col("said").is_not_null())
    if len(usable) < len(table):
        notes.append(f"{len(table) - len(usable)} rows without a correspondence left out")
    for side, key in (("code", "code_width"), ("target", "to_width")):
        if width := int(layout[key] or 0):
            # a three-digit ISCO code is a minor group, except that of the armed forces, which begin with a zero
            isco = layout["target" if side == "target" else "source"] in ("isco08", "isco88")
            short = usable[side].str.contains(r"^[123]10$" if isco else rf"^\d{{1,{width - 1}}}$")
            if short.any():
                notes.append(f"{int(short.sum())} {side}s had lost leading zeros")
                usable = usable.with_columns(
                    pl.when(short).then(pl.col(side).str.zfill(width)).otherwise(side).alias(side)
                )
    usable = usable.with_columns(pl.col("code").str.extract(r"([^/]+)$"))
    if has_relation:
        if _said_of_code(usable):
            notes.append("relations say what the code is to the target; turned round")
            usable = usable.with_columns(said=pl.col("said").replace_strict(INVERSE))
        group = pl.col("target").str.contains("/isco/C") & (pl.col("said") == "narrow")
        matched = usable.with_columns(match=pl.when(group).then(pl.lit("broad")).otherwise("said"))
    else:
        matched = usable.with_columns(match=_by_partners())
        if layout["target"] == "isco08":
            group = pl.col("target").str.len_chars() < 4
            matched = matched.with_columns(match=pl.when(group).then(pl.lit("broad")).otherwise("match"))
    source = layout["source"] if layout["source"] != "national" else _name(file)
    return weighted(source or "", layout["target"] or "", matched.drop("row", "said", "file"), notes)


def _national_first(table: pl.DataFrame) -> pl.DataFrame:
    """ESCO as the target, whichever of the two sides of the file it is on."""
    left = table["code"].str.contains(f"{ESCO}occupation").mean() or 0.0
    right = table["target"].str.contains(f"{ESCO}occupation").mean() or 0.0
    if float(left) <= float(right):  # type: ignore[arg-type]
        return table
    turned = {"code": "target", "label": "target_label", "target": "code", "target_label": "label"}
    return table.select(
        pl.col("row"),
        *(pl.col(old).alias(new) for new, old in turned.items()),
        pl.col("said").replace(INVERSE),
        pl.col("file"),
    )


def _said_of_code(table: pl.DataFrame) -> bool:
    """Whether `broad` in this file means that the code is the broader side.

    Evidence: among rows called broad (narrow), the broader (narrower) side has more (fewer) partners than the other.
    """
    occupations = table.filter(~pl.col("target").str.contains("/isco/C"))
    evidence = 0.0
    for said, sign in (("broad", 1.0), ("narrow", -1.0)):
        rows = occupations.filter(pl.col("said") == said)
        if len(rows):
            evidence += (
                sign * len(rows) / len(occupations) * math.log(rows["target"].n_unique() / rows["code"].n_unique())
            )
    return evidence > 0


def _by_partners() -> pl.Expr:
    """The match of a table without relations, by how many partners each side has."""
    targets, codes = pl.len().over("code"), pl.len().over("target")
    return (
        pl.when((targets == 1) & (codes == 1))
        .then(pl.lit("exact"))
        .when(targets == 1)
        .then(pl.lit("broad"))
        .when(codes == 1)
        .then(pl.lit("narrow"))
        .otherwise(pl.lit("close"))
    )


def _name(file: str) -> str:
    """`national-bg` of `BG_mapping_23.08.2021.csv`; `onet` of `crosswalk_esco_onet.csv`."""
    if "onet" in file.casefold():
        return "onet"
    country = re.match(r"([A-Za-z]{2})_", file)
    return f"national-{country[1].lower()}" if country else Path(file).stem


def _edition(file: str) -> str:
    """What tells two tables of one country apart: `20230607` of `FR_20230607_mapping_esco_rome.csv`."""
    return "-".join(re.findall(r"\d[\d.]*\d", Path(file).stem)) or Path(file).stem


@cache
def _layouts() -> tuple[Layout, ...]:
    table = pl.read_csv(folder("datasets") / "intake" / "concordances.csv", infer_schema_length=0)
    return tuple(table.to_dicts())


@cache
def _headers() -> frozenset[str]:
    keys = ("code", "label", "to", "to_label", "relation", "file")
    return frozenset(
        fold(name) for layout in _layouts() for key in keys for name in (layout[key] or "").split("|") if name
    )


def _known(cells: Sequence[str]) -> int:
    return len({key for cell in cells if (key := fold(cell)) in _headers()})


def _first(names: dict[str, str], wanted: str | None) -> str | None:
    return next((names[fold(name)] for name in (wanted or "").split("|") if name and fold(name) in names), None)
