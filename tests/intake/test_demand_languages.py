"""One demand list in the words, numbers and dates of many countries: the same vacancy in each."""

from datetime import date
from pathlib import Path

import pytest

from skillbridge.intake import read_vacancies

LISTS = {
    "en": (
        "Ref No,Farm name,Country of employment,Job role,No. of workers,Start date,Finish date,Hours per week,"
        "Hourly rate\n"
        "A1,Orchard Ltd,United Kingdom,Fruit picker,12,01/04/2026,31/10/2026,40,£11.44\n",
        ("GB", 1144, "GBP"),
    ),
    "fr": (
        "N° d'offre;Exploitation;Pays d'emploi;Intitulé du poste;Nb de postes;Date de début du contrat;"
        "Fin de contrat;"
        "Durée hebdomadaire;Salaire brut\n"
        "A1;Vergers du Lac;France;Cueilleur;12;1er avril 2026;31 octobre 2026;40;11,88 €/heure\n",
        ("FR", 1188, "EUR"),
    ),
    "es": (
        "Código oferta;Empresa;País de trabajo;Puesto de trabajo;Nº de puestos;Fecha inicio;Fecha fin;"
        "Jornada semanal;"
        "Salario por hora\n"
        "A1;Fresas SL;España;Peón agrícola;12;1 de abril de 2026;31 de octubre de 2026;40 horas;9,26 €\n",
        ("ES", 926, "EUR"),
    ),
    "pt": (
        "Código da vaga;Empresa;País de trabalho;Função;Nº de vagas;Data de início;Data de fim;Horas semanais;"
        "Remuneração\n"
        "A1;Pomar Lda;Portugal;Apanhador de fruta;12;01-04-2026;31-10-2026;40;6,50 € por hora\n",
        ("PT", 650, "EUR"),
    ),
    "de": (
        "Referenznummer;Arbeitgeber;Einsatzland;Tätigkeit;Anzahl Arbeitskräfte;Arbeitsbeginn;Befristet bis;"
        "Wochenstunden;"
        "Stundenlohn\n"
        "A1;Obsthof Maier;Deutschland;Erntehelfer;12;01.04.2026;31.10.2026;40,0;13,90 €\n",
        ("DE", 1390, "EUR"),
    ),
    "it": (
        "Codice offerta;Azienda;Paese di lavoro;Mansione;Numero lavoratori;Data inizio;Data fine;"
        "Ore settimanali;Paga oraria\n"
        "A1;Frutta Srl;Italia;Bracciante agricolo;12;1 aprile 2026;31 ottobre 2026;40;€ 9,50\n",
        ("IT", 950, "EUR"),
    ),
    "nl": (
        "Vacaturenummer;Werkgever;Werkland;Functie;Aantal werknemers;Ingangsdatum;Einddatum;Uren per week;"
        "Bruto uurloon\n"
        "A1;Kas BV;Nederland;Plukker;12;1 april 2026;31 oktober 2026;40;€ 14,06\n",
        ("NL", 1406, "EUR"),
    ),
    "pl": (
        "Nr oferty;Pracodawca;Kraj pracy;Stanowisko;Liczba pracowników;Data rozpoczęcia;Data zakończenia;"
        "Godziny tygodniowo;"
        "Stawka godzinowa\n"
        "A1;Sad sp. z o.o.;Polska;Zbieracz owoców;12;1 kwietnia 2026;31 października 2026;40;30,50 zł\n",
        ("PL", 3050, "PLN"),
    ),
    "ro": (
        "Cod ofertă;Angajator;Țara;Meserie;Număr locuri;Data începerii;Data încetării;Ore pe săptămână;Salariu\n"
        "A1;Livada SRL;România;Culegător de fructe;12;1 aprilie 2026;31 octombrie 2026;40;24,50 lei/oră\n",
        ("RO", 2450, "RON"),
    ),
    "bg": (
        "Код;Работодател;Държава;Длъжност;Брой работници;Начална дата;Крайна дата;Часове на седмица;"
        "Почасово заплащане\n"
        "A1;Овощар ООД;България;Берач на плодове;12;01.04.2026 г.;31.10.2026 г.;40;6,50 лв\n",
        ("BG", 650, "BGN"),
    ),
    "uk": (
        "Номер вакансії;Роботодавець;Країна;Посада;Кількість працівників;Дата початку;Дата закінчення;"
        "Годин на тиждень;"
        "Оплата праці\n"
        "A1;ТОВ Сад;Україна;Збирач фруктів;12;1 квітня 2026;31 жовтня 2026;40;120,50 грн/год\n",
        ("UA", 12050, "UAH"),
    ),
    "ru": (
        "Номер вакансии;Работодатель;Страна работы;Должность;Количество работников;Дата начала;Дата окончания;"
        "Часов в неделю;Заработная плата\n"
        "A1;ООО Сад;Россия;Сборщик ягод;12;1 апреля 2026 г.;31 октября 2026 г.;40;350 руб./час\n",
        ("RU", 35000, "RUB"),
    ),
    "tr": (
        "İlan No;İşveren;Ülke;Meslek;İşçi sayısı;Başlangıç tarihi;Bitiş tarihi;Haftalık çalışma saati;Saatlik ücret\n"
        "A1;Bahçe A.Ş.;Türkiye;Meyve toplayıcı;12;1 Nisan 2026;31 Ekim 2026;40;115,50 TL\n",
        ("TR", 11550, "TRY"),
    ),
    "sv": (
        "Annonsnummer;Arbetsgivare;Land;Yrke;Antal platser;Startdatum;Slutdatum;Timmar per vecka;Timlön\n"
        "A1;Bär AB;Sverige;Bärplockare;12;2026-04-01;2026-10-31;40;145,50 kr\n",
        ("SE", 14550, "SEK"),
    ),
    "no": (
        "Stillingsnummer;Arbeidsgiver;Land;Stilling;Antall stillinger;Startdato;Sluttdato;Timer per uke;Timelønn\n"
        "A1;Bær AS;Norge;Bærplukker;12;1. april 2026;31. oktober 2026;40;157,50 kr\n",
        ("NO", 15750, "NOK"),
    ),
    "da": (
        "Referencenummer;Arbejdsgiver;Land;Stilling;Antal stillinger;Startdato;Slutdato;Timer per uge;Timeløn\n"
        "A1;Frugt ApS;Danmark;Frugtplukker;12;1. april 2026;31. oktober 2026;40;140,25 kr. pr. time\n",
        ("DK", 14025, "DKK"),
    ),
    "fi": (
        "Ilmoitusnumero;Työnantaja;Maa;Tehtävä;Työntekijöiden määrä;Alkamispäivä;Päättymispäivä;"
        "Tuntia viikossa;Tuntipalkka\n"
        "A1;Marja Oy;Suomi;Marjanpoimija;12;1. huhtikuuta 2026;31. lokakuuta 2026;40;10,50 €\n",
        ("FI", 1050, "EUR"),
    ),
    "cs": (
        "Číslo místa;Zaměstnavatel;Země;Pracovní pozice;Počet pracovníků;Datum nástupu;Datum ukončení;Hodin týdně;"
        "Hodinová mzda\n"
        "A1;Sady s.r.o.;Česko;Sběrač ovoce;12;1. dubna 2026;31. října 2026;40;160,50 Kč\n",
        ("CZ", 16050, "CZK"),
    ),
    "hu": (
        "Azonosító;Munkáltató;Ország;Munkakör;Létszám;Kezdés dátuma;Befejezés dátuma;Heti óraszám;Órabér\n"
        "A1;Kert Kft.;Magyarország;Gyümölcsszedő;12;2026. április 1.;2026. október 31.;40;1 900 Ft\n",
        ("HU", 190000, "HUF"),
    ),
    "el": (
        "Κωδικός θέσης;Εργοδότης;Χώρα;Ειδικότητα;Αριθμός εργαζομένων;Ημερομηνία έναρξης;Ημερομηνία λήξης;"
        "Ώρες ανά εβδομάδα;Ωρομίσθιο\n"
        "A1;Κτήμα ΕΠΕ;Ελλάδα;Εργάτης γης;12;1 Απριλίου 2026;31 Οκτωβρίου 2026;40;6,25 €\n",
        ("GR", 625, "EUR"),
    ),
    "hr": (
        "Šifra;Poslodavac;Država;Zanimanje;Broj radnika;Datum početka;Datum završetka;Sati tjedno;Satnica\n"
        "A1;Voćnjak d.o.o.;Hrvatska;Berač voća;12;1. travnja 2026.;31. listopada 2026.;40;6,50 €\n",
        ("HR", 650, "EUR"),
    ),
    "sr": (
        "Шифра;Послодавац;Држава;Занимање;Број радника;Датум почетка;Датум завршетка;Сати недељно;Сатница\n"
        "A1;Воћњак доо;Србија;Берач воћа;12;1. април 2026.;31. октобар 2026.;40;450,50 дин\n",
        ("RS", 451, "RSD"),
    ),
    "ar": (
        "رقم العرض;صاحب العمل;بلد العمل;المهنة;عدد العمال;تاريخ البداية;تاريخ النهاية;الساعات الأسبوعية;"
        "الأجر بالساعة\n"
        "A1;ضيعة الأطلس;المغرب;عامل فلاحي;١٢;٠١/٠٤/٢٠٢٦;٣١/١٠/٢٠٢٦;٤٠;٢٠ درهم\n",
        ("MA", 2000, "MAD"),
    ),
    "hi": (
        "क्रमांक,नियोक्ता,देश,पद,श्रमिकों की संख्या,प्रारंभ तिथि,समाप्ति तिथि,साप्ताहिक घंटे,वेतन\n"
        "A1,फल उद्यान,भारत,फल तोड़ने वाला,12,1 अप्रैल 2026,31 अक्टूबर 2026,40,₹ 100 प्रति घंटा\n",
        ("IN", 10000, "INR"),
    ),
    "zh": (
        "编号,用人单位,国家,职位,招聘人数,开始日期,结束日期,每周工时,时薪\n"
        "A1,果园公司,中国,采摘工,12人,2026年4月1日,2026年10月31日,40,25元\n",
        ("CN", 2500, "CNY"),
    ),
    "ja": (
        "求人番号,事業所名,国,職種,求人数,雇用開始日,雇用終了日,週所定労働時間,賃金\n"
        "A1,果樹園,日本,果実収穫作業員,12名,2026年4月1日,2026年10月31日,40時間,時給1100円\n",
        ("JP", 1100, "JPY"),
    ),
    "ko": (
        "번호,사업장명,국가,직종,모집인원,근무시작일,근무종료일,주당근로시간,시급\n"
        'A1,과수원,대한민국,과일 수확,12명,2026. 04. 01.,2026. 10. 31.,40시간,"10,030원"\n',
        ("KR", 10030, "KRW"),
    ),
    "vi": (
        "Mã số;Công ty;Quốc gia;Công việc;Số lượng tuyển;Ngày bắt đầu;Ngày kết thúc;Giờ mỗi tuần;Lương giờ\n"
        "A1;Vườn Xanh;Việt Nam;Hái quả;12 người;ngày 1 tháng 4 năm 2026;ngày 31 tháng 10 năm 2026;40;45.000 ₫\n",
        ("VN", 45000, "VND"),
    ),
    "th": (
        "ลำดับ,นายจ้าง,ประเทศ,ตำแหน่งงาน,จำนวนคน,วันที่เริ่มงาน,วันที่สิ้นสุด,ชั่วโมงต่อสัปดาห์,ค่าจ้าง\n"
        "A1,สวนผลไม้,ไทย,คนเก็บผลไม้,12 คน,1 เมษายน 2569,31 ตุลาคม 2569,40,60 บาทต่อชั่วโมง\n",
        ("TH", 6000, "THB"),
    ),
    "id": (
        "Kode lowongan;Nama perusahaan;Negara tujuan;Jabatan;Jumlah pekerja;Tanggal mulai;Tanggal berakhir;"
        "Jam per minggu;"
        "Upah\n"
        "A1;Kebun Buah;Malaysia;Pemetik buah;12 orang;1 April 2026;31 Oktober 2026;40;RM 9,50 per jam\n",
        ("MY", 950, "MYR"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LISTS)
def test_a_demand_list_in_this_language(tmp_path: Path, language: str) -> None:
    text, (country, wage, currency) = LISTS[language]
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    found = read_vacancies(path)
    row = found.frame.row(0, named=True)
    assert (row["vacancy_id"], row["destination"], row["positions"], row["hours_week"]) == ("A1", country, 12, 40)
    assert (row["start"], row["end"]) == (date(2026, 4, 1), date(2026, 10, 31))
    assert (row["wage"], row["currency"]) == (wage, currency)
    assert row["employer"]
    assert row["occupation"]
    assert found.report.unknown_columns == []
    assert not [entry for entry in found.report.entries if entry.action == "refused"]


@pytest.mark.parametrize(
    ("language", "page"),
    [
        ("fr", "cp1252"),
        ("fr", "mac_roman"),
        ("pl", "cp1250"),
        ("cs", "cp1250"),
        ("hu", "cp1250"),
        ("hr", "cp1250"),
        ("es", "cp1252"),
        ("sv", "cp1252"),
        ("bg", "cp1251"),
        ("ru", "koi8-r"),
        ("el", "cp1253"),
        ("tr", "cp1254"),
        ("ar", "cp1256"),
        ("th", "cp874"),
        ("ko", "cp949"),
        ("ja", "shift_jis"),
        ("ja", "euc_jp"),
        ("zh", "gb18030"),
    ],
)
def test_the_code_page_of_a_list_is_told_by_its_headers(tmp_path: Path, language: str, page: str) -> None:
    text, (country, _, _) = LISTS[language]
    text = text.translate({0x660 + digit: str(digit) for digit in range(10)})
    (tmp_path / "unicode.csv").write_text(text, encoding="utf-8")
    (tmp_path / "list.csv").write_bytes(text.encode(page, errors="replace"))
    known, found = (read_vacancies(tmp_path / name).frame for name in ("unicode.csv", "list.csv"))
    assert found.select("employer", "occupation", "positions").equals(
        known.select("employer", "occupation", "positions")
    )
    assert found["destination"].to_list() == [country]
