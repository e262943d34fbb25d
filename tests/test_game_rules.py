"""The table of rules: bounds that name the number, units that are compiled, and a table that survives JSON."""

from dataclasses import replace

import pytest

from botgame.lms.numbers import Number, numbers_of
from botgame.lms.rules import Ability, Rules
from botgame.lms.simulation.state import compile_rules


def test_a_table_says_bounds_unit_and_kind_of_its_numbers():
    numbers = numbers_of(Rules)
    assert numbers["mage_speed"] == Number(0, 20, "cells/s", integer=False, length=0)
    assert numbers["duel_items"] == Number(0, 32, "", integer=True, length=4)
    assert set(numbers) == set(Rules().to_dict()) - {"version", "abilities"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mage_speed": 20.5}, r"mage_speed is 20.5, expected 0\.\.20"),
        ({"mage_speed": float("nan")}, "mage_speed is nan"),
        ({"duel_size": 20.0}, "duel_size is 20.0, expected a whole number of 8..64"),
        ({"duel_size": 22}, "multiples of 4"),
        ({"action_cap": True}, "action_cap is True"),
        ({"heal": "much"}, "heal is 'much'"),
        ({"duel_items": (4, 4, 2)}, "duel_items is .*, expected 4 numbers"),
        ({"zone_close": (0.3, 0.2, 0.7, 0.9)}, "zone_close must rise"),
        ({"zone_radius": (0.5, 0.3, 0.1, 0.1)}, "zone_radius must end at 0"),
        ({"abilities": Rules().abilities[:2]}, "3 schools of 4"),
        ({"version": 2}, "another botgame release"),
    ],
)
def test_a_number_out_of_bounds_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(Rules(), **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"damage": -1}, "ability bolt: damage is -1"),
        ({"kind": "laser"}, "ability bolt has kind 'laser'"),
        ({"speed": 0.1}, "ability bolt: speed is 0.1, expected 0, or 0.5 or more"),
        ({"name": ""}, "no proper name"),
    ],
)
def test_an_ability_out_of_bounds_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(Ability("bolt", "projectile", mana=4, speed=11), **change)


def test_seconds_are_compiled_to_ticks_and_speeds_to_cells_a_tick():
    rules = Rules()
    tables = compile_rules(rules)
    constants, lance = tables.constants[0], tables.abilities[1, 1]
    assert constants["mage_speed"] == rules.mage_speed / 30
    assert constants["zone_damage_end"] == rules.zone_damage_end / 30
    assert constants["rune_duration"] == 240
    assert constants["mage_radius"] == rules.mage_radius
    assert constants["zone_hold"].tolist() == list(rules.zone_hold)
    assert (lance["cooldown"], lance["duration"], lance["flight"]) == (105, 60, 17)
    assert lance["speed"] == rules.abilities[1][1].speed / 30


def test_the_table_survives_json():
    assert Rules.from_dict(Rules().to_dict()) == Rules()
    assert replace(Rules(), heal=31.0).digest() != Rules().digest()
