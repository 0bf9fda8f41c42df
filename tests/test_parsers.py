"""Every file that people write by hand, with anything in it: taken, or refused in one sentence, within a second.

Files of data, deliveries and requests have their own tests; `docs/parsers.md` names the one of each parser.
"""

import contextlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.web.test_fuzz import JUNK, holes, put
from tocsin.act.notify.formats.receipts import read_receipts
from tocsin.act.respond.telling import read_telling
from tocsin.act.retention import keep_rules
from tocsin.act.rules import read_rules
from tocsin.core.errors import TocsinError
from tocsin.core.geometry import read_polygons
from tocsin.core.mission import load, read_cells
from tocsin.learn.exercise import scenario
from tocsin.learn.policing.model import read_log
from tocsin.plan.corridors.ground import read_roads
from tocsin.plan.mobility.ground import _read_features
from tocsin.plan.mobility.speeds import read_speeds
from tocsin.plan.patrols.track import read_gpx
from tocsin.plan.people.rosters import read_people
from tocsin.plan.posture.protection import read_prior
from tocsin.plan.posture.request import read_request
from tocsin.plan.scenarios.model import read_scenarios
from tocsin.store.audit import verify_lines
from tocsin.store.policy import read_policy
from tocsin.web.settings import serve_settings

SRC = Path(load.__code__.co_filename).parents[1]
RULES = (SRC / "act/rules.toml").read_text()
TELLING = (SRC / "act/respond/telling.toml").read_text()
MISSION = '[mission]\nname = "M"\niso3 = "CAF"\nwet_months = [5, 6]\nlanguage = "fr"\n'
SERVE = '[serve]\naddress = "127.0.0.1"\nhosts = ["a.example"]\ntrusted_proxies = ["10.0.0.0/8"]\nrequests_per_s = 5\n'
KEEP = "[keep]\nwords = 90\nidentities = 30\nmessages = 365\nsessions = 90\n"
REQUEST = "[limits]\nnew_bases = 2\nmoves = 1\nmay_close = false\nbudget = 5.0\n\n[at_most]\nbase = 3\n"
SCENARIOS = '[scenario."early rains"]\nwet = true\n\n[scenario.less]\nlosses = 2\n'
PLACES = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"name": "A", "wet_season": "closed"},
     "geometry": {"type": "Polygon", "coordinates": [[[20, 5], [21, 5], [21, 6], [20, 5]]]}},
    {"type": "Feature", "properties": {"class": "track"},
     "geometry": {"type": "LineString", "coordinates": [[20, 5], [21, 5.5]]}},
]}  # fmt: skip
GPX = (
    '<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg><trkpt lat="5" lon="20"><time>2026-01-01T06:00:00Z'
    '</time></trkpt><trkpt lat="5.1" lon="20"/></trkseg></trk></gpx>'
)
TRAIL = '{"chain": "c"}\n{"seq": 1, "at": "2026-01-01T00:00:00Z", "actor": "a", "hash": "x"}\n'
ROSTER = "id,rank,gender,skills,from\nA1,3,f,gbv:0.9,2026-01-01\nA2,1,m,,2026-02-01\n"
LOG = "day,what,kind,tier,count,officers,women\n2026-01-02,patrol,fpu,II,3,12,2\n"
WORDS = (
    "",
    '"',
    ",",
    "-1",
    "1e999",
    "9" * 400,
    "nan",
    "\x00",
    "31/12/2026",
    "2026-02-30",
    "gbv:",
    ":::",
    "٣",
    "x" * 5_000,
)
RECEIPTS = {
    "twilio": "MessageSid=SM1&MessageStatus=failed&ErrorCode=21610",
    "africastalking": "id=AT1&status=Rejected",
    "httpsms": {"type": "message.send.failed", "data": {"message_id": "H"}},
    "smsgateway": {"event": "sms:delivered", "payload": {"messageId": "m"}},
    "infobip": {"results": [{"messageId": "i", "status": {"groupName": "DELIVERED"}}]},
}
VALUES = ("nan", "inf", "-1", "0", "1e999", "9" * 400, '"x"', '""', "[]", "{}", "true", "[[1]]", "[-1, 1e300]",
          "1979-05-27", "{a = {b = 1}}", '"\\u0000"', '["x", 1]', '"٣"')  # fmt: skip
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def written(name: str, read: Callable[[Path], Any]) -> Callable[[Path, str], Any]:
    """A parser of a file, as one of a text."""

    def parse(folder: Path, text: str) -> Any:
        path = folder / name
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        return read(path)

    return parse


def in_mission(read: Callable[[Any], Any]) -> Callable[[Path, str], Any]:
    """A parser of a mission's settings."""
    return written("tocsin.toml", lambda path: read(load(path.parent)))


TEXTS: dict[str, tuple[str, Callable[[Path, str], Any]]] = {
    "tocsin.toml [mission]": (MISSION, in_mission(lambda m: m)),
    "tocsin.toml [serve]": (MISSION + SERVE, in_mission(serve_settings)),
    "tocsin.toml [keep]": (MISSION + KEEP, in_mission(keep_rules)),
    "act.toml": (RULES, lambda _, text: read_rules(RULES, text)),
    "telling.toml": (TELLING, lambda _, text: read_telling(TELLING, text)),
    "policy.toml": ((SRC / "store/policy.toml").read_text(), lambda _, text: read_policy(text)),
    "speeds.toml": ((SRC / "plan/mobility/speeds.toml").read_text(), written("speeds.toml", read_speeds)),
    "protection.toml": ((SRC / "plan/posture/protection.toml").read_text(), written("prior.toml", read_prior)),
    "a plan's request": (REQUEST, written("request.toml", read_request)),
    "scenarios": (SCENARIOS, written("scenarios.toml", read_scenarios)),
    "a simulated country": (scenario.toml(scenario.Scenario()), written("country.toml", scenario.load)),
    "cells.csv": ("gid,name\n134310,a\n134311,b\n", written("cells.csv", read_cells)),
    "an exported trail": (TRAIL, lambda _, text: verify_lines(text.split("\n"))),
    "a roster": (ROSTER, written("roster.csv", read_people)),
    "a police log": (LOG, written("log.csv", read_log)),
    **{
        f"a receipt of {n}": (w, lambda _, text, n=n: read_receipts(n, text.encode("utf-8", "replace")))
        for n, w in RECEIPTS.items()
        if isinstance(w, str)
    },
    "GPX": (GPX, lambda _, text: read_gpx(text.encode("utf-8", "replace"))),
}
TREES: dict[str, tuple[Any, Callable[[Path, str], Any]]] = {
    "areas.geojson": (PLACES, written("areas.geojson", read_polygons)),
    "roads.geojson": (PLACES, written("roads.geojson", read_roads)),
    "layer.geojson": (
        {**PLACES, "features": PLACES["features"][1:]},
        written("roads.geojson", lambda path: _read_features(path, "roads")),
    ),
    **{
        f"a receipt of {n}": (w, lambda _, text, n=n: read_receipts(n, text.encode("utf-8", "replace")))
        for n, w in RECEIPTS.items()
        if not isinstance(w, str)
    },
    "scenarios.json": ({"scenario": {"a": {"wet": True, "shift": [["x", 1]]}}}, written("s.json", read_scenarios)),
}


def ends_well(parse: Callable[[Path, str], Any], folder: Path, text: str) -> None:
    begin = time.process_time()
    with contextlib.suppress(TocsinError):
        parse(folder, text)
    assert time.process_time() - begin < 1.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files are written over and over; its own, or other tests would find a mission above them."""
    place = tmp_path_factory.mktemp("parsers")
    first = [*TEXTS.values(), *((json.dumps(tree), parse) for tree, parse in TREES.values())]
    for text, parse in first:  # so that no parser's first use, which may import much, is timed
        with contextlib.suppress(TocsinError):
            parse(place, text)
    return place


@pytest.mark.parametrize("name", TEXTS)
@QUICK
@given(data=st.data())
def test_text_with_anything_in_it_is_taken_or_refused(folder: Path, name: str, data: st.DataObject) -> None:
    whole, parse = TEXTS[name]
    lines = whole.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["value", "value", "value", "word", "gone", "twice", "cut", "junk"])):
        case "value":
            settable = [n for n, line in enumerate(lines) if "=" in line] or [at]
            at = settable[at % len(settable)]
            lines[at] = re.sub(r"=.*", lambda _: "= " + data.draw(st.sampled_from(VALUES)), lines[at])
        case "word":
            words = lines[at].split(",")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
            lines[at] = ",".join(words)
        case "gone":
            del lines[at]
        case "twice":
            lines.insert(at, lines[at])
        case "cut":
            lines = [whole[: data.draw(st.integers(0, len(whole)))]]
        case "junk":
            lines[at] = data.draw(st.text(max_size=60))
    ends_well(parse, folder, "\n".join(lines))


@pytest.mark.parametrize("name", TREES)
@QUICK
@given(data=st.data())
def test_json_with_anything_in_it_is_taken_or_refused(folder: Path, name: str, data: st.DataObject) -> None:
    whole, parse = TREES[name]
    changed = put(whole, data.draw(st.sampled_from(holes(whole))), data.draw(JUNK))
    ends_well(parse, folder, json.dumps(changed))


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "parsers.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {name}"
