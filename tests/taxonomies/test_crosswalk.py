"""Crosswalk packs: one to many stays many, weights add up, direction is kept, titles decide."""

from pathlib import Path

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.taxonomies.crosswalk import best, crosswalk, library, load, save, weighted


def resolved(*rows: tuple[int, str, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"item": pl.UInt32, "isco": pl.String, "score": pl.Float32}, orient="row")


@pytest.mark.parametrize("name", library())
def test_every_bundled_pack_loads_and_its_weights_sum_to_one(name: str) -> None:
    pack = load(name)
    sums = pack.table.group_by("code").agg(pl.col("weight").sum())["weight"]
    assert sums.is_between(0.999999, 1.000001).all()
    assert pack.table.select("code", "target").is_duplicated().any() is False
    if pack.target == "isco08":
        assert pack.table["target"].str.contains(r"^\d{3,4}$").all()
        assert set(pack.table.filter(pl.col("target").str.len_chars() == 3)["match"]) <= {"broad"}


@pytest.mark.parametrize("name", [name for name in library() if name.endswith("--isco08")])
def test_every_target_is_a_group_of_the_core_pack(name: str) -> None:
    from skillbridge.resources import folder

    concepts = pl.read_csv(folder("taxonomies") / "core" / "concepts.csv", infer_schema_length=0)
    assert set(load(name).table["target"]) <= set(concepts["notation"])


def test_a_soc_code_keeps_all_its_five_groups_with_the_likely_one_first() -> None:
    found = crosswalk(["45-2092"], "soc2010--isco08")
    assert found["target"].to_list()[:3] == ["9211", "9214", "9213"]
    assert set(found["target"]) == {"9211", "9213", "9214", "6310", "6330"}
    assert found["weight"].sum() == pytest.approx(1)


def test_codes_are_known_with_suffixes_without_dashes_and_by_their_prefix() -> None:
    soc = crosswalk(["45-2092.02", "452092", " 45-2092 "], "soc2010--isco08")
    assert soc.group_by("item").agg(pl.col("target").first()).sort("item")["target"].to_list() == ["9211"] * 3
    naics = crosswalk(["561730", "111998"], "naics--isic4")
    assert naics["target"].to_list() == ["8130", "0119"]


def test_unknown_codes_have_no_row_and_items_keep_their_numbers() -> None:
    found = crosswalk([None, "nope", "47-2061", ""], "soc2010--isco08")
    assert set(found["item"]) == {2}
    assert best(found, 4)["target"].to_list() == [None, None, "9313", None]


def test_a_title_decides_among_the_targets_of_a_code() -> None:
    found = crosswalk(
        ["45-2092"] * 3, "soc2010--isco08", titles=resolved((0, "9214", 0.9), (1, "9211", 0.9), (2, "9214", 0.1))
    )
    assert best(found, 3)["target"].to_list() == ["9214", "9211", "9211"]
    assert found.group_by("item").agg(pl.col("weight").sum())["weight"].to_list() == pytest.approx([1, 1, 1])


def test_a_title_alone_answers_where_the_code_is_unknown() -> None:
    found = crosswalk(["99-9999", None], "soc2010--isco08", titles=resolved((0, "5120", 0.6), (0, "9412", 0.2)))
    assert found.select("item", "code", "target", "match").rows() == [
        (0, "99-9999", "5120", "title"),
        (0, "99-9999", "9412", "title"),
    ]


def test_a_title_in_a_sister_group_helps_when_it_names_no_target() -> None:
    plain = crosswalk(["45-2091"], "soc2010--isco08")
    found = crosswalk(["45-2091"], "soc2010--isco08", titles=resolved((0, "8342", 0.9)))
    weight = dict(found.select("target", "weight").rows())
    assert weight["8341"] > dict(plain.select("target", "weight").rows())["8341"]


def test_the_inverse_turns_broad_into_narrow() -> None:
    table = pl.DataFrame({"code": ["a", "b", "c"], "target": ["X", "X", "Y"], "match": ["broad", "broad", "exact"]})
    inverse = weighted("s", "t", table).inverse()
    assert inverse.table.select("code", "target", "match", "weight").rows() == [
        ("X", "a", "narrow", 0.5),
        ("X", "b", "narrow", 0.5),
        ("Y", "c", "exact", 1.0),
    ]
    assert (inverse.source, inverse.target) == ("t", "s")


def test_leading_zeros_are_kept() -> None:
    assert load("noc2011--isco08").table.filter(pl.col("code") == "0631")["target"].to_list() == ["1412"]
    assert "0110" in set(load("soc2010--isco08").table["target"])


def test_a_pack_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    pack = load("soc2010--isco08")
    again = load(save(pack, tmp_path))
    assert again.table.drop("weight").equals(pack.table.drop("weight"))
    assert (again.table["weight"] - pack.table["weight"]).abs().max() == pytest.approx(0, abs=1e-12)


def test_a_missing_or_malformed_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no anzsco--isco08; expected one of"):
        load("anzsco--isco08")
    bad = tmp_path / "a--b.csv"
    bad.write_text("code,target,match\n1,2,similar\n")
    with pytest.raises(BadInput, match="code 1: match 'similar'; expected exact, close, broad, narrow"):
        load(bad)
    bad.write_text("code,aim\n1,2\n")
    with pytest.raises(BadInput, match="no column match, target"):
        load(bad)
