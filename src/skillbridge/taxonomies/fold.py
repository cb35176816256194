"""Texts as the normalizer compares them: folded to plain words, then to numbered features.

A folded text is lower-case ASCII words joined by single blanks: NFKC, case folding, gender marks dropped, every script
transliterated to Latin (so that Cyrillic and Greek words meet their Latin cognates), anything else a blank. Of two
forms of one name beside a slash (`Koch/Köchin`, `aide-ménager / ménagère à domicile`) the first stays.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from anyascii import anyascii

LONGEST = 400
"""Characters of a text that are read; the rest of a longer one is cut off at a word."""

WORDS = 1 << 16
PAIRS = WORDS + (1 << 11)
TRIPLES = 1 << 17
FEATURES = 1 << 19
"""Features below WORDS are words and word heads (hashed), below PAIRS and TRIPLES character 2- and 3-grams (exact),
below FEATURES 4- and 5-grams (hashed)."""

_SEPARATOR = "\x00"
_PERSON = re.compile(r"\(\s*(?:[mwfdhxivknžмж]|gn)\s*(?:[/|,.]\s*(?:[mwfdhxivknžмж]|gn|in)\s*)+\)|//?(?:mfn|fmn|f)\b")
_INSIDE = re.compile(r"(?<=[a-zäöüß]{3})In(?:nen)?\b")
"""The German feminine written inside a word, `BäckerIn`."""
_SUFFIX = re.compile(
    r"(?<=\w{3})(?:[/*:_·]-?(?:innen|in|frau|a|e|euse|rice|trice|ère|ka|ca|ice|ra|oara)\b"
    r"|/-\w{1,6}\b|\((?:in|innen|e|a|ne|euse|rice|trice|r|n|s|ka|-\w{1,6})\)|-(?=/))"
)
_ENDING = re.compile(r"[aeiouy]{0,2}s?$")
_PLUS, _SHARP = re.compile(r"(?<=\w)\+\+"), re.compile(r"(?<=\b\w)#")
_EXCEPT = re.compile(
    r"\b(?:except|excepting|excluding|other than|außer|ausser|ausgenommen|behalve|uitgezonderd|sauf"
    r"|excepté|à l'exception|excepto|exceptuando|exceto|excepte|eccetto|tranne|esclus[oiae]|cu excepția|cu exceptia"
    r"|exceptând|utom|förutom|undtagen|undtaget|unntatt|paitsi|välja arvatud|izņemot|išskyrus|z wyjątkiem|oprócz|kromě"
    r"|s výjimkou|okrem|s výnimkou"
    r"|razen|osim|izuzev|освен|с изключение|кроме|за исключением|крім|окрім|kivéve|εκτός|باستثناء|ما عدا)\b",
    re.IGNORECASE,
)


class Features(NamedTuple):
    """The features of texts, row after row: `start` [texts + 1], `feature` sorted within a row, `times` it occurs."""

    start: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int32]
    times: npt.NDArray[np.float32]


class _Letters(dict[int, str]):
    """Character number -> its folded form, worked out once per character."""

    def __missing__(self, number: int) -> str:
        char = chr(number)
        if number == 0:
            folded = _SEPARATOR
        elif char == "/":
            folded = " / "
        elif char.isspace() or unicodedata.category(char)[0] in "PSZC":
            folded = " "
        else:
            folded = "".join(c if c.isalnum() else " " if c.isspace() else "" for c in anyascii(char).lower())
        self[number] = folded
        return folded


_LETTERS = _Letters()


def fold(texts: Iterable[str]) -> list[str]:
    """The folded form of each text, in order; empty where nothing legible is left."""
    clipped = [text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] for text in texts]
    whole = _SEPARATOR.join(text.replace(_SEPARATOR, " ") for text in clipped)
    whole = _INSIDE.sub("", unicodedata.normalize("NFKC", whole)).casefold()
    whole = _SUFFIX.sub("", _PERSON.sub(" ", whole))
    if "+" in whole or "#" in whole:
        whole = _SHARP.sub("sharp", _PLUS.sub("plusplus", whole))
    parts = whole.translate(_LETTERS).split(_SEPARATOR) if clipped else []
    return [" ".join(_one_form(part) if "/" in part else part.split()) for part in parts]


def _one_form(text: str) -> list[str]:
    """The words of a text, after each slash without those that repeat the words before it in another form."""
    words: list[str] = []
    for part in text.split("/"):
        more = part.split()
        same = min(len(words), len(more))
        while not all(map(_two_forms, words[len(words) - same :], more[:same])):
            same -= 1
        words += more[same:]
    return words


def _two_forms(one: str, other: str) -> bool:
    """Whether two folded words may be forms of one: they begin alike, by three letters and half of the shorter."""
    begun = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one == other or (begun >= 3 and 2 * begun >= min(len(one), len(other)))


def stems(folded: str) -> str:
    """The words of a folded text without endings, each once, in alphabetical order: what inflection, order and words of
    two letters leave equal. An ending is a last `s` and up to two vowels before it."""
    words = {_stem(word) for word in folded.split() if len(word) > 2}
    return " ".join(sorted(words)) if words else folded


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    return word[:3] + _ENDING.sub("", word[3:])


def without_exception(text: str) -> str:
    """The text without what it says it does not mean: `Geoscientists, Except Hydrologists` -> `Geoscientists, `.

    An exception reaches to the end of its brackets, outside of any to the end of the text. It stays where nothing
    would be left before it.
    """
    found = _EXCEPT.search(text)
    if found is None:
        return text
    opened = text.rfind("(", 0, found.start())
    if opened > text.rfind(")", 0, found.start()):
        _, _, after = text[found.end() :].partition(")")
        return f"{text[:opened]} {after}"
    before = text[: found.start()]
    return before if any(map(str.isalnum, before)) else text


def features(folded: Sequence[str]) -> Features:
    """The words (whole, and cut to six letters) and the character 2- to 5-grams inside words of folded texts."""
    data = "\n".join(folded).encode("ascii", "replace")
    letters = np.frombuffer(data + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(letters == 10)
    start = np.concatenate([[0], ends + 1]).astype(np.int64)
    return Features(*_features(letters, start, len(folded)))


@numba.njit(cache=True)
def _code(letter):  # type: ignore[no-untyped-def]  # pragma: no cover
    return letter - 96 if letter >= 97 else letter - 21 if letter >= 48 else 0


@numba.njit(cache=True)
def _features(letters, start, texts):  # type: ignore[no-untyped-def]  # pragma: no cover
    room = 0
    for text in range(texts):
        room += 5 * (start[text + 1] - start[text]) + 8
    out_start = np.zeros(texts + 1, np.int64)
    out_feature = np.empty(room, np.int32)
    out_count = np.empty(room, np.float32)
    buffer = np.empty(16, np.int32)
    word = np.empty(64, np.uint8)
    filled = 0
    for text in range(texts):
        first, last = start[text], start[text + 1] - 1
        if buffer.size < 5 * (last - first) + 16:
            buffer = np.empty(5 * (last - first) + 16, np.int32)
        n = 0
        at = first
        while at < last:
            if letters[at] == 32:
                at += 1
                continue
            length = 0
            word[length] = 32
            length += 1
            while at < last and letters[at] != 32:
                if length < 62:
                    word[length] = letters[at]
                    length += 1
                at += 1
            word[length] = 32
            length += 1
            key = np.uint64(1469598103934665603)
            for i in range(length):
                key = (key ^ np.uint64(word[i])) * np.uint64(1099511628211)
                if i == 6 and length > 8:
                    buffer[n] = np.int32((key ^ (key >> np.uint64(29))) & np.uint64(0xFFFF))
                    n += 1
            buffer[n] = np.int32((key ^ (key >> np.uint64(29))) & np.uint64(0xFFFF))
            n += 1
            for i in range(length - 1):
                pair = _code(word[i]) * 37 + _code(word[i + 1])
                buffer[n] = WORDS + pair
                n += 1
                if i + 2 < length:
                    buffer[n] = PAIRS + pair * 37 + _code(word[i + 2])
                    n += 1
                key = np.uint64(pair * 37 + 1)
                for size in range(3, 6):
                    if i + size > length:
                        break
                    key = (key ^ np.uint64(word[i + size - 1])) * np.uint64(0x9E3779B97F4A7C15)
                    if size > 3:
                        buffer[n] = np.int32(TRIPLES + (key ^ (key >> np.uint64(31))) % np.uint64(FEATURES - TRIPLES))
                        n += 1
        row = np.sort(buffer[:n])
        for i in range(n):
            if i > 0 and row[i] == row[i - 1]:
                out_count[filled - 1] += 1
            else:
                out_feature[filled] = row[i]
                out_count[filled] = 1
                filled += 1
        out_start[text + 1] = filled
    return out_start, out_feature[:filled].copy(), out_count[:filled].copy()


def keys(folded: Sequence[str]) -> npt.NDArray[np.uint64]:
    """A 64-bit number for each folded text, the same on every machine: equal texts, equal numbers."""
    letters = np.frombuffer("\n".join([*folded, ""]).encode("ascii", "replace"), dtype=np.uint8)
    out: npt.NDArray[np.uint64] = _keys(letters, len(folded))
    return out


@numba.njit(cache=True)
def _keys(letters, texts):  # type: ignore[no-untyped-def]  # pragma: no cover
    out = np.empty(texts, np.uint64)
    text = 0
    key = np.uint64(1469598103934665603)
    for letter in letters:
        if letter == 10:
            out[text] = key ^ (key >> np.uint64(32))
            text += 1
            key = np.uint64(1469598103934665603)
        else:
            key = (key ^ np.uint64(letter)) * np.uint64(1099511628211)
    return out
