import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.act.triage.proposal import Tier
from tocsin.core.errors import BadFile
from tocsin.core.time import month_id
from tocsin.learn.policing import Did, Indicator, by_month, contributed, gaps, read_log
from tocsin.learn.policing.contributions import parts
from tocsin.plan.people.model import Kind

DAY = dt.date(2026, 3, 5)


def did(what=Indicator.PATROL, kind=Kind.OFFICER, **more):
    return Did(more.pop("day", DAY), what, kind, more.pop("tier", Tier.PHYSICAL), **more)


def test_on_paper():
    done = [
        did(kind=Kind.FORMED, officers=30, women=3, hours=4.0, joint_with="civil affairs"),
        did(officers=5, women=2),
        did(Indicator.TRAINING, people=20),
        did(Indicator.REFERRAL, officers=1, people=2),
    ]
    found = contributed(done)
    # 30 officers for half a day, 5 and 1 for a whole one: 15 of 21 officer-days are of the formed unit.
    assert found["officer_days"] == pytest.approx(21.0)
    assert found["formed_share"] == pytest.approx(15 / 21)
    assert found["women_share"] == pytest.approx(5 / 35)
    assert found["not_counted"] == 1
    assert found["joint_share"] == pytest.approx(1 / 4)
    assert found["trained"] == 20
    assert found["counts"] == {"patrol": 2, "training": 1, "referral": None}
    assert found["referred"] is None, "two people could be found"


def test_nothing_known_is_not_zero():
    found = contributed([did()])
    assert found["officer_days"] == 0
    assert found["not_counted"] == 1
    assert found["formed_share"] is None
    assert found["trained"] is None


def test_a_month_without_a_line_is_there_and_few_referrals_are_hidden():
    march = month_id(2026, 3)
    done = [did(Indicator.REFERRAL, count=c, day=dt.date(2026, m, 2)) for m, c in ((1, 40), (3, 2), (4, 30), (5, 9))]
    rows = by_month(done, march - 2, march + 2)
    assert [r["name"] for r in rows] == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
    assert rows[1]["counts"] == {}
    assert rows[2]["counts"]["referral"] is None
    assert sum(r["counts"].get("referral", 0) is None for r in rows) >= 2, "one hidden alone could be worked out"
    assert rows[0]["counts"]["referral"] == 40


def test_gaps_on_paper():
    rows = gaps({"A": 6.0, "B": 3.0, "C": 1.0}, {"A": 10.0, "B": 60.0, "D": 30.0})
    by = {r["name"]: r for r in rows}
    assert rows[0]["name"] == "A"
    assert (by["A"]["faced_share"], by["A"]["days_share"], by["A"]["short"]) == (0.6, 0.1, True)
    assert by["C"]["short"]
    assert not by["B"]["short"]
    assert by["D"]["faced"] == 0
    assert gaps({}, {"A": 1.0})[0]["faced_share"] is None
    assert not gaps({"A": 1.0}, {})[0]["short"], "without a log nothing is known to be short"


lines = st.builds(
    did,
    st.sampled_from(list(Indicator)),
    st.sampled_from(list(Kind)),
    officers=st.none() | st.integers(1, 40),
    hours=st.none() | st.floats(0, 24),
    count=st.integers(1, 3),
    area=st.sampled_from(["", "East", "West"]),
    people=st.none() | st.integers(0, 9),
    tier=st.sampled_from(list(Tier)),
)


@given(st.lists(lines, max_size=12))
def test_parts_add_up_and_hide_no_less_than_the_whole(done):
    whole = contributed(done)
    for key in (lambda d: d.area or "unknown", lambda d: d.tier.value, lambda d: d.kind.value):
        rows = parts(done, key)
        assert sum(r["officer_days"] for r in rows) == pytest.approx(whole["officer_days"])
        assert sum(r["not_counted"] for r in rows) == whole["not_counted"]
        for what in Indicator:
            if what is not Indicator.REFERRAL:
                assert sum(r["counts"].get(what.value, 0) for r in rows) == whole["counts"].get(what.value, 0)
        shown = [r["counts"].get("referral", 0) for r in rows]
        assert all(n is None or n == 0 or n >= 5 for n in shown)
        assert sum(n is None for n in shown) != 1 or len(rows) == 1 or whole["counts"].get("referral") is None


def test_a_log_is_read_whole_or_refused_by_line(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("day,what,kind,area,officers,women,hours\n2026-03-05,contact,ipo,East,2,1,\n")
    (one,) = read_log(path)
    assert one.tier is Tier.DIALOGUE
    assert one.officer_days == 2.0
    path.write_text(
        "day,what,kind,tier,officers,women\n,patrol,ipo,,,\n2026-03-05,raid,ipo,,,\n2026-03-05,patrol,ipo,IV,,\n"
        "2026-03-05,patrol,ipo,,2,3\n05/03/2026,patrol,ipo,,,\n2026-03-05,patrol,army,,,\n"
    )
    with pytest.raises(BadFile) as problem:
        read_log(path)
    said = str(problem.value)
    for part in ("row 2: 'day' is empty", "row 3: what is 'raid': write one of patrol", "row 4: tier is 'IV'",
                 "row 5: 3 women of 2 officers", "row 6: day is '05/03/2026'", "row 7: kind is 'army'"):  # fmt: skip
        assert part in said
