"""The inventory's answers: names, words, sections, and whose an event is."""

import pytest

from haidang.errors import InputError
from haidang.model.instant import from_iso
from haidang.store.inventory import Inventory
from haidang.store.inventory.kinds import KINDS
from haidang.yamldoc import parse

TEXT = """\
units:
  - {id: ttdl, name: Trung tâm Dữ liệu, name_en: Data Centre}
  - {id: so-nnmt, name: Sở Nông nghiệp và Môi trường, from: 2025-03-01,
     predecessors: [so-tnmt, so-nnptnt]}
  - {id: so-tnmt, name: Sở Tài nguyên và Môi trường, until: 2025-02-28, successors: [so-nnmt]}
  - {id: so-nnptnt, name: Sở Nông nghiệp cũ, until: 2025-02-28, successors: [so-nnmt]}
  - {id: huyen-a, name: UBND huyện A, until: 2025-06-30, successors: [xa-b, xa-c]}
  - {id: xa-b, name: UBND xã B, from: 2025-07-01, predecessors: [huyen-a]}
  - {id: xa-c, name: UBND xã C, from: 2025-07-01, until: 2026-06-30,
     predecessors: [huyen-a], successors: [xa-d]}
  - {id: xa-d, name: UBND xã D, from: 2026-07-01, predecessors: [xa-c]}
zones:
  - {id: dc, name: Trung tâm dữ liệu}
  - {id: lan-b, name: Mạng xã B}
systems:
  - id: trang-nnmt
    name: Trang thông tin
    level: 2
    kind: web-portal
    operator: ttdl
    owner: so-nnmt
    sections: {/hoi-dap: Hỏi đáp, /hoi-dap/cu: Hỏi đáp cũ, "/g%C3%B3p-ý/": Góp ý}
  - id: mot-cua
    name: Một cửa
    level: 3
    kind: one-stop
    operator: ttdl
    owner: ttdl
    users: [so-nnmt, xa-b]
  - id: chuyen-doi
    name: Hệ thống đang chuyển
    level: 4
    kind: file-server
    operator: ttdl
    owner: ttdl
    users: [{unit: so-nnmt, until: 2026-01-31}, {unit: xa-b, from: 2026-02-01}]
    until: 2026-12-31
networks:
  - {cidr: 10.1.0.0/16, zone: dc, unit: ttdl}
  - {cidr: 10.1.2.0/24, zone: dc, unit: so-nnmt, until: 2026-03-31}
  - {cidr: 10.1.0.0/16, zone: lan-b, unit: xa-b}
  - {cidr: 203.0.113.0/24, zone: lan-b, unit: xa-b}
  - {cidr: "fd00:1::/32", zone: dc, unit: ttdl}
hosts:
  - {name: WEB01, zone: dc, system: trang-nnmt, aliases: [web01.tinhmau.example],
     addresses: [10.1.9.1, "2001:DB8::1"]}
  - {name: mc01, zone: dc, system: mot-cua, addresses: [10.1.9.2]}
  - {name: mc02, zone: dc, system: mot-cua, unit: xa-b}
  - {name: fs01, zone: dc, system: chuyen-doi}
  - {name: PC-01, zone: lan-b, unit: xa-b, kind: office-pc, addresses: [10.1.9.1]}
  - {name: web-b, zone: lan-b, system: mot-cua, addresses: [10.1.9.2]}
  - {name: máy-lẻ, zone: lan-b, unit: xa-b}
mail_domains:
  - {domain: NNMT.tinhmau.example, unit: so-nnmt}
  - {domain: huyen-a.tinhmau.example, unit: huyen-a}
api_keys:
  - {key: huyen-a-cu, unit: huyen-a}
"""

NOW = from_iso("2026-11-18T01:52:00+07:00")
TTDL = ("ttdl", "dc")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """Load the inventory above once."""
    path = tmp_path_factory.mktemp("inventory") / "inventory.yml"
    path.write_text(TEXT, encoding="utf-8")
    return Inventory.load(path)


@pytest.mark.parametrize(
    ("expected", "unit", "language"),
    [
        pytest.param("Trung tâm Dữ liệu", "ttdl", "vi", id="vietnamese"),
        pytest.param("Data Centre", "ttdl", "en", id="english"),
        pytest.param("UBND xã B", "xa-b", "en", id="no-english-name"),
        pytest.param("UBND huyện A", "huyen-a", "vi", id="ended-unit-keeps-its-name"),
        pytest.param("so-la", "so-la", "vi", id="unknown-is-its-id"),
    ],
)
def test_unit_is_named_as_the_file_says(inventory, expected, unit, language):
    """Sentences name units by their names."""
    assert expected == inventory.unit_name(unit, language)


@pytest.mark.parametrize(
    ("expected", "zone", "name"),
    [
        pytest.param("WEB01", "dc", "web01", id="letter-case"),
        pytest.param("WEB01", "dc", "Web01.TinhMau.example", id="alias"),
        pytest.param("WEB01", "dc", "10.1.9.1", id="address"),
        pytest.param("WEB01", "dc", "2001:0db8:0::1", id="ipv6-in-another-form"),
        pytest.param("PC-01", "lan-b", "::ffff:10.1.9.1", id="same-address-other-zone"),
        pytest.param("máy-lẻ", "lan-b", "MA\u0301Y-LE\u0309", id="decomposed"),
        pytest.param(None, "lan-b", "web01", id="other-zone"),
        pytest.param(None, "", "web01", id="no-zone"),
        pytest.param(None, "dc", "", id="no-name"),
    ],
)
def test_host_is_found_by_name_alias_or_address_in_its_zone(inventory, expected, zone, name):
    """Names compare folded, addresses in canonical form."""
    host = inventory.host(zone, name, NOW)
    assert expected == (host.name if host else None)


@pytest.mark.parametrize(
    ("expected", "zone", "host", "language"),
    [
        pytest.param("Cổng thông tin điện tử", "dc", "web01", "vi", id="of-its-system"),
        pytest.param("One-stop-shop server", "dc", "mc01", "en", id="english"),
        pytest.param("Máy tính", "lan-b", "pc-01", "vi", id="of-its-own"),
        pytest.param("Máy", "lan-b", "máy-lẻ", "vi", id="no-kind"),
        pytest.param("Máy", "dc", "la", "vi", id="unknown-host"),
        pytest.param("Host", "dc", "la", "en", id="unknown-host-english"),
    ],
)
def test_kind_is_said_in_words(inventory, expected, zone, host, language):
    """A sentence begins with what kind of machine it is."""
    assert expected == inventory.kind_word(zone, host, NOW, language)


def test_every_kind_has_words_in_both_languages():
    """No sentence begins with an empty word."""
    assert [] == [kind for kind, words in KINDS.items() if not all(words) or len(words) != 2]
    assert {"web-server", "web-portal", "file-server", "mail-server", "one-stop"} <= set(KINDS)


@pytest.mark.parametrize(
    ("expected", "host", "path"),
    [
        pytest.param("Hỏi đáp", "web01", "/hoi-dap/gui-cau-hoi", id="inside"),
        pytest.param("Hỏi đáp", "web01", "/hoi-dap", id="itself"),
        pytest.param("Hỏi đáp", "web01", "/hoi-dap/", id="slash-at-the-end"),
        pytest.param("Hỏi đáp", "web01", "/Hoi-Dap/x", id="letter-case"),
        pytest.param("Hỏi đáp cũ", "web01", "/hoi-dap/cu/x", id="longest-prefix"),
        pytest.param("Hỏi đáp", "web01", "/hoi-dap/cu2", id="only-whole-segments"),
        pytest.param("Góp ý", "web01", "/g%C3%B3p-%C3%BD/a", id="percent-encoded"),
        pytest.param("Góp ý", "web01", "/go%CC%81p-ý/a", id="decomposed"),
        pytest.param("", "web01", "/hoi-dapx", id="another-word"),
        pytest.param("", "web01", "/", id="root"),
        pytest.param("", "mc01", "/hoi-dap", id="system-without-sections"),
        pytest.param("", "la", "/hoi-dap", id="unknown-host"),
    ],
)
def test_section_is_that_of_the_longest_prefix(inventory, expected, host, path):
    """A sentence names the part of a site as its visitors do."""
    assert expected == inventory.section("dc", host, path, NOW)


def ownership_of(inventory, document, given=TTDL, at=NOW):
    """Return (affected, zone, level, unresolved) of a document."""
    found = inventory.ownership(document, *given, at)
    assert given[0] == found.operator
    return found.affected, found.zone, found.level, found.unresolved


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        pytest.param((("so-nnmt",), 2, ()), {"host": {"name": "web01"}}, id="owner"),
        pytest.param((("so-nnmt",), 2, ()), {"host.name": "web01"}, id="dotted-key"),
        pytest.param((("so-nnmt",), 2, ()), {"host": {"name": ["web01"]}}, id="list"),
        pytest.param(
            (("so-nnmt",), 2, ()),
            {"host": {"name": "x", "ip": ["127.0.0.1", "10.1.9.1"]}},
            id="by-address",
        ),
        pytest.param(((), 3, ("affected",)), {"host": {"name": "mc01"}}, id="shared"),
        pytest.param((("xa-b",), 3, ()), {"host": {"name": "mc02"}}, id="node-of-one-unit"),
        pytest.param((("xa-b",), 4, ()), {"host": {"name": "fs01"}}, id="only-user-today"),
        pytest.param(((), 0, ("host", "affected")), {"host": {"name": "la"}}, id="unknown-host"),
        pytest.param(((), 0, ("affected",)), {"host": {"name": ""}}, id="blank-host"),
        pytest.param(((), 0, ("affected",)), {"host": "text", "user": None}, id="odd-shapes"),
        pytest.param(((), 0, ("affected",)), {"host": {"name": 7}}, id="number-as-name"),
    ],
)
def test_affected_by_host(inventory, expected, document):
    """A dedicated system affects its user or owner, a shared one nobody by itself."""
    affected, zone, level, unresolved = ownership_of(inventory, document)
    assert (*expected, "dc") == (affected, level, unresolved, zone)


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        pytest.param(("so-nnmt",), {"user": {"email": "a@nnmt.tinhmau.example"}}, id="user"),
        pytest.param(
            ("so-nnmt", "xa-b", "xa-d"),
            {
                "email": {
                    "from": {"address": ["Văn thư <vt@Huyen-A.tinhmau.example>"]},
                    "to": {"address": ["x@la.example", "b@NNMT.tinhmau.example."]},
                }
            },
            id="mail-of-ended-unit",
        ),
        pytest.param(("so-nnmt",), {"email.cc.address": "a@nnmt.tinhmau.example"}, id="dotted"),
        pytest.param((), {"user": {"email": "nnmt.tinhmau.example"}}, id="no-at-sign"),
        pytest.param((), {"user": {"email": "a@xnnmt.tinhmau.example"}}, id="like-named-domain"),
        pytest.param((), {"user": {"email": "a@x.nnmt.tinhmau.example"}}, id="subdomain"),
        pytest.param(("xa-b", "xa-d"), {"haidang": {"api_key": "huyen-a-cu"}}, id="api-key"),
        pytest.param(("ttdl",), {"source": {"ip": "10.1.2.3"}}, id="claim-over-wider-holds"),
        pytest.param(("xa-b",), {"destination": {"ip": "203.0.113.9"}}, id="public-any-zone"),
        pytest.param(("so-nnmt",), {"destination": {"ip": "10.1.9.1"}}, id="host-at-address"),
        pytest.param(("ttdl",), {"destination": {"ip": "10.1.9.2"}}, id="shared-host-at-address"),
        pytest.param(("ttdl",), {"source": {"ip": "fd00:1:2::3"}}, id="ipv6"),
        pytest.param((), {"source": {"ip": "198.51.100.23"}}, id="outsider"),
    ],
)
def test_affected_by_content(inventory, expected, content):
    """What the event itself holds says whose it is, on a shared system too."""
    affected, zone, _, unresolved = ownership_of(inventory, {"host": {"name": "mc01"}, **content})
    assert (expected, "dc") == (affected, zone)
    assert (() if expected else ("affected",)) == unresolved


def test_level_is_the_highest_of_the_systems_involved(inventory):
    """A firewall line about the one-stop server is kept as long as that server's own."""
    document = {"host": {"name": "web01"}, "destination": {"ip": "10.1.9.2"}}
    assert 3 == ownership_of(inventory, document)[2]


@pytest.mark.parametrize(
    ("expected", "given", "document"),
    [
        pytest.param(("operator", "affected"), ("", "dc"), {}, id="no-operator"),
        pytest.param(("operator", "affected"), ("la", "dc"), {}, id="unknown-operator"),
        pytest.param(("zone", "affected"), ("ttdl", ""), {}, id="no-zone"),
        pytest.param(
            ("api_key", "affected"), TTDL, {"haidang": {"api_key": "la"}}, id="unknown-key"
        ),
        pytest.param(
            ("network", "affected"),
            TTDL,
            {"source": {"ip": "10.9.9.9"}, "destination": {"ip": "10.9.9.8"}},
            id="private-network-counted-once",
        ),
        pytest.param(
            ("affected",),
            TTDL,
            {"source": {"ip": "127.0.0.1"}, "destination": {"ip": "fe80::1"}},
            id="loopback-is-no-network",
        ),
    ],
)
def test_what_cannot_be_placed_is_named(inventory, expected, given, document):
    """Unresolved ownership is counted by kind."""
    assert expected == ownership_of(inventory, document, given)[3]


@pytest.mark.parametrize(
    ("expected", "given", "name"),
    [
        pytest.param((("so-nnmt",), "dc"), ("ttdl", ""), "web01", id="own-system-gives-the-zone"),
        pytest.param((("so-nnmt",), "dc"), ("ttdl", "lan-b"), "web01", id="own-system-elsewhere"),
        pytest.param((("so-nnmt",), "dc"), ("", "dc"), "web01", id="own-zone"),
        pytest.param(((), "lan-b"), ("xa-b", "lan-b"), "web01", id="foreign-host-is-only-claimed"),
        pytest.param(((), ""), ("", ""), "web01", id="nothing-authenticated"),
        pytest.param((("xa-b",), "lan-b"), ("xa-b", "lan-b"), "10.1.9.1", id="address-in-own-zone"),
        pytest.param(((), ""), ("ttdl", ""), "10.1.9.2", id="address-in-two-zones-of-one-operator"),
    ],
)
def test_line_cannot_claim_a_foreign_host(inventory, expected, given, name):
    """A host counts only in the input's zone or in its operator's systems."""
    affected, zone, _, _ = ownership_of(inventory, {"host": {"name": name}}, given)
    assert expected == (affected, zone)


@pytest.mark.parametrize(
    ("expected", "at", "document"),
    [
        pytest.param(("so-nnmt",), "2026-03-31T23:59:59.999999+07:00", "10.1.2.3", id="until-end"),
        pytest.param(("ttdl",), "2026-04-01T00:00:00+07:00", "10.1.2.3", id="after-until"),
        pytest.param(("so-nnmt",), "2026-01-31T23:59:59+07:00", "fs01", id="old-user"),
        pytest.param(("xa-b",), "2026-02-01T00:00:00+07:00", "fs01", id="new-user"),
        pytest.param((), "2027-01-01T00:00:00+07:00", "fs01", id="system-ended"),
        pytest.param(("huyen-a",), "2025-06-30T23:59:59+07:00", "huyen-a-cu", id="unit-lives"),
        pytest.param(("xa-b", "xa-c"), "2025-07-01T00:00:00+07:00", "huyen-a-cu", id="unit-ended"),
        pytest.param(("xa-b", "xa-d"), "2026-07-01T00:00:00+07:00", "huyen-a-cu", id="heir-ended"),
    ],
)
def test_claims_hold_by_vietnam_days(inventory, expected, at, document):
    """`from` begins at midnight UTC+7, `until` includes its whole day."""
    content = {"10.1.2.3": {"source": {"ip": document}}, "fs01": {"host": {"name": document}}}
    chosen = content.get(document, {"haidang": {"api_key": document}})
    assert expected == ownership_of(inventory, chosen, at=from_iso(at))[0]


def test_empty_inventory_knows_nothing():
    """A file without units is one, and says what it could not resolve."""
    empty = Inventory.of(parse(b"units: []", "inventory.yml")[0])
    document = {"host": {"name": "web01"}, "source": {"ip": "10.0.0.1"}}
    assert ((), "dc", 0, ("operator", "host", "network", "affected")) == ownership_of(
        empty, document
    )
    assert ("so-a", "Máy", "") == (
        empty.unit_name("so-a"),
        empty.kind_word("dc", "web01", NOW),
        empty.section("dc", "web01", "/x", NOW),
    )


def test_file_with_two_documents_is_refused(tmp_path):
    """Nobody could tell which one counts."""
    path = tmp_path / "inventory.yml"
    path.write_text("units: []\n---\nzones: []\n", encoding="utf-8")
    with pytest.raises(InputError, match="one YAML document, not 2"):
        Inventory.load(path)


def test_empty_file_is_said_to_be_empty(tmp_path):
    """A file that was cut to nothing is named as what it is."""
    path = tmp_path / "inventory.yml"
    path.touch()
    with pytest.raises(InputError, match=r"inventory\.yml: is empty"):
        Inventory.load(path)
