"""Corrections: told once, known from then on, taken back when told so."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbridge.errors import BadInput, BadInputs
from skillbridge.model import ISCO
from skillbridge.taxonomies import pack
from skillbridge.taxonomies.fold import fold
from skillbridge.taxonomies.index import open_index
from skillbridge.taxonomies.learn import (
    HISTORY,
    corrections,
    folder_beside,
    history,
    learn,
    read_corrections,
)
from skillbridge.taxonomies.normalizer import resolve
from skillbridge.taxonomies.pack import from_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    concepts = [(ISCO + code, "isco_group", code) for code in ("9211", "5120", "6113")]
    labels = [
        (ISCO + "9211", "en", "crop farm labourer", "preferred"),
        (ISCO + "5120", "en", "cook", "preferred"),
        (ISCO + "6113", "en", "gardener", "preferred"),
        (ISCO + "6113", "es", "jardinero", "preferred"),
    ]
    world = from_tables(
        "world",
        "1",
        concepts=pl.DataFrame(concepts, schema=["concept_uri", "kind", "notation"], orient="row"),
        labels=pl.DataFrame(labels, schema=["concept_uri", "lang", "label", "label_kind"], orient="row"),
        relations=pl.DataFrame(schema={"subject": pl.String, "relation": pl.String, "object": pl.String}),
    )
    return pack.save(world, tmp_path / "world")


def teach(folder: Path, rows: str, header: str = "text,concept,lang") -> None:
    told = folder.parent / "told.csv"
    told.write_text(f"{header}\n{rows}\n", encoding="utf-8")
    read = read_corrections(told, pack.load(folder), who="a clerk", when="2026-03-01")
    learn(read, folder_beside(folder), folder)


def answer(folder: Path, text: str, lang: str | None = "en") -> tuple[str, str]:
    taxonomy = pack.load(folder)
    index = open_index(taxonomy, taxonomy.index_folder, ("occupation",))
    row = resolve([text], index, lang=lang, limit=2).row(0, named=True)
    return row["notation"], row["method"]


def test_a_correction_holds_from_the_next_run_on_however_it_is_spelled(folder: Path) -> None:
    teach(folder, "Cook of weeds,9211,en")
    assert answer(folder, "cook  of WEEDS") == ("9211", "correction")
    assert answer(folder, "cook") == ("5120", "exact")
    row = resolve(["cook of weeds"], pack.load(folder), lang="en", limit=1).row(0, named=True)
    assert (row["score"], row["decision"]) == (1.0, "accept")


def test_the_index_is_not_compiled_again_for_a_correction(folder: Path) -> None:
    answer(folder, "cook")
    stamp = (folder / "compiled" / "index" / "occupation" / "index.toml").stat().st_mtime_ns
    teach(folder, "Cook of weeds,9211,en")
    assert answer(folder, "cook of weeds") == ("9211", "correction")
    assert (folder / "compiled" / "index" / "occupation" / "index.toml").stat().st_mtime_ns == stamp


def test_a_later_correction_replaces_an_earlier_and_an_empty_one_takes_it_back(folder: Path) -> None:
    before = answer(folder, "cook")
    teach(folder, "cook,9211,en")
    teach(folder, f"cook,{ISCO}6113,en")
    assert answer(folder, "cook") == ("6113", "correction")
    teach(folder, "cook,,en")
    assert answer(folder, "cook") == before
    told = history(folder_beside(folder))
    assert told["concept_uri"].to_list() == [f"{ISCO}9211", f"{ISCO}6113", None]
    assert told.row(0, named=True) | {"who": "a clerk", "when": "2026-03-01"} == told.row(0, named=True)


def test_a_correction_of_one_language_leaves_the_others_alone(folder: Path) -> None:
    teach(folder, "cook,9211,es")
    assert answer(folder, "cook", "en") == ("5120", "exact")
    assert answer(folder, "cook", "es") == ("9211", "correction")


@pytest.mark.parametrize("rows", ["cook,no such concept,en", ",9211,en"])
def test_a_row_that_cannot_be_used_is_named(folder: Path, rows: str) -> None:
    with pytest.raises(BadInputs, match="row 2"):
        teach(folder, rows)
    assert not folder_beside(folder).exists()


def test_a_file_without_concepts_or_with_strange_columns_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="no column concept"):
        teach(folder, "cook", "text")
    with pytest.raises(BadInput, match="unknown columns code"):
        teach(folder, "cook,9211,1", "text,concept,code")


SAID = st.tuples(
    st.sampled_from(["cook", "COOK ", "weeder", "Кухар", "🙂 cook"]) | st.text(min_size=1, max_size=20),
    st.sampled_from(["", "en", "es"]),
    st.sampled_from([None, ISCO + "9211", ISCO + "5120"]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(SAID, max_size=4), min_size=1, max_size=3))
def test_what_holds_is_what_was_said_last_and_all_that_was_said_is_kept(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, sessions: list[list[tuple[str, str, str | None]]]
) -> None:
    learned = tmp_path_factory.mktemp("said") / "world-learned"
    last: dict[tuple[str, str], str | None] = {}
    for said in sessions:
        rows = [(text, lang, "occupation", uri, "a clerk", "2026-03-01") for text, lang, uri in said]
        now = learn(pl.DataFrame(rows, schema=HISTORY, orient="row"), learned, folder)
        last |= {(fold([text])[0], lang): uri for text, lang, uri in said}
    holds = corrections(now).select("text", "lang", "concept_uri").rows()
    assert {(fold([text])[0], lang): uri for text, lang, uri in holds} == {k: uri for k, uri in last.items() if uri}
    assert history(learned)["concept_uri"].to_list() == [uri for said in sessions for _, _, uri in said]
