"""The exact matcher: what each kind of condition means."""

import textwrap
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlator.evaluate import accepts_any, compile_rules, number, time_part
from haidang.model.detection import Card
from haidang.model.fold import fold
from haidang.yamldoc import Checker, parse
from rules import detection
from rules.fields import FieldMap, load_fields
from rules.rule import LogSource, Rule, fields_of
from rules.values import DASHES, Text, Wildcard, parse_text

SOURCE = LogSource("test")
WRITTEN = FieldMap((), {}, written=True)
FIELDS = load_fields()


def rule(text, logsource=SOURCE, identity="r"):
    """A rule from the YAML of its detection."""
    content = "detection:\n" + textwrap.indent(textwrap.dedent(text), "  ")
    (document,) = parse(content.encode(), "r.yml")
    checker = Checker(document)
    tree = detection.parse(checker)
    checker.raise_if_any()
    card = Card(id=identity, name=identity, hash="", title="", level="low")
    return Rule(card, logsource, tree, fields_of(tree), "r.yml")


def matches(text, event):
    """Whether the event matches a rule with this detection."""
    return bool(compile_rules([rule(text)], WRITTEN).match_as(event, (SOURCE,)))


def single(search, event):
    """Whether the event matches one search."""
    return matches(f"s: {search}\ncondition: s", event)


def encoded(text, before=b""):
    """Base64 of UTF-8 text inside something longer."""
    return b64encode(before + text.encode() + b"after").decode()


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a: FooBar}", {"a": "fOObAR"}, id="case-does-not-count"),
        pytest.param(True, "{a: ĐIỆN BIÊN}", {"a": "điện biên"}, id="case-of-vietnamese"),
        pytest.param(True, "{a: mật khẩu}", {"a": "ma\u0323\u0302t kha\u0302\u0309u"}, id="nfd"),
        pytest.param(True, "{a|contains: hẩu}", {"a": "MẬT KHẨU"}, id="vietnamese-contains"),
        pytest.param(False, "{a|cased: Foo}", {"a": "foo"}, id="cased"),
        pytest.param(True, "{a|cased|contains: Foo}", {"a": "aFoob"}, id="cased-wildcard-hit"),
        pytest.param(False, "{a|cased|contains: Foo}", {"a": "afoob"}, id="cased-wildcard-miss"),
        pytest.param(False, "{a|cased: [Foo, Bar]}", {"a": "foo"}, id="cased-list-miss"),
        pytest.param(True, "{a|cased: [Foo, Bar]}", {"a": "Bar"}, id="cased-list-hit"),
        pytest.param(True, "{a: 42}", {"a": "42"}, id="number-of-the-rule-is-text"),
        pytest.param(True, "{a: '42'}", {"a": 42}, id="number-of-the-event-is-text"),
        pytest.param(True, "{a: 'true'}", {"a": True}, id="boolean-is-text"),
        pytest.param(True, "{a: true}", {"a": "True"}, id="text-is-boolean"),
        pytest.param(True, "{a|endswith: '1?'}", {"a": "0x10"}, id="wildcard-inside-endswith"),
        pytest.param(False, "{a|endswith: '1?'}", {"a": "0x100"}, id="endswith-keeps-its-anchor"),
        pytest.param(True, "{a|startswith: 'a?c'}", {"a": "abcd"}, id="wildcard-in-startswith"),
        pytest.param(False, "{a|startswith: 'a?c'}", {"a": "xabc"}, id="startswith-keeps-anchor"),
        pytest.param(True, "{a: 'a*b'}", {"a": "a\r\nx\nb"}, id="star-crosses-lines"),
        pytest.param(True, "{a: 'a?b'}", {"a": "a\nb"}, id="question-mark-is-any-character"),
        pytest.param(True, "{a: '?'}", {"a": "ệ"}, id="question-mark-is-one-code-point"),
        pytest.param(False, "{a: 'a?'}", {"a": "a"}, id="question-mark-is-not-nothing"),
        pytest.param(True, "{a: 'a*'}", {"a": "a"}, id="star-is-also-nothing"),
        pytest.param(True, r"{a: 'C:\\*'}", {"a": "C:\\x"}, id="backslash-and-wildcard"),
        pytest.param(True, r"{a: '1\*2'}", {"a": "1*2"}, id="escaped-star-hit"),
        pytest.param(False, r"{a: '1\*2'}", {"a": "1x2"}, id="escaped-star-miss"),
        pytest.param(True, "{a: '*'}", {"a": ""}, id="star-matches-empty"),
        pytest.param(False, "{a: '*'}", {"a": None}, id="star-needs-a-value"),
        pytest.param(False, "{a: '*'}", {}, id="star-needs-the-field"),
        pytest.param(True, "{a: b.c}", {"a": "b.c"}, id="dot-is-literal"),
        pytest.param(True, "{a|contains: xyz}", {"a": "b" * 40_000 + "xyz"}, id="very-long-value"),
        pytest.param(True, "{a.b: x}", {"a": {"b": "x"}}, id="nested-field"),
        pytest.param(True, "{a.b: x}", {"a.b": "x", "a": {"b": "y"}}, id="literal-key-wins"),
    ],
)
def test_text(expected, search, event):
    """Text compares folded, with wildcards over the whole value."""
    assert expected is single(search, event)


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a: null}", {}, id="null-missing"),
        pytest.param(True, "{a: null}", {"a": None}, id="null-null"),
        pytest.param(True, "{a: null}", {"a": []}, id="null-empty-list"),
        pytest.param(False, "{a: null}", {"a": ""}, id="null-empty-text"),
        pytest.param(False, "{a: ''}", {}, id="empty-missing"),
        pytest.param(False, "{a: ''}", {"a": None}, id="empty-null"),
        pytest.param(True, "{a: ''}", {"a": ""}, id="empty-empty"),
        pytest.param(False, "{a: ''}", {"a": " "}, id="empty-blank"),
        pytest.param(False, "{a: 'null'}", {"a": None}, id="null-is-no-word"),
        pytest.param(True, "{a|exists: true}", {"a": None}, id="exists-null"),
        pytest.param(True, "{a|exists: true}", {"a": ""}, id="exists-empty"),
        pytest.param(True, "{a|exists: true}", {"a": {"b": 1}}, id="exists-object"),
        pytest.param(False, "{a|exists: true}", {}, id="exists-missing"),
        pytest.param(True, "{a|exists: false}", {}, id="exists-not"),
        pytest.param(False, "{a|exists: false}", {"a": 0}, id="exists-not-zero"),
        pytest.param(True, "{a|neq: x}", {}, id="neq-missing"),
        pytest.param(False, "{a|neq: x}", {"a": "X"}, id="neq-equal"),
        pytest.param(True, "{a|neq: 5}", {"a": "six"}, id="neq-number"),
        pytest.param(True, "{a|neq: [x, y]}", {"a": "z"}, id="neq-list"),
        pytest.param(False, "{a|neq: [x, y]}", {"a": ["z", "y"]}, id="neq-one-member"),
    ],
)
def test_absence(expected, search, event):
    """Missing, null and empty are three things."""
    assert expected is single(search, event)


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        pytest.param(True, {"a": "x"}, id="filter-field-missing"),
        pytest.param(True, {"a": "x", "b": ["z"]}, id="no-member"),
        pytest.param(False, {"a": "x", "b": ["z", "Y"]}, id="one-member"),
        pytest.param(False, {"b": "z"}, id="selection-missing"),
        pytest.param(True, {"a": ["w", "x"]}, id="any-member"),
    ],
)
def test_negated_filter(expected, event):
    """Absence satisfies `not`, and `not` of several values means none of them."""
    assert expected is matches("s: {a: x}\nf: {b: y}\ncondition: s and not f", event)


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a|re: 'o{2}'}", {"a": "fooo"}, id="search"),
        pytest.param(False, "{a|re: '^o{2}$'}", {"a": "fooo"}, id="anchors"),
        pytest.param(False, "{a|re: foo}", {"a": "FOO"}, id="case-counts"),
        pytest.param(True, "{a|re|i: đ+}", {"a": "ĐĐ"}, id="flag-i"),
        pytest.param(True, "{a|re: '(?i)foo'}", {"a": "FOO"}, id="inline-flag"),
        pytest.param(False, "{a|re: ^b}", {"a": "a\nb"}, id="caret-is-the-start"),
        pytest.param(True, "{a|re|m: ^b$}", {"a": "a\nb\nc"}, id="flag-m"),
        pytest.param(False, "{a|re: a.b}", {"a": "a\nb"}, id="dot-stops-at-lines"),
        pytest.param(True, "{a|re|s: a.b}", {"a": "a\nb"}, id="flag-s"),
        pytest.param(True, "{a|re: ệ}", {"a": "e\u0323\u0302"}, id="text-is-composed"),
        pytest.param(False, r"{a|re: '\bđiện\b'}", {"a": "điện"}, id="word-border-is-ascii"),
        pytest.param(True, r"{a|re: 'A\W'}", {"a": "A."}, id="pattern-keeps-its-case"),
        pytest.param(False, "{a|re: a}", {}, id="missing"),
        pytest.param(False, "{a|re: '.*'}", {"a": None}, id="null"),
        pytest.param(True, "{a|re|startswith: 'b|c'}", {"a": "cx"}, id="startswith"),
        pytest.param(False, "{a|re|startswith: 'b|c'}", {"a": "xc"}, id="startswith-miss"),
        pytest.param(True, "{a|re: '^5$'}", {"a": 5}, id="number-as-text"),
    ],
)
def test_regex(expected, search, event):
    """RE2, searched, case-sensitive over composed text."""
    assert expected is single(search, event)


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a|gt: 5}", {"a": 6}, id="gt"),
        pytest.param(False, "{a|gt: 5}", {"a": 5}, id="gt-equal"),
        pytest.param(True, "{a|gte: 5}", {"a": "5"}, id="gte-text"),
        pytest.param(True, "{a|lt: 5}", {"a": -1}, id="lt"),
        pytest.param(True, "{a|lte: 5}", {"a": 5.0}, id="lte-fraction"),
        pytest.param(False, "{a|gt: 5}", {"a": ""}, id="empty-text-does-not-throw"),
        pytest.param(False, "{a|gt: 5}", {"a": "abc"}, id="text-does-not-throw"),
        pytest.param(False, "{a|gt: 5}", {"a": "infinity"}, id="infinity-is-no-number"),
        pytest.param(False, "{a|gt: 5}", {"a": "1_000"}, id="underscore-is-no-digit"),
        pytest.param(False, "{a|gt: 5}", {"a": None}, id="null"),
        pytest.param(False, "{a|gt: 0}", {"a": True}, id="boolean-is-no-number"),
        pytest.param(True, "{a|gt: 5}", {"a": ["x", 9]}, id="any-member"),
        pytest.param(True, "{a|hour|gte: 3}", {"a": "2026-11-18T03:00:00Z"}, id="hour-compared"),
        pytest.param(False, "{a|hour|gte: 3}", {"a": "2026-11-18T02:59:59Z"}, id="hour-before"),
        pytest.param(True, "{a|hour: 23}", {"a": "2026-11-18T23:10:00+07:00"}, id="as-written"),
        pytest.param(True, "{a|hour|neq: 2}", {"a": "2026-11-18T03:00:00Z"}, id="hour-neq"),
        pytest.param(True, "{a|cidr: 10.1.2.3/8}", {"a": "10.200.0.1"}, id="cidr-host-bits"),
        pytest.param(False, "{a|cidr: 10.0.0.0/8}", {"a": "11.0.0.1"}, id="cidr-outside"),
        pytest.param(True, "{a|cidr: 10.0.0.0/8}", {"a": "::ffff:10.0.0.1"}, id="cidr-mapped"),
        pytest.param(True, "{a|cidr: 'fd00::/8'}", {"a": "FD12::1"}, id="cidr-v6"),
        pytest.param(False, "{a|cidr: 'fd00::/8'}", {"a": "10.0.0.1"}, id="cidr-other-version"),
        pytest.param(False, "{a|cidr: 10.0.0.0/8}", {"a": "10.0.0.1:80"}, id="cidr-no-address"),
    ],
)
def test_numbers_times_and_networks(expected, search, event):
    """What is no number, time or address satisfies nothing and breaks nothing."""
    assert expected is single(search, event)


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a|fieldref: b}", {"a": "X", "b": "x"}, id="equal"),
        pytest.param(False, "{a|fieldref: b}", {"a": "x", "b": "y"}, id="different"),
        pytest.param(False, "{a|fieldref: b}", {}, id="both-missing"),
        pytest.param(True, "{a|fieldref|neq: b}", {"a": "x", "b": "y"}, id="neq"),
        pytest.param(True, "{a|fieldref|startswith: b}", {"a": "xyz", "b": "XY"}, id="startswith"),
        pytest.param(True, "{a|fieldref|endswith: b}", {"a": "xyz", "b": "yz"}, id="endswith"),
        pytest.param(True, "{a|fieldref|contains: b}", {"a": "xyz", "b": "y"}, id="contains"),
        pytest.param(False, "{a|fieldref|cased: b}", {"a": "X", "b": "x"}, id="cased"),
        pytest.param(True, "{a|fieldref: b}", {"a": 5, "b": ["6", "5"]}, id="any-pair"),
    ],
)
def test_field_reference(expected, search, event):
    """Two fields of one event."""
    assert expected is single(search, event)


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize("written", DASHES)
def test_windash_makes_all_dashes_equal(dash, written):
    """Also an en dash in the rule, and a dash inside a word."""
    search = f"{{a|contains|windash: ' {written}enc a{written}b'}}"
    assert single(search, {"a": f"x {dash}ENC A{DASHES[0]}B"})
    assert not single(search, {"a": "x _enc a-b"})


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "{a|base64offset|contains: foob}", {"a": "Zm9vYmFy"}, id="trimmed"),
        pytest.param(
            True,
            "{a|base64offset|contains: mật khẩu}",
            {"a": encoded("mật khẩu", b"x")},
            id="bytes",
        ),
        pytest.param(
            True,
            "{a|wide|base64offset|contains: mật}",
            {"a": b64encode(b"ab" + "mật x".encode("utf-16-le")).decode()},
            id="wide-beyond-ascii",
        ),
        pytest.param(
            False, "{a|base64offset|contains: mật khẩu}", {"a": encoded("mat khau")}, id="other"
        ),
    ],
)
def test_encodings(expected, search, event):
    """Encoded values are found inside longer encoded text."""
    assert expected is single(search, event)


@pytest.mark.parametrize(
    ("expected", "search", "event"),
    [
        pytest.param(True, "[evil]", {"a": {"b": ["x", "an EVIL word"]}}, id="any-value"),
        pytest.param(False, "[a]", {"a": "x"}, id="names-are-no-values"),
        pytest.param(True, "{'|all': [evil, x]}", {"a": "evil", "b": "x"}, id="all"),
        pytest.param(False, "{'|all': [evil, y]}", {"a": "evil", "b": "x"}, id="all-misses-one"),
        pytest.param(False, "[ours]", {"haidang": {"x": "ours"}}, id="ours"),
        pytest.param(False, "[parsed]", {"event": {"original": "raw"}, "a": "parsed"}, id="raw"),
        pytest.param(True, "['e*l']", {"a": "an evil word"}, id="wildcard"),
        pytest.param(True, "[7]", {"a": 1705}, id="number"),
        pytest.param(True, "{'|re': '^ev'}", {"a": "x", "b": "evil"}, id="regex"),
    ],
)
def test_keywords(expected, search, event):
    """Any value of the event contains the keyword."""
    assert expected is single(search, event)


def test_hidden_searches_do_not_fire():
    """`1 of them` leaves out names with an underscore in front."""
    text = "_s: {a: x}\nt: {a: y}\ncondition: 1 of them"
    assert not matches(text, {"a": "x"})
    assert matches(text, {"a": "y"})


def _oracle(parts, text):
    if not parts:
        return not text
    head, rest = parts[0], parts[1:]
    if head is Wildcard.ANY:
        return any(_oracle(rest, text[index:]) for index in range(len(text) + 1))
    if head is Wildcard.ONE:
        return bool(text) and _oracle(rest, text[1:])
    if head is Wildcard.DASH:
        return text[:1] != "" and text[0] in DASHES and _oracle(rest, text[1:])
    return text.startswith(head) and _oracle(rest, text[len(head) :])


PART = st.one_of(st.sampled_from(list(Wildcard)), st.text("aB.\\-đ\n", min_size=1, max_size=2))


@given(st.lists(PART, max_size=5), st.text("aB.\\-/đ\n", max_size=8))
def test_wildcards_agree_with_a_simple_matcher(parts, text):
    """A recursive definition of the wildcards gives the same answer."""
    folded = tuple(fold(part) if isinstance(part, str) else part for part in parts)
    expected = _oracle(folded, fold(text))
    assert expected is accepts_any([Text(tuple(parts))])(fold(text))


@given(st.lists(st.text("ab*?", max_size=5), min_size=1, max_size=4), st.text("ab", max_size=6))
def test_texts_asked_together_agree_with_one_by_one(written, text):
    """Grouping the values of a list changes nothing."""
    values = [Text(parse_text(one)) for one in written]
    expected = any(accepts_any([value])(text) for value in values)
    assert expected is accepts_any(values)(text)


@given(st.text(max_size=12))
def test_every_text_finds_itself(text):
    """Escaped text is equal to itself in any form of case."""
    value = Text(parse_text("".join(f"\\{one}" if one in "*?\\" else one for one in text)))
    assert accepts_any([value])(fold(text))


@given(st.one_of(st.none(), st.booleans(), st.text(max_size=9), st.floats(), st.integers()))
def test_anything_is_a_finite_number_or_none(value):
    """No JSON value breaks a comparison."""
    found = number(value)
    assert found is None or found - found == 0


def test_long_numbers_keep_their_digits():
    """64-bit numbers in text are not rounded; digits beyond all bounds are no number."""
    assert 9_223_372_036_854_775_807 == number("9223372036854775807")
    assert number("9" * 5000) is None
    assert number("1e999") is None


@pytest.mark.parametrize(
    ("expected", "part"),
    [(32, "minute"), (21, "hour"), (6, "day"), (49, "week"), (12, "month"), (2025, "year")],
)
def test_time_parts_are_read_as_written(expected, part):
    """Sysmon's form of time; what is no time has no part."""
    assert expected == time_part("2025-12-06 21:32:02.632", part)
    assert time_part("yesterday", part) is None
    assert time_part(5, part) is None


def test_log_source_is_asked_first():
    """An event reaches the rules of its log sources, by family too, in the order of rules."""
    made = [
        rule("s: {a: x}\ncondition: s", LogSource("webserver"), "web"),
        rule("s: {a: x}\ncondition: s", LogSource("registry_event", "windows"), "registry"),
        rule("s: {a: x}\ncondition: s", LogSource("", "windows"), "windows"),
    ]
    matcher = compile_rules(made, FIELDS.as_written())
    event = {
        "a": "x",
        "haidang": {"logsource": [{"category": "Registry_Set", "product": "windows"}]},
    }
    assert ["registry", "windows"] == [one.card.id for one in matcher.match(event)]
    assert [] == matcher.match({"a": "x"})


def test_each_rule_matches_once_for_several_log_sources():
    """An event with two log sources does not double a rule."""
    made = rule("s: {Image|endswith: sh}\ncondition: s", LogSource("", "windows"), "w")
    sources = [{"category": "process_creation", "product": "windows"}, {"product": "windows"}]
    event = {"winlog": {"event_data": {"Image": "bash"}}, "haidang": {"logsource": sources}}
    assert [made] == compile_rules([made], FIELDS).match(event)


def test_group_values_go_through_the_map():
    """A Sigma name is mapped, any other is an ECS path; absent is empty."""
    made = rule("s: {c-ip: 10.0.0.1}\ncondition: s", LogSource("webserver"))
    matcher = compile_rules([made], FIELDS)
    document = {"source": {"ip": "10.0.0.1"}, "host": {"name": "WEB"}, "user": ["", "an"]}
    names = ("c-ip", "source.ip", "host.name", "user", "url.path")
    found = [matcher.group_value(made, document, name) for name in names]
    assert ["10.0.0.1", "10.0.0.1", "WEB", "an", ""] == found


@pytest.mark.parametrize(("expected", "referrer"), [(True, "-"), (True, None), (False, "a-b")])
def test_a_lone_dash_of_a_web_server_is_no_value(expected, referrer):
    """`cs-referer: null` holds, a search for text does not, and it makes no group."""
    web, event = LogSource("webserver"), {"http": {"request": {"referrer": referrer}}}
    absent, text = (
        compile_rules([rule(f"s: {{cs-referer{search}}}\ncondition: s", web)], FIELDS)
        for search in (": null", "|contains: '-'")
    )

    found = [bool(one.match_as(event, (web,))) for one in (absent, text)]
    assert [expected, not expected] == found
    grouped = absent.group_value(rule("s: {a: b}\ncondition: s", web), event, "cs-referer")
    assert expected == (not grouped)


def test_unmapped_fields_read_as_absent_and_are_told():
    """The matcher lists them by rule."""
    made = rule("s: {nope: null}\ncondition: s", LogSource("webserver"))
    matcher = compile_rules([made], FIELDS)
    event = {"nope": "x", "haidang": {"logsource": {"category": "webserver"}}}
    assert {"r": ("nope",)} == matcher.unmapped
    assert [made] == matcher.match(event)
