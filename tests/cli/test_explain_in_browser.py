"""The page's script in a real browser: what a click plays, and where it stops. Needs chromium; skipped without it."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import soundfile
from run_cli import RATE, Run
from test_explain_command import hum_and_hiss

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here, in which the page could be opened"),
]

STEPS = """
<script>
(async () => {
  const player = document.getElementById("player"), said = [];
  const moments = [...document.querySelectorAll(".moments button")];
  const on = () => moments.findIndex((button) => button.classList.contains("on"));
  const note = (what) => {
    const error = player.error && player.error.code;
    said.push({ what, time: player.currentTime, paused: player.paused, on: on(), error });
  };
  const until = (test) => new Promise((resolve) => {
    const look = () => (test() ? resolve() : setTimeout(look, 5));
    look();
  });
  try {
    await until(() => player.readyState >= 3);
    moments[1].click();
    await until(() => !player.paused && player.currentTime > Number(moments[1].dataset.start) + 0.1);
    note("playing");
    moments[0].click();
    await until(() => !player.paused && !player.seeking);
    note("another");
    await until(() => player.paused);
    note("ended");
    const ranges = [...document.querySelectorAll(".bands button")];
    const only = document.getElementById("only"), frame = document.getElementById("frame");
    const heard = (what) => {
      const pressed = ranges.map((button) => button.getAttribute("aria-pressed"));
      said.push({ what, pressed, only: only.hidden ? "" : only.textContent });
    };
    ranges[0].click();
    heard("range");
    only.querySelector("button").click();
    heard("all");
    player.pause();
    const box = frame.getBoundingClientRect();
    frame.dispatchEvent(new MouseEvent("click", { clientX: box.left + box.width / 2 }));
    await until(() => !player.seeking);
    note("picture");
  } catch (error) {
    said.push({ what: String(error) });
  }
  location.href = "/said?" + encodeURIComponent(JSON.stringify(said));
})();
</script>
"""


def test_a_click_plays_a_moment_to_its_end(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    """The end of one moment once stopped the next, and a moment clicked meanwhile ran on."""
    soundfile.write(tmp_path / "a.wav", hum_and_hiss(hum_s=(4, 6)), RATE)
    words = ("--class", "hum", "--method", "occlusion", "--model", tiny_bundle)
    assert run("explain", tmp_path / "a.wav", *words, "--out", tmp_path / "why").code == 0
    page = (tmp_path / "why" / "report.html").read_text("utf-8")
    said = {str(step["what"]): step for step in _driven(_with_steps(page), tmp_path)}
    starts = [float(start) for start in re.findall(r'<button type="button" data-start="([0-9.]+)"', page)]
    assert {"playing", "another", "ended", "range", "all", "picture"} == set(said), said
    assert all(step.get("error") is None for step in said.values())
    assert (said["playing"]["on"], said["another"]["on"], said["ended"]["on"]) == (1, 0, -1)
    assert starts[1] < said["playing"]["time"] < starts[1] + 1.1
    assert starts[0] - 0.05 <= said["another"]["time"] < starts[0] + 1.0
    assert starts[0] + 0.95 <= said["ended"]["time"] < 11.0 and said["ended"]["paused"]  # the track has 12 s
    assert said["range"]["pressed"].count("true") == 1 and "Heard: only" in said["range"]["only"]
    assert "true" not in said["all"]["pressed"] and said["all"]["only"] == ""
    assert said["picture"]["time"] == pytest.approx(6.0, abs=0.5)


def _with_steps(page: str) -> str:
    """The page with the steps, which its policy has to name as it names the page's own script."""
    steps = STEPS.strip().removeprefix("<script>").removesuffix("</script>")
    named = base64.b64encode(hashlib.sha256(steps.encode()).digest()).decode()
    assert page.count("script-src '") == 1
    return page.replace("script-src '", f"script-src 'sha256-{named}' '").replace("</body>", f"{STEPS}</body>")


def _driven(page: str, tmp_path: Path) -> list[dict[str, Any]]:
    """What the steps in the page said: it goes to an address of this server's when it is done."""
    said: queue.Queue[str] = queue.Queue()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path.startswith("/said?"):
                said.put(unquote(self.path.partition("?")[2]))
            elif self.path == "/":
                self.wfile.write(page.encode("utf-8"))

        def log_message(self, *_: object) -> None:
            pass

    assert CHROMIUM is not None
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *("--mute-audio", "--autoplay-policy=no-user-gesture-required"),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"http://127.0.0.1:{server.server_port}/",
        ]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            steps: list[dict[str, Any]] = json.loads(said.get(timeout=60))
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
    return steps
