"""From one classification's codes to another's: packs of weighted, typed matches, combined with what a title says.

A pack is a table `code, label, target, target_label, match, prior`. `match` is seen from the code: `exact`, `close`
(they overlap), `broad` (the target is broader than the code) or `narrow` (the target covers only a part of the code).
One code may have several targets and keeps them all, with weights that sum to 1. Codes are text; leading zeros matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.resources import folder
from skillbridge.tables import replace_file

STRENGTH = {"exact": 1.0, "close": 0.8, "broad": 0.6, "narrow": 0.5}
"""How much a kind of match weighs against the others of its code."""
TITLE_TRUST = 12.0
"""How much a title understood with a score raises the target it names: weight times 1 + TITLE_TRUST x score squared."""
INVERSE = {"exact": "exact", "close": "close", "broad": "narrow", "narrow": "broad"}

COLUMNS: dict[str, pl.DataType] = {
    "code": pl.String(),
    "label": pl.String(),
    "target": pl.String(),
    "target_label": pl.String(),
    "match": pl.String(),
    "weight": pl.Float64(),
}


@dataclass(frozen=True)
class Crosswalk:
    """A table COLUMNS, sorted by code and falling weight; `notes` says what was odd in its source."""

    source: str
    target: str
    table: pl.DataFrame
    notes: tuple[str, ...] = ()

    def inverse(self) -> "Crosswalk":
        """The same matches read the other way: broad becomes narrow, weights are shared out anew."""
        turned = self.table.select(
            code="target",
            label="target_label",
            target="code",
            target_label="label",
            match=pl.col("match").replace_strict(INVERSE),
            prior=pl.lit(1.0),
        )
        return weighted(self.target, self.source, turned, self.notes)


def library() -> list[str]:
    """The ids of the bundled packs, as `soc2010--isco08`."""
    return sorted(path.stem for path in (folder("taxonomies") / "crosswalks").glob("*--*.csv"))


def load(name: str | Path) -> Crosswalk:
    """The pack of a bundled id (`soc2010--isco08`) or of a file `<from>--<to>.csv`.

    Raises `BadInput` if there is none or it is not a pack.
    """
    path = name if isinstance(name, Path) else folder("taxonomies") / "crosswalks" / f"{name}.csv"
    if not path.is_file():
        raise BadInput("crosswalk", f"there is no {name}", "one of " + ", ".join(library()) + ", or a file")
    source, _, target = path.stem.partition("--")
    table = pl.read_csv(path, infer_schema_length=0)
    missing = {"code", "target", "match"} - set(table.columns)
    if missing:
        raise BadInput(str(path), f"no column {', '.join(sorted(missing))}", "columns code, target, match")
    wrong = table.filter(~pl.col("match").is_in(list(STRENGTH)))
    if len(wrong):
        raise BadInput(f"{path}, code {wrong['code'][0]}", f"match {wrong['match'][0]!r}", ", ".join(STRENGTH))
    return weighted(source, target, table)


def save(pack: Crosswalk, directory: Path) -> Path:
    """The file `<from>--<to>.csv` written into `directory`, for `load` to read again with the same weights."""
    path = directory / f"{pack.source}--{pack.target}.csv"
    strength = pl.col("match").replace_strict(STRENGTH, return_dtype=pl.Float64)
    table = pack.table.with_columns(prior=pl.col("weight") / strength).drop("weight")
    replace_file(path, lambda temporary: table.write_csv(temporary))
    return path


def weighted(source: str, target: str, table: pl.DataFrame, notes: Sequence[str] = ()) -> Crosswalk:
    """A crosswalk whose weights are each code's shares of `prior` (1 if absent) times the strength of the match."""
    full = table.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in ("label", "target_label") if name not in table.columns
    )
    prior = pl.col("prior").cast(pl.Float64).fill_null(1.0) if "prior" in table.columns else pl.lit(1.0)
    raw = full.with_columns(weight=prior * pl.col("match").replace_strict(STRENGTH, return_dtype=pl.Float64))
    best = raw.sort("code", "target", "weight", descending=[False, False, True]).unique(
        ["code", "target"], keep="first", maintain_order=True
    )
    shared = best.with_columns(weight=pl.col("weight") / pl.col("weight").sum().over("code"))
    ordered = shared.select(list(COLUMNS)).sort("code", "weight", "target", descending=[False, True, False])
    return Crosswalk(source, target, ordered, tuple(notes))


def crosswalk(
    codes: Sequence[str | None] | pl.Series, pack: Crosswalk | str | Path, titles: pl.DataFrame | None = None
) -> pl.DataFrame:
    """item (u32, row of the input), code, target, match, weight: every target of every code, the best first.

    A code unknown to the pack is tried without its suffix (SOC 45-2092.00 -> 45-2092) and by its prefixes (NAICS 561730
    -> 56173); unknown ones have no row. With `titles` (the frame `resolve` gives for the same items: item, isco, score)
    the weights are those of code and title together: a target that the title names gains, and a title alone decides
    where the code is unknown (match `title`).
    """
    chosen = pack if isinstance(pack, Crosswalk) else load(pack)
    asked = pl.DataFrame({"asked": pl.Series(codes, dtype=pl.String)}).with_row_index("item")
    known = set(chosen.table["code"])
    spelled = {code: _known(code, known) for code in asked["asked"].unique() if code is not None}
    found = (
        asked.with_columns(code=pl.col("asked").replace_strict(spelled, default=None, return_dtype=pl.String))
        .join(chosen.table, on="code", how="inner")
        .select("item", pl.col("asked").alias("code"), "target", "match", "weight")
    )
    if titles is not None:
        found = combine(found, titles, asked["asked"])
    return found.sort("item", "weight", "target", descending=[False, True, False])


@cache
def targets(code: str, name: str) -> tuple[tuple[str, float], ...]:
    """(target, weight) of one code in the bundled pack `name`, the best first; empty if it is unknown there."""
    found = crosswalk([code], _bundled(name))
    return tuple(zip(found["target"].to_list(), found["weight"].to_list(), strict=True))


@cache
def _bundled(name: str) -> Crosswalk:
    return load(name)


def combine(mapped: pl.DataFrame, resolved: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """The weights of `mapped` (item, code, target, match, weight) raised by what the titles were understood as.

    `resolved` has item, isco and score (0..1). A target gains by the best score of a reading in the same group; where
    no reading names a target, by half the score of one in the same minor group. Where a code led nowhere the readings
    themselves are the answer.
    """
    readings = (
        resolved.filter(pl.col("isco").is_not_null())
        .group_by("item", "isco")
        .agg(pl.col("score").max().cast(pl.Float64))
        .with_columns(pl.col("item").cast(pl.UInt32))
    )
    bare = pl.col("target").str.strip_prefix(ISCO)
    same = readings.select("item", bare_target="isco", same="score")
    near = readings.group_by("item", minor=pl.col("isco").str.slice(0, 3)).agg(near=pl.col("score").max() / 2)
    raised = (
        mapped.with_columns(bare_target=bare, minor=bare.str.slice(0, 3))
        .join(same, on=["item", "bare_target"], how="left")
        .join(near, on=["item", "minor"], how="left")
        .with_columns(
            said=pl.when(pl.col("same").is_not_null().any().over("item")).then("same").otherwise("near").fill_null(0.0)
        )
        .with_columns(weight=pl.col("weight") * (1 + TITLE_TRUST * pl.col("said") ** 2))
        .with_columns(weight=pl.col("weight") / pl.col("weight").sum().over("item"))
        .select(mapped.columns)
    )
    alone = (
        readings.join(mapped.select("item").unique(), on="item", how="anti")
        .with_columns(
            code=pl.lit(codes).gather(pl.col("item")) if len(codes) else pl.lit(None, dtype=pl.String),
            match=pl.lit("title"),
            weight=pl.col("score") / pl.col("score").sum().over("item"),
        )
        .select("item", "code", target="isco", match="match", weight="weight")
    )
    return pl.concat([raised, alone], how="vertical_relaxed")


def best(found: pl.DataFrame, items: int) -> pl.DataFrame:
    """code-wise winners: target and weight for items 0..items-1, null where nothing was found."""
    first = found.sort("item", "weight", "target", descending=[False, True, False]).unique("item", keep="first")
    every = pl.DataFrame({"item": pl.Series(range(items), dtype=pl.UInt32)})
    return every.join(first.select("item", "target", "match", "weight"), on="item", how="left").sort("item")


def _known(code: str, known: set[str]) -> str | None:
    """The form of `code` that the pack knows: itself, without its suffix, or its longest known prefix."""
    text = code.strip()
    if text in known:
        return text
    stem = text.partition(".")[0]
    if stem in known:
        return stem
    digits = stem.replace("-", "")
    if digits.isdigit() and "-" not in stem:
        for length in range(len(digits) - 1, 1, -1):
            if digits[:length] in known:
                return digits[:length]
    dashed = f"{digits[:2]}-{digits[2:6]}"
    return dashed if dashed in known else None
