"""Numbers, names and hostile text as people read them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import wording
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\x1b[31mb", "a\\x1b[31mb", id="terminal escape"),
        pytest.param("a\nb\tc", "a\\x0ab\\x09c", id="line break and tab"),
        pytest.param("a\x7fb", "a\\x7fb", id="delete"),
        pytest.param("a\x9bb", "a\\x9bb", id="C1 control"),
        pytest.param("gpj.\u202eexe", "gpj.\\u202eexe", id="right-to-left override"),
        pytest.param("a\u2066b\u200bc", "a\\u2066b\\u200bc", id="isolate and zero width"),
        pytest.param("a\u2028b", "a\\u2028b", id="line separator"),
        pytest.param("a\U000e0041b", "a\\U000e0041b", id="tag character"),
        pytest.param("a\ud800b", "a\\ud800b", id="lone surrogate"),
        pytest.param("Pha\u0309n a\u0301nh", "Phản ánh", id="decomposed Vietnamese"),
        pytest.param("漢字 Ω", "漢字 Ω", id="other scripts stay"),
    ],
)
def test_hostile_text_is_written_out(text, expected):
    """What a terminal or reader could be fooled by is shown as an escape."""
    assert expected == wording.clean(text)


def test_long_value_is_cut_at_200():
    """A value never floods a sentence."""
    assert "a" * 200 == wording.clean("a" * 200)
    assert "a" * 199 + "…" == wording.clean("a" * 1_000_000)


@given(st.text(st.characters(codec=None), max_size=300))
def test_cleaned_text_is_bounded_and_safe(text):
    """No input gives an unsafe character, a decomposed one, or more than 200."""
    shown = wording.clean(text)
    assert len(shown) <= 200
    assert not any(wording.is_unsafe(char) for char in shown)
    assert unicodedata.is_normalized("NFC", shown)


@pytest.mark.parametrize(
    ("whole", "vietnamese", "english"),
    [
        pytest.param(46, "46", "46", id="small"),
        pytest.param(4812, "4.812", "4,812", id="thousands"),
        pytest.param(1_234_567, "1.234.567", "1,234,567", id="millions"),
        pytest.param(-1000, "-1.000", "-1,000", id="negative"),
    ],
)
def test_thousands_are_apart_as_the_language_writes_them(whole, vietnamese, english):
    """4.812 in Vietnamese is 4,812 in English."""
    assert vietnamese == wording.number(whole, "vi")
    assert english == wording.number(whole, "en")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/uploads/hoi-dap/gop-y.phtml", "gop-y.phtml", id="plain"),
        pytest.param("/tep/b%E1%BA%A3n%20k%C3%AA.jsp", "bản kê.jsp", id="percent-encoded"),
        pytest.param("/tep/%C0%AE.php", "%C0%AE.php", id="not UTF-8 stays as sent"),
        pytest.param("/tep/a%2Fb.php", "a/b.php", id="encoded slash is part of the name"),
        pytest.param("/tep/thu-muc/", "thu-muc", id="trailing slash"),
        pytest.param("/", "/", id="no segment"),
        pytest.param("C:\\Windows\\cmd.exe", "cmd.exe", id="Windows path"),
        pytest.param("/a/b\\c.php", "b\\c.php", id="backslash inside a URL path"),
    ],
)
def test_basename_is_the_last_segment(path, expected):
    """The name of the file, decoded where that is certain."""
    assert expected == wording.basename(path)


@pytest.mark.parametrize("text", ["", "x", "1.5", "١٢", "1" * 19, "1e3", " 1"])
def test_only_plain_digits_are_a_number(text):
    """Anything else is text."""
    assert wording.whole(text) is None
    assert -12 == wording.whole("-12")


def test_time_outside_the_calendar_is_nothing():
    """An absurd instant does not fail."""
    assert "" == wording.local(2**62, "%H:%M")
    assert "07:00" == wording.local(0, "%H:%M")


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        pytest.param(0, "", "", id="none"),
        pytest.param(1, "1 giây", "1 second", id="second"),
        pytest.param(61, "2 phút", "2 minutes", id="rounded up"),
        pytest.param(7200, "2 giờ", "2 hours", id="hours"),
        pytest.param(86400 * 1500, "1.500 ngày", "1,500 days", id="days"),
    ],
)
def test_span_is_its_largest_unit(seconds, vi, en):
    """Rounded up: what took 61 seconds did not happen within a minute."""
    assert (vi, en) == tuple(wording.span(seconds * 10**6, one) for one in ("vi", "en"))


def test_long_command_keeps_its_start_and_end():
    """On one line, at most 120 characters; short ones stay as they are."""
    assert "a b c" == wording.shorten(" a\n b\tc ")
    short = wording.shorten("powershell -enc " + "A" * 5000 + " http://198.51.100.7/a")
    assert short.startswith("powershell -enc AAA")
    assert short.endswith(" http://198.51.100.7/a")
    assert len(short) <= 120


@pytest.mark.parametrize(
    ("value", "vietnamese", "english"),
    [
        (4812, "4.812", "4,812"),
        (0.25, "0,25", "0.25"),
        (1234567.891, "1.234.567,89", "1,234,567.89"),
        (-3, "-3", "-3"),
    ],
)
def test_decimals_are_written_as_the_language_writes_them(value, vietnamese, english):
    """Comma and point change places."""
    assert (vietnamese, english) == (
        wording.decimal(value, "vi"),
        wording.decimal(value, "en"),
    )


@pytest.mark.parametrize(
    ("length", "vietnamese", "english"),
    [
        pytest.param(60 * MINUTE + 2 * SECOND, "60 phút", "60 minutes", id="an hour"),
        pytest.param(39 * MINUTE + 40 * SECOND, "40 phút", "40 minutes", id="nearest minute"),
        pytest.param(175 * MINUTE, "175 phút", "175 minutes", id="not yet three hours"),
        pytest.param(205 * MINUTE, "205 phút", "205 minutes", id="no round number of hours"),
        pytest.param(25 * HOUR, "25 giờ", "25 hours", id="hours"),
        pytest.param(4 * DAY + HOUR, "4 ngày", "4 days", id="days"),
        pytest.param(MINUTE, "60 giây", "60 seconds", id="a minute"),
        pytest.param(SECOND, "1 giây", "1 second", id="a second"),
        pytest.param(SECOND // 3, "", "", id="less than half a second"),
    ],
)
def test_length_is_told_to_the_nearest_unit(length, vietnamese, english):
    """60 minutes rather than an hour, so that five and sixty compare."""
    assert (vietnamese, english) == (wording.about(length, "vi"), wording.about(length, "en"))
