"""Languages with their level, and education: words of many systems as CEFR and ISCED 2011."""

import re
import unicodedata
from functools import cache

import polars as pl

from skillbridge.intake.places import COMMON, LOCALES
from skillbridge.intake.values import Parse, Reading, blank, fold, number, truth, words
from skillbridge.resources import folder

_CEFR = re.compile(r"(?<![A-Za-z0-9])([ABCabc])\s?([12])\+?(?![A-Za-z0-9])")
_TESTS: tuple[tuple[str, str, tuple[tuple[float, str], ...]], ...] = (
    (r"ielts\D*(\d+(?:[.,]\d)?)", "en", ((8.5, "C2"), (7, "C1"), (5.5, "B2"), (4, "B1"), (3, "A2"), (0, "A1"))),
    (r"toefl\D*(\d{1,3})", "en", ((95, "C1"), (72, "B2"), (42, "B1"), (20, "A2"), (0, "A1"))),
    (r"(?:eps-?)?topik\D*([1-6])", "ko", ((6, "C2"), (5, "C1"), (4, "B2"), (3, "B1"), (2, "A2"), (1, "A1"))),
    (r"(?:jlpt\s*-?\s*n?|(?<![a-z])n)([1-5])", "ja", ((5, "A1"), (4, "A2"), (3, "B1"), (2, "B2"), (1, "C1"))),
    (r"hsk\D*([1-6])", "zh", ((6, "C2"), (5, "C1"), (4, "B2"), (3, "B1"), (2, "A2"), (1, "A1"))),
)
"""(pattern, language, lowest score of each level from the best): published alignments, always an approximation."""


@cache
def _levels() -> dict[str, str]:
    """Folded words -> CEFR level, from `datasets/intake/levels.csv`."""
    return {fold(word): level for level, words_of in _scale("cefr") for word in words_of.split(";")}


@cache
def _isced() -> tuple[tuple[int, re.Pattern[str]], ...]:
    """(level, pattern of its words) in the order to try, the more special first."""
    folded = (
        (int(level), "|".join(_bare(word) for word in words_of.split(";"))) for level, words_of in _scale("isced")
    )
    return tuple((level, re.compile(pattern)) for level, pattern in folded)


def _bare(pattern: str) -> str:
    """A pattern without accents, as the text it is matched against."""
    plain = unicodedata.normalize("NFKD", pattern)
    return "".join(c for c in plain if not unicodedata.combining(c))


def _scale(scale: str) -> list[tuple[str, str]]:
    table = pl.read_csv(folder("datasets") / "intake" / "levels.csv", infer_schema_length=0)
    return table.filter(pl.col("scale") == scale).select("level", "patterns").rows()


@cache
def _languages(locales: int) -> dict[str, str]:
    from babel import Locale

    found: dict[str, str] = {}
    for tag in LOCALES[:locales]:
        for code, name in Locale.parse(tag).languages.items():
            if "_" not in code and len(code) <= 3:
                found.setdefault(fold(name), code)
    extra = "castellano:es;castilian:es;tagalog:fil;pilipino:fil;farsi:fa;dari:prs;mandarin:zh;kirghiz:ky;creole:ht"
    found.update({fold(pair.split(":")[0]): pair.split(":")[1] for pair in extra.split(";")})
    return found


@cache
def language(text: str) -> str | None:
    """The BCP 47 code of a language's name (in any of LOCALES) or of its ISO 639 code; None if it is none."""
    key = fold(text)
    if not key:
        return None
    if len(key) in (2, 3) and key.isascii() and text.isascii():
        import langcodes

        tag = langcodes.Language.get(key)
        if tag.is_valid() and tag.language:
            return tag.language
    return _languages(COMMON).get(key) or _languages(len(LOCALES)).get(key)


def languages(text: str | None) -> Reading:
    """`en:B1;fr:A2` of a cell that lists languages with their levels in words, tests or CEFR.

    A level from words or a test is reported as changed, a language without one is taken as A1 and reported, a piece
    that is no language is refused while the others are kept.
    """
    if text is None or blank(text):
        return Reading()
    spoken: dict[str, str] = {}
    assumed, wrong = [], []
    for piece in _pieces(text):
        code, level, exact = _spoken(piece)
        if code is None:
            wrong.append(piece)
            continue
        level = level or "A1"
        if level > spoken.get(code, ""):
            spoken[code] = level
        if not exact:
            assumed.append(f"{piece} read as {code}:{level}")
    value = ";".join(f"{code}:{level}" for code, level in spoken.items()) or None
    if wrong:
        return Reading(value, f"language:CEFR level; not understood: {', '.join(wrong)}", "refused")
    if assumed:
        return Reading(value, f"language:CEFR level; {', '.join(assumed)}", "changed")
    return Reading(value)


def _pieces(text: str) -> list[str]:
    parts = re.split(r"[;\n|،,·•]|\s/\s|\s+(?:and|et|y|und)\s+", text)
    return [part.strip() for part in parts if part.strip()]


def _spoken(piece: str) -> tuple[str | None, str, bool]:
    """(language code, CEFR level or '', whether the level was given as such) of one piece."""
    lower = piece.casefold()
    for pattern, tongue, scores in _TESTS:
        if test := re.search(pattern, lower):
            if (
                tongue == "ja"
                and "jlpt" not in lower
                and language(re.sub(pattern, "", lower)) != "ja"
                and len(lower) > 2
            ):
                continue
            score = number(test[1]) or 0.0
            reached = dict(scores)[score] if tongue == "ja" else next(name for least, name in scores if score >= least)
            return tongue, reached, False
    if found := _CEFR.search(piece):
        rest = piece[: found.start()] + " " + piece[found.end() :]
        level = (found[1] + found[2]).upper()
        return _named(rest), level, True
    tokens = words(piece).split()
    levels = _levels()
    hits = {levels[token] for token in tokens if token in levels}
    joined = fold(piece)
    if not hits:
        hits = {level for word, level in levels.items() if len(word) > 5 and word in joined}
    rest = " ".join(token for token in tokens if token not in levels)
    code = _named(rest) or _named(piece)
    return code, max(hits, default=""), False


_STANDS_BESIDE = (
    "level niveau nivel livello poziom nivo taso szint stupen nivelul test score result cefr gers mcer delf dalf dele"
    " goethe tcf telc spoken written ielts toefl eps topik jlpt hsk proficiency skill skills knowledge ability language"
    " lang langue lengua idioma lingua sprache jezyk znajomosc kenntnisse conoscenza connaissance dominio limba taal of"
    " de del du la le el en in the required requis requerido minimum min"
)
_FILLER = frozenset(_STANDS_BESIDE.split())
"""What stands beside a language's name without being one."""


def language_of(header: str, *, alone: bool) -> str | None:
    """The language that a column is about (`English level (IELTS)`, `Nivel de español`), or None.

    A name by itself (`English`) counts if `alone`.
    """
    tokens = words(header).split()
    name = " ".join(token for token in tokens if token not in _FILLER)
    return language(name) if len(name) > 3 and (alone or name != " ".join(tokens)) else None


def level_in(header: str, code: str) -> Parse:
    """A parser of the cells of a column about the language `code`: `en:B1` of `B1`, `good`, `5.5` under IELTS, yes."""

    def read(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        held = truth(text).value
        found, level, exact = (code, "A1", False) if held else _spoken(f"{header} {text}")
        if held is False:
            return Reading()
        if found != code or not level:
            return Reading(None, f"a CEFR level of {code}, yes or no", "refused")
        value = f"{code}:{level}"
        return Reading(value) if exact else Reading(value, f"a CEFR level of {code}; read as {level}", "changed")

    return read


def _named(text: str) -> str | None:
    plain = words(text)
    found = language(plain)
    if found:
        return found
    tokens = [token for token in plain.split() if token not in _FILLER]
    return language(" ".join(tokens)) or next(
        (code for token in tokens if len(token) > 2 and (code := language(token))), None
    )


def education(text: str | None) -> Reading:
    """The ISCED 2011 level (0-8) of a number or of words in several languages."""
    if text is None or (blank(text) and text.casefold() != "none"):
        return Reading()
    plain = words(text)
    if digits := re.fullmatch(r"(?:isced|cite|cine|level|niveau|nivel)?\s*(?:2011)?\s*([0-8])(?: 0)?", plain):
        return Reading(int(digits[1]))
    for level, pattern in _isced():
        if pattern.search(plain):
            return Reading(level, f"an ISCED level from 0 to 8; read as {level}", "changed")
    if plain == "none":
        return Reading(0, "an ISCED level from 0 to 8; read as 0", "changed")
    return Reading(None, "an ISCED level from 0 to 8", "refused")
