"""Sealed fields: nothing in the clear, nothing opens in another place, nobody opens without right, reason and trace."""

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.store.conftest import person, square
from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.errors import BadInput, Forbidden, NotFound, SetupProblem
from tocsin.store import audit, open_store, reading, sealed, writing
from tocsin.store.keys import KeyRing, destroy, key_files, open_keys
from tocsin.store.keys import key_folder as folder_of
from tocsin.store.policy import Thing
from tocsin.store.sealed import Field
from tocsin.store.tables import audit as trail
from tocsin.store.tables import sealed_key, sealed_value

PHONE = "+23672554411"
NAME = "Amadou Ngaïkosset-Canari"
AT = Field("source", "17", "phone")
INTAKE, DUTY = person(Role.INTAKE), person(Role.DUTY_OFFICER)
SOURCE = Thing(owner="somebody")


def deeds(connection: sa.Connection) -> list[tuple[str, str, str]]:
    return [
        tuple(r) for r in connection.execute(sa.select(trail.c.who, trail.c.what, trail.c.why).order_by(trail.c.seq))
    ]


def test_what_is_sealed_comes_back_to_who_may_open_it_and_leaves_a_trace(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "17", "name"), NAME, NOW)
    with writing(engine) as c:
        assert sealed.unseal(c, keys, DUTY, AT, SOURCE, "call back, alert 12", NOW) == PHONE
    with reading(engine) as c:
        assert deeds(c)[-1] == (DUTY.id, "sealed.read", "call back, alert 12")
        assert audit.verify(c).sound


def test_nothing_of_it_lies_in_the_clear(engine: sa.Engine, keys: KeyRing, tmp_path: Path):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "17", "name"), NAME, NOW)
        sealed.unseal(c, keys, DUTY, AT, SOURCE, "call back", NOW)
        sealed.find(c, keys, DUTY, "source", "phone", PHONE, NOW)
    with reading(engine) as c:
        everything = "".join(
            repr(row)
            for t in sa.inspect(engine).get_table_names()
            for row in c.execute(sa.text(f'SELECT * FROM "{t}"'))
        )
    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for secret in (PHONE, PHONE[1:], "72554411", NAME, "Canari"):
        assert secret not in everything
        assert secret.encode() not in raw
    assert repr(keys.current.seal) not in repr(keys)
    lengths = {len(r.box) for r in [*_boxes(engine)]}
    assert len(lengths) == 1, "a short number and a long name have the same length under seal"


def _boxes(engine: sa.Engine):
    with reading(engine) as c:
        return c.execute(sa.select(sealed_value)).all()


def test_a_box_moved_to_another_row_column_or_table_does_not_open(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
    for change in ({"row_id": "18"}, {"column_name": "name"}, {"table_name": "other"}):
        with engine.connect() as c:
            c.execute(sa.update(sealed_value).values(change))
            moved = Field(
                *c.execute(
                    sa.select(sealed_value.c.table_name, sealed_value.c.row_id, sealed_value.c.column_name)
                ).one()
            )
            with pytest.raises(SetupProblem, match="changed or moved"):
                sealed.program_secret(c, keys, moved)
            c.rollback()
    with engine.connect() as c:
        box = c.execute(sa.select(sealed_value.c.box)).scalar_one()
        for i in (0, 12, len(box) - 1):
            bad = bytes(b ^ (1 if j == i else 0) for j, b in enumerate(box))
            c.execute(sa.update(sealed_value).values(box=bad))
            with pytest.raises(SetupProblem, match="changed or moved"):
                sealed.program_secret(c, keys, AT)
        c.rollback()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.DUTY_OFFICER, Role.HUMAN_RIGHTS_OFFICER}))
def test_every_other_role_is_refused_and_no_trace_says_it_was_opened(engine: sa.Engine, keys: KeyRing, role: Role):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
        with pytest.raises(Forbidden):
            sealed.unseal(c, keys, person(role), AT, SOURCE, "curious me", NOW)
        assert [d[1] for d in deeds(c)] == ["sealed.write"]


def test_a_liaison_assistant_opens_their_own_sources_only(engine: sa.Engine, keys: KeyRing):
    cla = person(Role.LIAISON_ASSISTANT, {"W"})
    with writing(engine) as c:
        sealed.seal(c, keys, cla, AT, PHONE, NOW)
        mine = Thing(owner=cla.id, tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
        assert sealed.unseal(c, keys, cla, AT, mine, "call back", NOW) == PHONE
        with pytest.raises(Forbidden):
            sealed.unseal(c, keys, cla, AT, SOURCE, "call back", NOW)


def test_who_has_only_own_sources_neither_finds_nor_replaces_those_of_others(engine: sa.Engine, keys: KeyRing):
    cla = person(Role.LIAISON_ASSISTANT, {"W"})
    label = {"tlp": Tlp.AMBER, "classification": Classification.UNCLASSIFIED}
    things = {"1": Thing(owner=cla.id, **label), "2": Thing(owner="b", **label)}
    with writing(engine) as c:
        sealed.seal(c, keys, cla, Field("source", "1", "phone"), PHONE, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "2", "phone"), PHONE, NOW)
        with pytest.raises(Forbidden):
            sealed.find(c, keys, cla, "source", "phone", PHONE, NOW)
        assert sealed.find(c, keys, cla, "source", "phone", PHONE, NOW, things.__getitem__) == ["1"]
        for thing in (None, things["2"]):
            with pytest.raises(Forbidden):
                sealed.seal(c, keys, cla, Field("source", "2", "phone"), "+1", NOW, thing)
        sealed.seal(c, keys, cla, Field("source", "1", "phone"), "+2", NOW, things["1"])
        assert sealed.program_secret(c, keys, Field("source", "2", "phone")) == PHONE


def test_the_reason_is_needed_and_must_not_name_anybody(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "17", "name"), "Amadou", NOW)
        for reason in ("", "  ", "call +236 72 55 44 11", "write to a.b@example.org", "x" * 301):
            with pytest.raises(BadInput):
                sealed.unseal(c, keys, DUTY, AT, SOURCE, reason, NOW)
        with pytest.raises(BadInput, match="holds what is sealed"):
            sealed.unseal(c, keys, DUTY, Field("source", "17", "name"), SOURCE, "to warn AMADOU", NOW)
        with pytest.raises(NotFound):
            sealed.unseal(c, keys, DUTY, Field("source", "99", "name"), SOURCE, "call back", NOW)


def test_opening_in_a_read_only_transaction_is_refused(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
    with reading(engine) as c, pytest.raises(SetupProblem, match="writing"):
        sealed.unseal(c, keys, DUTY, AT, SOURCE, "call back", NOW)


def test_look_up_finds_equal_values_of_the_same_column_only(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        for row, text in (("1", "Ali  Baba"), ("2", "ali baba"), ("3", "Ali Babas")):
            sealed.seal(c, keys, INTAKE, Field("source", row, "name"), text, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "4", "phone"), "ali baba", NOW)
        assert sealed.find(c, keys, INTAKE, "source", "name", " ALI BABA", NOW) == ["1", "2"]
        hashes = {r.row_id: r.lookup for r in c.execute(sa.select(sealed_value))}
        assert hashes["1"] == hashes["2"] != hashes["4"], "equal values in two columns cannot be joined"
        with pytest.raises(Forbidden):
            sealed.find(c, keys, person(Role.ANALYST), "source", "name", "ali baba", NOW)
        before = len(deeds(c))
        sealed.find(c, keys, DUTY, "source", "name", "ali baba", NOW)
        assert deeds(c)[before:] == [(DUTY.id, "sealed.find", "")]


def test_rotation_seals_everything_anew_and_old_keys_can_then_go(engine: sa.Engine, keys: KeyRing):
    admin = person(Role.ADMINISTRATOR)
    with writing(engine) as c:
        for i in range(40):
            sealed.seal(c, keys, INTAKE, Field("source", str(i), "phone"), f"{PHONE}{i}", NOW)
    before = {r.row_id: (bytes(r.box), r.lookup) for r in _boxes(engine)}
    with writing(engine) as c:
        with pytest.raises(Forbidden):
            sealed.rotate(c, keys, DUTY, NOW)
        sealed.rotate(c, keys, admin, NOW)
    with writing(engine) as c:
        new = open_keys(c, keys.folder, NOW)
        assert new.current.id != keys.current.id
        destroy(key_files(c, keys.folder, replaced_only=True))
        assert [p.stem for p in keys.folder.iterdir()] == [new.current.id]
        for i in range(40):
            assert sealed.program_secret(c, new, Field("source", str(i), "phone")) == f"{PHONE}{i}"
        assert sealed.find(c, new, INTAKE, "source", "phone", f"{PHONE}7", NOW) == ["7"]
        assert audit.verify(c).sound
    after = {r.row_id: (bytes(r.box), r.lookup) for r in _boxes(engine)}
    assert all(before[k][0] != after[k][0] and before[k][1] != after[k][1] for k in before)


def test_a_rotation_that_fails_leaves_the_old_key_in_use(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
    with engine.connect() as c:
        sealed.rotate(c, keys, person(Role.ADMINISTRATOR), NOW)
        c.rollback()
    with writing(engine) as c:
        assert sealed.program_secret(c, open_keys(c, keys.folder, NOW), AT) == PHONE


def test_erasing_who_leaves_a_trace_and_nothing_else(engine: sa.Engine, keys: KeyRing):
    with writing(engine) as c:
        sealed.seal(c, keys, INTAKE, AT, PHONE, NOW)
        with pytest.raises(Forbidden):
            sealed.erase(c, person(Role.ANALYST), "source", "17", SOURCE, "asked by the source", NOW)
        assert sealed.erase(c, DUTY, "source", "17", SOURCE, "asked by the source", NOW) == 1
        assert c.execute(sa.select(sa.func.count()).select_from(sealed_value)).scalar_one() == 0
        assert deeds(c)[-1][1] == "sealed.erase"


def test_key_files_are_private_missing_and_wrong_ones_are_named(engine: sa.Engine, keys: KeyRing):
    path = next(keys.folder.iterdir())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700

    def opens() -> KeyRing:
        with reading(engine) as c:
            return open_keys(c, keys.folder, NOW)

    path.chmod(0o640)
    with pytest.raises(SetupProblem, match="chmod 600"):
        opens()
    path.chmod(0o600)
    good = path.read_bytes()
    path.write_bytes(good.replace(good.splitlines()[2][:4], b"AAAA"))
    with pytest.raises(SetupProblem, match="not the key of this mission"):
        opens()
    path.write_bytes(b"x")
    with pytest.raises(SetupProblem, match="cannot be read"):
        opens()
    path.unlink()
    with pytest.raises(SetupProblem, match="put it back"):
        opens()
    assert not list(keys.folder.iterdir()), "a lost key is never silently replaced by a new one"


def test_first_uses_at_once_make_one_key(url: str, tmp_path: Path):
    from concurrent.futures import ThreadPoolExecutor

    def first(_: int) -> str:
        engine = open_store(url)
        with writing(engine) as c:
            made = open_keys(c, tmp_path / "keys", NOW).current.id
        engine.dispose()
        return made

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(first, range(4)))) == 1
    engine = open_store(url)
    with reading(engine) as c:
        assert c.execute(sa.select(sa.func.count()).select_from(sealed_key)).scalar_one() == 1
    engine.dispose()


def test_keys_lie_outside_the_mission_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mission = square(tmp_path / "m")
    monkeypatch.setenv("TOCSIN_KEYS", str(mission.folder / "keys"))
    with pytest.raises(SetupProblem, match="inside the mission folder"):
        folder_of(mission)
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "elsewhere"))
    assert folder_of(mission) == tmp_path / "elsewhere"
    monkeypatch.delenv("TOCSIN_KEYS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert folder_of(mission) == tmp_path / "data" / "tocsin" / "keys"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(text=st.text(min_size=1, max_size=300).filter(str.strip), row=st.text(st.characters(codec="ascii"), max_size=20))
def test_any_text_comes_back_as_it_was(text: str, row: str):
    from tocsin.store.keys import _split

    key = _split("k", bytes(32))
    at = Field("source", row, "name")
    box = sealed._box(key, at, text)
    assert sealed._unbox(key, at, box) == text
    assert (len(box) - 28) % sealed.PAD == 0
