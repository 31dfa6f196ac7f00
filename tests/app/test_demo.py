"""The demo by its command: four alerts, six silences, honest counts, the same again elsewhere."""

import ast
import datetime as dt
import json
import re
import sqlite3
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import pytest

from alerts.listing import list_alerts
from app.demo import trap_news
from app.demo.attack_gambling import planting
from app.demo.clock import instant
from app.demo.lines import Request
from app.demo.logs import log_path
from app.demo.story import Stage
from app.demo.world import make_world
from haidang.model.instant import MINUTE

# The hours of the stories.
HOURS = ((1.5, 2), (4.25, 5.75), (7.25, 9), (14.25, 14.75))
SPANS = tuple((instant(3600 * start), instant(3600 * end)) for start, end in HOURS)
ROOT = Path(__file__).parents[2]
BACKDOOR = (
    "Máy chủ web của Sở Nông nghiệp và Môi trường nhiều khả năng đã bị cài cửa hậu: lúc 01:52 địa "
    "chỉ 203.0.113.77 gửi tệp gop-y.phtml qua mục Hỏi đáp, từ 01:56 gọi chính tệp đó 3 lần, rồi "
    "tiến trình web chạy lệnh hệ thống."
)
RANSOM = (
    "Máy chủ tệp TTDL-FS01 có dấu hiệu chuẩn bị mã hóa dữ liệu: sau 46 lần sai, tài khoản "
    "svc_saoluu đăng nhập từ xa lúc 14:31 và xóa các bản sao phục hồi lúc 14:38."
)
GAMBLING = (
    "Trong 40 phút có 212 đường dẫn mới chứa từ khóa cờ bạc trong thư mục tải lên; máy tìm kiếm "
    "nhận được trang, còn người xem bị chuyển sang trang ngoài."
)
BEAT = (
    "Máy BM-VP-03 của UBND xã Bản Mẫu gọi một tên miền lạ 13 lần trong 60 phút, đều 5 phút một lần "
    "từ lúc bật máy 07:42. Người dùng bình thường không tạo nhịp như vậy."
)
BACKDOOR_ENGLISH = (
    "Web server (Department of Agriculture and Environment): a backdoor has very likely been "
    "installed. At 01:52 the address 203.0.113.77 sent the file gop-y.phtml through the section "
    "Hỏi đáp, from 01:56 called that same file 3 time(s), and then the web process ran a system "
    "command."
)
RANSOM_ENGLISH = (
    "File server TTDL-FS01 shows signs of preparation for data encryption: after 46 failures the "
    "account svc_saoluu logged on remotely at 14:31 and deleted the shadow copies at 14:38."
)


def told(text):
    """The paragraphs under each level: an alert's two sentences, wrapped lines joined."""
    day = text.partition("Im lặng · silent:")[0]
    parts = re.split(r"^ {7}\[(?:Khẩn cấp|Cao|Trung bình|Thấp)\].*\n", day, flags=re.MULTILINE)[1:]
    return [" ".join(re.findall(r"^ {7}(.*)$", part, re.MULTILINE)) for part in parts]


def silent(text):
    """What the demo says of each trap: the Vietnamese and the English line, joined."""
    part = text.partition("Im lặng · silent:\n")[2].partition("\nderived=")[0]
    parts = re.split(r"^ {7}\d+\. ", part, flags=re.MULTILINE)[1:]
    return [re.sub(r"\s+", " ", one) for one in parts]


def wall(moment):
    """HH:MM in Vietnam, by the standard library alone."""
    zone = dt.timezone(dt.timedelta(hours=7))
    return dt.datetime.fromtimestamp(moment / 1_000_000, zone).strftime("%H:%M")


def facts(world):
    """What the two sentences must say in this world."""
    web, files = world.backdoor, world.ransom
    owner = next(unit for unit in world.units if unit.id == world.owner)
    calls = [wall(web.calls[0]), str(len(web.calls))]
    first = [owner.name, wall(web.sent), web.attacker, web.file, web.section.name, *calls]
    second = [files.host, str(len(files.failures)), files.account]
    return first, [*second, wall(files.logon), wall(files.deletion)]


def sentences(first, second):
    """The two sentences around these facts."""
    unit, sent, address, file, section, called, times = first
    host, failures, account, logon, deletion = second
    backdoor = (
        f"Máy chủ web của {unit} nhiều khả năng đã bị cài cửa hậu: lúc {sent} địa chỉ {address} "
        f"gửi tệp {file} qua mục {section}, từ {called} gọi chính tệp đó {times} lần, rồi tiến "
        "trình web chạy lệnh hệ thống."
    )
    ransom = (
        f"Máy chủ tệp {host} có dấu hiệu chuẩn bị mã hóa dữ liệu: sau {failures} lần sai, tài "
        f"khoản {account} đăng nhập từ xa lúc {logon} và xóa các bản sao phục hồi lúc {deletion}."
    )
    return backdoor, ransom


def lines_written(folder):
    """How many log lines lie in the world's folder."""
    return sum(file.read_bytes().count(b"\n") for file in (folder / "logs").rglob("*.*"))


def last_line(events, alerts=4):
    """The last line of a demo that lost and refused nothing."""
    counts = f"events={events} indexed={events} quarantined=0 dropped=0 alerts={alerts}"
    return f"{counts} cases=0 notices=0 acknowledged=0"


def listed(haidang, folder):
    """All alerts of a world's folder, the first raised first."""
    ran = haidang("alerts", "--config", folder / "haidang.yml", "--format", "json")
    return [json.loads(line) for line in reversed(ran.out.splitlines())]


def audit(folder):
    """Every row of the audit trail."""
    with sqlite3.connect(folder / "data" / "state.db") as database:
        rows = database.execute("SELECT * FROM audit ORDER BY id").fetchall()
    database.close()
    return rows


@pytest.fixture(scope="module")
def played(haidang, whole_day):
    """The day of seed 1, played twice in one folder: both outputs, both audit trails."""
    folder, first = whole_day
    before = audit(folder)
    second = haidang("demo", "--once", "--dir", folder.parent)
    return folder, (first, second), (before, audit(folder))


@pytest.mark.slow
def test_first_world_tells_exactly_the_four_alerts(played):
    """Each in Vietnamese with the English below, when it is raised and when it has grown."""
    _, (first, _), _ = played
    paragraphs = told(first.out)
    starts = [one.split(" ", 2)[0] for one in paragraphs]

    assert f"{BACKDOOR} {BACKDOOR_ENGLISH}" == paragraphs[0]
    assert f"{RANSOM} {RANSOM_ENGLISH}" == paragraphs[-1]
    assert any(one.startswith(GAMBLING) for one in paragraphs)
    assert BEAT in next(one for one in paragraphs if "BM-VP-03" in one)
    assert ["Máy", "Trong", "Máy"] == [one for one, _ in groupby(starts)]
    assert "DỮ LIỆU MÔ PHỎNG" in first.out.splitlines()[0]
    assert (0, "") == (first.code, first.err)


@pytest.mark.slow
def test_first_world_tells_what_stayed_silent(played):
    """Six traps with the counts of the product: matches, sources, reads, starts, failures."""
    _, (first, _), _ = played
    scan, cut, signature, news, support, passwords = silent(first.out)

    assert "232 lần khớp · loại trừ LT-03, đến hết 30/11/2026" in scan
    assert "UBND xã Thác Mẫu: mất kết nối, nhiều khả năng mất điện hoặc đường truyền" in cut
    assert "từ 10:05 đến 10:47 18/11/2026 (4 nguồn: " in cut
    assert "app_document_signed_outside_hours: 1 lần khớp · chỉ đếm" in signature
    assert f"{len(list(trap_news.acts(make_world(1))))} lượt đọc · không nằm trong" in news
    assert "2 lần chạy · trong khung hỗ trợ HT-02" in support
    assert "4 lần · dưới ngưỡng 10 lần trong 10 phút" in passwords


@pytest.mark.slow
def test_last_line_counts_every_line_of_the_logs(played):
    """Framed records are the lines of the files, and each became an event."""
    folder, (first, _), _ = played

    assert lines_written(folder) > 5000
    assert last_line(lines_written(folder)) == first.out.splitlines()[-1]


@pytest.mark.slow
def test_second_run_adds_nothing(haidang, played):
    """Same counts, the alerts told as known ones, no row more in the audit trail."""
    folder, (first, second), (before, after) = played
    final = [(one["sentences"]["vi"], one["sentences"]["en"]) for one in listed(haidang, folder)]

    assert (0, "") == (second.code, second.err)
    assert told(second.out) == [f"{vi} {en}" for vi, en in final]
    assert silent(first.out) == silent(second.out)
    assert (0, 4) == tuple(ran.out.count("· from an earlier run") for ran in (first, second))
    assert {"0"} == set(re.findall(r"^\d\d:\d\d +(\d+) bản ghi", second.out, re.MULTILINE))
    assert first.out.splitlines()[-1] == second.out.splitlines()[-1]
    assert 4 == len([row for row in before if "alert.raised" in row])
    assert before == after


@pytest.mark.slow
def test_listed_alerts_are_the_told_ones(haidang, played):
    """`haidang alerts` on the demo's folder shows the same four, in their last state."""
    folder, _, _ = played
    found = listed(haidang, folder)
    backdoor, gambling, beat, ransom = (alert["sentences"]["vi"] for alert in found)

    assert [BACKDOOR, GAMBLING, RANSOM] == [backdoor, gambling, ransom]
    assert re.match(
        "Máy BM-VP-03 của UBND xã Bản Mẫu gọi một tên miền lạ 36 lần trong 175 phút", beat
    )
    assert BACKDOOR_ENGLISH == found[0]["sentences"]["en"]
    assert ["critical", "high", "high", "critical"] == [alert["level"] for alert in found]


@pytest.mark.slow
def test_coverage_of_the_demo_holds_every_event(haidang, played):
    """Evaluated events are the indexed and the derived ones, source by source."""
    folder, (first, _), _ = played
    ran = haidang("coverage", "--config", folder / "haidang.yml")
    evaluated = re.findall(r"^\S+ \S+  \S+ \S+ +(\d+)  ", ran.out, re.MULTILINE)
    derived = int(re.search(r"^derived=(\d+)", first.out, re.MULTILINE)[1])

    assert derived > 0
    assert lines_written(folder) + derived == sum(map(int, evaluated))
    assert "NOT EVALUATED" not in ran.out


def part_of_day(folder, seed, spans=SPANS):
    """The hours of the stories of a world, played in a folder: its alerts in order."""
    with ExitStack() as stack:
        stage = Stage.open(folder, make_world(seed), stack)
        steps = list(stage.play(pytest.fail, spans))
        found = list_alerts(stage.soc.database, stage.soc.scope)
    # The router's last line may still go on: it waits for another step.
    assert lines_written(folder) - sum(step.framed for step in steps) in {0, 1}
    return list(reversed(found))


@pytest.mark.slow
def test_ids_and_words_do_not_depend_on_the_folder(tmp_path):
    """The same seed elsewhere raises the same alerts under the same ids."""
    here, there = (part_of_day(tmp_path / name, 1, SPANS[:1]) for name in ("here", "there"))

    assert [(one.id, one.sentences) for one in here] == [(one.id, one.sentences) for one in there]
    assert [BACKDOOR] == [one.sentences["vi"] for one in here]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_other_worlds_get_true_sentences_of_their_own(tmp_path, seed):
    """The facts of another world stand in the same sentences."""
    world = make_world(seed)
    village, pages = world.village, planting(world).targets
    first, gambling, beat, last = (one.sentences["vi"] for one in part_of_day(tmp_path, seed))

    assert list(sentences(*facts(world))) == [first, last]
    assert f"phút có {len(pages)} đường dẫn mới chứa từ khóa cờ bạc" in gambling
    machine = village.desks[world.infected]
    assert beat.startswith(f"Máy {machine.name} của {village.unit.name} gọi một tên miền lạ ")
    assert f"từ lúc bật máy {wall(machine.on)}" in beat
    assert not {BACKDOOR, RANSOM, GAMBLING, BEAT} & {first, gambling, beat, last}


@pytest.mark.slow
def test_line_pasted_after_the_day_raises_its_alert(tmp_path):
    """The files stay watched: what is appended is collected and told at once."""
    attack = (
        b"203.0.113.9 - - [18/Nov/2026:23:59:50 +0700] "
        b'"GET /tai-ve?tep=../../../../etc/passwd HTTP/1.1" 200 1833 "-" "curl/8.5.0"\n'
    )
    evening, end = (instant(3600 * hour) for hour in (23.75, 24))
    with ExitStack() as stack:
        stage = Stage.open(tmp_path, make_world(1), stack)
        assert [] == [
            one for step in stage.play(pytest.fail, ((evening, end),)) for one in step.alerts
        ]
        with (tmp_path / log_path(stage.world.web.name, Request)).open("ab") as log:
            log.write(attack)
        step = next(stage.watch(lambda: end + MINUTE, lambda: None))

    (alert,) = step.alerts
    assert "trả lời yêu cầu vượt thư mục lúc 23:59" in alert.sentences["vi"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param(
            "logs/NNMT-WEB01/access.log",
            "mine\n",
            "access.log is not of this simulated day; remove the folder or choose another --dir",
            id="foreign log",
        ),
        pytest.param("haidang.yml", "a: [", "haidang.yml:2: YAML: ", id="broken configuration"),
        pytest.param("data", "", "/seed-1/data", id="a file where the data folder belongs"),
    ],
)
def test_foreign_folder_is_a_clear_error(haidang, tmp_path, name, content, expected):
    """What is not the demo's own is named, left as it is, and not played into."""
    file = tmp_path / "seed-1" / name
    file.parent.mkdir(parents=True)
    file.write_text(content, "utf-8")
    ran = haidang("demo", "--once", "--dir", tmp_path)

    assert expected in ran.err
    assert 1 == ran.code
    assert ran.clean
    assert content == file.read_text("utf-8")


@pytest.mark.slow
def test_demo_holds_no_expected_number_and_no_sentence(played):
    """The driver cannot know the outcome: only this test does."""
    folder, _, _ = played
    empty = sentences([""] * 7, [""] * 5)
    clauses = {part.strip(" ,:.") for text in empty for part in re.split(r"  |[,:.]", text)}
    clauses = {part for part in clauses if len(part.split()) >= 3}
    sources = [*(ROOT / "app/demo").glob("*.py"), ROOT / "app/commands/demo.py"]
    texts = [file.read_text("utf-8") for file in sources]
    numbers = {
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, int)
    }

    assert len(clauses) >= 6
    assert [] == [clause for clause in clauses for text in texts if clause in text]
    assert lines_written(folder) not in numbers
    assert [] == [text for text in texts if re.search(r"alerts=\d|events=\d", text)]
