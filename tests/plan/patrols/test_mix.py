import numpy as np
import pytest

from tocsin.core.errors import BadInput, Infeasible
from tocsin.core.words import translator
from tocsin.plan.patrols.actions import WORSE
from tocsin.plan.patrols.cards import cards_html
from tocsin.plan.patrols.mix import mix_routes, watched
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, times
from tocsin.plan.patrols.solve import distances, solve_outing
from tocsin.plan.printed import clock


def outing(seed=0, n=40, patrols=2):
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 100, (2, n))
    return Outing(
        distances(*at) / 20, np.r_[0.0, rng.gamma(0.7, 2, n - 1)], np.full(n, 0.5), np.zeros(n), np.full(n, 24.0),
        tuple(Patrol(str(k), 0, 0, 6, 16) for k in range(patrols)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def mixed():
    problem = outing()
    best = solve_outing(problem, rounds=2, steps=10_000)
    return problem, mix_routes(problem, best, plans=10)


def test_every_plan_is_one_and_the_value_is_theirs(mixed):
    problem, mix = mixed
    assert len(mix.plans) == len(set(mix.plans))
    assert min(mix.chance) > 0
    for plan, value in zip(mix.plans, mix.values, strict=True):
        assert check_routes(problem, plan) == pytest.approx(value)
    assert sum(mix.chance) == pytest.approx(1)
    assert mix.value == pytest.approx(np.dot(mix.chance, mix.values))
    assert mix.best >= max(mix.values)


def test_little_is_lost_and_little_can_be_guessed(mixed):
    _, mix = mixed
    assert mix.loss <= 0.05
    assert mix.guess_over_chance <= 1.5 + 1e-6
    assert max(mix.guess) <= 1.5 / 10 + 1e-9
    assert mix.entropy >= np.log(10 / 1.5) - 1e-9
    # An observer who watches every day does no better than the guess states.
    for patrol in range(2):
        right = watched(mix, patrol, 3000, np.random.default_rng(1))
        assert right <= mix.guess[patrol] + 3 * np.sqrt(mix.guess[patrol] / 3000)


def test_no_route_is_surer_than_its_floor_says(mixed):
    _, mix = mixed
    for entropy, floor, guess, routes in zip(mix.route_entropy, mix.entropy_floors, mix.guess, mix.routes, strict=True):
        assert floor == pytest.approx(-np.log(guess))
        assert floor - 1e-9 <= entropy <= np.log(routes) + 1e-9


def test_presence_and_draws_agree(mixed):
    problem, mix = mixed
    presence = mix.presence(len(problem.worth))
    rng = np.random.default_rng(4)
    seen = np.zeros(len(problem.worth))
    for _ in range(2000):
        seen[[p for route in mix.plans[mix.draw(rng)] for p in route]] += 1
    assert np.abs(seen / 2000 - presence).max() < 0.05
    assert presence @ problem.worth == pytest.approx(mix.value)


def test_a_must_is_in_every_plan_and_one_road_is_said_to_be_one():
    x = np.array([0.0, 1.0, 2.0])
    problem = Outing(distances(x, np.zeros(3)), np.array([0, 1.0, 0.0]), np.zeros(3), np.zeros(3), np.full(3, 9.0),
                     (Patrol("a", 0, 0, 0, 2.5),), frozenset({1}))  # fmt: skip
    mix = mix_routes(problem, solve_outing(problem, rounds=1, steps=100), plans=5)
    assert mix.plans == (((1,),),)
    assert (mix.guess, mix.routes, mix.loss) == ((1.0,), (1,), 0.0)
    with pytest.raises(BadInput, match="blind chance"):
        mix_routes(problem, solve_outing(problem, rounds=1, steps=100), guess=0.5)


def test_a_card_names_the_stops_and_no_chance():
    stop = {"name": "Bria <3>", "lat": 6.5, "lon": 21.9, "at": 7.5, "stay_hours": 1.0, "worth": 1.0, "kind": "visit"}
    base = {"name": "Base", "lat": 6.0, "lon": 21.0}
    patrol = {
        "patrol": "a",
        "start": base,
        "end": base,
        "leave": 6.0,
        "back": 30.51,
        "km_straight": 88.0,
        "hours_driven": 5.0,
        "hours_out": 24.5,
        "litres": 81.0,
        "fuel_hours_left": None,
        "with": ["A section & more"],
        "stops": [stop],
    }
    page = cards_html(
        {"mode": "wheeled", "season": "dry",
         "as_of": "2025-01", "run": "abc", "worse": ["careful"]}, [patrol], translator("en"),
    )  # fmt: skip
    assert "Bria &lt;3&gt;" in page
    assert "07:30" in page
    assert "5.0 h of driving in 24.5 h out; 81 litres; with A section &amp; more" in page
    assert "day 2, 06:31" in page
    assert clock(23.9999999999, translator("en")) == "day 2, 00:00"
    summary = {"mode": "foot", "season": "wet", "as_of": "2025-01", "run": "abc", "worse": [WORSE[1]]}  # fmt: skip
    french, arabic = (
        cards_html(summary, [{**patrol, "patrol": "a, day 1"}], translator(language)) for language in ("fr", "ar")
    )
    assert "a, jour 1" in french
    assert "à pied, saison des pluies" in french
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "٠٧:٣٠" in arabic
    assert '<bdi dir="ltr">6.5000, 21.9000</bdi>' in arabic, "a receiver takes Latin digits"
    for made in (french, arabic):
        assert not [word for word in ("Leave", "driving", "stay", "latitude, longitude of", WORSE[1]) if word in made]


def test_a_patrol_of_few_routes_keeps_to_the_cap_whatever_the_others_do():
    # The first can reach three places one at a time; the second has thirty to choose from.
    rng = np.random.default_rng(5)
    far = np.r_[[[0.0, 0.0], [2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]], rng.uniform(100, 106, (30, 2))]
    worth = np.r_[0.0, 3.0, 2.9, 2.8, 0.0, rng.uniform(0.5, 1.5, 29)]
    hours = distances(far[:, 0], far[:, 1])
    patrols = (Patrol("few", 0, 0, 0, 4.0), Patrol("many", 4, 4, 0, 14.0))
    problem = Outing(hours, worth, np.zeros(34), np.zeros(34), np.full(34, 24.0), patrols)
    mix = mix_routes(problem, solve_outing(problem, rounds=2, steps=4000), plans=8, guess=1.2)
    assert mix.routes[0] == 3
    assert mix.guess_over_chance <= 1.2 + 1e-6
    for plan, value in zip(mix.plans, mix.values, strict=True):
        assert check_routes(problem, plan) == pytest.approx(value)
    assert len(set(mix.plans)) == len(mix.plans)


def test_a_floor_is_kept_by_the_lot_or_by_every_plan():
    problem = outing(seed=3, n=25)
    best = solve_outing(problem, rounds=2, steps=4000)
    seldom = [p for p in np.argsort(problem.worth)[1:] if times(problem, problem.patrols[0], (int(p),))][:2]
    floors = {int(seldom[0]): 0.25, int(seldom[1]): 0.5}
    mix = mix_routes(problem, best, plans=6, floors=floors)
    presence = mix.presence(len(problem.worth))
    for place, least in floors.items():
        assert presence[place] >= least - 1e-6
    for plan, value in zip(mix.plans, mix.values, strict=True):
        assert check_routes(problem, plan) == pytest.approx(value)
    # One way to the far place and one to the near one: seen more often than a route may be driven, it is always.
    x = np.array([0.0, 1.0, -1.0])
    few = Outing(distances(x, np.zeros(3)), np.array([0, 1.0, 1.0]), np.zeros(3), np.zeros(3), np.full(3, 9.0),
                 (Patrol("a", 0, 0, 0, 2.5),))  # fmt: skip
    held = mix_routes(few, solve_outing(few, rounds=1, steps=100), plans=2, guess=1.0, floors={1: 0.9})
    assert held.presence(3)[1] == 1.0
    with pytest.raises(Infeasible):
        mix_routes(few, solve_outing(few, rounds=1, steps=100), plans=2, floors={1: 1.0, 2: 1.0})
