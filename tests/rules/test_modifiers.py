"""Value modifiers, one by one and in chains."""

from base64 import b64encode
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.modifiers import TRANSFORMS, ValueRefused, apply
from rules.values import (
    Compare,
    Exists,
    FieldReference,
    Network,
    Null,
    Regex,
    Text,
    Wildcard,
)

ANY, DASH = Wildcard.ANY, Wildcard.DASH
UTF16 = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be"}


@pytest.mark.parametrize(
    ("expected", "chain", "written"),
    [
        pytest.param(Null(), "", None, id="null"),
        pytest.param(Text(("42",)), "", 42, id="numbers-are-text"),
        pytest.param(Text(("true",)), "", True, id="booleans-are-text"),
        pytest.param(Text(()), "", "", id="empty"),
        pytest.param(Text((ANY, "a", ANY)), "contains", "a", id="contains"),
        pytest.param(Text(("a", ANY)), "startswith", "a", id="startswith"),
        pytest.param(Text((ANY, "a")), "endswith", "a", id="endswith"),
        pytest.param(Text(("A",), cased=True), "cased", "A", id="cased"),
        pytest.param(Text((ANY, "A"), cased=True), "cased|endswith", "A", id="cased-endswith"),
        pytest.param(Text((" ", DASH, "a", DASH)), "windash", " -a/", id="windash"),
        pytest.param(Text((DASH,)), "windash", "\N{EN DASH}", id="windash-reads-every-dash"),
        pytest.param(Regex("a+"), "re", "a+", id="re"),
        pytest.param(Regex("a", "ims"), "re|s|i|m", "a", id="re-flags"),
        pytest.param(
            Regex("a", "ims"), "re|ignorecase|multiline|dotall", "a", id="re-flags-by-long-names"
        ),
        pytest.param(Regex(r"\A(?:a|b)"), "re|startswith", "a|b", id="re-startswith"),
        pytest.param(Regex(r"(?:a|b)\z"), "re|endswith", "a|b", id="re-endswith"),
        pytest.param(Network(ip_network("10.0.0.0/8")), "cidr", "10.1.2.3/8", id="cidr-host-bits"),
        pytest.param(Network(ip_network("fd00::/8")), "cidr", "fd00::/8", id="cidr-v6"),
        pytest.param(
            Network(ip_network("10.0.0.0/8")), "cidr", "::ffff:10.0.0.0/104", id="cidr-mapped"
        ),
        pytest.param(Exists(wanted=False), "exists", False, id="exists"),
        pytest.param(Compare("gte", 5), "gte", 5, id="gte"),
        pytest.param(Compare("lt", 0.5), "lt", 0.5, id="lt-fraction"),
        pytest.param(Compare("eq", 3, "hour"), "hour", 3, id="hour"),
        pytest.param(Compare("gte", 3, "hour"), "hour|gte", 3, id="hour-compared"),
        pytest.param(FieldReference("b"), "fieldref", "b", id="fieldref"),
        pytest.param(FieldReference("b", "endswith"), "fieldref|endswith", "b", id="fieldref-ends"),
        pytest.param(Text(("%a%",)), "expand", "\\%a\\%", id="expand-of-escaped-percent"),
        pytest.param(Text(("Y21k",)), "base64", "cmd", id="base64"),
        pytest.param(Text(("YwBtAGQA",)), "wide|base64", "cmd", id="wide"),
        pytest.param(Text(("AGMAbQBk",)), "utf16be|base64", "cmd", id="utf16be"),
        pytest.param(Text(("//5jAG0AZAA=",)), "utf16|base64", "cmd", id="utf16-has-its-mark"),
        pytest.param(Text((ANY, "c\0", ANY)), "wide|contains", "c", id="wide-alone"),
    ],
)
def test_modifier_gives_the_typed_value(expected, chain, written):
    """The appendix of modifiers, in the written order."""
    assert [expected] == apply(tuple(chain.split("|")) if chain else (), written)


@pytest.mark.parametrize(
    ("chain", "written"),
    [
        pytest.param("nope", "a", id="unknown"),
        pytest.param("re", "(?=a)", id="look-ahead"),
        pytest.param("re", r"(a)\1", id="back-reference"),
        pytest.param("re", "(", id="broken-regex"),
        pytest.param("re|startswith", "(", id="broken-regex-anchored"),
        pytest.param("i", "a", id="flag-without-re"),
        pytest.param("contains|re", "a", id="re-after-contains"),
        pytest.param("cidr", "10.0.0.0/40", id="not-a-network"),
        pytest.param("contains", "?" * 8193, id="pattern-too-long-for-re2"),
        pytest.param("windash", "-" * 8193, id="dashes-too-long-for-re2"),
        pytest.param("re|startswith", "a)|(b", id="parenthesis-pairs-with-ours"),
        pytest.param("cidr", "10.*", id="cidr-with-wildcard"),
        pytest.param("exists", "yes", id="exists-of-text"),
        pytest.param("gt", "5", id="gt-of-text"),
        pytest.param("gt", True, id="gt-of-boolean"),
        pytest.param("gt", float("nan"), id="gt-of-nan"),
        pytest.param("hour", 24, id="hour-24"),
        pytest.param("minute", 1.5, id="fraction-of-a-minute"),
        pytest.param("contains", None, id="contains-null"),
        pytest.param("base64", "a*", id="base64-of-wildcard"),
        pytest.param("base64offset", "", id="base64offset-of-nothing"),
        pytest.param("base64offset", "a", id="base64offset-of-one-byte"),
        pytest.param("wide|wide", "a", id="encoded-twice"),
        pytest.param("wide|windash", "-a", id="windash-after-encoding"),
        pytest.param("windash|base64", "-----", id="too-many-permutations"),
        pytest.param("expand", "%Servers%", id="placeholder"),
        pytest.param("contains|expand", "x %Servers%", id="placeholder-in-text"),
        pytest.param("expand", "\\%plain%name%", id="placeholder-after-escaped-percent"),
        pytest.param("fieldref", "", id="reference-to-nothing"),
    ],
)
def test_value_that_does_not_fit_is_refused(chain, written):
    """Nothing is quietly turned into a value that never matches."""
    with pytest.raises(ValueRefused):
        apply(tuple(chain.split("|")), written)


@given(st.binary(max_size=7), st.text(min_size=2, max_size=9), st.binary(max_size=7))
def test_base64offset_finds_the_value_at_every_place(before, value, after):
    """Offsets count bytes, also of text beyond ASCII; the last open character is left out."""
    content = "".join(one for one in value if one not in "\\*?") + "đă"
    alternatives = apply(("base64offset",), content)
    whole = b64encode(before + _nfc(content).encode() + after).decode()
    assert any(one.parts[0] in whole for one in alternatives if isinstance(one, Text))


@pytest.mark.parametrize("name", UTF16)
@given(text=st.text(alphabet=st.characters(exclude_characters="\\*?", codec="utf-8"), min_size=1))
def test_utf16_encodes_any_text_by_code_units(name, text):
    """Vietnamese letters and pairs of surrogates are encoded as they are."""
    expected = b64encode(_nfc(text).encode(UTF16[name])).decode()
    assert [Text((expected,))] == apply((name, "base64"), text)


def test_windash_before_an_encoding_is_written_out():
    """Encoded text has no dash that could vary, so each of the five is its own alternative."""
    expected = {b64encode(f"{dash}a".encode()).decode() for dash in "-/\u2013\u2014\u2015"}
    assert expected == {one.parts[0] for one in apply(("windash", "base64"), "-a")}


def test_every_modifier_of_the_specification_is_known():
    """The appendix of modifiers 2.1.0, without `all` and `neq`, which belong to the whole item."""
    known = (
        "contains startswith endswith exists cased windash re i m s base64 base64offset utf16le "
        "utf16be utf16 wide lt lte gt gte minute hour day week month year cidr expand fieldref"
    )
    assert set(known.split()) <= set(TRANSFORMS)


def _nfc(text):
    (value,) = apply((), text)
    return "".join(value.parts)
