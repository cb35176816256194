"""Everything collected from real schemes can be written, or is listed with the reason why not."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from skillbridge.partnerships.partnership import KINDS, Partnership, dump, library, load, parse

COVERAGE = list(csv.DictReader(Path(__file__).with_name("coverage.csv").read_text(encoding="utf-8").splitlines()))


def written_as(category: str, parameter: str) -> dict[str, str]:
    found = [row for row in COVERAGE if row["category"] == category and re.fullmatch(row["parameter"], parameter)]
    assert found, f"{category} {parameter} is not mapped"
    return found[0]


@pytest.mark.data
def test_every_collected_rule_is_mapped_and_95_percent_are_expressible(shared_data: Path) -> None:
    with (shared_data / "schemes" / "schemes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 319
    targets = [written_as(row["category"], row["parameter"]) for row in rows]
    text_only = [target for target in targets if target["expressed_as"] == "text-only"]
    assert all(target["note"] for target in text_only)
    assert 1 - len(text_only) / len(rows) >= 0.95


def test_every_target_of_the_mapping_is_a_field_of_a_rule() -> None:
    for row in COVERAGE:
        if row["expressed_as"] == "text-only":
            continue
        kind, field = row["expressed_as"].split(".")
        struct = Partnership if kind == "partnership" else KINDS[kind]
        assert field in struct.__struct_fields__, row


def test_every_kind_of_rule_is_used_by_a_bundled_agreement() -> None:
    used = Counter(rule.kind for name in library() for rule in load(name).rules)
    assert sorted(used) == sorted(KINDS)


_SECTORS = {"horticulture": ["011", "012", "013", "016"], "poultry": "1010"}
_EXPRESSIONS: dict[str, dict[str, Any]] = {
    "age >= 18 and experience('92,61') > 0": {"age_min": 18, "experience_months": 1, "experience_occ": ["92", "61"]},
    "months_since_asylum_benefit >= 24": {"facts": {"months_since_asylum_benefit": {"min": 24}}},
    "language('de') >= 'B1' and licence('2221')": {"languages": {"de": "B1"}, "licences": ["2221"]},
}
_STATUS = {"transferred": "transferred", "extension": "extension"}


def as_file(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of the shared examples in the file format: the same meaning, names and shapes as the reference says."""
    new = {key: value for key, value in rule.items() if value is not None}
    if "valid" in new:
        first, last = new.pop("valid")
        new |= {key: date.fromisoformat(day) for key, day in (("valid_from", first), ("valid_to", last)) if day}
    if "where" in new and "sector" in new["where"]:
        new["where"] = new["where"] | {"sector": _SECTORS[new["where"]["sector"]]}
    if "overrides" in new:
        new["overrides"] = [new["overrides"]]
    if "exempt" in new:
        parts = []
        for key, value in new["exempt"].items():
            parts.append(
                {"worker": _STATUS[key]} if key in _STATUS else {key: {"fish_roe": "7511"}.get(str(value), value)}
            )
        new["exempt"] = parts
    match new["type"]:
        case "eligibility":
            new |= _EXPRESSIONS[new.pop("expr")]
        case "guarantee":
            new["basis"] = "average" if new["basis"].startswith("average") else "each"
        case "housing":
            new["capacity"] = new["capacity"] == "per_site"
        case "cost":
            if "employer_share" in new:
                new["worker_share"] = round(1 - new.pop("employer_share"), 3)
            if "recoverable" in new:
                back = new.pop("recoverable")
                new |= {"recover_share": back["share_of_gross"], "recover_max": back["max"]}
        case "wage":
            floor = new.pop("floor")
            new["floors"] = [floor]
            if "uplift" in new:
                uplift = new.pop("uplift")
                new |= {
                    "uplift_percent": uplift["pct"],
                    "uplift_seasons": int(uplift["when"].removeprefix("seasons >= ")),
                }
        case "quota":
            if "max_table" in new:
                del new["max_table"]
                month = {"month": 1} if "month" in new["per"] else {}
                new["table"] = [
                    dict.fromkeys((name for name in new["per"] if name != "month"), "AL") | month | {"max": 1}
                ]
        case "returning" if "definition" in new:
            within = new["definition"]["same_scheme_within"]
            new["definition"] = {"within": within, "year_start": "10-01"}
        case "group" | "mobility" | "compliance" | "order" if "key" not in new and new.get("method") == "first_come":
            new["key"] = "received_at"
        case "brain_drain":
            if "max_share_of" in new:
                new["percent"] = new.pop("max_share_of")["pct"]
                new["stock"] = [{"origin": "GH", "active": 40000}]
            new.pop("strictness")
        case "share":
            new["who"] = {new.pop("attribute"): new.pop("value")}
    return new


@pytest.mark.data
def test_the_examples_of_six_schemes_can_be_written_and_read_back(shared_data: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML reads the shared examples")
    schemes = yaml.safe_load((shared_data / "schemes" / "partnership_examples.yaml").read_text(encoding="utf-8"))
    assert sum(len(scheme["rules"]) for scheme in schemes) == 44
    for scheme in schemes:
        rules = [as_file(rule) for rule in scheme["rules"]]
        name = scheme["partnership"].lower()
        document = {
            "id": name,
            "title": name,
            "kind": "skill_partnership" if name.startswith("gsp") else "national_scheme",
            "owner": "destination",
            "version": "1",
            "destination": scheme["destination"],
            "origins": scheme.get("origins", []),
            "references": [{"id": "NZ.min_wage", "amount": 23.5, "currency": "NZD"}],
            "rules": rules,
        }
        text = tomli_w.dumps(document).replace('"GSP-NURSE"', f'"{name}"')
        partnership = parse(text, name)
        assert [rule.id for rule in partnership.rules] == [rule["id"] for rule in scheme["rules"]]
        assert [rule.kind for rule in partnership.rules] == [rule["type"] for rule in scheme["rules"]]
        assert parse(dump(partnership)) == partnership
        assert msgspec.json.decode(msgspec.json.encode(partnership), type=Partnership) == partnership
