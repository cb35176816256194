"""The policy file: checked as a whole, refused with its place."""

from pathlib import Path

import pytest

from skillbridge import resources
from skillbridge.errors import BadInput
from skillbridge.matching.policy import load_policy

DEFAULT = (resources.folder("datasets") / "matching" / "default.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("weight = 250", "weight = 260", "weights sum to 1010"),
        ('kind = "wish"', 'kind = "wage"\nat_floor = 1\nfull = 1500\nunknown = 1', "given twice"),
        ('kind = "wish"', 'kind = "sex"', r"criteria\[8\].kind"),
        ("min_overlap = 800", "min_overlap = 1800", "filters.min_overlap"),
        ("min_overlap = 800", "min_overlaps = 800", "min_overlaps"),
        ("full = 1500", "full = 1000", r"criteria\[5\].full"),
        ("[closeness]", "[closenes]", "closenes"),
        ('name = "default"', "name = ", "Invalid"),
    ],
)
def test_a_mistake_is_refused_with_its_field(tmp_path: Path, old: str, new: str, where: str) -> None:
    assert old in DEFAULT
    file = tmp_path / "mine.toml"
    file.write_text(DEFAULT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=where) as caught:
        load_policy(file)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(BadInput, match="no-such"):
        load_policy("no-such")


def test_the_default_decides_every_criterion() -> None:
    assert len(load_policy().criteria) == 9
