"""Two sites with a web server each, what is logged there, and the numbers that commands print."""

import re

NOW = 1_795_000_000_000_000
MINUTE = 60_000_000
ATTACK = (
    b"203.0.113.9 - - [18/Nov/2026:08:01:00 +0700] "
    b'"GET /tai-ve?tep=../../../../etc/passwd HTTP/1.1" 200 1833 "-" "curl/8.5.0"\n'
)
INPUT = {"name": "ha", "path": "logs/a.log", "dataset": "nginx.access", "host": "HA-WEB01"}
# Two departments with a web server each, run by the data centre.
INVENTORY = """\
units:
  - {id: dc, name: Trung tâm Dữ liệu, name_en: Data Centre, from: '2010-01-01'}
  - {id: ha, name: Sở Hạ, name_en: Department Ha, from: '2010-01-01'}
  - {id: xu, name: Sở Xuân, name_en: Department Xu, from: '2010-01-01'}
zones: [{id: dc, name: Trung tâm dữ liệu}]
systems:
  - {id: ha, name: Trang Hạ, level: 2, kind: web-server, operator: dc, owner: ha}
  - {id: xu, name: Trang Xuân, level: 3, kind: web-server, operator: dc, owner: xu}
networks: []
hosts:
  - {name: HA-WEB01, zone: dc, system: ha, addresses: [10.1.1.1]}
  - {name: XU-WEB01, zone: dc, system: xu, addresses: [10.1.1.2]}
mail_domains: []
api_keys: []
"""


def counts(line):
    """The numbers of a line `name=number …` by name."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}
