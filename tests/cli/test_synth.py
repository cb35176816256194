"""`skillbridge synth`: the same file for the same seed."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from skillbridge.cli.synth import synth_command
from skillbridge.errors import BadInput
from skillbridge.tables import VACANCIES, WORKERS


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(synth_command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        output = run("workers", "--n", "500", "--seed", "4", "--out", tmp_path / f"{name}.csv")
        assert "500 synthetic workers" in output
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_parquet_and_csv_hold_the_same_people(tmp_path: Path) -> None:
    for kind in ("csv", "parquet"):
        run("workers", "--n", "300", "--seed", "4", "--partnership", "nz-rse", "--out", tmp_path / f"a.{kind}")
    parquet = pl.read_parquet(tmp_path / "a.parquet")
    assert dict(parquet.schema) == WORKERS
    assert pl.read_csv(tmp_path / "a.csv", schema_overrides=WORKERS).equals(parquet)


def test_workers_can_aim_at_vacancies(tmp_path: Path) -> None:
    run("vacancies", "--n", "50", "--seed", "1", "--partnership", "nz-rse", "--out", tmp_path / "v.parquet")
    demand = pl.read_parquet(tmp_path / "v.parquet")
    assert dict(demand.schema) == VACANCIES
    arguments = ("--n", "2000", "--seed", "1", "--partnership", "nz-rse", "--vacancies", tmp_path / "v.parquet")
    run("workers", *arguments, "--out", tmp_path / "w.parquet")
    past = pl.read_parquet(tmp_path / "w.parquet")["past"].drop_nulls().str.extract(r"^([^:]+):")
    assert set(past) <= set(demand["employer_id"])


def test_an_unknown_extension_or_partnership_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.csv or \.parquet"):
        run("workers", "--n", "1", "--seed", "1", "--out", tmp_path / "a.xlsx")
    with pytest.raises(BadInput, match="no synthetic parameters for 'atlantis'"):
        run("workers", "--n", "1", "--seed", "1", "--partnership", "atlantis", "--out", tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []
