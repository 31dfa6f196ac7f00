"""The sentences that people read, and that nothing keeps one from being told."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.evidence import copy_event
from alerts.facts import FACTS
from alerts.sentence import tell
from alerts.template import check_template
from alerts.wording import is_unsafe

EXPECTED = {
    ("tinh_mau", "a1", "vi"): "Máy chủ web của Sở Nông nghiệp và Môi trường nhiều khả năng đã bị "
    "cài cửa hậu: lúc 01:52 địa chỉ 203.0.113.77 gửi tệp gop-y.phtml qua mục Hỏi đáp, từ 01:56 "
    "gọi chính tệp đó 3 lần, rồi tiến trình web chạy lệnh hệ thống.",
    ("tinh_mau", "a1", "en"): "Web server of Department of Agriculture and Environment very "
    "likely has a backdoor: at 01:52 the address 203.0.113.77 sent gop-y.phtml through Hỏi đáp, "
    "from 01:56 called that same file 3 times, then the web process ran a system command.",
    ("tinh_mau", "f1", "vi"): "Máy chủ tệp TTDL-FS01 có dấu hiệu chuẩn bị mã hóa dữ liệu: sau 46 "
    "lần sai, tài khoản svc_saoluu đăng nhập từ xa lúc 14:31 và xóa các bản sao phục hồi lúc "
    "14:38.",
    ("tinh_mau", "f1", "en"): "File server TTDL-FS01 shows signs of coming encryption: after 46 "
    "failures the account svc_saoluu logged on remotely at 14:31 and deleted the recovery copies "
    "at 14:38.",
    ("other_world", "a1", "vi"): "Cổng thông tin điện tử của Sở Xây dựng nhiều khả năng đã bị "
    "cài cửa hậu: lúc 22:03 địa chỉ 198.51.100.9 gửi tệp bản kê.jsp qua mục Phản ánh kiến nghị, "
    "từ 22:09 gọi chính tệp đó 2 lần, rồi tiến trình web chạy lệnh hệ thống.",
    ("other_world", "f1", "vi"): "Máy KHO-02 có dấu hiệu chuẩn bị mã hóa dữ liệu: sau 4.812 lần "
    "sai, tài khoản quantri.kho đăng nhập từ xa lúc 03:00 và xóa các bản sao phục hồi lúc 03:59.",
    ("other_world", "f1", "en"): "Host KHO-02 shows signs of coming encryption: after 4,812 "
    "failures the account quantri.kho logged on remotely at 03:00 and deleted the recovery copies "
    "at 03:59.",
}


def copies_of(events):
    """Copies by event id."""
    return {event.id: copy_event(event, "r") for event in events}


def with_template(detection, vi):
    """The detection of a rule that tells this in Vietnamese."""
    return replace(detection, card=replace(detection.card, sentences={"vi": vi}))


def tell_vi(scene, names, template, without=(), **changes):
    """The Vietnamese sentence of a scene under a template, some events' copies missing."""
    detection = with_template(replace(scene.detection, **changes), template)
    events = [event for event in scene.events if event.id not in without]
    return tell(detection, copies_of(events), names)["vi"]


@pytest.mark.parametrize(
    ("key", "expected"), [pytest.param(*item, id=" ".join(item[0])) for item in EXPECTED.items()]
)
def test_demo_sentence_is_exact(worlds, key, expected):
    """The same templates tell two worlds, word for word."""
    name, scene_name, language = key
    scene = getattr(worlds[name], scene_name)
    assert [] == check_template(scene.detection.card.sentences[language])
    told = tell(scene.detection, copies_of(scene.events), worlds[name].names)
    assert expected == told[language]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("{web_form_post.first.source.ip}", "203.0.113.77", id="untold is not told"),
        pytest.param("{web_form_post.count}", "2", id="count has every event"),
        pytest.param("{web_script_in_upload.last.@timestamp|clock}", "01:58", id="last"),
        pytest.param("{web_form_post.first.@timestamp|date}", "18/11/2026", id="date"),
        pytest.param("{web_form_post.first.@timestamp}", "01:52 18/11/2026", id="bare time"),
        pytest.param("{web_form_post.first.nothing}", "(không rõ)", id="absent path"),
        pytest.param("{web_form_post.same.nothing}", "(không rõ)", id="same of absent path"),
        pytest.param("{nobody.first.url.path}", "(không rõ)", id="absent rule"),
        pytest.param("{nobody.count}", "(không rõ)", id="count of absent rule"),
        pytest.param("{group.user.name}", "(không rõ)", id="absent group field"),
        pytest.param("{group.host.name|clock}", "(không rõ)", id="clock of no time"),
        pytest.param("{group.host.name|number}", "web-snn", id="number of no number"),
        pytest.param("{web_form_post.count|clock}", "(không rõ)", id="clock of a count"),
        pytest.param("{group.host.name|section}", "web-snn", id="section falls back"),
        pytest.param("{what} {{x}}", "(không rõ) {x}", id="unchecked mistake"),
    ],
)
def test_reference_tells(world, template, expected):
    """Each reference and filter; what is absent is said to be unknown."""
    assert expected == tell_vi(world.a1, world.names, template)


@pytest.mark.parametrize(
    ("value", "expected"), [(4812, "4.812"), (2.5, "2,50"), (None, "(không rõ)")]
)
def test_aggregate_is_told_as_a_number(world, value, expected):
    """Of the correlations that aggregate; any other has none."""
    assert expected == tell_vi(world.a1, world.names, "{aggregate}", value=value)


def test_unknown_is_said_in_english_too(world):
    """The words for an absent value follow the language."""
    card = replace(world.a1.detection.card, sentences={"en": "{nobody.count}"})
    told = tell(replace(world.a1.detection, card=card), {}, world.names)
    assert "(unknown)" == told["en"]


def test_same_is_at_least_where_a_copy_is_missing(world):
    """A count over copies admits that one of them is gone."""
    template = "{web_script_in_upload.same.url.path}"
    assert "ít nhất 2" == tell_vi(world.a1, world.names, template, without={"call-1"})


def test_same_is_at_least_where_events_were_cut(world):
    """A count over the first and last 50 admits those between."""
    template = "{win_failed_logon.same.user.name}"
    counts = {"win_failed_logon": 47}
    assert "ít nhất 46" == tell_vi(world.f1, world.names, template, counts=counts)
    assert "46" == tell_vi(world.f1, world.names, template)


def test_same_counts_only_the_first_ones_value(make, world):
    """Other values of the rule's events are not counted, nor are untold events."""
    paths = ["/a.php", "/b.php", "/a.php", "/a.php"]
    pairs = [
        (make.event(f"e{n}", n, {"url": {"path": path}}), "web") for n, path in enumerate(paths)
    ]
    detection = make.detection(pairs, {"vi": "{web.same.url.path}"}, {}, told={"e0", "e1", "e2"})
    told = tell(detection, copies_of([event for event, _ in pairs]), world.names)
    assert "2" == told["vi"]


def test_first_is_by_event_time_not_by_order_of_members(world):
    """Members may come in any order."""
    members = tuple(reversed(world.a1.detection.members))
    template = "{web_script_in_upload.first.@timestamp|clock}"
    assert "01:56" == tell_vi(world.a1, world.names, template, members=members)


@pytest.mark.parametrize(
    ("affected", "operators", "expected"),
    [
        pytest.param(("so-a", "x"), ("ttdl",), "Sở Nông nghiệp và Môi trường, x", id="several"),
        pytest.param((), ("ttdl",), "Trung tâm Dữ liệu", id="the operator stands in"),
        pytest.param(("",), ("",), "đơn vị chưa xác định", id="nobody"),
    ],
)
def test_affected_names_units(world, affected, operators, expected):
    """Affected units by name, else the operators, else that we do not know."""
    changes = {"affected": affected, "operators": operators}
    assert expected == tell_vi(world.a1, world.names, "{affected}", **changes)


def test_kind_finds_the_host_of_an_ungrouped_detection(world):
    """Where the group holds no host, the first told event does."""
    assert "Máy chủ web" == tell_vi(world.a1, world.names, "{kind}", group={})


def test_text_with_a_time_can_be_told_as_clock(make, world):
    """A date-time of the event's own is a time too."""
    event = make.event("e", 0, {"event": {"created": "2026-11-18T20:05:00Z"}})
    detection = make.detection([(event, "r")], {"vi": "{r.first.event.created|clock}"}, {})
    assert "03:05" == tell(detection, copies_of([event]), world.names)["vi"]


EXPLAINED = yaml.safe_load(Path(__file__).with_name("explained.yml").read_text("utf-8"))


def explained(make, names, tags, documents):
    """The sentences of a rule with these tags and no template."""
    start = make.at("01:52:00")
    events = [make.event(f"e{n}", start + n * 100_000_000, one) for n, one in enumerate(documents)]
    detection = make.detection([(event, "r") for event in events], {}, {})
    card = replace(detection.card, tags=tuple(tags))
    return tell(replace(detection, card=card), copies_of(events), names)


@pytest.mark.parametrize("case", [pytest.param(one, id=one["why"]) for one in EXPLAINED])
def test_rule_without_template_is_told_by_a_pattern(make, world, case):
    """Who, what, where, when from the events; what for from the rule's tags."""
    told = explained(make, world.names, case["tags"], case["events"])
    assert {"vi": case["vi"], "en": case["en"]} == told


def test_counts_admit_that_events_were_left_out(make, world):
    """Distinct values of copies are a lower bound where not every event was copied."""
    documents = [{"source": {"ip": f"192.0.2.{n}"}, "event": {"code": n}} for n in range(2)]
    events = [make.event(f"e{n}", n, one) for n, one in enumerate(documents)]
    detection = make.detection([(event, "r") for event in events], {}, {})
    detection = replace(detection, episode=replace(detection.episode, events=4812))
    said = tell(detection, copies_of(events), world.names)["vi"]
    assert "4.812 sự kiện, từ ít nhất 2 địa chỉ; sự kiện đầu: " in said


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("a[ từ {source}] b", "a từ 203.0.113.77 b", id="found"),
        pytest.param("a[ bởi {parent}] b", "a b", id="absent"),
        pytest.param("a[ {source} {parent}] b", "a b", id="one of two is absent"),
        pytest.param("[[{host}]]", "[web-snn]", id="doubled brackets are text"),
        pytest.param("{host} {parent}", "web-snn (không rõ)", id="outside a clause"),
        pytest.param("{title}: {count}, {span}", "A chain: 6, 7 phút", id="measured"),
        pytest.param("{source_count}", "(không rõ)", id="one value is no count"),
    ],
)
def test_clauses_and_facts(world, template, expected):
    """A clause is left out where a fact is missing; facts need no rule's name."""
    assert expected == tell_vi(world.a1, world.names, template)


def test_hostile_value_cannot_break_out(make, world):
    """Escapes, overrides and braces from an event are shown, never obeyed."""
    name = "a\x1b[2J\u202e{kind}.php" + "x" * 500
    event = make.event("e", 0, {"file": {"name": name}})
    detection = make.detection([(event, "r")], {"vi": "[[{r.first.file.name}]]"}, {})
    told = tell(detection, copies_of([event]), world.names)["vi"]
    assert told.startswith("[a\\x1b[2J\\u202e{kind}.phpxxx")
    assert 202 == len(told)


def test_bytes_that_are_no_document_are_unknown(make, world):
    """A damaged copy costs a value, not the alert."""
    for ecs in (b"", b"{", b"[1]", b"null"):
        event = replace(make.event("e", 0, {}), ecs=ecs)
        detection = make.detection([(event, "r")], {"vi": "{r.first.a} {r.count}"}, {})
        assert "(không rõ) 1" == tell(detection, copies_of([event]), world.names)["vi"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("a[{web_user_shell.count|seen}, b].", "a, b.", id="found"),
        pytest.param("a[{nobody.count|seen}, b].", "a.", id="not found"),
        pytest.param("a[{parent|seen}, b].", "a.", id="fact that no event holds"),
        pytest.param("a{web_user_shell.count|seen}.", "a.", id="outside a clause"),
    ],
)
def test_seen_asks_for_a_value_without_showing_it(world, template, expected):
    """A clause may rest on what it does not name."""
    assert expected == tell_vi(world.a1, world.names, template)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(("crawler", "reader"), "2 đường dẫn; máy tìm kiếm nhận, còn người bị chuyển.",
                     id="both"),
        pytest.param(("crawler", "crawler"), "2 đường dẫn; máy tìm kiếm nhận.", id="crawlers"),
        pytest.param(("reader", "reader"), "2 đường dẫn, còn người bị chuyển.", id="readers"),
    ],
)  # fmt: skip
def test_each_claim_rests_on_its_own_events(make, rules, expected):
    """What no event shows is not said."""
    vi = (
        "{aggregate} đường dẫn[{crawler.count|seen}; máy tìm kiếm nhận]"
        "[{reader.count|seen}, còn người bị chuyển]."
    )
    pairs = [(make.event(f"e{n}", n, {}), rule) for n, rule in enumerate(rules)]
    detection = make.detection(pairs, {"vi": vi}, {}, value=2)
    assert expected == tell(detection, {}, make.names())["vi"]


PIECES = st.sampled_from(
    [
        *"{}| \u0301",
        *("affected", "kind", "group.", "web_form_post.", "web_script_in_upload.", "host"),
        *("first.", "last.", "same.", "count", "@timestamp", "url.path"),
        *("clock", "date", "number", "basename", "section", "seen"),
        *("{kind}", "{web_form_post.first.url|number}", "[ {parent}", "[", "]"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_telling_never_fails(world, template):
    """Any template gives a sentence in both languages."""
    detection = with_template(world.a1.detection, template)
    told = tell(detection, copies_of(world.a1.events), world.names)
    assert {"vi", "en"} == set(told)
    assert all(isinstance(text, str) for text in told.values())


VALUES = st.one_of(st.text(max_size=400), st.integers(), st.none(), st.lists(st.text(max_size=9)))
DOCUMENTS = st.dictionaries(
    st.sampled_from([path for one in FACTS.values() for path in one.paths]), VALUES, max_size=8
)
TAGS = st.sampled_from(["attack.t1059.001", "attack.t1110", "attack.impact", "attack.t9", ""])
SOURCES = st.sampled_from(["process_creation", "registry_set", "dns", "webserver", "file_event"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TAGS, SOURCES, st.lists(DOCUMENTS, min_size=1, max_size=3))
def test_explaining_never_fails_and_is_harmless_and_bounded(make, world, tag, source, documents):
    """Whatever events hold: both languages, no control character, below 1,500 characters."""
    placed = [{**one, "haidang": {"logsource": [{"category": source}]}} for one in documents]
    told = explained(make, world.names, [tag], placed)
    assert {"vi", "en"} == set(told)
    for text in told.values():
        assert text.endswith(".")
        assert not any(is_unsafe(char) for char in text)
        assert 20 < len(text) < 1500
