"""Tables between classifications, as published."""

from pathlib import Path

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import read_crosswalks
from skillbridge.taxonomies.crosswalk import Crosswalk, crosswalk, load, save

ESCO = "http://data.europa.eu/esco/occupation/"


def national(shared_data: Path) -> dict[str, Crosswalk]:
    return {pack.source: pack for pack in read_crosswalks(shared_data / "crosswalks" / "national_to_esco.csv.gz")}


@pytest.mark.data
def test_all_national_tables_are_read_and_nothing_is_lost_without_a_note(shared_data: Path) -> None:
    path = shared_data / "crosswalks" / "national_to_esco.csv.gz"
    packs = read_crosswalks(path)
    assert len(packs) == 14
    assert len({pack.source for pack in packs}) == 14
    assert {pack.source.removeprefix("national-").partition("-")[0] for pack in packs} == {
        *("bg", "cz", "de", "ee", "es", "fr", "lv", "nl", "onet", "ro", "se", "si")
    }
    left_out = sum(int(note.split()[0]) for pack in packs for note in pack.notes if "left out" in note)
    rows = pl.read_csv(path, infer_schema_length=0)
    once = rows.filter(pl.col("source_code").is_not_null() & pl.col("esco_uri").is_not_null()).select(
        "source_file", pl.col("source_code").str.extract(r"([^/]+)$"), "esco_uri"
    )
    assert left_out == 19
    assert sum(len(pack.table) for pack in packs) == once.unique().height


@pytest.mark.data
@pytest.mark.parametrize("source", ["national-bg", "national-cz", "national-nl", "onet"])
def test_relations_that_describe_the_code_are_turned_round(shared_data: Path, source: str) -> None:
    pack = national(shared_data)[source]
    assert any("turned round" in note for note in pack.notes)
    narrow = pack.table.filter((pl.col("match") == "narrow") & ~pl.col("target").str.contains("/isco/"))
    assert len(narrow) / narrow["code"].n_unique() > len(narrow) / narrow["target"].n_unique()


@pytest.mark.data
@pytest.mark.parametrize("source", ["national-fr-20230607", "national-de"])
def test_relations_that_describe_the_target_stay(shared_data: Path, source: str) -> None:
    pack = national(shared_data)[source]
    assert not any("turned round" in note for note in pack.notes)
    broad = pack.table.filter(pl.col("match") == "broad")
    assert len(broad) / broad["target"].n_unique() > len(broad) / broad["code"].n_unique()


@pytest.mark.data
def test_an_isco_group_is_never_narrower_than_a_national_code(shared_data: Path) -> None:
    for pack in national(shared_data).values():
        groups = pack.table.filter(pl.col("target").str.contains("/isco/"))
        assert "narrow" not in set(groups["match"])


@pytest.mark.data
def test_lost_leading_zeros_are_put_back(shared_data: Path) -> None:
    (noc,) = read_crosswalks(shared_data / "crosswalks" / "noc_2021_2016.csv")
    assert crosswalk(["0011", "0112"], noc)["target"].to_list()[0] == "00010"
    assert noc.table["code"].str.len_chars().unique().to_list() == [4]
    (sinco,) = read_crosswalks(shared_data / "crosswalks" / "mexico_sinco2011_isco08.csv")
    assert sinco.table.filter(pl.col("target").str.len_chars() < 4)["match"].unique().to_list() in ([], ["broad"])
    assert "0000" not in set(sinco.table["target"])


@pytest.mark.data
def test_the_bundled_soc_pack_has_the_published_pairs(shared_data: Path) -> None:
    (published,) = read_crosswalks(shared_data / "crosswalks" / "bls_soc2010_isco08_with_part_flag.csv")
    ours = load("soc2010--isco08").table.select("code", "target").sort("code", "target")
    assert ours.equals(published.table.select("code", "target").sort("code", "target"))


def test_the_published_layout_with_a_preamble_in_either_order(tmp_path: Path) -> None:
    rows = [
        ("11", "miller", "exactMatch", f"{ESCO}a", "miller"),
        ("12", "baker", "skos:broadMatch", f"{ESCO}b", "cook"),
    ]
    rows += [("13", "roaster", "skos:broadMatch", f"{ESCO}b", "cook"), ("14", "x", "no relation", "", "")]
    one, two = "Classification 1", "Classification 2"
    header = f"{one} CODE,{one} PrefLabel,Mapping relation,{two} URI,{two} PrefLabel\n"
    straight = tmp_path / "XX_mapping_1.csv"
    straight.write_text("Mapping,,,,\nof 2021,,,,\n" + header + "".join(",".join(row) + "\n" for row in rows))
    inverse = {"exactMatch": "exactMatch", "skos:broadMatch": "skos:narrowMatch", "no relation": "no relation"}
    turned = tmp_path / "XX_mapping_2.csv"
    header = f"{one} URI,{one} PrefLabel,Mapping relation,{two} CODE,{two} PrefLabel\n"
    turned.write_text(header + "".join(f"{u},{ul},{inverse[r]},{c},{cl}\n" for c, cl, r, u, ul in rows))
    (first,), (second,) = read_crosswalks(straight), read_crosswalks(turned)
    assert first.source == second.source == "national-xx"
    assert first.table.equals(second.table)
    assert dict(first.table.select("code", "match").rows()) == {"11": "exact", "12": "broad", "13": "broad"}
    assert load(save(first, tmp_path)).table.equals(first.table)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="no known header"):
        read_crosswalks(path)
