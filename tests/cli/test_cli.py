"""The command line as a contract: names, exit statuses, messages that say where and what was expected."""

import json
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from skillbridge.cli import COMMANDS, cli
from skillbridge.errors import BadInput, BadInputs

CONTRACT = {
    "demo", "taxonomy", "normalize", "import", "synth", "partnership", "plan", "check", "explain", "replan", "roll",
    "journey", "scenario", "shock", "report", "benchmark", "serve", "worker", "user", "key", "backup", "restore",
}  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def skillbridge(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A real process, as a user starts it."""
    command = [sys.executable, "-m", "skillbridge", *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_commands_are_the_contract() -> None:
    assert set(COMMANDS) == CONTRACT


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_exists_and_explains_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    assert run(name, "--help").exit_code == 0


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_says_what_it_is(name: str) -> None:
    def options(command: click.Command) -> list[str]:
        if isinstance(command, click.Group):
            found = []
            for each in command.list_commands(click.Context(command)):
                inner = command.get_command(click.Context(command), each)
                assert inner is not None
                found += [f"{each} {line}" for line in options(inner)]
            return found
        return [
            option.opts[0]
            for option in command.params
            if isinstance(option, click.Option) and not option.help and option.opts[0] not in ("--out", "--seed")
        ]

    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert options(command) == []


def test_help_imports_nothing_heavy() -> None:
    heavy = {"polars", "numpy", "ortools", "litestar", "msgspec"}
    code = f"import sys, skillbridge.cli; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plan_is_made_checked_and_explained(tmp_path: Path) -> None:
    season = tmp_path / "season"
    for what, n in (("vacancies", 40), ("workers", 200)):
        made = run("synth", what, "--n", n, "--seed", 2, "--partnership", "nz-rse", "--out", f"{season}-{what}.csv")
        assert made.exit_code == 0, made.output
    plan = skillbridge(
        "plan", "--workers", f"{season}-workers.csv", "--vacancies", f"{season}-vacancies.csv",
        "--partnership", "nz-rse", "--seed", 7, "--out", tmp_path / "plan",
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr
    assert "positions filled" in plan.stdout
    assert plan.stderr == ""  # nothing is drawn when piped
    record = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert record["manifest"]["synthetic"] == ["workers", "vacancies"]
    assert {"plan.json", "placements.csv", "unfilled.csv", "unplaced.csv", "certificate.parquet", "report.html"} <= {
        path.name for path in (tmp_path / "plan").iterdir()
    }
    checked = skillbridge("check", tmp_path / "plan", "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["accepted"] is True
    placements = (tmp_path / "plan" / "placements.csv").read_text().splitlines()
    worker = placements[1].split(",")[0]
    explained = skillbridge("explain", tmp_path / "plan", "--worker", worker)
    assert explained.returncode == 0, explained.stderr
    assert worker in explained.stdout

    told = skillbridge("report", tmp_path / "plan", "--for", "public", "--lang", "fr", "--sdmx")
    assert told.returncode == 0, told.stderr
    page = (tmp_path / "plan" / "report-public-fr.html").read_text(encoding="utf-8")
    assert '<html lang="fr" dir="ltr">' in page
    assert worker not in page
    listed = (tmp_path / "plan" / "report-public-fr.sdmx.csv").read_text(encoding="utf-8")
    assert listed.startswith("STRUCTURE,STRUCTURE_ID,ACTION,INDICATOR,ORIGIN,")
    assert ",FILL_RATE,_T," in listed
    assert skillbridge("report", tmp_path, "--sdmx").returncode == 2
    assert skillbridge("check", tmp_path / "plan").returncode == 0  # the page beside the plan changes nothing of it

    (tmp_path / "plan" / "placements.csv").write_text("\n".join(placements[:-1]) + "\n")
    assert skillbridge("check", tmp_path / "plan").returncode == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "expected"),
        (b"name,country\nx,NZ\n", "worker_id"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_exit_2(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "workers.csv"
    path.write_bytes(content)
    found = skillbridge(
        "plan", "--workers", path, "--vacancies", path, "--partnership", "nz-rse", "--out", tmp_path / "plan"
    )
    assert found.returncode == 2
    assert "workers.csv" in found.stderr
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "plan").exists()


def test_an_unknown_partnership_names_the_known_ones(tmp_path: Path) -> None:
    found = skillbridge(
        "plan", "--workers", "w.csv", "--vacancies", "v.csv", "--partnership", "nz-res", "--out", tmp_path / "plan"
    )
    assert found.returncode == 2
    assert "nz-rse" in found.stderr


def test_a_plan_is_made_of_a_list_whose_header_and_country_are_said(tmp_path: Path) -> None:
    made = run("synth", "workers", "--n", 60, "--seed", 2, "--partnership", "nz-rse", "--out", tmp_path / "w.csv")
    assert made.exit_code == 0, made.output
    (tmp_path / "v.csv").write_text(
        "employer,Kontingent,start,end,occupation,wage,wage_unit,currency,hours_week\n"
        "Orchard Ltd,6,2026-11-01,2027-04-30,fruit picker,28.50,hour,NZD,40\n"
    )
    asked = ("plan", "--workers", tmp_path / "w.csv", "--vacancies", tmp_path / "v.csv", "--partnership", "nz-rse",
             "--out", tmp_path / "plan")  # fmt: skip
    refused = run(*asked)
    assert isinstance(refused.exception, BadInput | BadInputs)
    said = run(*asked, "--map", "Kontingent=positions", "--assume", "destination=NZ")
    assert said.exit_code == 0, said.output
    assert json.loads((tmp_path / "plan" / "plan.json").read_text())["counts"]["positions"] == 6
    assert isinstance(run(*asked, "--map", "Kontingent").exception, BadInput)


def test_check_refuses_a_folder_without_a_plan(tmp_path: Path) -> None:
    found = skillbridge("check", tmp_path)
    assert found.returncode == 2
    assert "no plan.json" in found.stderr


def test_ctrl_c_keeps_the_best_plan_so_far(tmp_path: Path) -> None:
    import signal

    command = [sys.executable, "-m", "skillbridge", "demo", "--workers", "6000", "--out", str(tmp_path / "plan")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "synthetic workers" in process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.skip("the plan was done before it could be stopped")
    assert process.returncode == 3, errors
    assert json.loads((tmp_path / "plan" / "plan.json").read_text())["status"] == "stopped"
