"""skillbridge partnership, as a ministry officer types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skillbridge.cli.partnership import partnership_command
from skillbridge.errors import BadInput


def run(*words: str) -> Result:
    return CliRunner().invoke(partnership_command, list(words))


def test_list_names_every_bundled_agreement() -> None:
    rows = json.loads(run("list", "--json").stdout)
    assert {
        "us-h2a",
        "us-h2b",
        "ca-sawp",
        "nz-rse",
        "au-palm-short",
        "kr-eps",
        "gb-seasonal",
        "es-gecco",
        "ws-origin",
    } <= {row["id"] for row in rows}
    assert "nz-rse" in run("list").stdout


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar"])
def test_show_tells_every_rule_in_words(language: str) -> None:
    text = run("show", "gb-seasonal", "--lang", language).stdout
    assert "default-no-fees" in text
    rules = json.loads(run("show", "gb-seasonal", "--lang", language, "--json").stdout)["rules"]
    assert all(rule["says"] for rule in rules)


def test_check_tells_everything_wrong_and_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(
        'id = "x"\ntitle = "X"\nkind = "mou"\nowner = "joint"\nversion = "1"\ndestination = ["NZ"]\n'
        '[[rules]]\nid = "a"\ntype = "quota"\nmax = -1\n[[rules]]\nid = "b"\ntype = "quota"\nmaximum = 3\n',
        encoding="utf-8",
    )
    result = run("check", str(file), "nz-rse")
    assert result.exit_code == 2
    assert "bad.toml: rules[0] a.max" in result.stderr
    assert "bad.toml: rules[1] b: unknown key `maximum`" in result.stderr
    assert "nz-rse" in result.stdout
    assert len(json.loads(run("check", str(file), "--json").stdout)["errors"]) == 2


def test_check_shows_where_two_sovereigns_differ() -> None:
    assert "Both bind" in run("check", "ws-origin", "nz-rse").stdout


def test_diff_calendar_and_completeness_speak() -> None:
    assert run("diff", "nz-rse", "nz-rse").stdout == "No difference.\n"
    assert "stay: changed" in run("diff", "au-palm-short", "au-palm-long").stdout
    assert "20,750 visas" in run("calendar", "nz-rse", "--from", "2025-07-01", "--to", "2026-06-30").stdout
    assert "topics covered" in run("completeness", "nz-rse").stdout
    result = run("calendar", "nz-rse", "--from", "2026-07-01", "--to", "2025-06-30")
    assert isinstance(result.exception, BadInput)
