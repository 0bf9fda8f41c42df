"""Which passwords may be chosen."""

import time

import pytest

from tocsin.core.errors import BadInput
from tocsin.store.passwords import SHORTEST_PASSWORD, check_password, common_passwords, is_common


def test_the_list_is_there_and_says_where_it_comes_from() -> None:
    listed = common_passwords()
    assert len(listed) > 10_000
    assert {"password", "qwerty", "letmein", "123456789"} <= listed
    assert not [p for p in listed if p.startswith("# ")], "where it comes from is not part of it"
    assert sum(len(p) >= SHORTEST_PASSWORD for p in listed) > 200


def test_every_listed_one_that_is_long_enough_is_refused_as_typed_and_in_capitals() -> None:
    for word in sorted(p for p in common_passwords() if len(p) >= SHORTEST_PASSWORD):
        for typed in (word, word.upper()):
            with pytest.raises(BadInput):
                check_password(typed, "duty", "Duty Officer")


@pytest.mark.parametrize(
    "password",
    ["Qwerty-123456", "Sunsh1ne2024!Dragon", "dragon.monkey.12", "MonkeyMonkey!!!!", "12345iloveyou12345",
     "p@ssw0rd-letmein", "Summer2026!!!!", "football_football", "abcabcabcabc",
     "correctcorrect", "Jennifer1987!!", "2026-03-01 12:00"],
)  # fmt: skip
def test_what_is_made_of_common_ones_is_refused(password: str) -> None:
    assert is_common(password)
    with pytest.raises(BadInput):
        check_password(password, "duty", "Duty Officer")


@pytest.mark.parametrize(
    "password",
    ["canoe lantern forty birds", "seven owls sleep at noon", "neuf hérons marchent lentement", "кошка дом вода лес",
     "سبعة طيور تنام ظهرا", "x9!f7#kk2@pq%1", "correct horse battery staple", "dragon monkey lantern forty"],
)  # fmt: skip
def test_a_few_random_words_are_taken(password: str) -> None:
    check_password(password, "duty", "Duty Officer")


@pytest.mark.parametrize("password", ["a" * 1024, "ab" * 512, "1a" * 512, "password" * 128, "x1y2" * 256, "é" * 1000])
def test_no_password_takes_long(password: str) -> None:
    begin = time.process_time()
    is_common(password)
    assert time.process_time() - begin < 0.2
