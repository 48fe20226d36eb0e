"""What others sent, in a shape that every database holds, and not too large."""

import json

import pytest

from outages.kept import DEEPEST, LARGEST, bounded, plain


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("a\x00b", "ab"),
        ("half \ud83d of it", "half ? of it"),
        ("whole 😀", "whole 😀"),
        (float("nan"), None),
        (float("-inf"), None),
        (1.5, 1.5),
        (True, True),
        (10**30, 10**30),
        (None, None),
        ({"a\x00": ["\x00", {"b": float("nan")}]}, {"a": ["", {"b": None}]}),
        ({1: (1, 2)}, {"1": [1, 2]}),
    ],
)
def test_what_no_database_holds_is_taken_out(came, kept):
    assert plain(came) == kept


def test_what_is_too_deep_is_cut_off():
    value = deepest = {}
    for _ in range(500):
        deepest["x"] = deepest = {}
    found, depth = plain(value), 0
    while isinstance(found, dict):
        found, depth = found["x"], depth + 1
    assert depth == DEEPEST
    assert isinstance(found, str)


def test_what_fits_is_kept_whole():
    values = {"device": {"identification": {"id": "a"}, "interfaces": [{"n": 1}] * 50}}
    assert bounded(values) == values
    assert bounded({}) == {}


def test_what_is_too_large_loses_its_largest_parts_and_says_which():
    device = {"identification": {"id": "a"}, "interfaces": ["x" * 100] * 1000, "notes": "y" * 20_000, "state": "up"}
    found = bounded({"device": device, "extra": "z" * 20_000})
    assert found["device"]["identification"] == {"id": "a"}
    assert found["device"]["state"] == "up"
    assert "device.interfaces" in found["left out"]
    assert len(json.dumps(found)) <= LARGEST + 1000


@pytest.mark.parametrize(
    "values",
    [
        {"a": "x" * 10**6},
        {"x" * 100_000: 1},
        {"device": {f"k{number}": "v" * 100 for number in range(20_000)}},
        {f"k{number}": number for number in range(100_000)},
    ],
)
def test_nothing_grows_beyond_its_bound_however_it_is_made(values):
    assert len(json.dumps(bounded(values))) <= LARGEST + 8000
