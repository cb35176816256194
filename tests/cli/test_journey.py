"""`skillbridge journey`: from a workspace's journeys to ledgers, rates, offers and certificates."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from skillbridge import synth, tables
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.workspace import write
from skillbridge.workspace.views import EventBody, PlacementBody
from tests.workspace.test_returns import WAY, walk
from tests.workspace.world import World, build


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["journey", *(str(one) for one in arguments)])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One person's season by the acts, and a hundred others told straight into the store; a fifth never arrive."""
    world = build(tmp_path_factory.mktemp("journeys") / "ws")
    walk(world)
    ws, officer = world.ws, world.actors["ministry_officer"]
    with ws.acting():
        for number in range(100):
            body = PlacementBody("plan-1", f"x-{number}", "v-1", "employer-1", "nz-test", date(2026, 11, 1),
                                 date(2027, 4, 30), 700, state="arrived")  # fmt: skip
            ws.store.records.create("placement", f"old.{number}", write(body), "unit-ws", ws.now())
            way = ["approved", "offered", "contract_signed", "visa_granted", "departed", "arrived"]
            way = [*way[:3], "withdrawn"] if number % 5 == 0 else way
            for source, to in zip(["proposed", *way], way, strict=False):
                event = EventBody(
                    f"old.{number}", f"x-{number}", source, to, date(2026, 9, 1), officer.account_id, "employer"
                )
                ws.store.records.create("event", f"old.{number}.{to}", write(event), "unit-ws", ws.now())
    return world


def test_the_ledger_is_written_by_pseudonym(world: World, tmp_path: Path) -> None:
    result = run("ledger", "--workspace", world.ws.folder, "--as-of", "2027-05-31", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "up to 2027-05-31: 81 people, 0 of them more than once" in result.output
    ledger = pl.read_csv(tmp_path / "out" / "ledger.csv", try_parse_dates=True)
    mine = ledger.filter(worker_id="w-1").row(0, named=True)
    assert (mine["seasons"], mine["returns"], mine["last_return"]) == (1, 1, WAY["returned"])
    assert ledger["abroad"].sum() == 80
    insured = pl.read_csv(tmp_path / "out" / "insured.csv")
    assert insured["months_worked"].to_list() == [2, 4]
    assert insured["months_unknown"].to_list() == [2, 4]
    assert "Tuilagi" not in "".join(path.read_text() for path in (tmp_path / "out").iterdir())


def test_a_day_in_the_middle_of_a_stay_is_told_and_what_comes_later_is_listed(world: World, tmp_path: Path) -> None:
    result = run("ledger", "--workspace", world.ws.folder, "--as-of", "2026-12-31", "--out", tmp_path / "out")
    assert "2 steps were left out or put in order" in result.output
    mine = pl.read_csv(tmp_path / "out" / "ledger.csv").filter(worker_id="w-1").row(0, named=True)
    assert (mine["abroad"], mine["days_worked"]) == (True, 60)


def test_what_became_of_placements_is_told_by_the_day_and_by_group(world: World, tmp_path: Path) -> None:
    out = tmp_path / "told.csv"
    result = run("indicators", "--workspace", world.ws.folder, "--as-of", "2027-05-31", "--by", "destination",
                 "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "up to 2027-05-31: 101 placements approved" in result.output
    assert "From offer to arrival: 0.802 share" in result.output  # 80 of 100, and the one who came home
    told = pl.read_csv(out).filter(pl.col("indicator") == "conversion")
    assert told.select("slice", "value", "count").rows() == [
        ("", pytest.approx(81 / 101), 101), ("destination=NZ", pytest.approx(81 / 101), 101),
    ]  # fmt: skip
    before = run("indicators", "--workspace", world.ws.folder, "--as-of", "2026-08-31", "--sdmx", "--out", out)
    assert before.exit_code == 0, before.output
    assert "From offer to arrival: -" in before.output
    assert "JOURNEY_INDICATORS" in out.read_text()
    refused = run("indicators", "--workspace", world.ws.folder, "--by", "shoe_size", "--out", out)
    assert isinstance(refused.exception, BadInput)


def test_rates_lead_to_offers_and_offers_to_a_vacancies_file(world: World, tmp_path: Path) -> None:
    rates, out = tmp_path / "rates.csv", tmp_path / "offers"
    result = run("rates", "--workspace", world.ws.folder, "--by", "destination", "--out", rates)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("all: 79.9% arrive")
    assert pl.read_csv(rates)["of"].to_list() == ["all", "NZ"]
    jobs = synth.vacancies(30, 4, ("nz-rse",), year=2026)
    tables.write_chunks(tmp_path / "jobs.csv", [jobs], tables.VACANCIES)
    result = run("offers", "--vacancies", tmp_path / "jobs.csv", "--rates", rates, "--by", "destination",
                 "--risk", 0.1, "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    made, more = pl.read_csv(out / "offers.csv"), pl.read_csv(out / "vacancies.csv")
    assert made["offers"].to_list() == more["positions"].to_list()
    assert made["offers"].sum() > jobs["positions"].sum()
    assert made["risk_too_many"].max() <= 0.1  # type: ignore[operator]


def test_a_certificate_is_issued_and_verified(world: World, tmp_path: Path) -> None:
    key, badge = tmp_path / "seal.pem", tmp_path / "badge.json"
    did = run("key", key).output.strip()
    assert key.stat().st_mode & 0o077 == 0
    issued = run("certificate", "plan-1.1", "--workspace", world.ws.folder, "--key", key, "--issuer", "Ministry",
                 "--out", badge)  # fmt: skip
    assert issued.output.strip() == f"{badge}: signed by {did}"
    held = run("verify", badge, "--issuer", did, "--on", "2030-01-01")
    assert held.exit_code == 0, held.output
    assert held.output.startswith("holds: Season of work in NZ, 2026")
    changed: dict[str, Any] = json.loads(badge.read_text())
    changed["credentialSubject"]["identifier"][0]["identityHash"] = "w-2"
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    assert isinstance(run("verify", tmp_path / "changed.json", "--issuer", did).exception, BadInput)
    assert isinstance(run("verify", badge, "--issuer", "did:web:example.org").exception, BadInput)
    again = run("key", key)
    assert isinstance(again.exception, BadInput)
    assert "never written over" in str(again.exception)
    unsigned = run("certificate", "plan-1.1", "--workspace", world.ws.folder, "--out", tmp_path / "plain.json")
    assert unsigned.output.strip().endswith("not signed (no key given)")


def test_a_folder_without_a_workspace_is_refused(tmp_path: Path) -> None:
    result = run("rates", "--workspace", tmp_path, "--out", tmp_path / "x.csv")
    assert isinstance(result.exception, BadInput)
    assert not (tmp_path / "workspace.sqlite3").exists()
