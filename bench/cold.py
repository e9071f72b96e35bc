"""Cold reads against a simulator without delay: what the gateway adds to the call that it cannot spare."""

import json
import statistics
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from result import Result
from servers import Demo, fetch

POINT = "64975835695673"
WEEKS = 20


def token(simulator: str) -> str:
    basic = b64encode(b"simulator:simulator-secret").decode()
    request = urllib.request.Request(  # noqa: S310 — an address of this machine
        f"{simulator}/oauth2/v3/token",
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {basic}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 — the same
        text: str = json.load(answer)["access_token"]
    return text


def ask(simulator: str, bearer: str, start: date, end: date) -> float:
    query = urllib.parse.urlencode({"usage_point_id": POINT, "start": start, "end": end})
    url = f"{simulator}/metering_data_clc/v5/consumption_load_curve?{query}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})  # noqa: S310 — the same
    started = time.perf_counter()
    with urllib.request.urlopen(request) as answer:  # noqa: S310 — the same
        answer.read()
    return (time.perf_counter() - started) * 1000


def measure(demo: Demo) -> Iterator[Result]:
    """Milliseconds of one week of curve: through the gateway, asked of the simulator, and asked day by day of it."""
    bearer = token(demo.simulator)
    end = datetime.now(UTC).date() - timedelta(days=1)
    weeks = [(end - timedelta(days=7 * (at + 1)), end - timedelta(days=7 * at)) for at in range(WEEKS)]
    for start, stop in weeks:  # the simulator draws a day once and remembers it
        ask(demo.simulator, bearer, start, stop)
    least = [ask(demo.simulator, bearer, start, stop) for start, stop in weeks]
    by_day = [
        sum(ask(demo.simulator, bearer, start + timedelta(days=at), start + timedelta(days=at + 1)) for at in range(7))
        for start, _ in weeks
    ]
    ours = []
    for start, stop in weeks:
        url = f"{demo.url}/v1/usage-points/{POINT}/consumption/load-curve?start={start}&end={stop}"
        status, _, seconds = fetch(url, demo.key)
        if status != 200:  # noqa: PLR2004 — HTTP
            raise SystemExit(f"a cold read failed: {status}")
        ours.append(seconds * 1000)
    yield Result(
        "cold read of one week, median",
        statistics.median(ours),
        "ms",
        statistics.median(least),
        statistics.median(by_day),
    )
