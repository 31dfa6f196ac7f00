"""The README's pictures: the demo's day is played, its console opened and photographed.

python -m tests.support.screenshots FOLDER
"""

import re
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

PLAYED = "watching; Ctrl-C ends"
SIZE = {"width": 1366, "height": 700}


def main(folder):
    """Take both pictures of a day that is played now."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-u", "-m", "haidang", "demo", "--dir", place]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
            address, password = _door(demo.stdout)
            _photograph(address, password, folder)
            demo.send_signal(signal.SIGINT)
            demo.stdout.read()


def _door(lines):
    """The console's address and one-time password, once the day is played."""
    said = []
    for line in lines:
        said.append(line)
        if PLAYED in line:
            break
    told = "".join(said)
    return re.search(r"console: (\S+)", told)[1], re.search(r"one-time password: (\S+)", told)[1]


def _photograph(address, password, folder):
    own = secrets.token_urlsafe(24)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(base_url=address, viewport=SIZE)
        page.goto("/")
        page.fill("input[name=name]", "truc")
        page.fill("input[type=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/password*")
        page.fill("#new", own)
        page.fill("#again", own)
        page.keyboard.press("Enter")
        page.wait_for_selector("table")
        page.screenshot(path=folder / "queue.png")
        page.click("text=bị cài cửa hậu")
        page.wait_for_selector("text=gop-y.phtml")
        page.wait_for_url("**/alerts/*")
        page.screenshot(path=folder / "alert.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
