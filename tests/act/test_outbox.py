"""The outbox: each message goes out once, at the right time, by a way that works, and leaves no number anywhere."""

import dataclasses
import datetime as dt
import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.act.conftest import ADMIN, DUTY, HOUR, MIN, NOW, add_source, note
from tests.act.servers import World
from tocsin.act.notify import Channel, Purpose, Recipient, enqueue, set_address, set_sender, take_receipts
from tocsin.act.notify.actions import FIRST_WAIT, LEASE, settle, take
from tocsin.act.notify.jobs import empty_outbox, send_round
from tocsin.act.notify.model import Answer, Receipt
from tocsin.act.notify.senders import Post
from tocsin.act.rules import Rules
from tocsin.act.tables import notification
from tocsin.listen.alerts.tables import source
from tocsin.store import open_store, reading, writing
from tocsin.store.keys import KeyRing
from tocsin.store.tables import audit

NUMBER = "+23675000001"


def rows(engine: sa.Engine) -> list[sa.RowMapping]:
    with reading(engine) as c:
        return list(c.execute(sa.select(notification).order_by(notification.c.id)).mappings())


def send(engine: sa.Engine, keys: KeyRing, rules: Rules, post: Post, now: dt.datetime = NOW):
    return empty_outbox(engine, keys.folder, rules, post, lambda: now)


@pytest.fixture
def to(engine: sa.Engine, keys: KeyRing) -> str:
    with writing(engine) as c:
        return add_source(c, keys, NUMBER)


def test_goes_out_once_and_the_number_is_opened_only_then(engine, keys, rules, world, post, gateway, to) -> None:
    with writing(engine) as c:
        first = enqueue(c, note("a", to, urgent=True), NOW)
        assert enqueue(c, note("a", to, urgent=True), NOW) is None
        assert c.execute(sa.select(sa.func.count()).where(audit.c.what == "sealed.send")).scalar_one() == 0
    assert send(engine, keys, rules, post).sent == 1
    assert send(engine, keys, rules, post).sent == 0
    (call,) = world.calls
    assert call.json == {"id": f"tocsin-{first}", "textMessage": {"text": "words"}, "phoneNumbers": [NUMBER],
                         "withDeliveryReport": True}  # fmt: skip
    (row,) = rows(engine)
    assert (row["state"], row["tries"], row["sent_at"]) == ("sent", 1, NOW)
    assert row["cost"] == 0.05
    assert NUMBER not in str(dict(row))
    with reading(engine) as c:
        assert c.execute(sa.select(sa.func.count()).where(audit.c.what == "sealed.send")).scalar_one() == 1
        assert all(NUMBER not in str(r) for r in c.execute(sa.select(audit)))


def test_nothing_is_kept_when_its_cause_is_not(engine, to) -> None:
    def deed() -> None:
        with writing(engine) as c:
            enqueue(c, note("a", to), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        deed()
    assert rows(engine) == []


def test_retries_wait_longer_each_time_and_end(engine, keys, rules, world, post, gateway, to) -> None:
    world.answer = lambda call: (503, {})
    rules = dataclasses.replace(rules, tries=4)
    with writing(engine) as c:
        enqueue(c, note("a", to, urgent=True), NOW)
    now, waits = NOW, []
    for _ in range(4):
        send(engine, keys, rules, post, now)
        (row,) = rows(engine)
        waits.append(row["due_at"] - now)
        now = max(now, row["due_at"])
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert (row["state"], row["problem"], len(world.calls)) == ("failed", "http_503", 4)


def test_a_way_that_fails_for_good_is_followed_by_the_next(engine, keys, rules, world, post, mailbox, gateway) -> None:
    world.answer = lambda call: (400, {})
    with writing(engine) as c:
        set_sender(c, keys, ADMIN, "mail", "smtp", {"host": "127.0.0.1", "port": mailbox.port, "from": "a@b.org",
                                                    "plain": True}, "", NOW)  # fmt: skip
        from tests.act.conftest import add_account
        from tocsin.core.codes import Role

        add_account(c, "p1", Role.DUTY_OFFICER)
        own = dataclasses.replace(DUTY, id="p1")
        set_address(c, keys, own, Recipient.ACCOUNT, "p1", Channel.SMS, NUMBER, NOW)
        set_address(c, keys, own, Recipient.ACCOUNT, "p1", Channel.EMAIL, "duty@mission.org", NOW)
        ways = (Channel.SMS, Channel.EMAIL)
        enqueue(c, note("a", "p1", Recipient.ACCOUNT, channels=ways, subject="Alert", urgent=True), NOW)
    assert send(engine, keys, rules, post) == type(send(engine, keys, rules, post))(sent=1, dropped=1)
    (mail,) = mailbox.mails
    assert (mail["To"], mail["Subject"], mail.get_content().strip()) == ("duty@mission.org", "Alert", "words")
    assert [r["state"] for r in rows(engine)] == ["failed", "sent"]


def test_quiet_hours_and_the_cost_cap_hold_all_but_what_is_urgent(
    engine, keys, rules, world, post, gateway, to
) -> None:
    night = NOW.replace(hour=23)
    with writing(engine) as c:
        enqueue(c, note("quiet", to), night)
        enqueue(c, note("page", to, urgent=True, purpose=Purpose.PAGE), night)
    assert send(engine, keys, rules, post, night).sent == 1
    quiet, _ = rows(engine)
    morning = night.replace(hour=6, minute=0) + dt.timedelta(days=1)
    assert (quiet["state"], quiet["held"], quiet["due_at"]) == ("waiting", "quiet_hours", morning)
    assert send(engine, keys, rules, post, morning).sent == 1

    noon = morning.replace(hour=12)
    poor = dataclasses.replace(rules, cap_per_day=0.15)  # two of 0.05 a day more: one went out this morning
    with writing(engine) as c:
        for i in range(4):
            enqueue(c, note(f"c{i}", to), noon)
        enqueue(c, note("page2", to, urgent=True), noon)
    assert send(engine, keys, poor, post, noon).sent == 2
    assert [r["state"] for r in rows(engine)[2:]] == ["sent", "waiting", "waiting", "waiting", "sent"]
    assert {r["held"] for r in rows(engine) if r["state"] == "waiting"} == {"cost_cap"}
    later = noon + dt.timedelta(days=1)
    assert send(engine, keys, poor, post, later.replace(hour=7)).sent == 3


def test_who_opted_out_hears_nothing_more(engine, keys, rules, world, post, gateway, to) -> None:
    world.answer = lambda call: (400, {"code": 21610})
    with writing(engine) as c:
        set_sender(
            c, keys, ADMIN, "tw", "twilio", {"url": world.url, "account": "AC1", "from": "+15550001111"}, "t", NOW
        )
        enqueue(c, note("a", to, gateway_id="tw", urgent=True), NOW)
        twin = add_source(c, keys, NUMBER)
    send(engine, keys, rules, post)
    assert rows(engine)[0]["state"] == "dropped"
    with writing(engine) as c:
        assert c.execute(sa.select(source.c.opted_out_at).where(source.c.id == to)).scalar_one() == NOW
        assert c.execute(sa.select(source.c.opted_out_at).where(source.c.id == twin)).scalar_one() == NOW
        enqueue(c, note("b", twin), NOW)
    before = len(world.calls)
    send(engine, keys, rules, post, NOW + HOUR)
    assert (len(world.calls), rows(engine)[1]["problem"]) == (before, "opted_out")


def test_receipts(engine, keys, rules, world, post, gateway, to) -> None:
    world.answer = lambda call: (202, {"id": call.json["id"]})
    with writing(engine) as c:
        enqueue(c, note("a", to, urgent=True), NOW)
        enqueue(c, note("b", to, urgent=True), NOW)
    send(engine, keys, rules, post)
    one, two = (r["provider_id"] for r in rows(engine))
    with writing(engine) as c:
        said = [
            Receipt(one, True),
            Receipt(one, False, failed=True),
            Receipt(two, False, True, "x"),
            Receipt("?", True),
        ]
        assert take_receipts(c, keys, "sms", said, NOW + MIN) == 3
        assert take_receipts(c, keys, "another", [Receipt(one, True)], NOW) == 0
    assert [r["state"] for r in rows(engine)] == ["delivered", "failed"]


def test_expired_messages_and_people_without_a_number_are_not_sent(
    engine, keys, rules, world, post, gateway, to
) -> None:
    with writing(engine) as c:
        enqueue(c, note("a", to, urgent=True, expires_at=NOW + MIN), NOW)
        enqueue(c, note("b", to, urgent=True, channels=(Channel.WEBHOOK,)), NOW)
    send(engine, keys, rules, post, NOW + HOUR)
    assert [(r["state"], r["problem"]) for r in rows(engine)] == [("dropped", "expired"), ("failed", "no_address")]
    assert world.calls == []


def test_a_worker_that_died_leaves_its_message_to_another_after_the_lease(engine, keys, rules, gateway, to) -> None:
    with writing(engine) as c:
        enqueue(c, note("a", to, urgent=True), NOW)
    with writing(engine) as c:
        (lost,) = take(c, keys, rules, "dead", NOW).messages
    with writing(engine) as c:
        assert take(c, keys, rules, "other", NOW + LEASE / 2).messages == ()
        assert len(take(c, keys, rules, "other", NOW + LEASE).messages) == 1
        assert settle(c, keys, rules, lost, Answer(True), NOW + LEASE) is False
    assert rows(engine)[0]["leased_by"] == "other"


def test_no_worker_sends_what_another_sends(url, engine, keys, rules, world, gateway) -> None:
    """Four workers, each with connections of its own, and a slow gateway."""
    world.answer = lambda call: (time.sleep(0.002), (200, {"id": call.json["id"]}))[1]
    count = 60
    with writing(engine) as c:
        who = [add_source(c, keys, f"+2367500{i:04}") for i in range(count)]
        for i, id in enumerate(who):
            enqueue(c, note(str(i), id, urgent=True), NOW)

    def work() -> None:
        mine, post = open_store(url), Post(rules.allowed_networks)
        for _ in range(200):
            if not send_round(mine, keys.folder, rules, post, lambda: NOW, most=3).sent:
                with reading(mine) as c:
                    left = c.execute(sa.select(sa.func.count()).where(notification.c.state == "waiting")).scalar_one()
                if not left:
                    break
        post.close()
        mine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = Counter(call.json["phoneNumbers"][0] for call in world.calls)
    assert sorted(sent.values()) == [1] * count
    assert {r["state"] for r in rows(engine)} == {"sent"}


def test_a_dead_gateway_is_followed_by_the_next(engine, keys, rules, world: World, post, gateway, to) -> None:
    with writing(engine) as c:
        set_sender(c, keys, ADMIN, "adead", "httpsms", {"url": "http://127.0.0.1:9", "from": "+1"}, "k", NOW)
        enqueue(c, note("a", to, urgent=True), NOW)
    send(engine, keys, rules, post)
    assert rows(engine)[0]["problem"] == "no_connection"
    send(engine, keys, rules, post, NOW + FIRST_WAIT)
    assert rows(engine)[0]["gateway_id"] == "sms"
    assert len(world.calls) == 1
