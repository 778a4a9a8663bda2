"""A headless Chromium, driven over its debugging pipe: what a reader's browser does.

Chrome DevTools Protocol, JSON between NUL bytes on descriptors 3 and 4, so neither a
port nor a package is needed. Only what the page itself asks for is recorded.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

PATIENCE = 60.0
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-extensions", "--hide-scrollbars"),
    "--enable-unsafe-swiftshader",
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"),
)

FIGURES = """[...document.querySelectorAll('figure')].map(figure => {
  const size = element => element.getBoundingClientRect();
  const drawn = [...figure.querySelectorAll('svg')].filter(svg => size(svg).width > 0);
  const marks = drawn.flatMap(svg => [...svg.querySelectorAll('path, use')]);
  return { id: figure.id, live: figure.classList.contains('live'),
    width: Math.max(0, ...drawn.map(svg => size(svg).width)),
    height: Math.max(0, ...drawn.map(svg => size(svg).height)),
    points: figure.querySelectorAll('.plot .point').length,
    marks: marks.filter(mark => size(mark).width > 0).length }; })"""
"""What is seen of each figure: CSS pixels, and marks that have a size."""


def find_chromium() -> str | None:
    """Return the program, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """One page of one browser with a fresh profile.

    ``requests`` are the URLs the page asked for, ``complaints`` what its console and
    the browser's log said of it.
    """

    def __init__(self, program: str, profile: Path, width: int = 1280) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._width = width
        self._number = 0
        self._session = ""
        self._rest = b""
        self._program, self._profile = program, profile

    def __enter__(self) -> Browser:
        inner_in, self._to = os.pipe()
        self._from, inner_out = os.pipe()
        script = f'exec 8<&{inner_in} 9>&{inner_out} 3<&8 4>&9 8<&- 9>&-; exec "$@"'
        command = [self._program, *FLAGS, f"--user-data-dir={self._profile}"]
        self._process = subprocess.Popen(
            ["bash", "-c", script, "browser", *command],
            pass_fds=(inner_in, inner_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inner_in)
        os.close(inner_out)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Network", "Runtime", "Log", "Page"):
            self.ask(f"{domain}.enable")
        self.resize(self._width, 900)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def open(self, page: Path) -> None:
        """Load a file and wait until its scripts have run."""
        self._loaded = False
        self.ask("Page.navigate", url=page.resolve().as_uri())
        while not self._loaded:
            self._take(self._receive())
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page; promises are awaited."""
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return what is seen of each figure of the page, by its id."""
        return {figure.pop("id"): figure for figure in self.run(FIGURES)}

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1},
            mobile=False,
        )

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one place, let go at another; CSS pixels of the window."""
        steps = (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end))
        for kind, (x, y) in steps:
            place = {"x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
            self.ask("Input.dispatchMouseEvent", type=kind, **place)

    def screenshot(self, where: Path) -> None:
        """Save the whole page as it stands, as PNG."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        where.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, where: Path) -> None:
        """Print the page."""
        printed = self.ask("Page.printToPDF", preferCSSPageSize=True)
        where.write_bytes(base64.b64decode(printed["data"]))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command, return its answer; events that come first are recorded."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method}
        message["params"] = parameters
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._take(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            left = deadline - time.monotonic()
            assert left > 0, "the browser does not answer"
            if select.select([self._from], [], [], left)[0]:
                piece = os.read(self._from, 1 << 20)
                assert piece, "the browser has ended"
                self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _take(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                values = [a.get("value", a) for a in told["args"]]
                self.complaints.append(f"{told['type']}: {values}")
            case "Log.entryAdded":
                self.complaints.append(told["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded = True
