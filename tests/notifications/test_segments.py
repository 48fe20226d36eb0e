"""What a text message costs: the examples of the standard, the borders, and properties of any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.sms import segments, wording
from notifications.sms.segments import BASIC, EXTENSION, Segments, count

GSM = "".join(sorted(BASIC | EXTENSION))


def test_the_alphabet_is_that_of_the_standard():
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("a" * 459, "GSM-7", 459, 3),
        ("ü" * 160, "GSM-7", 160, 1),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("{" + "a" * 158, "GSM-7", 160, 1),
        ("{" + "a" * 159, "GSM-7", 161, 2),
        ("up\r\ndown", "GSM-7", 8, 1),
        ("\f", "GSM-7", 2, 1),
        ("ы" * 70, "UCS-2", 70, 1),
        ("ы" * 71, "UCS-2", 71, 2),
        ("ы" * 134, "UCS-2", 134, 2),
        ("ы" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("a€\u0100", "UCS-2", 3, 1),
        ("`", "UCS-2", 1, 1),
        ("ç", "UCS-2", 1, 1),
    ],
)
def test_examples(text, encoding, units, parts):
    assert count(text) == Segments(encoding, units, parts, len(text))


def test_the_escape_is_not_torn_from_its_sign_at_the_border():
    # 306 septets would fill two segments, if the sign at the border of the first could be torn apart.
    text = "a" * 152 + "{" + "a" * 152
    assert count(text).units == 306
    assert count(text).segments == 3


def test_a_surrogate_pair_is_not_torn_apart_at_the_border():
    text = "ы" * 66 + "😀" + "ы" * 66
    assert count(text).units == 134
    assert count(text).segments == 3


def test_more_than_1600_signs_are_too_long():
    assert not count("a" * 1600).is_too_long
    assert count("a" * 1601).is_too_long


def test_it_says_how_many_in_words():
    assert str(count("a")) == "1 segment"
    assert str(count("a" * 161)) == "2 segments"


@pytest.mark.processes
@given(st.text(max_size=1700))
def test_segments_hold_every_unit_and_none_is_wasted_but_at_a_border(text):
    found = count(text)
    gsm = set(text) <= set(GSM)
    assert found.encoding == ("GSM-7" if gsm else "UCS-2")
    units = (
        len(text) + sum(sign in EXTENSION for sign in text)
        if gsm
        else len(text.encode("utf-16-le", "surrogatepass")) // 2
    )
    assert found.units == units
    alone, joined = (160, 153) if gsm else (70, 67)
    if units <= alone:
        assert found.segments == (1 if text else 0)
    else:
        assert -(-units // joined) <= found.segments <= -(-units // (joined - 1))


@pytest.mark.processes
@given(st.text(GSM, max_size=400), st.text(max_size=100))
def test_more_text_never_costs_less(text, more):
    assert count(text + more).segments >= count(text).segments


@pytest.mark.processes
@given(st.text(st.sampled_from("ab\u2026\u201c\u2013ы"), max_size=280))
def test_plain_twins_never_make_a_message_dearer(text):
    assert count(segments.plain(text)).segments <= count(text).segments
    if set(text) <= set(GSM):
        assert segments.plain(text) == text


LINK = "https://desk.example.net/n/1234/"


def test_a_short_notice_has_its_whole_link():
    assert wording.line("Tower North is down", LINK) == f"Tower North is down {LINK}"


def test_the_link_is_cut_or_left_out_before_it_costs_another_segment():
    assert wording.line("a" * 130, LINK) == "a" * 130 + " desk.example.net/n/1234/"
    assert wording.line("a" * 160, LINK) == "a" * 160


def test_what_takes_two_segments_anyway_has_its_link():
    assert wording.line("a" * 161, LINK).endswith(LINK)


def test_signs_of_typography_do_not_double_the_cost():
    line = wording.line("Tower \u201cNorth\u201d \u2013 43 customers\u2026", LINK)
    assert line.startswith('Tower "North" - 43 customers...')
    assert count(line).encoding == "GSM-7"


@pytest.mark.processes
@given(st.text(min_size=1, max_size=280))
def test_a_notice_never_costs_more_with_its_link_when_it_fits_into_one(text):
    said = segments.plain(" ".join(text.split()))
    if count(said).segments == 1:
        assert count(wording.line(text, LINK)).segments == 1
