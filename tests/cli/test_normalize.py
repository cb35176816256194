"""`skillbridge normalize` on the bundled pack."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from skillbridge.cli.normalize import normalize_command
from skillbridge.errors import BadInput


def run(*arguments: object, text: bytes | None = None) -> str:
    result = CliRunner().invoke(normalize_command, [str(a) for a in arguments], input=text, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_titles_become_ranked_concepts(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "id,text,lang\na,Fruit picker,en\nb,Heavy truck driver,\nc,,en\n", encoding="utf-8"
    )
    said = run(tmp_path / "in.csv", "--kind", "occupation", "--lang", "en", "--limit", 3, "--out", tmp_path / "out.csv")
    assert said.startswith("3 texts: ")
    out = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    assert out.columns[:8] == ["id", "text", "rank", "concept_uri", "notation", "label", "score", "method"]
    first = {row["id"]: row["notation"] for row in out.filter(pl.col("rank") == "1").to_dicts()}
    assert first == {"a": "9211", "b": "8332", "c": None}
    assert out.filter(pl.col("id") == "a")["rank"].to_list() == ["1", "2", "3"]


def test_standard_input_is_read_and_rows_are_numbered(tmp_path: Path) -> None:
    run("-", "--kind", "occupation", "--out", tmp_path / "out.parquet", text=b"text\nnurse\n")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["id"].unique().to_list() == ["1"]
    assert out["notation"][0] == "2221"


@pytest.mark.parametrize("content", ["", "title\nnurse\n", 'text\n"unclosed\n"a"b,c\n'])
def test_a_file_without_texts_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "in.csv").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput):
        run(tmp_path / "in.csv", "--kind", "occupation", "--out", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
