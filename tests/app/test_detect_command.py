"""`haidang detect` from the command line."""

import orjson

READ = b'203.0.113.7 - - [18/Nov/2026:08:15:30 +0700] "GET /a HTTP/1.1" 200 1 "-" "-"\n'
JUNK = b"this is no access line\n"


def test_detect_names_the_data_set(haidang, tmp_path):
    """For people and as JSON; where nothing fits it says so, and the exit code is 1."""
    log = tmp_path / "nginx-access.log"
    log.write_bytes(READ * 2)
    text = haidang("detect", log)
    found = orjson.loads(haidang("detect", "--json", log).out)

    assert text.out.startswith(f"{log}: nginx.access\n")
    assert "reads 2 of 2 records" in text.out
    assert ("nginx.access", 2) == (found["dataset"], found["ranking"][0]["timed"])
    log.write_bytes(JUNK)
    nothing = haidang("detect", log)
    assert (1, True) == (nothing.code, nothing.out.startswith(f"{log}: no data set fits\n"))
