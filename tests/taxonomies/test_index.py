"""The compiled index: what it is made of, when it is used again, and what it says when it is broken."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from skillbridge.errors import BadInput, Corrupt
from skillbridge.model import ISCO
from skillbridge.taxonomies.index import ESCO, compile_index, favour, named, open_index, read_titles
from skillbridge.taxonomies.normalizer import resolve
from skillbridge.taxonomies.pack import Taxonomy, from_tables

COOK, NURSE, ODD, WELD = "esco:cook", "esco:nurse", "esco:odd", "esco:weld"


@pytest.fixture
def world() -> Taxonomy:
    concepts = [
        (COOK, "occupation", "5120.1", "5120"),
        (NURSE, "occupation", "2221.1", "2221"),
        (ODD, "occupation", None, None),
        (ISCO + "5", "isco_group", "5", None),
        (ISCO + "5120", "isco_group", "5120", "5120"),
        (WELD, "skill", None, None),
    ]
    labels = [
        (COOK, "en", "cook", "preferred"),
        (COOK, "de", "Koch", "preferred"),
        (NURSE, "en", "nurse", "preferred"),
        (ODD, "en", "odd-job person", "preferred"),
        (ODD, "en", "  ", "alternative"),
        (ISCO + "5", "en", "Service and sales workers", "preferred"),
        (ISCO + "5120", "en", "Cooks", "preferred"),
        (WELD, "en", "weld metal", "preferred"),
    ]
    return from_tables(
        "world",
        "1",
        concepts=pl.DataFrame(concepts, schema=["concept_uri", "kind", "notation", "isco"], orient="row"),
        labels=pl.DataFrame(labels, schema=["concept_uri", "lang", "label", "label_kind"], orient="row"),
        relations=pl.DataFrame(schema={"subject": pl.String, "relation": pl.String, "object": pl.String}),
    )


def test_a_concept_without_notation_or_group_is_found_all_the_same(world: Taxonomy) -> None:
    branch = compile_index(world, ("occupation",)).branch("occupation")
    assert dict(zip(branch.concepts["concept_uri"], branch.is_broad, strict=True)) == {
        ODD: False, COOK: False, NURSE: False, ISCO + "5": True, ISCO + "5120": False,
    }  # fmt: skip
    assert resolve(["odd job person"], world, lang="en", limit=1)["concept_uri"].item() == ODD


def test_blank_labels_are_not_searched(world: Taxonomy) -> None:
    assert compile_index(world).branch("occupation").labels["label"].str.strip_chars().str.len_chars().min() == 4


def test_an_index_saved_is_the_index_loaded(world: Taxonomy, tmp_path: Path) -> None:
    made, again = open_index(world, tmp_path), open_index(world, tmp_path)
    assert sorted(again.branches) == ["occupation", "skill"]
    for kind, branch in made.branches.items():
        same = again.branch(kind)
        assert branch.concepts.equals(same.concepts)
        assert branch.labels.equals(same.labels)
        assert branch.languages == same.languages
        assert sorted(branch.arrays) == sorted(same.arrays)
        assert all(np.array_equal(array, same.arrays[name]) for name, array in branch.arrays.items())


def test_compiling_twice_gives_the_same_answers(world: Taxonomy) -> None:
    first, second = (resolve(["koch", "nurses"], compile_index(world), limit=3) for _ in range(2))
    assert first.equals(second)


def test_an_index_of_another_text_is_not_used(world: Taxonomy, tmp_path: Path) -> None:
    open_index(world, tmp_path, ("occupation",))
    more = pl.concat([world.labels, world.labels.filter(pl.col("label") == "cook").with_columns(label=pl.lit("chef"))])
    changed = from_tables(
        "world", "1", concepts=world.concepts, labels=more, relations=world.relations
    )  # fmt: skip
    found = resolve(["chef"], open_index(changed, tmp_path, ("occupation",)), lang="en", limit=1)
    assert (found["concept_uri"].item(), found["method"].item()) == (COOK, "exact")


def test_a_broken_index_is_said_to_be_broken(world: Taxonomy, tmp_path: Path) -> None:
    open_index(world, tmp_path, ("occupation",))
    for name in ("label.feature.npy", "labels.arrow", "index.toml"):
        path = tmp_path / "occupation" / name
        whole = path.read_bytes()
        path.write_bytes(b"nothing of the kind")
        with pytest.raises(Corrupt, match="remove the folder"):
            open_index(world, tmp_path, ("occupation",))
        path.write_bytes(whole)
    assert len(open_index(world, tmp_path, ("occupation",)).branches) == 1


def test_progress_goes_from_nothing_to_all(world: Taxonomy, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    open_index(world, tmp_path, progress=lambda kind, share: told.append((kind, share)))
    for kind in ("occupation", "skill"):
        shares = [share for name, share in told if name == kind]
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_titles_teach_the_classifier_and_are_not_searched(world: Taxonomy, tmp_path: Path) -> None:
    titles = read_titles(write(tmp_path / "t.csv", f"text,concept\nzzyzx hand,{NURSE}\nunknown,esco:none\n"), world)
    assert titles.rows() == [(NURSE, "zzyzx hand")]
    index = compile_index(world, ("occupation",), titles=titles)
    found = resolve(["zzyzx hand"], index, lang="en", limit=1)
    assert found["concept_uri"].item() == NURSE
    assert "zzyzx hand" not in index.branch("occupation").labels["label"].to_list()


def test_an_index_remembers_how_many_titles_it_has_learned_from(world: Taxonomy, tmp_path: Path) -> None:
    titles = pl.DataFrame({"concept_uri": [NURSE, COOK], "label": ["zzyzx hand", "grub chief"]})
    assert open_index(world, tmp_path, ("occupation",)).branch("occupation").titles == 0
    open_index(world, tmp_path, ("occupation",), titles=titles)
    assert open_index(world, tmp_path, ("occupation",)).branch("occupation").titles == 2


def test_an_index_is_compiled_again_for_other_titles_only(world: Taxonomy, tmp_path: Path) -> None:
    titles = pl.DataFrame({"concept_uri": [NURSE, COOK], "label": ["zzyzx hand", "grub chief"]})

    def compilations(taught: pl.DataFrame | None) -> int:
        told: list[float] = []
        open_index(world, tmp_path, ("occupation",), titles=taught, progress=lambda _, share: told.append(share))
        return told.count(1.0)

    assert compilations(None) == 1
    assert compilations(titles) == 1
    assert compilations(titles.reverse()) == 0
    assert compilations(None) == 0
    assert compilations(titles.head(1)) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name,concept\na,esco:cook\n", "columns name, concept"),
        ("text,concept\na,esco:none\n", "none of its 1 rows"),
        ("", "no data|empty"),
    ],
)
def test_a_file_of_titles_that_cannot_teach_is_refused(world: Taxonomy, tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        read_titles(write(tmp_path / "t.csv", text), world)


def test_how_often_a_concept_is_named_is_looked_up_by_its_uri(world: Taxonomy) -> None:
    branch = compile_index(world, ("occupation",)).branch("occupation")
    often = dict(zip(branch.concepts["concept_uri"], branch.often.tolist(), strict=True))
    assert often[ISCO + "5120"] == pytest.approx(favour(np.array([named()[ISCO + "5120"]], np.float32))[0])
    assert often[COOK] == often[ODD] == pytest.approx(np.log(0.3))  # of no classification that is known
    assert often[ISCO + "5120"] > often[COOK]


def test_the_table_of_named_concepts_is_about_the_mean() -> None:
    table = named()
    assert all(uri.startswith(ESCO) for uri in table)
    assert min(table.values()) > 0
    assert 3629 / len(table) == pytest.approx(sum(table.values()) / len(table), rel=0.01)
