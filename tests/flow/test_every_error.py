"""Every error of Enedis that a v5 call can meet, through the whole application: what `/v1` and `/enedis` make of it.

The rows are those of `errors.json`; what the mirror answers to each is read from docs/mirror.md.
"""

import asyncio
import html
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from tests.flow.conftest import installed
from tests.flow.homes import SQLITE, Home

from passerelle.errors import PROBLEMS
from passerelle.plan.failures import REMEMBERED

ROWS = json.loads((files("passerelle.enedis") / "errors.json").read_bytes())
PLAIN = "22516914714270"
DAILY = ("consumption/daily", "metering_data_dc", "/metering_data_dc/v5/daily_consumption")
CURVE = ("consumption/load-curve", "metering_data_clc", "/metering_data_clc/v5/consumption_load_curve")
ADDRESS = ("address", "customers_upa", "/customers_upa/v5/usage_points/addresses")
CONTACT = ("contact", "customers_cd", "/customers_cd/v5/contact_data")
TOKEN = "/oauth2/v3/token"
REFUSED_TOKEN = "wso2-900903-token-expired"
PER_SECOND = {"v5-quota-q3-per-second", "wso2-900807-burst"}
NEVER_RETRIED = 1


# What an error means depends on no home of the data: one gateway on SQLite meets them all.


@pytest.fixture
def home() -> Home:
    return Home(SQLITE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(tmp_path_factory):
    async with installed(tmp_path_factory.mktemp("shared"), retry_pause=0.01) as running:
        yield running


# Which calls can meet a row.


def out_of_reach(row) -> str | None:
    """Why no data, customer or token call of v5 meets this row."""
    if row["generation"] == "2026":
        return "only the APIs of 2026 answer so"
    if row["api"].startswith(("authorize", "consent page")):
        return "the customer's browser meets it, not a call of ours: see the consent journey"
    if row["api"] == "oauth2/v3/revoke":
        return "the gateway revokes no token at Enedis"
    return None


CALLS_OF = {
    "metering and customers v5": {"data"},
    "load curves v5": {"curve"},
    "gateway": {"data", "token"},
    "gateway (WSO2)": {"data", "token"},
    "any": {"data", "token"},
    "oauth2/v3/token": {"token"},
}
NOT_OF_THE_TOKEN = {"empty-body-500": "as an answer to the token call it is `token-500`, byte for byte"}
MET = [row for row in ROWS if out_of_reach(row) is None]
BY_ID = {row["id"]: row for row in ROWS}


def rows_met_by(call: str, *, throttling: bool) -> list[str]:
    """Ids. `throttling`: those that stop all calls for longer than a second, or all others."""
    return [
        row["id"]
        for row in MET
        if call in CALLS_OF[row["api"]]
        and (row["problem"] == "quota-exhausted" and row["id"] not in PER_SECOND) is throttling
        and not (call == "token" and row["id"] in NOT_OF_THE_TOKEN)
    ]


def test_every_row_is_met_or_told_to_be_out_of_reach():
    assert {row["api"] for row in MET} == CALLS_OF.keys()
    tested = {
        row
        for call in ("data", "curve", "token")
        for throttling in (False, True)
        for row in rows_met_by(call, throttling=throttling)
    }
    untested = {row["id"] for row in ROWS} - tested
    assert all(out_of_reach(BY_ID[row]) for row in untested)
    assert len(tested) > 60


# What docs/mirror.md promises.


def promises() -> dict[str, str]:
    """Row by row, the answer of `/enedis` as the table of docs/mirror.md has it."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "mirror.md").read_text(encoding="utf-8")
    table = page.split("## When Enedis fails")[1].split("\n## ")[0]
    found: dict[str, str] = {}
    for answer, rows in re.findall(r"^\| \*\*([^*]+)\*\*[^|]* \|[^|]*\| (.+) \|$", table, re.MULTILINE):
        for row in re.findall(r"`([^`]+)`", rows):
            assert row not in found, row
            found[row] = answer
    return found


MIRRORED = promises()


def test_the_mirror_page_tells_the_answer_to_each_row_that_can_be_met():
    assert MIRRORED.keys() == {row["id"] for row in MET}
    assert set(MIRRORED.values()) == {"as Enedis said it", "429", "503"}


# Asking, and comparing.


@dataclass(frozen=True)
class Sent:
    """What Enedis sends for a row, as a client without a gateway sees it."""

    status: int
    content_type: str | None
    body: bytes

    @property
    def json(self) -> dict[str, str]:
        return json.loads(self.body)

    @property
    def said(self) -> tuple[str | None, str | None]:
        """The code and message of the body, where its shape has them."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return None, None
        body = body.get("fault", body)
        code = body.get("error", body.get("code"))
        return (str(code) if code is not None else None), body.get("error_description", body.get("message"))


class Case:
    """One row in a running house, at a usage point of its own, of which nothing is held. `days`: two spans."""

    def __init__(self, house, name: str, *, measure=DAILY, far: int = 0) -> None:
        self.house, self.row, self.measure = house, BY_ID[name], measure
        number = list(BY_ID).index(name) + far + (2 * FAR if measure is CURVE else 0)
        self.prm = f"90{number:010}00"  # a household with nothing special about it
        newest = date(2026, 11, 20)
        spans = [(newest - timedelta(days=back), newest - timedelta(days=back - 2)) for back in (0, 2)]
        self.days = [tuple(map(date.isoformat, span)) for span in spans]
        self.mirror_token = None
        self.now = datetime.fromisoformat("2026-11-24T09:10:00+01:00")
        """Where a case about quotas has stopped the simulated clock."""

    async def move_in(self) -> "Case":
        """The demo account holds the usage point from now on."""
        await self.house.hold(self.prm)
        return self

    async def fault(self, *apis: str, row: str | None = None, count: int | None = None) -> None:
        for api in apis:
            await self.house.control("PUT", "faults", {"api": api, "count": count, "error": row or self.row["id"]})

    async def heal(self) -> None:
        """Enedis answers again."""
        await self.house.control("DELETE", "faults")
        await self.rest()

    async def rest(self) -> None:
        """No API is left alone for having failed: the breakers are not what is tested here."""
        for api in {call["api"] for call in await self.house.calls()}:
            await self.house.rested(api)

    async def have_token(self) -> None:
        """The gateway has a token that Enedis gave."""
        answer = await self.house.get(f"/v1/usage-points/{PLAIN}/contract", headers={"Cache-Control": "no-cache"})
        assert answer.status_code == 200, answer.text

    async def sign_in(self) -> None:
        form = {"grant_type": "client_credentials"}
        address = f"{self.house.gateway_url}/enedis{TOKEN}"
        answer = await self.house.http.post(address, data=form, auth=("demo", self.house.key))
        self.mirror_token = answer.json()["access_token"]

    async def sent(self, path: str) -> Sent:
        """The answer of the simulator itself, which then forgets that it was asked."""
        method = "POST" if path == TOKEN else "GET"
        answer = await self.house.http.request(method, self.house.simulator_url + path)
        await self.house.control("DELETE", "calls")
        return Sent(answer.status_code, answer.headers.get("content-type"), answer.content)

    async def read_measure(self, days: int = 0, **headers: str):
        return await self.house.series(self.prm, self.measure[0], *self.days[days], headers=headers)

    async def read_record(self, record: str = ADDRESS[0], **headers: str):
        return await self.house.get(f"/v1/usage-points/{self.prm}/{record}", headers=headers)

    async def mirror_measure(self, days: int = 1):
        return await self._mirror(self.measure[2], dict(zip(("start", "end"), self.days[days], strict=True)))

    async def mirror_record(self):
        return await self._mirror(CONTACT[2], {})

    async def _mirror(self, path: str, period: dict[str, str]) -> httpx2.Response:
        if self.mirror_token is None:
            await self.sign_in()
        address, query = f"{self.house.gateway_url}/enedis{path}", {"usage_point_id": self.prm} | period
        headers = {"Authorization": f"Bearer {self.mirror_token}"}
        return await self.house.http.get(address, params=query, headers=headers)

    @property
    def passes(self) -> bool:
        """Whether the next one who asks has Enedis asked again: all else is told again from memory (F§12)."""
        return self.row["problem"] in ("upstream-unavailable", "upstream-timeout", "quota-exhausted")

    async def of_both(self, read, mirror):
        """What one door answers, and then the other: at once, the answers would depend on which came first."""
        told = await read()
        if self.passes:
            await self.rest()
        return told, await mirror()

    # What the answers must be.

    def same_problem(self, body, sent: Sent) -> None:
        """The problem, beside a gap or alone, says what the row says and what Enedis said."""
        row = self.row
        assert (body["code"], body["title"]) == (row["problem"], PROBLEMS[row["problem"]].title())
        assert body["type"] == f"{self.house.gateway_url}/docs/problems/{row['problem']}"
        assert body["status"] == (row["status"] or PROBLEMS[row["problem"]].status)
        assert body["who_acts"] == row["who_acts_for_our_caller"]
        assert body["retryable"] is row["retryable"]
        # Rows that differ only by the spelling of a code are one to the reader of an answer.
        twins = [each for each in ROWS if same_words(each, row)]
        for field, column in (("detail", "meaning_en"), ("detail_fr", "meaning_fr")):
            assert body[field] in [each[column] for each in twins]
        for field, column in (("action", "action_en"), ("action_fr", "action_fr")):
            assert body[field] in [each[column] for each in twins]
        code, message = sent.said
        if row["shape"] in ("oauth", "wso2", "fault"):
            assert code == (row["code"] or f"SGT{sent.status}")  # of 2026 no codes are known (F§16.6)
        assert body["upstream"] == {"status": sent.status, "code": code, "message": message}
        assert self.prm not in json.dumps(body)

    def is_problem(self, answer, sent: Sent, *, remembered: bool = False) -> None:
        """`remembered`: it was told before, and says when Enedis is asked again."""
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        self.same_problem(body, sent)
        assert answer.status_code == body["status"]
        assert ("retry-after" in answer.headers) is (remembered or body["status"] in (503, 504))
        assert answer.headers.get("retry-after") == (str(body["retry_after"]) if body["retry_after"] else None)

    def is_gap(self, answer, sent: Sent) -> None:
        """200, without a reading, one gap over all days that were asked."""
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["readings"], len(body["gaps"])) == ([], 1)
        (gap,) = body["gaps"]
        assert gap["reason"] == self.row["gap"]
        assert (gap["start"][:10], gap["end"][:10]) == self.days[0]
        self.same_problem(gap["problem"], sent)
        assert "retry-after" not in answer.headers

    def is_mirrored(self, answer, sent: Sent, *, remembered: bool = False) -> None:
        match MIRRORED[self.row["id"]]:
            case "as Enedis said it":
                assert (answer.status_code, answer.headers["content-type"]) == (sent.status, sent.content_type)
                if remembered:  # which keeps code and message, and how they were written
                    told = answer.json()
                    assert {**told, "error_uri": None} == {**sent.json, "error_uri": None}
                else:
                    assert answer.content == sent.body
                assert answer.status_code == self.row["http_status"]
                assert answer.json()["error"] == self.row["code"]
            case "503":
                assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")
                away = self.row["problem"] == "upstream-unavailable"
                assert ("retry-after" in answer.headers) is (away or remembered)
            case "429":
                assert (answer.status_code, answer.json()["code"]) == (429, "900804")
                resume = datetime.strptime(answer.json()["nextAccessTime"], "%Y-%b-%d %H:%M:%S%z UTC")
                assert int(answer.headers["retry-after"]) == (resume - self.now).total_seconds() > 0
        assert answer.headers["cache-control"] == "no-store"

    def times(self, sent: Sent) -> int:
        """How often one request may call for this answer (F§13): again only for what may pass."""
        if sent.status == 401 or self.row["id"] in PER_SECOND:
            return 2
        return 3 if self.row["retryable"] and sent.status >= 500 else NEVER_RETRIED


def same_words(one, other) -> bool:
    def said(row) -> tuple[object, ...]:
        return row["http_status"], (row["code"] or "").replace("_", "-"), row["message"]

    return said(one) == said(other)


# The table.

FAR = 400
"""Between the numbers of the usage points of data calls and those of the token call."""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", rows_met_by("data", throttling=False))
async def test_an_error_of_a_measure_and_of_customer_data(shared_house, name):
    case = Case(shared_house, name)
    await stop_clock(case, 0)
    await case.move_in()
    await case.sign_in()
    await case.fault(DAILY[1], ADDRESS[1], CONTACT[1])
    sent = await case.sent(DAILY[2])
    (measure, mirrored), record, mirrored_record = await asyncio.gather(
        case.of_both(case.read_measure, partial(case.mirror_measure, 0)), case.read_record(), case.mirror_record()
    )
    calls = [call["api"] for call in await shared_house.calls()]
    await case.heal()
    if case.row["gap"]:
        case.is_gap(measure, sent)
    else:
        case.is_problem(measure, sent)
    case.is_problem(record, sent)
    case.is_mirrored(mirrored, sent, remembered=not case.passes)
    case.is_mirrored(mirrored_record, sent)
    assert calls.count(DAILY[1]) == (2 if case.passes else 1) * case.times(sent)
    assert calls.count(ADDRESS[1]) == calls.count(CONTACT[1]) == case.times(sent)
    await recovered(case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", rows_met_by("curve", throttling=False))
async def test_an_error_of_a_load_curve(shared_house, name):
    case = await Case(shared_house, name, measure=CURVE).move_in()
    await case.fault(CURVE[1])
    sent = await case.sent(CURVE[2])
    measure, mirrored = await case.of_both(case.read_measure, partial(case.mirror_measure, 0))
    calls = [call["api"] for call in await shared_house.calls()]
    await case.heal()
    if case.row["gap"]:
        case.is_gap(measure, sent)
    else:
        case.is_problem(measure, sent)
    case.is_mirrored(mirrored, sent, remembered=not case.passes)
    assert calls.count(CURVE[1]) == (2 if case.passes else 1) * case.times(sent)
    await recovered(case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", rows_met_by("token", throttling=False))
async def test_an_error_of_the_token_call(shared_house, name):
    """The token is rejected, and the next one refused: no one gets data, and the mirror's caller is not to blame."""
    case = Case(shared_house, name, far=FAR)
    await stop_clock(case, 0)
    await case.move_in()
    await case.sign_in()
    await case.have_token()
    await case.fault("oauth2")
    sent = await case.sent(TOKEN)
    await case.fault(DAILY[1], row=REFUSED_TOKEN, count=1)
    case.is_problem(await case.read_measure(), sent)
    calls = [call["api"] for call in await shared_house.calls()]
    assert (calls.count(DAILY[1]), calls.count("oauth2")) == (1, 1 if sent.status == 401 else case.times(sent))
    await case.rest()
    again, mirrored = await asyncio.gather(case.read_measure(), case.mirror_measure())
    await case.rest()
    record, mirrored_record = await asyncio.gather(case.read_record(), case.mirror_record())
    await case.heal()
    kept = {kind.code: memory for kind, memory in REMEMBERED.items()}.get(case.row["problem"])
    case.is_problem(again, sent, remembered=kept is not None)
    case.is_problem(record, sent)
    case.is_mirrored(mirrored, sent, remembered=kept is not None and kept.of_series)
    case.is_mirrored(mirrored_record, sent)
    await recovered(case)


async def recovered(case: Case) -> None:
    """Once Enedis answers again everything is there: failures are not kept, refusals end when a caller insists."""
    fresh = {"Cache-Control": "no-cache"}
    for answer in (
        await case.read_measure(**fresh),
        await case.read_measure(1, **fresh),
        await case.read_record(**fresh),
        await case.read_record(CONTACT[0], **fresh),
    ):
        assert answer.status_code == 200, answer.text
    measure = await case.read_measure()
    assert measure.json()["readings"]
    assert measure.json()["gaps"] == []
    for answer in (await case.mirror_measure(), await case.mirror_record()):
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("first", ["measure", "record"])
async def test_a_settled_consent_that_enedis_refuses_is_over_for_both_doors(house, first):
    """The first day such a refusal proves nothing (F§3): the table above reads on. Afterwards it ends the consent."""
    case = await Case(house, "adam-dc-0008-403").move_in()
    await house.set_clock("2026-11-26T09:10:00+01:00")
    api, ask = (DAILY[1], case.read_measure) if first == "measure" else (ADDRESS[1], case.read_record)
    await case.fault(api, count=1)
    answer = await ask()
    told = answer.json()["gaps"][0]["problem"] if first == "measure" else answer.json()
    assert told["code"] == "consent-missing"
    await house.control("DELETE", "calls")
    for refused in (await case.read_measure(), await case.read_record()):
        assert (refused.status_code, refused.json()["code"]) == (403, "consent-revoked")
    for refused in (await case.mirror_measure(), await case.mirror_record()):
        assert (refused.status_code, refused.json()["error"]) == (403, "ADAM-DC-0008")
    assert await house.calls() == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_type_of_a_problem_leads_to_its_page(shared_house):
    for code, problem in PROBLEMS.items():
        answer = await shared_house.http.get(f"{shared_house.gateway_url}/docs/problems/{code}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), code
        assert "`" not in answer.text, code
        page = html.unescape(re.sub("</?code>", "`", answer.text))
        for text in (code, str(problem.status), problem.title(), problem.title_fr, problem.advice, problem.advice_fr):
            assert text in page, (code, text)
    index = (await shared_house.http.get(f"{shared_house.gateway_url}/docs/problems")).text
    assert [f"/docs/problems/{code}" for code in PROBLEMS] == re.findall(r'href="(/docs/problems/[^"]+)"', index)
    nothing = await shared_house.http.get(f"{shared_house.gateway_url}/docs/problems/no-such-problem")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not-found")


# Quotas: what Enedis refused, and what then stays at home.


@pytest.mark.parametrize("name", rows_met_by("data", throttling=True))
async def test_a_used_up_quota_of_the_data_calls(house, name):
    case = await Case(house, name).move_in()
    asks = (
        (DAILY, case.read_measure, case.is_problem),
        (ADDRESS, case.read_record, case.is_problem),
        (DAILY, case.mirror_measure, case.is_mirrored),
        (CONTACT, case.mirror_record, case.is_mirrored),
    )
    for hour, ((_, api, path), ask, check) in enumerate(asks):
        await stop_clock(case, hour)
        await case.fault(api)
        sent = await case.sent(path)
        check(await ask(), sent)
        assert len(await house.calls(api)) == case.times(sent)
        await stays_at_home(case)
        await case.heal()
    await stop_clock(case, len(asks))
    await recovered(case)


@pytest.mark.parametrize("name", rows_met_by("token", throttling=True))
async def test_a_used_up_quota_of_the_token_call(house, name):
    case = await Case(house, name, far=FAR).move_in()
    await stop_clock(case, 0)
    await case.fault("oauth2")
    sent = await case.sent(TOKEN)
    case.is_problem(await case.read_measure(), sent)
    await stays_at_home(case)
    await case.heal()
    await stop_clock(case, 1)
    await recovered(case)


async def stop_clock(case: Case, hour: int) -> None:
    """Ten minutes into one hour or a later one: a quota of the hour is over, and every answer names one moment."""
    case.now = datetime.fromisoformat("2026-11-24T09:10:00+01:00") + timedelta(hours=hour)
    await case.house.set_clock(case.now.isoformat())
    case.mirror_token = None  # it ends after three hours and a half


async def stays_at_home(case: Case) -> None:
    """Until the next hour nothing is asked of Enedis any more, and everyone is told when to come back."""
    before = len(await case.house.calls())
    held = await case.read_record()
    assert (held.status_code, held.json()["code"]) == (503, "quota-exhausted")
    assert held.headers["retry-after"] == str(50 * 60)
    for answer in (await case.mirror_record(), await case.mirror_measure()):
        case.is_mirrored(answer, Sent(429, None, b""))
        assert answer.headers["retry-after"] == str(50 * 60)
    assert len(await case.house.calls()) == before
