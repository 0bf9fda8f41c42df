"""Reports from communities: reading real gateway payloads, understanding, placing, joining and grading them.

Simulated streams are made from sentence patterns that the program's authors also wrote; they show what spelling slips,
distances, echoes and rumours do, not how well it reads a real language. Real text: UCDP's place phrases and headlines.
"""

import csv
import datetime as dt
import random
import time
from dataclasses import replace

import numpy as np

from benchmarks import alert_places as geo
from benchmarks.alert_streams import SCORED, Stream, b_cubed, pairwise, stream
from benchmarks.results import SHARED, Figure, Peer
from tocsin.listen.alerts.echoes import echo_chances
from tocsin.listen.alerts.grade import TrackRecord, Voice, grade
from tocsin.listen.alerts.join import Item, Joiner
from tocsin.listen.alerts.model import ThreatKind
from tocsin.listen.alerts.names import Names, index_names
from tocsin.listen.alerts.places import locate
from tocsin.listen.alerts.understand import understand

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def run() -> list[Figure]:
    """All figures; about three minutes on one core."""
    return [*_kinds(), *_headlines(), *_real_places(), *_elsewhere(), *_names(), *_joined(), *_speed()]


def _kinds() -> list[Figure]:
    right = wrong = none = total = 0
    for seed in SCORED:
        one = stream(seed)
        for said, true, item in zip(one.said, one.kind, one.items, strict=True):
            if item.text:
                total += 1
                right, wrong, none = right + (said == true), wrong + (said not in ("", true)), none + (said == "")
    note = f"{total} simulated messages of seeds {SCORED} in 5 languages; written from patterns: a ceiling"
    return [
        Figure("alerts.kind.right", right / total, "share", None, "higher", note=note),
        Figure("alerts.kind.wrong", wrong / total, "share", 0.02, "lower", note=f"{none / total:.1%} left to a person"),
    ]


def _headlines() -> list[Figure]:
    found = []
    for label, name in (("caf", geo.FILES["CAF"]), ("sudan", geo.FILES["SDN"]), ("candidate", geo.OTHERS)):
        with (SHARED / "data" / "ucdp_ged" / name).open(encoding="utf-8-sig", newline="") as file:
            lines = {h.strip() for r in csv.DictReader(file) for h in r["source_headline"].split(";")}
        lines = {h for h in lines if len(h) > 15}
        answers = [understand(h, AT).kind.value for h in lines]
        attack = sum(a is ThreatKind.ATTACK for a in answers) / len(lines)
        none = sum(a is None for a in answers) / len(lines)
        note = f"{len(lines)} headlines of lethal events; {none:.0%} to a person, {1 - attack - none:.1%} another kind"
        found.append(Figure(f"alerts.headlines.{label}.attack", attack, "share", None, "higher", note=note))
    return found


def _real_places() -> list[Figure]:
    found = []
    for learnt, tested in (("SDN", "CAF"), ("CAF", "SDN")):
        rows, names = geo.phrases(geo.FILES[tested]), geo.bundled(tested)
        best, errors, _ = geo.answers(rows, names, geo.calibrated(learnt))
        radius = np.array([c.radius_km for c in best])
        label, answered = f"alerts.places.{tested.lower()}", len(best) / len(rows)
        plain = _exact_only(rows, names)
        for km in (10, 25, 50):
            note = f"of {len(rows)} phrases; {(errors <= km).mean():.0%} of the {answered:.0%} that got an answer"
            peer = Peer("first name spelt exactly", float((plain <= km).mean()))
            share = float((errors <= km).sum() / len(rows))
            found.append(Figure(f"{label}.within_{km}_km", share, "share", None, "higher", peer, note))
        inside = float((errors <= radius).mean())
        note = f"radii calibrated on {learnt}; median radius {np.median(radius):.0f} km"
        found.append(Figure(f"{label}.in_radius", inside, "share", 0.8, "higher", note=note))
        found += [_growing(tested, label), _told(rows, names, label)]
    return found


ELSEWHERE = {
    "NGA": "Nigeria", "COD": "DR Congo (Zaire)", "SOM": "Somalia", "MLI": "Mali", "SDN": "Sudan", "BFA": "Burkina Faso",
}  # fmt: skip


def _elsewhere() -> list[Figure]:
    """The shipped radii in countries and months that they were not made from (candidate events, few rows each)."""
    found = []
    for code, name in ELSEWHERE.items():
        rows = geo.phrases(geo.OTHERS, name)
        best, errors, _ = geo.answers(rows, geo.bundled(code), geo.default_radii())
        inside = float((errors <= np.array([c.radius_km for c in best])).mean())
        note = (
            f"{len(rows)} phrases of 2026, {len(best) / len(rows):.0%} answered, {(errors <= 25).mean():.0%} in 25 km"
        )
        found.append(
            Figure(f"alerts.places.elsewhere.{code.lower()}.in_radius", inside, "share", 0.8, "higher", note=note)
        )
    return found


def _exact_only(rows: list[geo.Phrase], names: Names) -> np.ndarray:
    """Errors when the first word or pair of words that is exactly a known main name is taken; inf without."""
    table = {str(n).lower(): i for i, n in reversed(list(enumerate(names.names)))}
    errors = []
    for row in rows:
        words = row.text.replace(",", " ").replace("(", " ").lower().split()
        hits = [table[w] for n in range(len(words)) for w in (" ".join(words[n : n + 2]), words[n]) if w in table]
        if not hits:
            errors.append(np.inf)
            continue
        x, y = float(names.lon[hits[0]]), float(names.lat[hits[0]])
        errors.append(float(geo.distance_km(x, y, row.lon, row.lat)))
    return np.array(errors)


def _growing(code: str, label: str) -> Figure:
    """A mission that keeps its own list: each year's phrases with the places of the years before."""
    rows, near = geo.phrases(geo.FILES[code]), 0
    for year in sorted({r.year for r in rows}):
        names = geo.bundled(code, [r for r in rows if r.year < year])
        _, errors, _ = geo.answers([r for r in rows if r.year == year], names, geo.default_radii())
        near += int((errors <= 25).sum())
    note = "places of earlier years added to the gazetteer, as a mission's own list would grow"
    return Figure(f"{label}.own_list.within_25_km", near / len(rows), "share", None, "higher", note=note)


def _told(rows: list[geo.Phrase], names: Names, label: str) -> Figure:
    """The same phrases with the province beside them, as a form asks for it."""
    told = [replace(r, text=f"{r.text}, {r.province}") for r in rows]
    best, errors, _ = geo.answers(told, names, geo.default_radii())
    note = f"UCDP's adm_1 added to the text; {len(best) / len(rows):.0%} got an answer"
    return Figure(
        f"{label}.with_province.within_25_km",
        float((errors <= 25).sum() / len(rows)),
        "share",
        None,
        "higher",
        note=note,
    )


def _names() -> list[Figure]:
    import duckdb

    with duckdb.connect() as db:
        query = (
            "SELECT name, coalesce(alternates, ''), lon, lat FROM read_parquet(?) USING SAMPLE reservoir(50000 ROWS)"
        )
        rows = db.execute(query + " REPEATABLE (1)", [str(geo.areas.places_file())]).fetchall()
    names = index_names(*zip(*rows, strict=True))
    rng, asked, kept, spent = random.Random(1), 0, 0, []
    for row in rng.sample(range(len(rows)), 2000):
        name = rows[row][0]
        if len(name) >= 5:
            at = rng.randrange(1, len(name) - 1)
            start = time.perf_counter()
            hits = names.find(name[:at] + name[at + 1 :] if rng.random() < 0.5 else name[:at] + name[at] + name[at:])
            spent.append(time.perf_counter() - start)
            asked, kept = asked + 1, kept + any(h.row == row for h in hits)
    other = _scan(rows[:], [rows[i][0] for i in rng.sample(range(len(rows)), 20)])
    peer = Peer("rapidfuzz scan of all names", other)
    return [
        Figure("alerts.names.ms_a_query", 1000 * float(np.mean(spent)), "ms", 60, "lower", peer, "50,000 places"),
        Figure("alerts.names.slip_found", kept / asked, "share", None, "higher", note="one letter lost or doubled"),
    ]


def _scan(rows: list[tuple[str, str, float, float]], asked: list[str]) -> float:
    from rapidfuzz import process

    names = [r[0] for r in rows]
    start = time.perf_counter()
    for name in asked:
        process.extractOne(name, names)
    return 1000 * (time.perf_counter() - start) / len(asked)


def _joined() -> list[Figure]:
    scores, simple, hits = [], [], []
    truth, chance = [], []
    for seed in SCORED:
        one, joiner = stream(seed), Joiner()
        numbers = [joiner.add(item) for item in one.items]
        scores.append((*pairwise(one.story, numbers), *b_cubed(one.story, numbers)))
        simple.append(b_cubed(one.story, _simple(one)))
        hits.append(np.mean(one.held))
        origin = {item.id: kind for item, kind in zip(one.items, one.origin, strict=True)}
        for number in set(numbers):
            items = joiner.reports(number)
            for item, value in zip(items, echo_chances(items), strict=True):
                if not np.isnan(value):
                    truth.append(origin[item.id] == "echo")
                    chance.append(float(value))
    names = ("pairs.precision", "pairs.recall", "b_cubed.precision", "b_cubed.recall")
    plain = ("", "", float(np.mean([s[0] for s in simple])), float(np.mean([s[1] for s in simple])))
    found = [
        Figure(f"alerts.join.{name}", float(np.mean([s[k] for s in scores])), "share", None, "higher",
               Peer("same kind, cell and day", plain[k]) if isinstance(plain[k], float) else None,
               f"simulated, seeds {SCORED}")
        for k, name in enumerate(names)
    ]  # fmt: skip
    echo, said = np.array(truth), np.array(chance) > 0.5
    found.append(Figure("alerts.echo.precision", float(echo[said].mean()), "share", None, "higher"))
    found.append(Figure("alerts.echo.recall", float(said[echo].mean()), "share", None, "higher"))
    held = "the true place, missed calls by the sender's usual place"
    found.append(Figure("alerts.simulated.in_radius", float(np.mean(hits)), "share", 0.8, "higher", note=held))
    return found


def _simple(one: Stream) -> list[object]:
    """The obvious way: one alert for the same kind in the same half-degree cell on the same day."""
    return [(i.kind, round(i.lon * 2), round(i.lat * 2), i.at.date()) for i in one.items]


def _speed() -> list[Figure]:
    rng, kinds = random.Random(3), list(ThreatKind)
    items = [
        Item(
            str(n), AT + dt.timedelta(hours=n * 720 / 100_000), rng.uniform(14, 27), rng.uniform(2, 11), 10,
            rng.choice(kinds), rng.randrange(1, 30), f"s{n % 5000}", rng.uniform(0, 60), "attaque du village hier soir",
        )
        for n in range(101_000)
    ]  # fmt: skip
    joiner = Joiner()
    for item in items[:100_000]:
        joiner.add(item)
    start = time.process_time()
    for item in items[100_000:]:
        reports = joiner.reports(joiner.add(item))
        grade([Voice(TrackRecord(), float(c)) for c in echo_chances(reports) if not np.isnan(c)])
    spent = time.process_time() - start
    texts = [i.text for seed in SCORED for i in stream(seed).items if i.text]
    begin = time.process_time()
    for text in texts:
        understand(text, AT)
    reading = (time.process_time() - begin) / len(texts)
    names, rows = geo.bundled("CAF"), geo.phrases(geo.FILES["CAF"])
    begin = time.process_time()
    for row in rows:
        locate(row.text, names)
    placing = (time.process_time() - begin) / len(rows)
    note = "processor time; joined, echoes told, graded, with 100,000 reports of one month open"
    return [
        Figure("alerts.join_and_grade.ms", spent, "ms", 1.0, "lower", note=note),
        Figure("alerts.understand.ms", 1000 * reading, "ms", None, "lower", note="processor time a message"),
        Figure("alerts.locate.ms", 1000 * placing, "ms", None, "lower", note="processor time a real phrase"),
    ]
