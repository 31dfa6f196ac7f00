"""Each kind finds its values where logs have them, and leaves alone what only looks like one."""

import re

import pytest

from collectors.mask import Masks
from collectors.mask_kinds import KINDS, luhn

ALL = Masks(tuple(KINDS.values()))
WORD = "Zq9x"


def _shown(line: str, *, xml: bool = False) -> str:
    masked = ALL.apply(line.encode(), b"key", xml=xml).decode()
    return re.sub(r"(<|&lt;)([a-z]+):[0-9a-f]{8}(>|&gt;)", r"[\2]", masked)


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("curl -u lan:[secret] x", "curl -u lan:Zq9x x"),
        ("curl -ulan:[secret] x", "curl -ulan:Zq9x x"),
        ('a0="curl" a1="-u" a2="lan:[secret]"', 'a0="curl" a1="-u" a2="lan:Zq9x"'),
        ('["curl","-u","lan:[secret]"]', '["curl","-u","lan:Zq9x"]'),
        ("curl\0--user\0lan:[secret]\0x", "curl\0--user\0lan:Zq9x\0x"),
        ("net user lan [secret] /add", "net user lan Zq9x /add"),
        ("net1.exe user /add lan [secret]", "net1.exe user /add lan Zq9x"),
        ("net user lan /add [secret]", "net user lan /add Zq9x"),
        (r"net use Z: \\h\c$ [secret] /user:a", r"net use Z: \\h\c$ Zq9x /user:a"),
        ("mysql -u a -p'[secret]' db", "mysql -u a -p'Zq9x y' db"),
        ('a0="mysql" a1="-p[secret]"', 'a0="mysql" a1="-pZq9x"'),
        ("sshpass -p [secret] ssh h", "sshpass -p Zq9x ssh h"),
        (r"psexec \\h -u a -p [secret] cmd", r"psexec \\h -u a -p Zq9x cmd"),
        ("plink -pw [secret] h", "plink -pw Zq9x h"),
        ("redis-cli -a [secret] ping", "redis-cli -a Zq9x ping"),
        ("ldapsearch -x -w [secret]", "ldapsearch -x -w Zq9x"),
        ("smbclient -U lan%[secret] //h", "smbclient -U lan%Zq9x //h"),
        ("openssl enc -pass pass:[secret]", "openssl enc -pass pass:Zq9x"),
        ("schtasks /create /ru a /rp [secret]", "schtasks /create /ru a /rp Zq9x"),
        ("x --db-password [secret] -h y", "x --db-password Zq9x -h y"),
        ("-Password [secret]", "-Password Zq9x"),
        ("ftp://lan:[secret]@h/x", "ftp://lan:Zq9x@h/x"),
        ("https://[secret]@git.example", "https://ghp_aaaaaaaaaaaaaaaaaaaa@git.example"),
        ("IDENTIFIED BY '[secret]'", "IDENTIFIED BY 'Zq9x y'"),
        ("IDENTIFIED WITH sha AS '[secret]'", "IDENTIFIED WITH sha AS '*Zq9x'"),
        ("ALTER ROLE lan PASSWORD '[secret]'", "ALTER ROLE lan PASSWORD 'Zq9x'"),
        ("SET PASSWORD FOR a = '[secret]'", "SET PASSWORD FOR a = 'Zq9x'"),
        ('{"key":"[secret]","keys":["a"]}', '{"key":"Zq9x","keys":["a"]}'),
        (r'{"m":"{\"pwd\":\"[secret]\"}"}', r'{"m":"{\"pwd\":\"Zq9x y\"}"}'),
        ("?a=%26p%61ssword%3D[secret]&b=1", "?a=%26p%61ssword%3DZq9x%20Zq9x&b=1"),
        (r'{"p\u0061ssword":"[secret]"}', r'{"p\u0061ssword":"Zq9x"}'),
        ("mật khẩu: [secret]", "mật khẩu: Zq9x"),
        ("password=[secret] x", "password=true-Zq9x x"),
        ("password='[secret]' x", "password='a Zq9x' x"),
        ("Cookie: [session] x", "Cookie: A=Zq9x; b=Zq9x x"),
        ("Set-Cookie: [session]; HttpOnly", "Set-Cookie: s=Zq9x; Path=/; HttpOnly"),
        ('{"cookie":"[session]"}', '{"cookie":"a=Zq9x; b=c"}'),
        ("/a;jsessionid=[session]", "/a;jsessionid=Zq9x"),
        ("authorization: Digest [authorization]", 'authorization: Digest uri="a", nonce=Zq9x'),
        ("điện thoại: [mobile].", "điện thoại: 0912.345.678."),
        ("ĐIỆN THOẠI [mobile]", "ĐIỆN THOẠI +84 912 345 678"),
        ("phone=[mobile] 2", "phone=0912-345-678 2"),
        ("CCCD số: [citizen]", "CCCD số: 001 099 012 345"),
        ("căn cước [citizen]", "căn cước 001099012345"),
        ("card_no=[card] 2", "card_no=4111 1111 1111 1111 2"),
        ("ma_the: [insurance]", "ma_the: DN4010123456789"),
        ("bhxh=[insurance]", "bhxh=0101234567"),
    ],
)  # fmt: skip
def test_a_value_is_masked_where_logs_have_it(expected: str, line: str) -> None:
    """Command lines, URLs, SQL, JSON, headers, Vietnamese."""
    shown = _shown(line)
    assert expected == shown
    assert WORD not in shown


@pytest.mark.parametrize(
    "line",
    [
        'a0="mysql" a1="-p" a2="db"',
        "mysqldump --protocol=tcp -P 3306",
        "ssh -p '22' h; ssh -p 22 h",
        "net user lan /delete",
        "docker run -u 1000:1000 x",
        "sqlmap -u http://web.example/x?id=1",
        "postgresql://haidang@db:5432/x",
        "http://h:8080/a@b",
        "Failed password for invalid user lan from 203.0.113.9",
        "GET /forgot-password HTTP/1.1",
        "digest sha256=ab12",
        "Cookie: mstshash=lan",
        '{"password":{"a":1},"token":[1]}',
        "card_no=4111 1111 1111 1112 and 4111111111111111",
        "phone=84.91.23.45",
        "001499012345 is of no century",
        "sessionid=4414 SessionId=3",
        "TTY=pts/0 ; PWD=/home/lan ; USER=root ; COMMAND=/usr/bin/id",
        "PublicKeyToken=b77a5c561934e089",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    """Ports, options, addresses, words."""
    assert line == _shown(line)


def test_a_mask_in_xml_is_text() -> None:
    """It must not read as an element."""
    line = (
        '<Data Name="Password">Zq9x</Data><Data Name="C">-u &quot;lan:Zq9x&quot; 0912345678</Data>'
    )
    shown = ALL.apply(line.encode(), b"key", xml=True).decode()
    assert WORD not in shown
    assert "&lt;secret:" in shown
    assert "&lt;mobile:" in shown
    assert shown.count("<") == line.count("<")


def test_the_last_digit_of_a_card_is_checked() -> None:
    """The check finds every single wrong digit."""
    assert luhn(b"4111 1111 1111 1111")
    assert not any(luhn(f"411111111111111{last}".encode()) for last in "023456789")
