"""Headers that no table of synonyms holds, read by the words they are made of."""

from datetime import date
from pathlib import Path

import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import read_vacancies
from skillbridge.intake.phrases import phrase, unwanted

SAID = {
    "start": (
        "Beschäftigung von|Saisonbeginn|Okres zatrudnienia od|Fecha prevista de inicio del contrato|Contract from"
        "|Periodo di lavoro dal|Data de início do contrato|Période d'emploi du|Anställning från|Dienstverband van"
        "|Munkaviszony kezdete|Datum početka rada|Период работы с|Sözleşme başlangıç tarihi|Työsuhde alkaa"
        "|Perioada angajării de la|Zaměstnání od|Έναρξη σύμβασης"
    ),
    "end": (
        "Beschäftigung bis|Vertragsende|Okres zatrudnienia do|Fecha prevista de fin de contrato|Contract to"
        "|Periodo di lavoro al|Période d'emploi au|Date de fin prévue du contrat de travail|Dienstverband tot"
        "|Munkaviszony vége|Период работы по|Sözleşme bitiş tarihi|Työsuhde päättyy|Perioada angajării până la"
        "|Λήξη σύμβασης|تاريخ نهاية العقد"
    ),
    "duration": "Placement length|Duración prevista del contrato|Dauer der Beschäftigung|Délka zaměstnání",
    "positions": (
        "Anzahl Saisonkräfte|Aantal seizoenarbeiders|Nombre de saisonniers demandés|Cantidad de trabajadores requeridos"
        "|Liczba cudzoziemców|Počet sezónních pracovníků|Dolgozók száma|Broj radnika|İşçi sayısı|Työntekijöiden määrä"
        "|Αριθμός εργατών γης|Количество сезонных рабочих|عدد العمال الموسميين|No. of persons"
    ),
    "": (
        "Data do contrato|Lieu de travail|Salaire de base|Employment period|Contrato de trabajo|Work location"
        "|Start time|Place of work|Wage from|Salary to|Application deadline|Contract type|Hours of work"
        "|Working days per week"
        "|Worker number|Employee no.|Vertragsnummer|Numer umowy|Startlohn|Work permit end date|Visa end date"
        "|Housing from|Kraftfahrer|Work duration per week|Durée hebdomadaire du travail|Beginn der Bewerbung|"
    ),
}


@pytest.mark.parametrize(("field", "header"), [(field, h) for field, line in SAID.items() for h in line.split("|")])
def test_what_the_words_of_a_header_make_up(field: str, header: str) -> None:
    assert phrase("vacancies", header) == field


@pytest.mark.parametrize(
    ("field", "header"),
    [
        ("available_from", "Disponibilidad desde"),
        ("available_to", "Disponibilidad hasta"),
        ("available_from", "Date de disponibilité (début)"),
        ("available_from", "Fecha de inicio de disponibilidad"),
        ("available_to", "Verfügbarkeit bis"),
        ("available_from", "Dostępna od dnia"),
        ("available_to", "Gotowość do pracy do"),
        ("available_from", "Available for work from"),
        ("", "Contract start"),
        ("", "From which employer"),
        ("", "Number of seasons"),
    ],
)
def test_when_a_worker_is_free(field: str, header: str) -> None:
    assert phrase("workers", header) == field


@pytest.mark.parametrize(
    "header", ["Number of local workers", "Anzahl deutsche Arbeitskräfte", "Number of workers housed", "Rechazados"]
)
def test_people_who_are_not_wanted_are_told(header: str) -> None:
    assert unwanted(header)


def test_a_list_in_such_words_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "Betrieb;Land;Tätigkeit;Anzahl inländische Arbeitskräfte;Anzahl Saisonkräfte;Beschäftigung von;"
        "Beschäftigung bis\n"
        "Hof;Deutschland;Spargelstecher/in;4;60;01.04.2026;24.06.2026\n"
    )
    found = read_vacancies(path)
    assert found.frame.select("positions", "start", "end").row(0) == (60, date(2026, 4, 1), date(2026, 6, 24))
    noted = [entry.value for entry in found.report.entries if "by its words" in entry.expected]
    assert noted == ["Anzahl Saisonkräfte", "Beschäftigung von", "Beschäftigung bis"]
    assert found.report.unknown_columns == ["Anzahl inländische Arbeitskräfte"]


def test_a_count_of_local_workers_alone_is_no_demand(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Employer,Country,Job,Number of local workers,Start,End\nA,France,x,3,2026-03-01,2026-09-30\n")
    with pytest.raises(BadInput, match="no column for positions"):
        read_vacancies(path)


@pytest.mark.parametrize(
    ("head", "cells", "occupation"),
    [
        ("Task,Crop", "Picking and packing,Kiwifruit", "Picking and packing, Kiwifruit"),
        ("Task,Crop", "Kiwifruit picking,kiwifruit", "Kiwifruit picking"),
        ("Task,Crop", "Pruning,", "Pruning"),
        ("Culture,x", "Abricots,", "Abricots"),
    ],
)
def test_the_crop_stands_behind_the_words_for_the_job(tmp_path: Path, head: str, cells: str, occupation: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"Employer,Country,Heads,Start,End,{head}\nA,France,3,2026-03-01,2026-09-30,{cells}\n")
    found = read_vacancies(path)
    assert found.frame["occupation"].to_list() == [occupation]
    assert any("is added to the words for the job" in line for line in found.report.assumptions)
