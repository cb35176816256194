"""One list of workers in the words and dates of many countries: the same person in each."""

from datetime import date
from pathlib import Path

import pytest

from skillbridge.intake import read_workers

LISTS = {
    "de": (
        "Bewerbernummer;Nachname;Staatsangehörigkeit;Geburtsdatum;Geschlecht;Beruf;Berufserfahrung in Jahren;"
        "Sprachkenntnisse;Verfügbar ab;Verfügbar bis\n"
        "w1;Muster;Moldau;15.05.1990;weiblich;Erntehelferin;3;Deutsch B1;01.03.2026;30.11.2026\n",
        "MD",
    ),
    "it": (
        "Codice candidato;Cognome;Nazionalità;Data di nascita;Sesso;Mansione;Anni di esperienza;Lingue;"
        "Disponibile dal;Disponibile fino al\n"
        "w1;Rossi;Marocco;15/05/1990;Donna;Bracciante;3;Italiano A2;01/03/2026;30/11/2026\n",
        "MA",
    ),
    "pl": (
        "Numer;Nazwisko;Obywatelstwo;Data urodzenia;Płeć;Zawód;Lata doświadczenia;Języki;Dostępny od;Dostępny do\n"
        "w1;Nowak;Ukraina;15.05.1990;K;Zbieracz;3;polski B1;1 marca 2026;30 listopada 2026\n",
        "UA",
    ),
    "ro": (
        "Cod candidat;Nume;Cetățenie;Data nașterii;Sexul;Ocupație;Ani de experiență;Limbi;Disponibil de la;"
        "Disponibil până la\n"
        "w1;Pop;Republica Moldova;15.05.1990;F;Culegător;3;română C1;01.03.2026;30.11.2026\n",
        "MD",
    ),
    "uk": (
        "Код кандидата;Прізвище;Громадянство;Дата народження;Стать;Професія;Років досвіду;Володіння мовами;"
        "Доступний з;Доступний до\n"
        "w1;Коваль;Україна;15.05.1990;Ж;Збирач;3;польська B1;01.03.2026;30.11.2026\n",
        "UA",
    ),
    "tr": (
        "Aday no;Soyad;Uyruğu;Doğum tarihi;Cinsiyeti;Mesleği;Deneyim yılı;Dil bilgisi;Müsait başlangıç;Müsait bitiş\n"
        "w1;Yılmaz;Türkiye;15.05.1990;Kadın;Toplayıcı;3;Almanca A2;01.03.2026;30.11.2026\n",
        "TR",
    ),
    "zh": (
        "编号,姓名,国籍,出生日期,性别,职业,工作年限,语言,可开始日期,可结束日期\n"
        "w1,王芳,中国,1990年5月15日,女,采摘工,3,英语 B1,2026年3月1日,2026年11月30日\n",
        "CN",
    ),
    "ko": (
        "접수번호,성명,국적,생년월일,성별,직종,경력년수,언어,근무가능일,근무종료가능일\n"
        "w1,김,네팔,1990. 05. 15.,여,과일 수확,3,한국어 A2,2026. 03. 01.,2026. 11. 30.\n",
        "NP",
    ),
    "ja": (
        "番号,氏名,国籍,生年月日,性別,職種,経験年数,言語,就業可能日,就業可能期限\n"
        "w1,山田,ベトナム,1990年5月15日,女性,収穫,3,日本語 A2,2026年3月1日,2026年11月30日\n",
        "VN",
    ),
    "vi": (
        "Mã ứng viên;Họ và tên;Quốc tịch;Ngày sinh;Giới tính;Nghề;Số năm kinh nghiệm;Ngoại ngữ;"
        "Có thể bắt đầu từ;Có thể làm đến\n"
        "w1;Lan;Việt Nam;15/05/1990;Nữ;Hái quả;3;tiếng Hàn A2;01/03/2026;30/11/2026\n",
        "VN",
    ),
    "th": (
        "ลำดับ,ชื่อ,สัญชาติ,วันเกิด,เพศ,อาชีพ,ปีประสบการณ์,ภาษา,พร้อมเริ่มงาน,พร้อมทำงานถึง\n"
        "w1,สมหญิง,ไทย,15/05/2533,หญิง,คนเก็บผลไม้,3,อังกฤษ A2,01/03/2569,30/11/2569\n",
        "TH",
    ),
    "id": (
        "Nomor pendaftaran;Nama;Kewarganegaraan;Tanggal lahir;Jenis kelamin;Pekerjaan;Tahun pengalaman;Bahasa;"
        "Tersedia mulai;Tersedia sampai\n"
        "w1;Siti;Indonesia;15/05/1990;Perempuan;Pemetik;3;Inggris A2;01/03/2026;30/11/2026\n",
        "ID",
    ),
    "sv": (
        "Kandidatnummer;Namn;Medborgarskap;Födelsedatum;Kön;Yrke;Års erfarenhet;Språk;Tillgänglig från;"
        "Tillgänglig till\n"
        "w1;Anna;Thailand;1990-05-15;Kvinna;Bärplockare;3;engelska B1;2026-03-01;2026-11-30\n",
        "TH",
    ),
    "hu": (
        "Sorszám;Név;Állampolgárság;Születési dátum;Nem;Foglalkozás;Tapasztalat években;Nyelvtudás;"
        "Elérhető ettől;Elérhető eddig\n"
        "w1;Kiss;Ukrajna;1990.05.15.;Nő;Szedő;3;magyar A2;2026.03.01.;2026.11.30.\n",
        "UA",
    ),
    "el": (
        "ΑΑ;Επώνυμο;Υπηκοότητα;Ημερομηνία γέννησης;Φύλο;Επάγγελμα;Έτη εμπειρίας;Γλώσσες;Διαθέσιμος από;"
        "Διαθέσιμος έως\n"
        "w1;Χ;Αλβανία;15/05/1990;Γυναίκα;Εργάτης γης;3;ελληνικά B1;01/03/2026;30/11/2026\n",
        "AL",
    ),
    "hr": (
        "Broj kandidata;Prezime;Državljanstvo;Datum rođenja;Spol;Zanimanje;Godine iskustva;Jezici;Dostupan od;"
        "Dostupan do\n"
        "w1;X;Nepal;15.05.1990.;Ž;Berač;3;engleski A2;01.03.2026.;30.11.2026.\n",
        "NP",
    ),
    "cs": (
        "Číslo uchazeče;Příjmení;Státní příslušnost;Datum narození;Pohlaví;Povolání;Roky praxe;Jazyky;"
        "K dispozici od;K dispozici do\n"
        "w1;X;Ukrajina;15. 5. 1990;žena;Sběračka;3;čeština A2;1. 3. 2026;30. 11. 2026\n",
        "UA",
    ),
    "bg": (
        "Номер на кандидата;Фамилно име;Гражданство;Дата на раждане;Пол;Професия;Години опит;Езици;"
        "На разположение от;На разположение до\n"
        "w1;X;България;15.05.1990;жена;Берач;3;немски A2;01.03.2026;30.11.2026\n",
        "BG",
    ),
    "hi": (
        "क्रमांक,नाम,राष्ट्रीयता,जन्म तिथि,लिंग,व्यवसाय,अनुभव वर्ष,भाषाएं,उपलब्ध से,उपलब्ध तक\n"
        "w1,सीता,भारत,15/05/1990,महिला,फल तोड़ने वाला,3,अंग्रेज़ी A2,01/03/2026,30/11/2026\n",
        "IN",
    ),
    "nl": (
        "Kandidaatnummer;Achternaam;Nationaliteit;Geboortedatum;Geslacht;Beroep;Jaren ervaring;Talenkennis;"
        "Beschikbaar vanaf;Beschikbaar tot\n"
        "w1;X;Polen;15-05-1990;Vrouw;Plukker;3;Engels B1;01-03-2026;30-11-2026\n",
        "PL",
    ),
    "pt": (
        "Id trabalhador;Nome;Nacionalidade;Data de nascimento;Sexo;Profissão;Anos de experiência;Línguas;"
        "Disponível a partir de;Disponível até\n"
        "w1;X;Cabo Verde;15/05/1990;Feminino;Apanhador;3;português C1;01/03/2026;30/11/2026\n",
        "CV",
    ),
    "fi": (
        "Hakijanumero;Sukunimi;Kansalaisuus;Syntymäaika;Sukupuoli;Ammatti;Kokemus vuosina;Kielitaito;"
        "Käytettävissä alkaen;Käytettävissä asti\n"
        "w1;X;Thaimaa;15.5.1990;nainen;Marjanpoimija;3;englanti A2;1.3.2026;30.11.2026\n",
        "TH",
    ),
    "da": (
        "Kandidatnummer;Efternavn;Statsborgerskab;Fødselsdato;Køn;Stilling;Års erfaring;Sprog;Tilgængelig fra;"
        "Tilgængelig til\n"
        "w1;X;Rumænien;15.05.1990;Kvinde;Plukker;3;engelsk A2;01.03.2026;30.11.2026\n",
        "RO",
    ),
    "no": (
        "Kandidatnummer;Etternavn;Statsborgerskap;Fødselsdato;Kjønn;Yrke;Års erfaring;Språk;Tilgjengelig fra;"
        "Tilgjengelig til\n"
        "w1;X;Litauen;15.05.1990;Kvinne;Plukker;3;engelsk A2;01.03.2026;30.11.2026\n",
        "LT",
    ),
    "sr": (
        "Редни број;Презиме;Држављанство;Датум рођења;Пол;Занимање;Године искуства;Језици;Доступан од;Доступан до\n"
        "w1;X;Непал;15.05.1990.;женски;Берач;3;енглески A2;01.03.2026.;30.11.2026.\n",
        "NP",
    ),
}  # fmt: skip
"""Language -> the list and where the person is from; each speaks something at the level it says."""


@pytest.mark.parametrize("language", LISTS)
def test_a_list_of_workers_in_this_language(tmp_path: Path, language: str) -> None:
    text, origin = LISTS[language]
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    found = read_workers(path)
    row = found.frame.row(0, named=True)
    assert (row["worker_id"], row["origin"], row["birth_year"], row["sex"]) == ("w1", origin, 1990, "f")
    assert (row["experience_months"], row["available_from"], row["available_to"]) == (
        36,
        date(2026, 3, 1),
        date(2026, 11, 30),
    )
    assert row["languages"][2:] in (":A2", ":B1", ":C1")
    assert found.report.unknown_columns == []
    assert any(read.startswith("left out") for read in found.report.columns.values())
