"""Every rule and every reason has words in four languages."""

import re
import string
from pathlib import Path

import pytest

from skillbridge.errors import BadInput
from skillbridge.partnerships.partnership import library, load
from skillbridge.partnerships.wording import LANGUAGES, says, sentence, templates

SOURCE = Path(__file__).resolve().parents[2] / "src" / "skillbridge" / "partnerships"


def test_every_template_has_four_languages_with_the_same_values() -> None:
    for code, texts in templates().items():
        assert len(texts) == len(LANGUAGES), code
        assert all(texts), code
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
        assert all(one == fields[0] for one in fields) or code.startswith("time."), (code, fields)


def test_every_code_in_the_source_has_a_template() -> None:
    kinds = "say|scope|eligibility|quota|share|stay|wage|guarantee|cost|housing|gate|timing|compliance|returning"
    kinds += "|mobility|group|brain_drain|training|corridor|vacancy|worker"
    pattern = re.compile(rf'"((?:{kinds})\.[a-z_.]+)"')
    used = {code for path in SOURCE.rglob("*.py") for code in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(used) > 150
    assert sorted(code for code in used if code not in templates()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_library_is_said(language: str) -> None:
    for name in library():
        for rule in load(name).binding:
            lines = says(rule, language)
            assert lines, (name, rule.id)
            assert not any("{" in line or "None" in line for line in lines), lines


def test_a_stay_reads_as_a_person_would_write_it() -> None:
    rule = next(rule for rule in load("gb-seasonal").rules if rule.id == "stay")
    assert says(rule)[0] == "Nobody is present for more than 6 months in any 10 months."
    assert says(rule, "fr")[0] == "Nul n’est présent plus de 6 mois sur toute période de 10 mois."


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadInput, match="en, fr, es, ar"):
        sentence("stay.return", {}, "xx")
