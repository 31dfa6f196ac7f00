"""The kinds of masks: what personal numbers and secrets look like in logs.

Every pattern is anchored by a key or by borders that no GUID, hash, serial or time has, and marks
what goes by a group. The cost is linear: repetitions are possessive or bounded.
"""

import re
from collections.abc import Callable, Mapping
from unicodedata import normalize

from collectors.mask import Anchored, Mask, Masks

# In front: no letter, digit or decimal point, unless it belongs to %20 or to JSON's \n; no GUID.
_FREE = (
    rb"(?:(?<![0-9A-Za-z]0)(?<![0-9]\.0)|(?<=%[0-9A-Fa-f]{2}0)|(?<=[^\\]\\[nrt]0))"
    rb"(?<![0-9A-Fa-f]{4}-0)"
)
_END = rb"(?![0-9A-Za-z]|\.[0-9]|-[0-9A-Fa-f]{4})"
_NOT_JSON_LITERAL = (
    rb"""(?!(?:null|true|false)(?![^\s,}\]"'&;\\]))(?!(?<=":)[{\[])(?!(?<=": )[{\[])"""
)
_NOT_MASKED = rb"(?!(?:<|&lt;)[a-z_]+:[0-9a-f]{8}(?:>|&gt;))"
_EQUALS = rb"""\\?["']?[ \t]{0,4}(?:[:=]|%(?:25)?3[AaDd])[ \t]{0,4}"""
_QUOTED = (
    rb'"' + _NOT_MASKED + rb'(?P<quoted>(?:[^"\\]|\\.)++)'
    rb"|'" + _NOT_MASKED + rb"""(?P<single>(?:[^'"\\]|\\[^"'])++)"""
    rb'|\\"' + _NOT_MASKED + rb'(?P<escaped>(?:[^"\\]|\\[^"])++)'
)
_BARE = (
    rb"""(?:\\')?"""
    + _NOT_MASKED
    + _NOT_JSON_LITERAL
    + rb"""(?P<bare>(?:[^\s"'&;\\\x00]|\\[^"'nrt])++)"""
)
_VALUE = rb"(?:" + _QUOTED + rb"|" + _BARE + rb")"
_NO_MARK_BEFORE = rb"(?<!<)(?<!&lt;)"
# The rest of an argument that no quotes hold together.
_TOKEN = rb"""(?:[^\s"'\\\x00]|\\[^"'nrt])"""
_NO_END_OF_QUOTES = rb"""(?!\\?["'](?:[\s,\]}:\x00-\x1f]|$))"""


def luhn(number: bytes) -> bool:
    """Whether the last digit of a card's number is the one that the others ask for."""
    digits = [int(one) for one in number.decode() if one.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _pattern(source: bytes, starts: bytes = b"", digits: int = 0) -> Anchored:
    return Anchored(re.compile(source, re.DOTALL), tuple(starts.split()), digits)


def _spellings(words: str) -> list[str]:
    """Vietnamese words, composed and not, in small letters, capitalised and in capitals."""
    cases = (f(word) for word in words.split("|") for f in (str.lower, str.capitalize, str.upper))
    return sorted({normalize(form, case) for case in cases for form in ("NFC", "NFD")})


def _numbers(
    keys: bytes, starts: bytes, words: str, number: bytes, valid: Callable[[bytes], bool] | None
) -> tuple[Anchored, Anchored]:
    """A number after a key, and the same after Vietnamese words, where a line has any."""
    so = "|".join(_spellings("số|so")).encode()
    between = (
        rb"(?:[ _]{0,2}(?:" + so + rb"))?"
        rb"(?:" + _EQUALS + rb"""(?:\\?["'])?|[ \t_./#]{0,3}|\\?["']?>)"""
    )
    rest = between + rb"(?P<bare>" + number + rb")(?![0-9]|[.eE][0-9+\-])"
    spelled = [one.encode() for one in _spellings(words)]
    ascii_key = re.compile(rb"(?i:" + keys + rb")" + rest, re.DOTALL)
    other_key = re.compile(rb"(?:" + b"|".join(spelled) + rb")" + rest, re.DOTALL)
    return (
        Anchored(ascii_key, tuple(starts.split()), valid=valid),
        Anchored(other_key, tuple(one.lower() for one in spelled), valid=valid, foreign=True),
    )


_CITIZEN = (
    _pattern(
        rb"(?P<value>0" + _FREE + rb"(?:0[1-9]|[1-8][0-9]|9[0-6])[0-3][0-9]{8})" + _END,
        digits=12,
    ),
    *_numbers(
        rb"cccd|cmnd|cmt|can_?cuoc|citizen_?id|identity_?(?:no|number|card)|national_?id|"
        rb"so_?(?:dinh_?danh|giay_?to)",
        b"cccd cmnd cmt can citizen identity national so_ sod sog",
        "căn cước|căn cước công dân|định danh|chứng minh nhân dân|giấy tờ",
        rb"(?:[0-9]{12}|[0-9]{9}|[0-9]{3}(?:[ .\-][0-9]{3}){2,3})",
        None,
    ),
)
_MOBILE = (
    _pattern(rb"(?P<value>0" + _FREE + rb"[35789][0-9]{8})" + _END, b"03 05 07 08 09", 10),
    _pattern(rb"(?P<value>(?<![eE])(?:\+|%2[Bb])84[35789][0-9]{8})" + _END, b"+84 %2b84", 11),
    *_numbers(
        rb"phone(?:_?(?:no|number))?|sdt|dien_?thoai|mobile(?:_?(?:no|number))?|msisdn|tel|di_?dong",
        b"phone sdt dien mobile msisdn tel di_dong didong",
        "điện thoại|di động|sđt",
        rb"(?:0|(?:\(?\+|%2[Bb]|00)?\(?84\)?(?:[ .\-]?\(?0\)?)?)[ .\-]?[35789](?:[ .\-]?[0-9]){8}",
        None,
    ),
)
_CARD = _numbers(
    rb"(?<![A-Za-z])(?:(?:credit_?|debit_?|bank_?)?card(?:_?(?:no|num|number))?|pan|so_?the)",
    b"credit debit bank card pan so_the sothe",
    "số thẻ|thẻ ngân hàng|thẻ tín dụng",
    rb"(?:[0-9]{13,19}|(?:[0-9]{4}[ \-]){3}[0-9]{4}|[0-9]{4}[ \-][0-9]{6}[ \-][0-9]{5})",
    luhn,
)
_INSURANCE = _numbers(
    rb"bhyt|bhxh|ma_?the(?:_?bhyt)?|(?:health_?|social_?)?insurance_?(?:no|number|code|id)",
    b"bhyt bhxh ma_the mathe health social insurance",
    "bảo hiểm y tế|bảo hiểm xã hội|thẻ bhyt|mã thẻ",
    rb"(?:[A-Za-z]{2}[ \-]?[0-9](?:[ \-]?[0-9]{2})(?:[ \-]?[0-9]{3}){2}[ \-]?[0-9]{4}|[0-9]{10})",
    None,
)

_HEADER = rb"(?:[ \t]{1,4}|%20|\+)"
_PARAMETER = rb"""[A-Za-z]{1,16}+=(?:\\?"[^"\\]{0,1024}+\\?"|[^\s"',\\]{0,1024}+)"""
_AUTHORIZATION = (
    _pattern(
        rb"(?i:digest)" + _HEADER + rb"(?P<value>(?=(?i:username|realm|nonce|qop|uri|response|"
        rb"algorithm|opaque)=)" + _PARAMETER + rb"(?:,[ \t]{0,4}" + _PARAMETER + rb")*+)",
        b"digest",
    ),
    _pattern(
        _NO_MARK_BEFORE + rb"(?i:authorization)" + _EQUALS + rb"""(?:\\?["'])?"""
        rb"(?i:(?:basic|bearer|digest|negotiate|ntlm|token|apikey)"
        + _HEADER
        + rb")?+"
        + _NOT_MASKED
        + _NOT_JSON_LITERAL
        + rb"(?P<bare>[^\s\"'\\,;&]++)",
        b"authorization",
    ),
    _pattern(rb"(?i:bearer)" + _HEADER + rb"(?P<value>[A-Za-z0-9._~+/\-]{16,8192}+=*+)", b"bearer"),
    _pattern(rb"(?i:basic)" + _HEADER + rb"(?P<value>[A-Za-z0-9+/]{6,8192}+={1,2})", b"basic"),
)
_PAIR = rb"""[^\s=;,"'\\<&]{1,128}+=[^\s;,"'\\]*+"""
_SESSION = (
    _pattern(
        _NO_MARK_BEFORE + rb"(?i:cookie2?)" + _EQUALS + rb"""(?:\\?["'])?(?!mstshash=)"""
        rb"(?P<value>" + _PAIR + rb"(?:;[ \t]{0,4}" + _PAIR + rb")*+)",
        b"cookie",
    ),
    _pattern(
        rb"(?i:jsessionid|phpsessid|asp\.net_sessionid|aspsessionid[a-z]{0,8}|connect\.sid|"
        rb"laravel_session|cftoken|(?<=[?&;])(?:session_?id|sid|sess))"
        + _EQUALS
        + rb"(?![0-9]{1,19}(?![0-9A-Za-z\-]))"
        + _VALUE,
        b"jsessionid phpsessid asp connect.sid laravel cftoken sess sid",
    ),
)

_SECRET_KEYS = (
    rb"(?<!publickey)(?<!elevated)token|api[_-]?key|(?<!<)(?<!&lt;)secret(?:[_-]?(?:key|"
    rb"access[_-]?key))?|private[_-]?key|access[_-]?key|pass(?:word|wd|phrase|code)|mat_?khau|"
    rb"credentials?|amz-signature|mysql_pwd|"
    rb"(?:(?<=[?&;])|(?<=%26)|(?<=%3f)|(?<=--))(?:key|pwd|pass|sig|otp)|"
    rb"""(?<=")(?:key|pwd|pass|otp)(?=\\?"[ \t]{0,4}:)"""
)
_KEYED_SECRETS = (
    _pattern(
        rb"(?i:" + _SECRET_KEYS + rb")" + _EQUALS + _VALUE,
        b"token api secret private access pass mat credential amz- mysql_pwd key pwd sig otp",
    ),
    Anchored(
        re.compile(rb"(?:" + "|".join(_spellings("mật khẩu")).encode() + rb")" + _EQUALS + _VALUE),
        tuple(one.encode().lower() for one in _spellings("mật khẩu")),
        foreign=True,
    ),
    _pattern(  # XML: <Data Name="Password">…</Data>, <password>…</password>
        rb"(?i:password|passwd|secret|token|pwd)\\?[\"']?>"
        + _NOT_MASKED
        + rb"(?P<value>[^<>\"]++)(?=<\\?/)",
        b"password passwd secret token pwd",
    ),
)
_USERINFO = (
    _pattern(
        rb"://[^\s/?#@:\"'<>\\]{0,256}+:(?P<value>[^\s/?#\"'<>\\]{1,256})@",
        b"://",
    ),
    _pattern(rb"://(?P<value>[A-Za-z0-9_\-]{20,256}+)@", b"://"),
)
_SQL = (
    _pattern(
        rb"(?i:identified\s{1,4}(?:with\s{1,4}[^\s]{1,64}+\s{1,4})?(?:by|as)\s{1,4}"
        rb"(?:password\s{1,4})?)(?!(?i:password)\s)" + _VALUE,
        b"identified",
    ),
    _pattern(rb"(?i:password)(?:\s{1,4}|\s{0,4}\(\s{0,4})(?=\\?'[^\s,}\]])" + _VALUE, b"password"),
    _pattern(
        rb"(?i:set\s{1,4}password)\s[^=\r\n]{0,200}=\s{0,4}(?=\\?['\"])" + _VALUE,
        b"set",
    ),
)

# Between an option and its value: blanks, NUL, the next argument of an audit record, of a list.
_NEXT = rb"""(?:[ \t=\x00]{1,4}|\\?"[ ]a[0-9]{1,4}="?|\\?",[ ]?\\?"|%20|\+)"""
_FRONT = rb"""(?<![^\s"'\x00+=>,;|(&`])"""
_SWITCHES = rb"(?:" + _NEXT + rb"""["']?/[^\s"'\\\x00]{1,64}+["']?)*+"""
_ARGUMENT = rb"""["']?(?![/*])(?P<value>""" + _TOKEN + rb"{1,256}+)"
_NET = rb"(?i:net1?(?:\.exe)?[\"']?" + _NEXT + rb"[\"']?"


def _tool(programs: bytes, starts: bytes, option: bytes) -> Anchored:
    """The argument of an option up to 200 bytes after the name of its program."""
    before = rb"""[^\r\n]{1,200}?(?<=[\s\x00"'+])"""
    pattern = rb"(?i:" + programs + rb")" + before + option + _NO_END_OF_QUOTES + _VALUE
    return _pattern(pattern, starts)


_COMMAND_LINES = (
    _pattern(
        _FRONT
        + rb"--?(?i:(?:[a-z]{1,16}-)?(?:pass(?:word|wd|phrase)|token|secret|api-?key))"
        + _NEXT
        + rb"(?![-/|<>&])"
        + _NO_END_OF_QUOTES
        + _VALUE,
        b"-- -pass -token -secret -api",
    ),
    _pattern(
        _FRONT + rb"-p(?=\\?['\"])(?!\\?['\"][0-9]{1,5}['\"\\])" + _NO_END_OF_QUOTES + _VALUE,
        b"-p",
    ),
    _pattern(
        _FRONT
        + rb"(?:-u|-U|--user|--proxy-user)"
        + _NEXT
        + rb"""(?!["']?[0-9]{1,10}+:[0-9]{1,10}+(?![^\s"'\x00]))["']?[^\s"':\x00]{1,128}+:(?!//)"""
        + _NOT_MASKED
        + rb"(?P<value>"
        + _TOKEN
        + rb"++)",
        b"-u --user --proxy-user",
    ),
    _pattern(
        _NET
        + rb"user)"
        + _SWITCHES
        + _NEXT
        + rb"""["']?[^\s"'\\/\x00]{1,128}+["']?"""
        + _SWITCHES
        + _NEXT
        + _NOT_MASKED
        + _ARGUMENT,
        b"net",
    ),
    _pattern(
        _NET
        + rb"use)"
        + _SWITCHES
        + rb"(?:"
        + _NEXT
        + rb"[A-Za-z*]:?)?"
        + _NEXT
        + rb"""["']?\\\\[^\s"'\x00]{1,256}+["']?"""
        + _SWITCHES
        + _NEXT
        + _NOT_MASKED
        + _ARGUMENT,
        b"net",
    ),
    _tool(rb"curl|wget", b"curl wget", rb"""-u["']?[^\s"':\x00]{1,128}:(?!//)"""),
    _tool(rb"mysql|mariadb", b"mysql mariadb", rb"-p"),
    _tool(rb"sshpass", b"sshpass", rb"-p" + _NEXT + rb"?"),
    _tool(rb"p[sa]exec", b"psexec paexec", rb"[-/]p" + _NEXT),
    _tool(rb"plink|pscp|psftp|putty", b"plink pscp psftp putty", rb"-pw" + _NEXT),
    _tool(rb"redis-cli", b"redis-cli", rb"-a" + _NEXT + rb"?"),
    _tool(rb"ldap(?:search|modify|add|delete|whoami|passwd)", b"ldap", rb"-w" + _NEXT + rb"?"),
    _tool(
        rb"smbclient|rpcclient",
        b"smbclient rpcclient",
        rb"(?:-U|--user)" + _NEXT + rb"""?["']?[^\s%"']{1,128}%""",
    ),
    _tool(rb"openssl", b"openssl", rb"-pass(?:in|out)?" + _NEXT + rb"(?:pass:)?"),
    _tool(rb"schtasks", b"schtasks", rb"/rp" + _NEXT),
)

KINDS: Mapping[str, Mask] = {
    mask.kind: mask
    for mask in (
        Mask("citizen", _CITIZEN),
        Mask("mobile", _MOBILE),
        Mask("authorization", _AUTHORIZATION),
        Mask("secret", (*_KEYED_SECRETS, *_USERINFO, *_SQL, *_COMMAND_LINES)),
        Mask("session", _SESSION),
        Mask("card", _CARD),
        Mask("insurance", _INSURANCE),
    )
}

# What `masks: [default]` is; one for all datasets, as making it costs.
DEFAULT = Masks(tuple(KINDS.values()))
