"""Secrets to be planted in log lines, and what looks like one and is none."""

import uuid

from hypothesis import strategies as st

_PROVINCES = st.integers(1, 96)
_LETTERS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789!._~", min_size=10)
# What no line of a case holds by itself.
PASSWORDS = _LETTERS.map(lambda text: f"Zq9{text}"[:40])
CITIZENS = st.builds(
    lambda province, rest: f"{province:03}{rest:09}", _PROVINCES, st.integers(0, 4 * 10**8 - 1)
)
MOBILES = st.builds(
    lambda first, rest: f"0{first}{rest:08}", st.sampled_from("35789"), st.integers(0, 10**8 - 1)
)


def _luhn(digits: str) -> str:
    doubled = (sum(divmod(2 * int(one), 10)) for one in digits[::-2])
    plain = sum(int(one) for one in digits[-2::-2])
    return f"{digits}{-(plain + sum(doubled)) % 10}"


CARDS = st.integers(10**14, 10**15 - 1).map(lambda number: _luhn(str(number)))
INSURANCES = st.builds(lambda number: f"DN4{number:012}", st.integers(0, 10**12 - 1))

# What is written around a secret, by kind; `{}` is its place. All begin and end with a border.
FORMS = {
    "secret": (
        *(" password={} ", "&token={}&", " --password {} ", " passwd: {} ", " api_key={} "),
        *("?key={}&", ";pwd={};", " sshpass -p {} ", " mysql -u root -p{} ", " -p'{}' "),
        *(" curl -u lan:{} ", " net user lan {} /add ", " IDENTIFIED BY '{}' ", " mat_khau={} "),
        *(" https://lan:{}@web.example.gov.vn/ ", " PASSWORD('{}') ", " secret_key={} "),
        *("%26token%3D{}%26", "&p%61ssword={}&", " mật khẩu: {} ", " private_key={} "),
    ),
    "authorization": (
        *(" Authorization: Basic {} ", " Authorization: Bearer {} ", " authorization={} "),
        *(" Authorization: Digest username=lan,response={},nonce={} "),
    ),
    "session": (
        *(" Cookie: JSESSIONID={}; b={} ", " Set-Cookie: sid={}; Path=/ ", ";jsessionid={}?"),
        *(" PHPSESSID={} ", "&session_id={}&"),
    ),
    "citizen": (" {} ", "/{}/", "={}&", ",{},", "|{}|", "%20{}%20", " cccd={} ", " căn cước: {} "),
    "mobile": (" {} ", "/{}/", "={}&", " phone={} ", " điện thoại {} "),
    "card": (" card_no={} ", " thẻ ngân hàng: {} ", "&card={}&"),
    "insurance": (" bhyt={} ", " ma_the: {} ", " bảo hiểm y tế {} "),
}
_VALUES = {"citizen": CITIZENS, "mobile": MOBILES, "card": CARDS, "insurance": INSURANCES}


def planted() -> st.SearchStrategy[tuple[bytes, bytes]]:
    """A secret, and the text that is planted with it."""
    pairs = [
        st.tuples(_VALUES.get(kind, PASSWORDS), st.sampled_from(forms))
        for kind, forms in FORMS.items()
    ]
    return st.one_of(pairs).map(
        lambda pair: (pair[0].encode(), pair[1].replace("{}", pair[0]).encode())
    )


_HEX = st.binary(min_size=16, max_size=32).map(bytes.hex)
LOOK_ALIKES = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: f"{{{one}}}".upper()),
    _HEX,
    _HEX.map(lambda text: f"SHA256={text.upper()}"),
    st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=4).map(
        lambda parts: "-".join(["S-1-5-21", *map(str, parts)])
    ),
    st.datetimes().map(lambda one: one.isoformat() + "Z"),
    st.integers(10**9, 2 * 10**9).map(lambda one: f"msg=audit({one}.125:{one % 99991}):"),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.integers(1, 65_535).map(lambda port: f"port={port}"),
    st.integers(1, 2**31).map(lambda serial: f"serial={serial} pid={serial % 32_768}"),
    st.integers(10**11, 10**12 - 1).map(lambda number: f'"record_id":{number}'),
    st.integers(0, 2**64 - 1).map(hex),
    st.builds(lambda one, port: f"ssh -p {port} x@{one}", st.ip_addresses(v=4), st.integers(1, 99)),
    st.just("PublicKeyToken=b77a5c561934e089"),
    st.just("docker run -u 1000:1000 web"),
    st.just("GET /forgot-password HTTP/1.1"),
    st.builds(lambda one: f"LogonGuid={{{one}}}", st.just(uuid.UUID(int=0))),
)
