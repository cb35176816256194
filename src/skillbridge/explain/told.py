"""The lines that explanations of plans of one season and of several have in common, in the words of a language."""

from typing import Protocol

from skillbridge import words


class Told(Protocol):
    """What both kinds of explanation say of a worker or vacancy: fields as in `Explanation`."""

    @property
    def id(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def positions(self) -> int | None: ...
    @property
    def filled(self) -> int | None: ...
    @property
    def partnership(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def row(self) -> str | None: ...
    @property
    def price(self) -> float | None: ...


def filling(e: Told, reason: str, lang: str) -> list[str]:
    """A vacancy, and how far it is filled; `reason` in words says why positions are open."""
    destination = words.country(lang, e.place)
    lines = [words.say(lang, "explain.vacancy", id=e.id, positions=e.positions, destination=destination)]
    left = (e.positions or 0) - (e.filled or 0)
    if left:
        return [*lines, words.say(lang, "explain.vacancy_unfilled", filled=e.filled, open=left, reason=reason)]
    return [*lines, words.say(lang, "explain.vacancy_filled")]


def bearing(e: Told, lang: str, audience: str) -> list[str]:
    """The row of a rule that stands in the way, and its price for a ministry."""
    lines = []
    if e.row:
        lines.append(words.say(lang, "explain.row", row=e.row, partnership=e.partnership, rule=e.rule))
    if e.price and audience == "ministry":
        lines.append(words.say(lang, "explain.price", price=round(e.price, 1)))
    return lines
