"""Warnings: valid CAP, read exactly as previewed, released by two when public, and an exercise never looks actual."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from tests.act.conftest import DUTY, HOUR, MIN, NOW, add_account, add_alert
from tocsin.act.notify import Channel
from tocsin.act.notify.jobs import empty_outbox
from tocsin.act.tables import contact, notification, warning
from tocsin.act.warn import NewWarning, Text, acknowledge, cancel, contacts, draft, release, take_cap_ack
from tocsin.act.warn import reads as warnings
from tocsin.act.warn.actions import change_draft, withdraw
from tocsin.act.warn.audience import within
from tocsin.act.warn.model import MARKS, marked, suggested
from tocsin.core.codes import Role
from tocsin.core.errors import BadInput, Conflict, Forbidden
from tocsin.listen.alerts.formats.cap import CapArea, CapText, CapWarning, read_cap, write_cap
from tocsin.listen.alerts.model import Delivery
from tocsin.store import reading, writing

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("cap12.xsd"))
SECOND = dataclasses.replace(DUTY, id="second")
TEXTS = {
    "en": Text("Armed men on the Bakala road", "Seen at dawn.", "Stay off the road."),
    "fr": Text("Hommes armés sur la route de Bakala", "Vus à l'aube.", "Ne prenez pas la route."),
}


def new(**more) -> NewWarning:
    values = {"event": "Armed presence", "texts": TEXTS, "area_name": "Around Bakala", "expires_at": NOW + 12 * HOUR,
              "circle": (20.6, 6.2, 15.0), "status": "Actual", "urgency": "Expected", "severity": "Severe",
              "certainty": "Likely", "responses": ("Avoid",), **more}  # fmt: skip
    return NewWarning(**values)


@pytest.fixture
def people(engine, keys):
    """A focal point inside who reads French, a base nearby, a humanitarian far away, and the host state's post."""
    with writing(engine) as c:

        def add(kind: str, label: str, lon: float, channel: Channel, address: str, language: str = "en") -> str:
            there = contacts.NewContact(kind, label, {channel: address}, language, "W", lon, 6.2)
            return contacts.add(c, keys, DUTY, there, NOW)

        return {
            "focal": add("focal_point", "Bakala 1", 20.65, Channel.SMS, "+23675000001", "fr"),
            "base": add("base", "Base Ippy", 20.7, Channel.EMAIL, "ops@base.org"),
            "far": add("humanitarian", "Clinic", 23.0, Channel.EMAIL, "a@ngo.org"),
            "state": add("host_state", "Prefecture", 20.6, Channel.SMS, "+23675000009"),
        }  # fmt: skip


def out(engine) -> list[sa.RowMapping]:
    with reading(engine) as c:
        return list(c.execute(sa.select(notification).order_by(notification.c.id)).mappings())


def test_what_the_preview_shows_is_what_goes_out(engine, keys, rules, people, world, post, gateway, mailbox) -> None:
    from tests.act.conftest import ADMIN
    from tocsin.act.notify import set_sender

    with writing(engine) as c:
        set_sender(c, keys, ADMIN, "mail", "smtp",
                   {"host": "127.0.0.1", "port": mailbox.port, "from": "a@b.org", "plain": True}, "", NOW)  # fmt: skip
        id = draft(c, DUTY, new(audiences=("focal_point", "base", "humanitarian")), NOW)
        seen = warnings.preview(c, rules, DUTY, id, NOW)
        assert out(engine) == []
        assert release(c, rules, DUTY, id, seen["changed"], NOW)
    assert [(a["audience"], a["channel"], a["language"], a["readers"]) for a in seen["audiences"]] == [
        ("base", "email", "en", 1), ("focal_point", "sms", "fr", 1)]  # fmt: skip
    empty_outbox(engine, keys.folder, rules, post, lambda: NOW)
    assert world.calls[0].json["textMessage"]["text"] == seen["audiences"][1]["body"]
    assert world.calls[0].json["textMessage"]["text"] == "Hommes armés sur la route de Bakala Ne prenez pas la route."
    (mail,) = mailbox.mails
    assert mail.get_body().get_content().strip().replace("\r\n", "\n") == seen["audiences"][0]["body"]
    cap = next(iter(mail.iter_attachments())).get_content()
    assert cap.decode() == seen["cap"]
    SCHEMA.validate(cap.decode())
    with reading(engine) as c:
        told = warnings.get_warning(c, DUTY, id)
        assert (told["state"], told["recipients"], told["messages"]) == ("released", 2, {"sent": 2})
        assert "+23675000001" not in str(told)


def test_update_and_cancel_name_what_they_follow_and_reach_whoever_was_told(engine, rules, people) -> None:
    with writing(engine) as c:
        first = draft(c, DUTY, new(), NOW)
        release(c, rules, DUTY, first, 1, NOW)
        second = draft(c, DUTY, new(circle=(20.6, 6.2, 20.0)), NOW + MIN, follows=first)
        release(c, rules, DUTY, second, 1, NOW + MIN)
        c.execute(sa.update(contact).where(contact.c.id == people["focal"]).values(lon=23.0))  # moved away since
        texts = {"en": Text("All clear"), "fr": Text("Fin d'alerte")}
        third = cancel(c, DUTY, second, texts, NOW + 2 * MIN)
        release(c, rules, DUTY, third, 1, NOW + 2 * MIN)
        rows = {r["id"]: r for r in c.execute(sa.select(warning)).mappings()}
        with pytest.raises(Conflict):
            draft(c, DUTY, new(), NOW, follows=first)
    assert [rows[i]["state"] for i in (first, second, third)] == ["replaced", "cancelled", "released"]
    for row in rows.values():
        SCHEMA.validate(row["document"])
    parsed = SCHEMA.to_dict(rows[third]["document"])
    sent = "2026-03-01T05:11:00-00:00,"[:-1]
    assert parsed["cap:msgType" if "cap:msgType" in parsed else "msgType"] == "Cancel"
    references = str(parsed.get("references"))
    assert references.split()[0] == f"{rules.sender},{rows[second]['identifier']},{sent}"
    assert len(references.split()) == 2
    assert [r["to_id"] for r in out(engine) if r["warning_id"] == third].count(people["focal"]) == 1


def test_public_needs_two_people(engine, rules, people) -> None:
    with writing(engine) as c:
        id = draft(c, DUTY, new(scope="Public"), NOW)
        assert release(c, rules, DUTY, id, 1, NOW) is False
        with pytest.raises(Forbidden, match="second person"):
            release(c, rules, DUTY, id, 2, NOW)
        with pytest.raises(Conflict, match="changed"):
            release(c, rules, SECOND, id, 1, NOW)
        change_draft(c, DUTY, id, 2, new(scope="Public", circle=(20.6, 6.2, 30.0)), "wider", NOW)
        assert release(c, rules, SECOND, id, 3, NOW) is False  # what the first released is no longer what it is
        assert release(c, rules, DUTY, id, 4, NOW) is True
        analyst = dataclasses.replace(DUTY, roles=frozenset({Role.ANALYST}))
        other = draft(c, analyst, new(), NOW)
        with pytest.raises(Forbidden):
            release(c, rules, analyst, other, 1, NOW)
        withdraw(c, DUTY, other, NOW)


@pytest.mark.parametrize("status", ["Exercise", "Test"])
@pytest.mark.parametrize("language", ["en", "fr", "ar", "sw", "sg", "ln"])
def test_an_exercise_says_so_at_both_ends_everywhere(engine_file, rules, status, language) -> None:
    engine, keys = engine_file
    word = MARKS[status][language]
    with writing(engine) as c:
        for channel, address in (
            (Channel.SMS, "+23675000001"),
            (Channel.EMAIL, "a@b.org"),
            (Channel.WEBHOOK, "https://x.org/h"),
        ):
            there = contacts.NewContact("base", f"Base {channel}", {channel: address}, language, "W", 20.6, 6.2)
            contacts.add(c, keys, DUTY, there, NOW)
        texts = {language: Text("Leave the road", "d", "i", "short")}
        id = draft(c, DUTY, new(status=status, texts=texts, audiences=("base",)), NOW)
        release(c, rules, DUTY, id, 1, NOW)
    rows = out(engine)
    assert len(rows) == 3
    for row in rows:
        assert row["practice"]
        assert row["body"].startswith(f"{word} {word}")
        assert row["body"].endswith(word)
        assert not row["urgent"]
        assert row["channel"] == "sms" or row["subject"].startswith(word)
        if row["document"]:
            SCHEMA.validate(row["document"])
            assert f"<status>{status}</status>" in row["document"]
            assert f"<headline>{word}" in row["document"]
            assert f"<event>{word}" in row["document"]
            assert "Actual" not in row["document"]


@pytest.fixture
def engine_file(tmp_path, empty_file):
    import shutil

    from tocsin.store import open_store
    from tocsin.store.keys import open_keys

    path = tmp_path / "one.db"
    shutil.copy(empty_file, path)
    engine = open_store(f"sqlite:///{path}")
    with writing(engine) as c:
        keys = open_keys(c, tmp_path / "keys1", NOW)
    yield engine, keys
    engine.dispose()


def test_exercise_and_actual_never_mix(engine, rules) -> None:
    with writing(engine) as c:
        practice = add_alert(c, practice=True)
        with pytest.raises(BadInput, match="exercise"):
            draft(c, DUTY, new(alert_id=practice), NOW)
        with pytest.raises(BadInput, match="exercise"):
            draft(c, DUTY, new(texts={"fr": Text("EXERCICE : route coupée")}), NOW)
        id = draft(c, DUTY, new(), NOW)
        release(c, rules, DUTY, id, 1, NOW)
        with pytest.raises(BadInput, match="exercise"):
            draft(c, DUTY, new(status="Exercise"), NOW, follows=id)


def test_nothing_goes_through_the_host_state_when_its_forces_are_the_perpetrator(engine, rules, people) -> None:
    wide = ("focal_point", "base", "host_state")
    with writing(engine) as c:
        calm, grave = add_alert(c), add_alert(c, actor="state")
        for alert_id in (calm, grave):
            id = draft(c, DUTY, new(alert_id=alert_id, audiences=wide), NOW)
            seen = warnings.preview(c, rules, DUTY, id, NOW)
            release(c, rules, DUTY, id, 1, NOW)
            to = set(c.execute(sa.select(notification.c.to_id).where(notification.c.warning_id == id)).scalars())
            assert (people["state"] in to) is (alert_id == calm)
            assert seen["left_out"] == ([] if alert_id == calm else ["host_state"])


def test_liaison_assistants_of_the_area_are_told(engine, rules) -> None:
    with writing(engine) as c:
        add_account(c, "cla-w", Role.LIAISON_ASSISTANT, areas=("W",))
        add_account(c, "cla-e", Role.LIAISON_ASSISTANT, areas=("E",))
        id = draft(c, DUTY, new(area="W"), NOW)
        release(c, rules, DUTY, id, 1, NOW)
    assert [r["to_id"] for r in out(engine)] == ["cla-w"]


def test_acknowledgements(engine, keys, rules, people) -> None:
    with writing(engine) as c:
        id = draft(c, DUTY, new(), NOW)
        with pytest.raises(Conflict):
            acknowledge(c, DUTY, id, "x", "screen", NOW)
        release(c, rules, DUTY, id, 1, NOW)
        assert acknowledge(c, DUTY, id, people["base"], "radio", NOW)
        assert not acknowledge(c, DUTY, id, people["base"], "radio", NOW)
        row = c.execute(sa.select(warning)).mappings().one()
        ack = CapWarning("ack1", "base@ngo.org", NOW, status="Actual", msg_type="Ack", scope="Private",
                         addresses=(rules.sender,), references=((rules.sender, row["identifier"], NOW),))  # fmt: skip
        document = write_cap(ack)
        SCHEMA.validate(document.decode())
        assert take_cap_ack(c, keys, DUTY, document, NOW) == 1
        assert take_cap_ack(c, keys, DUTY, document, NOW) == 0
        assert warnings.get_warning(c, DUTY, id)["acknowledged"] == 2
        for wrong in (row["document"].encode(), b"<alert/>", b"<", b""):
            with pytest.raises(BadInput):
                take_cap_ack(c, keys, DUTY, wrong, NOW)


@pytest.mark.parametrize("wrong", [
    {"circle": None}, {"circle": (20.6, 6.2, 0.5)}, {"circle": (200.0, 6.2, 9.0)}, {"polygon": ((0.0, 0.0),)},
    {"circle": None, "polygon": ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))},
    {"circle": None, "polygon": ((0.0, 0.0), (0.001, 0.0), (0.0, 0.001))}, {"expires_at": NOW}, {"texts": {}},
    {"expires_at": NOW + dt.timedelta(days=30)}, {"status": "Draft"}, {"urgency": "Soon"}, {"audiences": ("all",)},
    {"responses": ("Run",)}, {"texts": {"en": Text("")}}, {"texts": {"en": Text("x" * 400)}}, {"event": " "},
])  # fmt: skip
def test_what_cannot_be_sent_is_refused(wrong) -> None:
    with pytest.raises(BadInput):
        new(**wrong).check(NOW)


def test_geofences() -> None:
    circle = {"circle": [20.0, 6.0, 10.0], "polygon": None}
    assert within(circle, 0, 20.08, 6.0)
    assert not within(circle, 0, 20.2, 6.0)
    assert within(circle, 15, 20.2, 6.0)
    square = {"circle": None, "polygon": [[20, 6], [21, 6], [21, 7], [20, 7]]}
    assert within(square, 0, 20.5, 6.5)
    assert not within(square, 10, 21.2, 6.5)
    assert within(square, 25, 21.2, 6.5)


def test_what_an_alert_suggests_never_shows_a_house() -> None:
    row = {"lon": 20.61234, "lat": 6.27654, "radius_km": 0.2, "imminence": "hours", "level": "1", "credibility": "2",
           "area": "W"}  # fmt: skip
    told = suggested(row)
    assert told["circle"] == [20.61, 6.28, 3]
    assert (told["urgency"], told["severity"], told["certainty"]) == ("Expected", "Extreme", "Likely")
    assert suggested({**row, "lon": None})["circle"] is None


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(words, words, words, st.floats(-179, 179), st.floats(-89, 89), st.floats(3, 500), st.sampled_from(list(MARKS)))
def test_whatever_is_written_the_document_is_valid(event, headline, more, lon, lat, km, status) -> None:
    corners = ((lon, lat), (lon / 2, lat), (lon, lat / 2 + 1))
    made = CapWarning(
        "tocsin.1", "a@b", NOW, event or "x", status=status, restriction="r", headline=headline, description=more,
        instruction=more, areas=(CapArea("a" + headline, (corners,), ((lon, lat, km),)),),
        more=(CapText("fr", "é" + event, headline),), expires_at=NOW,
    )  # fmt: skip
    try:
        document = write_cap(made)
    except BadInput:
        return  # words of nothing but spaces, or corners that fall together
    SCHEMA.validate(document.decode())
    assert read_cap(Delivery(document, NOW))[0].practice
    assert marked("", status, "en") == ""


def test_a_contact_shows_no_name_and_no_exact_home(engine, keys) -> None:
    with writing(engine) as c:
        here = contacts.NewContact("focal_point", "Bakala 2", {Channel.SMS: "+23675000002"}, "fr", "W", 20.6543, 6.2789)
        contacts.add(c, keys, DUTY, here, NOW)
        (row,) = contacts.list_contacts(c, DUTY)
        assert (row["lon"], row["lat"]) == (20.7, 6.3)
        assert "+23675000002" not in str(row)
        for bad in ({"label": "call +23675000002"}, {"kind": "spy"}, {"addresses": {}}, {"lat": None},
                    {"addresses": {Channel.SMS: "75000002"}}):  # fmt: skip
            with pytest.raises(BadInput):
                contacts.add(c, keys, DUTY, dataclasses.replace(here, **bad), NOW)
        contacts.close(c, DUTY, row["id"], "left the area", NOW)
        assert contacts.list_contacts(c, DUTY) == []
