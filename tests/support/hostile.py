"""What attackers write into log lines: markup, template syntax, controls, bidi, very long words."""

SPELLS = {
    "script": "<script>window.evil=1</script>",
    "attribute": "'><img src=x onerror=window.evil=1 x='",
    "template": "{{7*7}}{%25 for x in y %25}${7*7}",
    "link": "javascript:window.evil=1",
    "bidi": "\u202egnp.exe\u2066\u2069",
    "control": "\x1b[2J\x07\x7f\x9b31m",
    "nul": "%00\\x00\ufffd",
    "emoji": "\U0001f469\u200d\U0001f4bb\u200b",
    "rtl": "\u0645\u0631\u062d\u0628\u0627",
    "word": "W" * 3000,
    "sql": "';DROP TABLE alert;--",
    "comment": "--><!--]]>&amp;&#60;",
}
_LINE = (
    '203.0.113.{n} - - [18/Nov/2026:08:{n:02}:00 +0700] "GET /tai-ve?ten={said}&tep=../../../'
    '../etc/passwd HTTP/1.1" 200 1833 "http://{said}/" "{said}"\n'
)


def lines():
    """A line of nginx's access log for each, the same in every field that a sender chooses."""
    said = [spell.replace(" ", "+") for spell in SPELLS.values()]
    return [_LINE.format(n=n, said=one).encode() for n, one in enumerate(said, 1)]
