import datetime as dt
from pathlib import Path

import pytest

from tocsin.core.errors import BadFile, Infeasible
from tocsin.plan.people import Person, Post, Rule, match
from tocsin.plan.people.model import Kind, Trait
from tocsin.plan.people.rosters import read_people, read_posts, read_rules

ROSTER = """id,kind,rank,skills,languages,gender,from,until,medical_until,formed,size,women
A1,ipo,3,gbv:0.9;community,sango:1; french:0.8,f,2026-01-01,2026-12-31,2026-06-30,,,
T1,spt,,gbv,,,,,,,6,2
P1,platoon,,community,sango,,,,,,30,
"""


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_roster_is_read_as_it_says(tmp_path: Path):
    one, team, platoon = read_people(written(tmp_path, "p.csv", ROSTER))
    assert one.skills == {"community": 1.0, "gbv": 0.9}
    assert one.languages == {"french": 0.8, "sango": 1.0}
    assert one.available == (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert one.woman is True
    assert team.women_known == (2, 4)
    assert platoon.formed
    assert platoon.women_known == (0, 0)


def test_every_wrong_row_is_told_with_what_to_do(tmp_path: Path):
    text = "id,rank,gender,skills,from\nA1,x,f,,\nJean Dupont,1,f,,\nA3,1,w,,\nA4,1,,gbv:9,\n"
    text += "A5,1,,,31/12/2026\nA6,,,,\nA6,,,,\n"
    with pytest.raises(BadFile) as problem:
        read_people(written(tmp_path, "p.csv", text))
    said = str(problem.value)
    for part in ("row 2: rank is 'x': write a number from 0 to 99", "row 3: 'Jean Dupont' looks like a name",
                 "row 4: gender is 'w'", "row 5: skills has 'gbv:9'", "row 6: from is '31/12/2026': write a day as",
                 "row 8: 'A6' is also in row 7"):  # fmt: skip
        assert part in said
    assert "; row 7:" not in said
    for header, words in (("id,colour", "'colour' is not known"), ("rank", "'id' is missing"), ("id,id", "twice")):
        with pytest.raises(BadFile, match=words):
            read_people(written(tmp_path, "h.csv", header + "\nx,y\n"))
    with pytest.raises(BadFile, match="comma in a text"):
        read_people(written(tmp_path, "m.csv", "id\nA1,zzz\n"))


def test_posts_and_rules_say_what_they_refuse(tmp_path: Path):
    (post,) = read_posts(written(tmp_path, "q.csv", "id,area,kinds,must_fill\nx,West,fpu;ipo,yes\n"))
    assert post.weight is None
    assert post.post.groups == {"West"}
    assert post.post.must_fill
    for cells, words in (("kinds\nx,army", "kinds has 'army'"), ("from\nx,2026-01-01", "both from and until"),
                         ("rank_from\nx,200", "from 0 to 99")):  # fmt: skip
        with pytest.raises(BadFile, match=words):
            read_posts(written(tmp_path, "q.csv", "id," + cells + "\n"))
    (rule,) = read_rules(written(tmp_path, "r.csv", "group,trait,value,least,share\nWest,woman,,0.3,yes\n"))
    assert rule == Rule("West", Trait.WOMAN, least=0.3, share=True)
    for row, words in (("West,language,,1", "has a value"), ("West,woman,f,1", "has no value"),
                       ("West,rank,major,1", "lowest rank"), ("West,man,,", "asks for nothing")):  # fmt: skip
        with pytest.raises(BadFile, match=words):
            read_rules(written(tmp_path, "r.csv", "group,trait,value,least\n" + row + "\n"))


def test_a_formed_unit_fills_a_community_post_only_when_the_task_says_so():
    people = [Person("platoon", skills={"community": 1.0}, kind=Kind.FORMED, size=30, formed=True)]
    assert match(people, [Post("x", skills={"community": 1.0})]).pairs == ()
    asked = Post("x", skills={"community": 1.0}, kinds=frozenset({Kind.FORMED}))
    assert match(people, [asked]).pairs == ((0, 0),)
    assert "0 of the kind expert or ipo" in match(people, [Post("x")]).unfillable[0]


def test_a_team_counts_as_many_as_it_is():
    # On paper: 2 women of 8 is a quarter; with one officer who is a woman it is 3 of 9, with a man too 3 of 10.
    team = Post("t", 5.0, kinds=frozenset({Kind.TEAM}), groups=frozenset({"g"}))
    posts = [team, Post("a", groups=frozenset({"g"})), Post("b", groups=frozenset({"g"}))]
    people = [Person("T", kind=Kind.TEAM, size=8, women=2), Person("w", woman=True), Person("m", woman=False)]
    share = [Rule("g", Trait.WOMAN, least=1 / 3, share=True)]
    assert {i for i, _ in match(people, posts, share).pairs} == {0, 1}
    with pytest.raises(Infeasible):
        match(people[:1], [Post("t", kinds=team.kinds, groups=team.groups, must_fill=True)],
              [Rule("g", Trait.WOMAN, least=0.3, share=True)])  # fmt: skip


def test_the_fewest_demands_that_clash_are_told():
    # Three posts must be filled and two people can; two of them by one person only: these two are the answer.
    people = [Person("a", 1, {"gbv": 1.0}), Person("b", 1)]
    posts = [Post("free", must_fill=True, groups=frozenset({"g"}))]
    posts += [Post(n, skills={"gbv": 1.0}, must=frozenset({"gbv"}), must_fill=True) for n in ("one", "two")]
    with pytest.raises(Infeasible) as problem:
        match(people, posts, [Rule("g", Trait.RANK, "1", least=1)])
    said = str(problem.value)
    assert "post one must be filled; post two must be filled." in said
    assert "Of all people 1 may fill any of the 2 posts" in said
    assert "post free" not in said
    with pytest.raises(Infeasible, match="0 with gbv"):
        match(people[1:], posts)


def test_a_must_costs_nobody_else_more_than_it_has_to():
    people = [Person("a", 1, {"gbv": 1.0}), Person("b", 1, {"gbv": 0.5})]
    posts = [Post("rich", 3.0, {"gbv": 1.0}), Post("poor", 0.1, ranks=(1, 9), must_fill=True), Post("mid", 2.0)]
    found = match(people, posts)
    assert {j for _, j in found.pairs} == {0, 1}
    assert found.proven
