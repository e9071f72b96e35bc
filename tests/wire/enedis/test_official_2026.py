"""2026 on a real socket: what we ask is what the official files describe, and the captured answers come out whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from passerelle.enedis.generations import ADAPTERS
from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.transport import Transport
from passerelle.errors import NoData
from passerelle.model.customer import (
    Address,
    Contact,
    Contract,
    CustomerRecord,
    Identity,
    LegalEntity,
    NaturalPerson,
    OffpeakRange,
)
from passerelle.model.days import DaySpan
from passerelle.model.generation import Speaking
from passerelle.model.paris import PARIS, civil_day, day_bounds
from passerelle.model.priority import Priority
from passerelle.model.reading import IndexReading, Peak, Reading, Register
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.testing.clock import FakeClock
from passerelle.testing.permits import CountedPermits

pytestmark = pytest.mark.official

TOKEN = b'{"access_token": "token-1", "expires_in": 12600}'
SPECIFICATIONS = {
    "mesure_synchrone_auto": "swagger_mesure_synchrone_auto_v2",
    "situation_contrat_auto": "Situation-contractuelle-sync-auto",
    "synth_contrat_auto": "Synthese-contractuelle-sync-auto",
    "comptage_auto": "Situation-comptage-auto",
    "donnees_generales_auto": "Donnees-generales-sync-auto",
    "alimentation_auto": "Alimentation-sync-auto",
    "subscribed_services": "Services-souscrits",
}
MASK = "99999999999999"
"""Stands for the number that the capture hides."""


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


@dataclass
class Asked:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Enedis:
    """Answers by path, as Enedis does: under a content type that says nothing (F§13)."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                method, target, _ = first.split(" ")
                sent = await reader.readexactly(int(headers.get("content-length", 0)))
                at = urlsplit(target)
                if at.path != "/oauth2/v3/token":
                    self.asked.append(Asked(method, at.path, parse_qsl(at.query), headers, sent))
                body = TOKEN if at.path == "/oauth2/v3/token" else self.bodies[at.path]
                kind = b"content-type: application/octet-stream"
                writer.write(b"HTTP/1.1 200 OK\r\n%s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@dataclass
class World:
    enedis: Enedis
    adapter: Any
    official: Path

    def capture(self, name: str) -> Any:
        text = (self.official / "fixtures" / "2026" / f"{name}.json").read_text()
        return json.loads(text.replace('"usage_point_id": "<masque>"', f'"usage_point_id": "{MASK}"'))

    def give(self, path: str, content: Any) -> None:
        self.enedis.bodies[path] = json.dumps(content).encode()

    async def measure(self, series: Series, resource: str, name: str | None = None) -> Any:
        body = self.capture(name or resource)
        self.give(f"/mesure_synchrone_auto/v2/{resource}", body)
        span = DaySpan(*(date.fromisoformat(body["periode"][key]) for key in ("dateDebut", "dateFin")))
        return await self.adapter.fetch_measure(UsagePointId(body["idPrm"]), series, span, Errand())

    async def record(self, record: CustomerRecord, situation: str = "situation_contrat_auto_autoconsommation") -> Any:
        named = {
            "situation_contrat_auto": situation,
            "synth_contrat_auto": "synth_contrat_auto_consommateur",
            "comptage_auto": "comptage_auto",
            "alimentation_auto": "alimentation_auto",
            "donnees_generales_auto": "donnees_generales_auto",
        }
        for api, name in named.items():
            self.give(f"/{api}/v1/{MASK}", self.capture(name))
        return await self.adapter.fetch_record(UsagePointId(MASK), record, Errand())


@pytest.fixture
async def world(official: Path) -> AsyncIterator[World]:
    enedis, clock = Enedis(), FakeClock()
    server = await asyncio.start_server(enedis.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = EnedisSettings(f"http://127.0.0.1:{port}", "https://page.example", "id", "secret")
    transport = Transport(settings, CountedPermits(), clock)
    yield World(enedis, ADAPTERS[Speaking.V2026](transport, clock), official)
    await transport.aclose()
    server.close()
    await server.wait_closed()


def specified(official: Path, api: str) -> tuple[str, dict[str, Any]]:
    """The base path of an API and its operations by path."""
    name = SPECIFICATIONS[api]
    content = yaml.safe_load((official / "openapi-2026" / f"{name}.yaml").read_text())
    base = content.get("basePath") or urlsplit(content["servers"][0]["url"].strip()).path
    return base, content["paths"]


def check_asked(official: Path, asked: Asked) -> None:
    """Path, parameters and required ones are those of the specification: anything else is answered by a 500 (F§13)."""
    base, paths = specified(official, asked.path.split("/")[1])
    assert asked.path.startswith(base)
    rest = asked.path[len(base) :]
    template = rest if rest in paths else "/{usage_point_id}"
    if template != rest:
        assert rest.strip("/").isdigit()
        assert len(rest) == 15
    operation = paths[template][asked.method.lower()]
    queries = {each["name"]: each for each in operation["parameters"] if each.get("in") == "query"}
    given = dict(asked.query)
    assert len(given) == len(asked.query)
    assert {name for name, each in queries.items() if each["required"]} <= set(given) <= set(queries)
    for name, value in given.items():
        described = queries[name].get("schema") or queries[name]
        assert value in described.get("enum", [value])
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["authorization"] == "Bearer token-1"


MEASURED = {
    Series.CONSUMPTION_DAILY: ("consommation_quotidienne", None),
    Series.CONSUMPTION_LOAD_CURVE: ("courbe_de_charge_consommation", None),
    Series.CONSUMPTION_MAX_POWER: ("puissance_conso_max_quotidienne", "puissance_conso_max_quotidienne_pma"),
    Series.PRODUCTION_DAILY: ("production_quotidienne", None),
    Series.PRODUCTION_LOAD_CURVE: ("courbe_de_charge_production", None),
    Series.CONSUMPTION_INDEX: ("index_consommation", None),
    Series.PRODUCTION_INDEX: ("index_production", None),
}


@pytest.mark.parametrize("series", Series)
async def test_each_measure_is_asked_for_as_specified(world, official, series):
    assert await world.measure(series, *MEASURED[series])
    (asked,) = world.enedis.asked
    check_asked(official, asked)


@pytest.mark.parametrize("record", CustomerRecord)
async def test_each_record_is_asked_for_as_specified(world, official, record):
    await world.record(record)
    for asked in world.enedis.asked:
        check_asked(official, asked)
    assert len(world.enedis.asked) == (4 if record is CustomerRecord.CONTRACT else 1)


@pytest.mark.parametrize(
    "series", [Series.CONSUMPTION_LOAD_CURVE, Series.PRODUCTION_LOAD_CURVE, Series.CONSUMPTION_DAILY]
)
async def test_every_point_of_a_capture_comes_out(world, series):
    resource, _ = MEASURED[series]
    found = await world.measure(series, resource)
    points = world.capture(resource)["grandeur"][0]["points"]
    assert [str(reading.value) for reading in found] == [point["v"] for point in points]
    written = [point["d"] for point in points]
    ends = [reading.end.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S") for reading in found]
    assert written == ([str(civil_day(each.start)) for each in found] if len(written[0]) == 10 else ends)


async def test_the_curve_gives_the_daily_values_of_both_days(world):
    """F§6: 33 495 and 38 022 Wh."""
    curve = await world.measure(Series.CONSUMPTION_LOAD_CURVE, "courbe_de_charge_consommation")
    daily = await world.measure(Series.CONSUMPTION_DAILY, "consommation_quotidienne")
    sums: dict[date, float] = {}
    for reading in curve:
        sums[civil_day(reading.start)] = sums.get(civil_day(reading.start), 0) + reading.value / 2
    assert sums == {date(2026, 9, 29): 33_495, date(2026, 9, 30): 38_022}
    assert daily == tuple(Reading(*day_bounds(day), int(value)) for day, value in sums.items())


async def test_production_and_powers(world):
    assert [each.value for each in await world.measure(Series.PRODUCTION_DAILY, "production_quotidienne")] == [
        8263,
        941,
    ]
    assert await world.measure(Series.CONSUMPTION_MAX_POWER, *MEASURED[Series.CONSUMPTION_MAX_POWER]) == (
        Peak(date(2026, 9, 29), datetime(2026, 9, 29, 11, 3, 35, tzinfo=UTC), 4680),
        Peak(date(2026, 9, 30), datetime(2026, 9, 30, 10, 50, 25, tzinfo=UTC), 6510),
    )


async def test_of_a_three_phase_meter_only_the_whole_counts(world):
    found = await world.measure(
        Series.CONSUMPTION_MAX_POWER, "puissance_conso_max_quotidienne", "puissance_conso_max_quotidienne_tout"
    )
    assert [each.value for each in found] == [3000, 3200]


async def test_v5_and_2026_give_equal_readings(world, official):
    """The captures that both generations have of one day (F§6)."""
    names = {
        Series.PRODUCTION_DAILY: "daily_production",
        Series.CONSUMPTION_MAX_POWER: "daily_consumption_max_power",
    }
    for series, name in names.items():
        old = json.loads((official / "fixtures" / "v5" / f"{name}.json").read_text())["meter_reading"]
        new = await world.measure(series, *MEASURED[series])
        assert [str(each.value) for each in new] == [point["value"] for point in old["interval_reading"]]


async def test_indexes(world):
    found = await world.measure(Series.CONSUMPTION_INDEX, "index_consommation")
    assert found == tuple(
        IndexReading(
            day,
            day_bounds(day)[0],
            (Register("HC", low, "Heures Creuses"), Register("HP", high, "Heures Pleines")),
            total,
        )
        for day, low, high, total in (
            (date(2026, 9, 29), 12_000_000, 23_000_000, 35_000_000),
            (date(2026, 9, 30), 12_020_000, 23_020_000, 35_020_000),
        )
    )
    (first, second) = await world.measure(Series.PRODUCTION_INDEX, "index_production")
    assert (first.total, second.registers) == (5_000_000, (Register("BASE", 5_020_000, "Base"),))


async def test_the_contract_of_a_self_consumption_point(world):
    """F§10: the withdrawal one of two."""
    assert await world.record(CustomerRecord.CONTRACT) == Contract(
        segment="C5",
        contract_type="Contrat GRD-F",
        distribution_tariff=(
            "Tarif BT<=36kVA Moyenne Utilisation heures pleines heures creuses associées à deux saisons"
        ),
        subscribed_power_kva=12,
        subscribed_power_text="12 kVA",
        meter_type="AMM",
        offpeak_hours=(OffpeakRange(time(22, 38), time(6, 38)),),
        offpeak_text="HC (22H38-6H38)",
        last_activation_date=date(2018, 8, 31),
        last_activation_text="2018-08-31+02:00",
        last_subscribed_power_change_date=date(2026, 2, 11),
        services_level="Communicant (ouvert aux services)",
        consumption_connection_power_kw=1100.0,
        generation_connection_power_kw=1000.0,
    )


async def test_address_identity_and_contact(world):
    assert await world.record(CustomerRecord.ADDRESS) == Address(
        street="1 rue du test", postal_code="750XX", insee_code="750XX"
    )
    hidden = "<masque>"
    assert await world.record(CustomerRecord.IDENTITY) == Identity(natural_person=NaturalPerson(hidden, hidden, hidden))
    assert await world.record(CustomerRecord.CONTACT) == Contact(phone=hidden, email=hidden, landline=hidden)


async def test_the_business_contract_of_the_sandbox(world):
    c1 = "situation_contrat_auto_sandbox_c1"
    contract = await world.record(CustomerRecord.CONTRACT, c1)
    assert (contract.segment, contract.subscribed_power_kva, contract.subscribed_power_text) == ("C1", None, "850 kW")
    assert contract.subscribed_power_kw == 850.0
    identity = await world.record(CustomerRecord.IDENTITY, c1)
    assert identity == Identity(legal_entity=LegalEntity(name="TEST", siret_number="00000000000000"))
    with pytest.raises(NoData):
        await world.record(CustomerRecord.CONTACT, c1)


SERVICES = "/subscribed_services/v1/"


async def test_services_are_asked_for_as_in_the_capture(world, official):
    world.give(SERVICES, world.capture("subscribed_services_empty"))
    wanted = world.capture("subscribed_services_request")
    assert await world.adapter.shared_services(wanted["autorisationId"], Errand()) == ()
    (asked,) = world.enedis.asked
    check_asked(official, asked)
    assert json.loads(asked.body) == wanted
    assert asked.headers["content-type"].startswith("application/json")


async def test_the_services_of_the_sandbox(world):
    world.give(SERVICES, world.capture("subscribed_services_sandbox_11"))
    found = await world.adapter.shared_services(11, Errand())
    point, span = UsagePointId("14000000000001"), (date(2025, 1, 1), date(2026, 1, 1))
    assert set(found) == {SharedService(point, kind, frozenset({Direction.CONSUMPTION}), *span) for kind in ServiceKind}
    assert len(found) == 5
    assert len(world.enedis.asked) == 1
