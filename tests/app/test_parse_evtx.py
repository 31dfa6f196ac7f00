"""`haidang parse` on EVTX files: their records, or why there are none."""

import gzip
import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "../shared/data/evtx-parser-samples/samples"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared EVTX samples are not here")
def test_each_record_is_an_event_or_says_what_is_broken(haidang):
    """Six records, and a stretch of the file that is wiped; so is most of the sixth."""
    file = SAMPLES / "Microsoft-Windows-HelloForBusiness_4Operational.evtx"
    ran = haidang("parse", "--dataset", "windows.evtx", str(file))
    *events, _, last = map(json.loads, ran.out.splitlines())
    assert 0 == ran.code
    assert 5 == len(events)
    assert {"Microsoft-Windows-HelloForBusiness/Operational"} == {
        one["winlog"]["channel"] for one in events
    }
    assert {"error": "the record at byte 8464 of the EVTX file is broken", "line": 7} == last


def test_a_file_that_only_bears_the_name_is_told(haidang, tmp_path):
    """One line with the file's name."""
    file = tmp_path / "x.evtx"
    file.write_bytes(b"not at all")
    ran = haidang("parse", "--dataset", "windows.evtx", str(file))
    assert (1, "") == (ran.code, ran.out)
    assert f"{file}: is no EVTX file" in ran.err


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared EVTX samples are not here")
@pytest.mark.parametrize("suffix", ["evtx", "evtx.gz"])
def test_an_evtx_file_is_detected_by_its_records(haidang, tmp_path, suffix):
    """Also packed once more."""
    content = (SAMPLES / "new-user-security.evtx").read_bytes()
    file = tmp_path / f"x.{suffix}"
    file.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    ran = haidang("detect", "--json", str(file))
    assert "windows.evtx" == json.loads(ran.out)["dataset"]
