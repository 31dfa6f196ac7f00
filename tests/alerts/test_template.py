"""Templates: what is a reference, what is text, what is a mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.template import Clause, Mistake, Reference, check_template, parse_template, references


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{affected}", Reference("affected"), id="affected"),
        pytest.param("{kind}", Reference("kind"), id="kind"),
        pytest.param("{aggregate}", Reference("aggregate"), id="aggregate"),
        pytest.param("{group.host.name}", Reference("group", "", "host.name"), id="group"),
        pytest.param("{a_1.count}", Reference("count", "a_1"), id="count"),
        pytest.param(
            "{a.first.@timestamp|clock}",
            Reference("first", "a", "@timestamp", "clock"),
            id="time and filter",
        ),
        pytest.param("{a.count|seen}", Reference("count", "a", "", "seen"), id="seen"),
        pytest.param("{beat|seen}", Reference("fact", "", "beat", "seen"), id="fact seen"),
        pytest.param("{a.last.url.path}", Reference("last", "a", "url.path"), id="last"),
        pytest.param(
            "{4f1e-2.same.url.path}", Reference("same", "4f1e-2", "url.path"), id="rule by id"
        ),
    ],
)
def test_reference_is_parsed(written, expected):
    """Each form of the language becomes its parts."""
    assert parse_template(written) == [expected]
    assert check_template(written) == []


@pytest.mark.parametrize(
    ("written", "fragment"),
    [
        pytest.param("a { b", "single brace", id="open brace"),
        pytest.param("a } b", "single brace", id="closing brace"),
        pytest.param("{", "single brace", id="brace at the end"),
        pytest.param("{}", "not a reference", id="empty"),
        pytest.param("{host.name}", "not a reference", id="bare field"),
        pytest.param("{ kind }", "not a reference", id="spaces"),
        pytest.param("{group.}", "not a reference", id="group without field"),
        pytest.param("{a.middle.x}", "not a reference", id="unknown part"),
        pytest.param("{a.first}", "not a reference", id="first without path"),
        pytest.param("{a.count.x}", "not a reference", id="count with path"),
        pytest.param("{a.count|upper}", "unknown filter 'upper'", id="unknown filter"),
        pytest.param("{a.count|}", "unknown filter ''", id="empty filter"),
        pytest.param("{a.count|number|clock}", "unknown filter", id="two filters"),
        pytest.param("{kind|clock}", "takes no filter", id="filter on a word"),
        pytest.param("{user|clock}", "takes no filter", id="filter on a fact"),
        pytest.param("a [ b", "opens no clause", id="open bracket"),
        pytest.param("a ] b", "closes no clause", id="closing bracket"),
        pytest.param("[a {x}]", "not a reference", id="inside a clause"),
        pytest.param("[a [b]", "opens no clause", id="clause in a clause"),
    ],
)
def test_mistake_is_reported_once(written, fragment):
    """A bad piece is one problem that says what is wrong."""
    (problem,) = check_template(written)
    assert fragment in problem


def test_every_mistake_of_a_template_is_reported():
    """One check finds all problems."""
    assert 3 == len(check_template("{x} ok {kind} {a.count|y} }"))


def test_unknown_rule_is_a_problem_only_where_rules_are_given():
    """A mistyped rule name is found by the loader that knows the names."""
    text = "{affected} {web.count} {wbe.count} {group.x}"
    assert [] == check_template(text)
    assert ["wbe: no rule of this name belongs to the detection"] == check_template(text, {"web"})


def test_doubled_braces_beside_a_reference_stay_text():
    """The language's own braces can be written."""
    assert ["{", Reference("kind"), "}"] == parse_template("{{{kind}}}")


def test_clause_holds_its_pieces():
    """A clause is one piece; facts are references."""
    expected = ["a", Clause((" b ", Reference("fact", "", "user"))), "c"]
    assert expected == parse_template("a[ b {user}]c")


@given(st.text())
def test_text_with_doubled_braces_is_itself(text):
    """Any text, its braces and brackets doubled, is a template of that text."""
    for char in "{}[]":
        text = text.replace(char, char * 2)
    pieces = parse_template(text)
    for char in "{}[]":
        text = text.replace(char * 2, char)
    assert text == "".join(str(piece) for piece in pieces)


@given(st.text("{}[]|.akindcoutfrsl @", max_size=40))
def test_parsing_keeps_every_mistake_visible(text):
    """Parsing never fails, and a template is checked clean exactly if it holds no mistake."""
    mistakes = [one for one in references(parse_template(text)) if isinstance(one, Mistake)]
    assert len(mistakes) == len(check_template(text))
