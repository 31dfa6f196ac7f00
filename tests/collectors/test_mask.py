"""Masks: planted values go, look-alikes stay, JSON stays JSON, cost stays linear."""

import re
import time
import uuid

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import mask
from collectors.dataset import load_dataset
from collectors.mask_kinds import KINDS

KEY = b"k" * 32
ALL = mask.Masks(tuple(KINDS.values()))
MARK = re.compile(rb"<[a-z]+:[0-9a-f]{8}>")


def _masked(line: bytes) -> bytes:
    return ALL.apply(line, KEY)


@pytest.mark.parametrize(
    ("line", "secret", "kind"),
    [
        pytest.param(b"GET /hs/001099012345 HTTP", b"001099012345", b"citizen", id="path"),
        pytest.param(b"GET /x?cccd=001099012345&a=1", b"001099012345", b"citizen", id="query"),
        pytest.param(b"GET /x?q=a%20001099012345", b"001099012345", b"citizen", id="after %20"),
        pytest.param(b"/hs_096300012345_a.pdf", b"096300012345", b"citizen", id="file name"),
        pytest.param(b'{"cccd":"123456789012"}', b"123456789012", b"citizen", id="json key"),
        pytest.param(b'{"cmnd":123456789}', b"123456789", b"citizen", id="json number"),
        pytest.param(rb'{"m":"CCCD\n001099012345"}', b"001099012345", b"citizen", id="after \\n"),
        pytest.param("số 001099012345.".encode(), b"001099012345", b"citizen", id="sentence"),
        pytest.param(b"tel 0912345678", b"0912345678", b"mobile", id="mobile"),
        pytest.param(b"call +84912345678 now", b"84912345678", b"mobile", id="+84"),
        pytest.param(b"?p=%2B84912345678", b"84912345678", b"mobile", id="%2B84"),
        pytest.param(b"phone=84912345678", b"84912345678", b"mobile", id="phone key"),
        pytest.param(b"Authorization: Basic dTpw", b"dTpw", b"authorization", id="basic"),
        pytest.param(b'{"authorization":"Bearer a.b"}', b"a.b", b"authorization", id="json"),
        pytest.param(b"-H Bearer " + b"ab" * 9, b"ab" * 9, b"authorization", id="bearer"),
        pytest.param(b"/x?access_token=s3cr3t&a=1", b"s3cr3t", b"secret", id="token"),
        pytest.param(b"/x?api_key=s3cr3t", b"s3cr3t", b"secret", id="api_key"),
        pytest.param(b"/x?a=1&key=s3cr3t", b"s3cr3t", b"secret", id="key in a query"),
        pytest.param(b"--password=s3cr3t", b"s3cr3t", b"secret", id="option"),
        pytest.param(b"/x?u=%3Fpassword%3Ds3cr3t", b"s3cr3t", b"secret", id="encoded ="),
        pytest.param(rb'{"password": "s3\"cr3t"}', rb"s3\"cr3t", b"secret", id="json string"),
        pytest.param(rb'{"m":"{\"password\":\"s3cr3t\"}"}', b"s3cr3t", b"secret", id="inner json"),
        pytest.param(b'{"userPassword":778899}', b"778899", b"secret", id="secret number"),
        pytest.param(b'x password="a b" y', b"a b", b"secret", id="quoted"),
        pytest.param(b"Server=a;Pwd=s3cr3t;", b"s3cr3t", b"secret", id="connection string"),
        pytest.param(b'"password":"cut off', b"cut off", b"secret", id="cut"),
    ],
)  # fmt: skip
def test_a_planted_value_is_replaced_by_its_kind(line: bytes, secret: bytes, kind: bytes) -> None:
    """The mark names the kind; the rest of the line stays."""
    masked = _masked(line)
    assert secret not in masked
    assert b"<" + kind + b":" in masked
    start = max(0, line.index(secret) - len(b"%2B"))
    assert masked[:start] == line[:start]
    if line.startswith(b"{"):
        orjson.loads(masked)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{5770385F-C22A-43E0-BF4C-06F569800123}", id="GUID"),
        pytest.param(b"a-0010-0990-bf4c-001099012345 b", id="GUID tail of digits"),
        pytest.param(b"type=SYSCALL msg=audit(1763424930.125:77): a1=56111138 items=2", id="audit"),
        pytest.param(b'key="exec" auid=4294967295 ses=4294967295', id="audit key"),
        pytest.param(b'"@timestamp":"2026-11-18T01:15:30.123456789Z"', id="time"),
        pytest.param(b'"record_id":301099012345,"code":4625', id="record id"),
        pytest.param(b"took 0.001099012345 s", id="fraction"),
        pytest.param(b"10.20.30.40 1763424930 202611181030", id="numbers"),
        pytest.param(b"sha1=001099012345abcdef001099012345abcdef0010", id="hash"),
        pytest.param(b"PublicKeyToken=b77a5c561934e089", id="assembly"),
        pytest.param(b'"TokenElevationType":"%%1936","ElevatedToken":"%%1842"', id="event data"),
        pytest.param(b'"PasswordLastSet":"-","token":null,"secret":{"a":1}', id="no value"),
        pytest.param(b"Basic authentication failed; keyboard=us; monkey business", id="words"),
        pytest.param(b"S-1-5-21-1004336348-1177238915-682003330-512", id="SID"),
    ],
)
def test_a_look_alike_is_untouched(line: bytes) -> None:
    """Ids, times, hashes and words that only contain a key's name."""
    assert line == _masked(line)


def test_the_same_value_has_the_same_mark_under_one_key() -> None:
    """Masked records can be compared; another key gives other marks."""
    first, second = MARK.findall(_masked(b"a=0912345678 b=0912345678"))
    assert first == second
    assert first not in ALL.apply(b"a=0912345678", b"other")


@given(st.integers(1, 96), st.integers(0, 4 * 10**8 - 1), st.sampled_from(list(" /?=&,;:_|'")))
def test_every_citizen_number_between_borders_goes(province: int, rest: int, border: str) -> None:
    """Whatever the digits are."""
    number = f"{province:03}{rest:09}"
    assert number.encode() not in _masked(f"x{border}{number}{border}y".encode())


_NAMES = (
    *("", "x", "CCCD", "cmnd", "cmt", "can_cuoc", "citizen_id", "identity_no", "so_dinh_danh"),
    *("sogiayto", "Phone_no", "sdt", "dienthoai", "mobile", "msisdn", "tel", "Authorization"),
    *("Bearer", "basic", "Token", "api-key", "secret_access_key", "private_key", "accessKey"),
    *("passwd", "mat_khau", "?pwd", ";sig", "&key", "&pass"),
)
_VALUES = (
    *("001099012345", "123456789", "0912345678", "84912345678", "0084912345678", "+84912345678"),
    *("%2b84912345678", "a" * 16, "dTpw=="),
)
_PLANTED = st.tuples(
    st.sampled_from(_NAMES), st.sampled_from(("=", ": ", '":"', " ")), st.sampled_from(_VALUES)
)


@settings(max_examples=300)
@given(st.lists(_PLANTED.map("".join), min_size=1, max_size=4).map(" ".join))
def test_the_quick_look_skips_nothing_that_a_pattern_would_find(text: str) -> None:
    """Starts and digits are only a faster way to the same matches."""
    line = text.encode()
    look = mask._Look(line, line.lower())
    tried = [anchored for _, anchored in ALL._candidates(look)]
    for _, anchored in ALL._patterns:
        found = [one.span() for one in anchored.pattern.finditer(line)]
        assert found == [one.span() for one in look._matches(anchored)]
        assert anchored in tried or not found


@given(st.uuids())
def test_no_guid_is_touched(value: uuid.UUID) -> None:
    """With and without dashes, in either case."""
    for text in (str(value), value.hex, str(value).upper(), f"{{{value}}}"):
        assert text.encode() == _masked(text.encode())


_KEYS = st.sampled_from(["password", "token", "cccd", "phone", "authorization", "a", "key"])
_SCALARS = st.one_of(
    st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none(),
    st.booleans(), st.sampled_from(["001099012345", "Bearer " + "a" * 17, 'password=a\\b"c']),
    st.sampled_from([123456789012, 123456789, 84912345678]),
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS | st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(_KEYS | st.text(), _JSON))
def test_json_stays_json_and_masking_twice_changes_nothing(value: dict[str, object]) -> None:
    """Also for numbers, escapes, and JSON within JSON."""
    try:
        line = orjson.dumps({"outer": value, "text": orjson.dumps(value).decode()})
    except orjson.JSONEncodeError:  # lone surrogates, integers over 64 bits
        return
    once = _masked(line)
    orjson.loads(once)
    assert once == _masked(once)


def test_hex_encoded_arguments_are_masked_inside() -> None:
    """The audit daemon writes arguments with spaces as hexadecimal digits."""
    plain = b"curl --password=s3cr3t 001099012345"
    encoded = plain.hex().upper().encode()
    line = b"type=PROCTITLE msg=audit(1763424930.001:1): proctitle=" + encoded
    masked = load_dataset("auditd.log").mask(line, KEY)
    shown = bytes.fromhex(masked.rpartition(b"=")[2].decode())
    assert b"s3cr3t" not in shown
    assert b"001099012345" not in shown
    assert shown.startswith(b"curl --password=<secret:")


def test_hits_count_without_changing() -> None:
    """What explain shows."""
    assert ALL.hits(b"0912345678 password=a token=b") == {"mobile": 1, "secret": 2}
    assert ALL.hits(b"/a?cccd=012345678901") == {"citizen": 1}


HOSTILE = {
    "digits": b"0",
    "keys": b"password",
    "assignments": b"password=",
    "quotes": b'password="',
    "backslashes": b'token="\\',
    "spaces": b"token  ",
    "bearers": b"bearer ",
    "citizen": b"cccd:",
    "letters": b"a",
}


def _seconds(line: bytes) -> float:
    best = 9.0
    for _ in range(3):
        start = time.process_time()
        _masked(line)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("unit", [pytest.param(unit, id=name) for name, unit in HOSTILE.items()])
def test_cost_is_linear_on_hostile_input(unit: bytes) -> None:
    """Four times the bytes cost far less than sixteen times the work."""
    short = unit * (32_768 // len(unit))
    assert _seconds(short * 4) < 10 * _seconds(short) + 0.02
