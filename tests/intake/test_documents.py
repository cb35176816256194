"""JSON and XML documents as trees, and what must never work."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.errors import BadInput
from skillbridge.intake.documents import at, every, months_between, partial_date, phrases, read_json, read_xml, words_of


def xml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.xml"
    path.write_text(text)
    return path


def test_elements_become_trees_without_namespaces(tmp_path: Path) -> None:
    name, tree = read_xml(xml(tmp_path, '<a xmlns="urn:x" k="1"><b>x</b><b>y<c/></b><d>&lt;&#233;</d></a>'))
    assert name == "a"
    assert tree == {"@k": "1", "b": ["x", {"c": "", "#": "y"}], "d": "<é"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>', "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type"),
        ("<a><b></a>", "this is not XML"),
        ("<a>&undefined;</a>", "this is not XML"),
        ('<?xml version="1.0" encoding="NaN"?><a/>', "encoding is not known"),
        ("", "empty"),
        ("<a>" * 300 + "</a>" * 300, "nested deeper"),
    ],
)
def test_hostile_and_broken_xml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_xml(xml(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '[{"a": 1}]',
        '{"@context": "x", "@graph": [{"a": 1}]}',
        '\ufeff{"a": 1}',
        '<html><script type="application/ld+json">{"a": 1}</script></html>',
    ],
)
def test_json_objects_are_found_wherever_they_are(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert read_json(path) == [{"a": 1}]


def test_json_lines_are_several_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert read_json(path) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["{", "[1, 2]", "null", "plain words", "[" * 100_000])
def test_what_is_not_a_json_object_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(BadInput):
        read_json(path)


def test_phrases_are_split_and_contacts_taken_out() -> None:
    text = "<ul><li>- prune vines</li><li>drive tractors; weld</li></ul> call +44 20 1234 5678 or a.b@example.org"
    assert phrases(text) == ["prune vines", "drive tractors", "weld", "call or"]
    assert phrases([None, 3, {"x": 1}, "", "a"]) == ["a"]


def test_helpers_bear_whatever_a_document_holds() -> None:
    assert at({"a": [{"b": None}]}, "a", "b", "c") is None
    assert every(None) == []
    assert words_of({"name": ["", "<b>x</b>"]}, "name") is None
    assert words_of(["<b>x</b>&amp;y"]) == "x &y"
    assert len(months_between((2001, 1), (2002, 12))) == 24


@given(st.text(max_size=30))
def test_partial_dates_never_crash(text: str) -> None:
    partial_date(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2014", (2014, None, None)),
        ("2014-12", (2014, 12, None)),
        ("2014-12-01T10:00:00Z", (2014, 12, 1)),
        ("2014-13", None),
        ("2014-02-30", None),
        ("14", None),
        ("20141", None),
    ],
)
def test_partial_dates(text: str, found: tuple[int, int | None, int | None] | None) -> None:
    assert partial_date(text) == found
