"""A real demo in a process of its own, and a real browser that reaches nothing else."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

KEY = "demo-key-of-the-browser"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser. One process runs them all: the demo is started once."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Demo:
    url: str
    simulator: str

    def control(self, method: str, path: str, body: Any = None) -> None:
        with httpx2.Client(trust_env=False) as http:
            http.request(method, f"{self.simulator}/_control/{path}", json=body).raise_for_status()

    def start(self, **order: str) -> str:
        """The address that the customer opens."""
        with httpx2.Client(trust_env=False) as http:
            headers = {"Authorization": f"Bearer {KEY}"}
            answer = http.post(f"{self.url}/v1/consents", json=order, headers=headers).raise_for_status()
        address: str = answer.json()["authorize_url"]
        return address

    def consents(self) -> list[dict[str, Any]]:
        with httpx2.Client(trust_env=False) as http:
            answer = http.get(f"{self.url}/v1/consents", headers={"Authorization": f"Bearer {KEY}"})
        found: list[dict[str, Any]] = answer.json()["consents"]
        return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Enedis' first consent page, of several usage points."""
    with running(tmp_path_factory.mktemp("demo"), "v5") as found:
        yield found


@pytest.fixture(scope="module")
def demo_2026(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The second one."""
    with running(tmp_path_factory.mktemp("demo"), "2026") as found:
        yield found


@contextmanager
def running(folder: Path, generation: str) -> Iterator[Demo]:
    own = {
        "PASSERELLE_LISTEN": f"127.0.0.1:{free_port()}",
        "PASSERELLE_SIMULATOR_LISTEN": f"127.0.0.1:{free_port()}",
        "PASSERELLE_SIMULATOR_NOW": "2026-11-24T09:00:00+01:00",
        "PASSERELLE_DATA_DIR": str(folder),
        "PASSERELLE_GENERATION": generation,
        "PASSERELLE_DEMO_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
    }
    environment = {"PATH": os.defpath} | own
    command = [sys.executable, "-m", "passerelle", "demo"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while "API key" not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended: {said}"
            said += line
        yield Demo(f"http://{own['PASSERELLE_LISTEN']}", f"http://{own['PASSERELLE_SIMULATOR_LISTEN']}")
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser
        await browser.close()


@dataclass
class Window:
    """A page, and everything that went wrong on it."""

    page: Page
    trouble: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.trouble.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"{message.location['url']}: {message.text}")

    def trouble_of(self, address: str) -> list[str]:
        """What went wrong on the pages of this server; the simulator's are none of the product."""
        return [each for each in self.trouble if each.startswith(address)]

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.asked.append(request.url)


@pytest.fixture(params=["phone", "desk", "dark"])
async def window(request: pytest.FixtureRequest, chromium: Browser) -> Window:
    """A phone, a desk, and a phone that asks for dark pages."""
    size = DESK if request.param == "desk" else PHONE
    scheme = "dark" if request.param == "dark" else "light"
    page = await chromium.new_page(viewport=size, color_scheme=scheme, locale="fr-FR")
    return Window(page)
