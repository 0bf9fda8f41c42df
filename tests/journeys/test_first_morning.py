"""A new user's first morning, from an empty folder to a brief, through the command line alone."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pypdf
import pytest

from tests.journeys import typed

HERE = Path(__file__).resolve().parent


def tocsin(*arguments: object, cwd: Path, code: int = 0) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
    )  # fmt: skip
    assert run.returncode == code, f"exit {run.returncode}\n{run.stdout}\n{run.stderr}"
    assert "Traceback" not in run.stderr
    return run.stdout if code == 0 else run.stderr


def told(*arguments: object, cwd: Path) -> dict:
    return json.loads(tocsin(*arguments, "--json", cwd=cwd))


def test_help_comes_in_under_a_second(tmp_path: Path) -> None:
    times = []  # of the processor: a machine at work on other things makes any clock late
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        tocsin("--help", cwd=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 1.0


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> dict:
    """The documented commands on the real files, each with --json; what each said."""
    work = tmp_path_factory.mktemp("morning")
    said: dict = {"work": work}
    said["init"] = told("init", "car", "--area", "CAF", "--wet", "5-10", cwd=work)
    car = work / "car"
    said["events"] = told("import", shared / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv", cwd=car)
    said["again"] = told("import", shared / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv", "--mission", car, cwd=work)
    said["units"] = told("import", shared / "geo_pko" / "Geo_PKO_v.2.1.csv.gz", cwd=car)
    said["assess"] = told("assess", "--as-of", "2018-12", cwd=car)
    said["plan"] = told("plan", cwd=car)
    for name, language in (("brief.pdf", "en"), ("brief.html", "en"), ("bref.pdf", "fr")):
        said[name] = told("brief", "-o", name, "--lang", language, cwd=car)
    return said


def test_every_command_tells_machines_what_the_documents_promise(morning: dict) -> None:
    assert morning["init"]["cells"] == 251
    assert {k: morning["events"][k] for k in ("read", "added", "updated", "unchanged", "rejected")} == {
        "read": 1576, "added": 1576, "updated": 0, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    assert morning["again"]["unchanged"] == 1576
    assert morning["units"]["read"] == 18_699
    assessed = morning["assess"]
    assert (assessed["as_of"], assessed["cells"], assessed["months"]) == ("2018-12", 251, 336)
    assert len(assessed["top"]) == 10
    assert (assessed["model"], assessed["targets"]) == ("combined", ["civilians", "sb", "ns", "os"])
    assert morning["plan"]["model"] == "combined"
    assert assessed["vintage_kind"] == "reconstructed"
    means = [place["mean"] for place in assessed["top"]]
    assert means == sorted(means, reverse=True)
    plan = morning["plan"]
    assert [c["limit_hours"] for c in plan["covered"]] == [2, 6, 12, 24]
    shares = [c["risk_share"] for c in plan["covered"]]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert 0 < len(plan["gaps"]) <= 10
    assert plan["moves"]
    assert plan["bound"] >= plan["value"] - 1e-6
    assert {r["area"] for r in plan["ratios"]} >= {"Ouaka", "Bangui"} - {"Bangui"}


def test_the_forecast_file_has_its_documented_columns(morning: dict) -> None:
    import duckdb

    path = morning["work"] / "car" / morning["assess"]["files"]["forecast"]
    columns = [row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
    assert columns[:7] == ["priogrid_gid", "month", "target", "model", "mean", "p_any", "p_25"]
    assert columns[7:] == ["q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975"]
    models = morning["assess"]["models"]
    rows = duckdb.sql(
        f"SELECT count(*), count(DISTINCT (priogrid_gid, month, target, model)) FROM '{path}'"
    ).fetchall()[0]
    assert rows == (251 * 12 * 4 * len(models), 251 * 12 * 4 * len(models))
    bad = duckdb.sql(
        f"SELECT count(*) FROM '{path}' WHERE mean < 0 OR p_any NOT BETWEEN 0 AND 1 OR p_25 > p_any + 1e-6 "
        "OR q05 > q10 OR q10 > q25 OR q25 > q50 OR q50 > q75 OR q75 > q90 OR q90 > q95"
    ).fetchall()[0]
    assert bad == (0,)
    about = duckdb.sql(
        f"SELECT decode(value) FROM parquet_kv_metadata('{path}') WHERE decode(key) = 'tocsin'"
    ).fetchall()[0]
    facts = json.loads(about[0])
    assert facts["as_of"] == "2018-12"
    assert facts["vintage"] == "2023-06-01"
    assert facts["files"][0]["sha256"]


def test_the_brief_has_two_pages_in_each_language_and_names_what_matters(morning: dict) -> None:
    car = morning["work"] / "car"
    english, french = pypdf.PdfReader(car / "brief.pdf"), pypdf.PdfReader(car / "bref.pdf")
    assert len(english.pages) == len(french.pages) == 2
    text = "\n".join(page.extract_text() for page in english.pages)
    for words in ("Protection brief", "December 2018", "Who is out of reach", "What we do not know", "Sources"):
        assert words in text
    other = "\n".join(page.extract_text() for page in french.pages)
    assert "Protection brief" not in other
    assert "République centrafricaine" in other
    html = (car / "brief.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_the_same_assessment_again_is_the_same_run_and_file(morning: dict) -> None:
    car = morning["work"] / "car"
    path = car / morning["assess"]["files"]["forecast"]
    before, changed = path.read_bytes(), path.stat().st_mtime_ns
    again = told("assess", "--as-of", "2018-12", cwd=car)
    assert again["run"] == morning["assess"]["run"]
    assert path.stat().st_mtime_ns == changed
    path.unlink()
    assert told("assess", "--as-of", "2018-12", cwd=car)["run"] == again["run"]
    assert path.read_bytes() == before, "made anew, it is the same to the byte"


MISTAKES = [
    (("assess",), 4, "no mission in"),
    (("init", "x", "--area", "ZZZ"), 3, "ISO 3166"),
    (("init", "x", "--area", "missing.geojson"), 3, "neither a country code"),
    (("init", "x"), 2, "--area"),
    (("--mission", "car", "assess", "--as-of", "2018/12"), 3, "YYYY-MM"),
    (("--mission", "car", "assess", "--as-of", "2031-01"), 7, "covers 2031-01"),
    (("--mission", "car", "assess", "--horizon", "99"), 3, "1 to 36"),
    (("--mission", "car", "assess", "--target", "tanks"), 3, "civilians"),
    (("--mission", "car", "assess", "--model", "oracle"), 3, "zero"),
    (("--mission", "car", "import", "nothing.csv"), 4, "nothing.csv"),
    (("--mission", "car", "import", "nothing.csv", "--published", "soon"), 3, "YYYY-MM-DD"),
    (("--mission", "car", "brief", "-o", "brief.odt"), 3, ".pdf"),
    (("--mission", "car", "brief", "-o", "brief.pdf", "--lang", "xx"), 3, "xx"),
    (("init", "car", "--area", "CAF"), 5, "already holds a mission"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES)
def test_a_mistake_gets_one_sentence_and_its_exit_code(
    morning: dict, arguments: tuple[str, ...], code: int, words: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    got, _, error = typed(monkeypatch, capfd)(*arguments, cwd=morning["work"])
    assert got == code, error
    assert words in error
    if code != 2:
        assert len(error.strip().splitlines()) == 1
    assert not (morning["work"] / "x").exists()


def test_broken_and_foreign_records_get_one_sentence_too(morning: dict, tmp_path: Path) -> None:
    import shutil
    import sqlite3

    copy = tmp_path / "copy"
    shutil.copytree(morning["work"] / "car", copy)
    with sqlite3.connect(copy / "tocsin.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    assert "tocsin upgrade" in tocsin("assess", cwd=copy, code=9)
    (copy / "tocsin.db").write_bytes(b"SQLite format 3\0" + b"rubbish" * 5_000)
    for name in ("tocsin.db-wal", "tocsin.db-shm"):
        (copy / name).unlink(missing_ok=True)
    error = tocsin("plan", cwd=copy, code=9)
    assert "records cannot be used" in error
    assert len(error.strip().splitlines()) == 1


def test_a_country_at_peace_and_one_with_hostile_names_still_get_two_pages(tmp_path: Path) -> None:
    from tests.listen import ged

    (tmp_path / "a.geojson").write_text('{"type":"Polygon","coordinates":[[[20,5],[22,5],[22,7],[20,7],[20,5]]]}')
    (tmp_path / "units.csv").write_text("name,kind,latitude,longitude,strength,from,until\nA,base,6,20.5,,2018-01,\n")
    long = {"side_a": "<b>" + "ب" * 200, "adm_1": "مدينة طويلة " * 20, "where_coordinates": "x" * 300}
    days = [f"2018-{1 + i % 12:02d}-10" for i in range(200)]
    files = {
        "peace": [ged.row(1, best=0, deaths_civilians=0)],
        "names": [
            ged.row(10 + i, date_start=d, date_end=d, longitude=20 + i % 40 / 20, latitude=5 + i % 37 / 19, **long)
            for i, d in enumerate(days)
        ],
    }
    for name, rows in files.items():
        tocsin("init", name, "--area", "a.geojson", "-q", cwd=tmp_path)
        events = ged.write(tmp_path / f"{name}_v19_1.csv", rows)
        tocsin("import", events, "units.csv", "--mission", name, "-q", cwd=tmp_path)
        assert "Within reach" in tocsin("plan", "--mission", name, cwd=tmp_path)
        tocsin("brief", "-o", "b.pdf", "--lang", {"peace": "en", "names": "fr"}[name], "--mission", name, cwd=tmp_path)
        pages = pypdf.PdfReader(tmp_path / "b.pdf").pages
        assert len(pages) == 2
        assert "nan" not in " ".join(page.extract_text() for page in pages).lower().split()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The demonstration mission as it is made: what was said of it, and where it lies."""
    work = tmp_path_factory.mktemp("demonstration")
    return {"made": told("demo", "here", cwd=work), "work": work}


def test_the_demonstration_mission_from_nothing_to_a_brief(here: dict) -> None:
    work, made = here["work"], here["made"]
    assert made["events"] > 500
    assert told("assess", "--mission", "here", cwd=work)["cells"] == made["cells"]
    assert told("plan", cwd=work / "here")["moves"]
    told("brief", "-o", "b.pdf", "--mission", "here", cwd=work)
    assert len(pypdf.PdfReader(work / "b.pdf").pages) == 2


def test_the_mission_is_served_on_this_machine_to_whoever_has_the_link(here: dict, tmp_path: Path) -> None:
    import http.client
    import re
    from urllib.parse import urlencode

    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "tocsin", "serve", "--mission", "here", "--port", "0"],
        cwd=here["work"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TOCSIN_KEYS": str(tmp_path / "keys")},
    )  # fmt: skip
    try:
        said = [server.stdout.readline() for _ in range(3)]
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said[0])[1])
        link = re.search(r"/demo\?token=([\w-]+)", said[2])

        def ask(path: str, form: dict | None = None, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
            for _ in range(100):
                door = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    body = None if form is None else urlencode(form)
                    if form is not None:
                        headers["Content-Type"] = "application/x-www-form-urlencoded"
                    door.request("POST" if form is not None else "GET", path, body,
                                 headers={"Host": f"127.0.0.1:{port}", **headers})  # fmt: skip
                    answer = door.getresponse()
                    return answer.status, answer.headers, answer.read()
                except ConnectionRefusedError:
                    time.sleep(0.1)
                finally:
                    door.close()
            raise AssertionError("the server did not come up")

        assert ask("/brief.html")[0] == 401
        assert ask(link[0])[0] == 200
        form = {"token": link[1], "login": "duty"}
        status, headers, _ = ask("/demo", form)
        assert (status, headers["Location"]) == (303, "/")
        cookie = headers["Set-Cookie"].split(";")[0]
        assert ask("/demo", form)[0] == 403, "the link works once"
        status, headers, page = ask("/brief.html", Cookie=cookie)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Tancora" in page.decode()
        assert ask("/brief.pdf?lang=fr", Cookie=cookie)[2][:5] == b"%PDF-"
        assert ask("/brief.exe", Cookie=cookie)[0] == 404
        assert ask("/brief.pdf?lang=xx", Cookie=cookie)[0] == 404
        assert ask("/brief.html", Cookie=cookie, Host="evil.example")[0] == 421
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()
