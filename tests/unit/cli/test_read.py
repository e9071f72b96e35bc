"""The reading commands against a scripted gateway."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from typer.testing import CliRunner, Result

from passerelle.cli.language import Language
from passerelle.cli.main import build
from passerelle.cli.read import days_to_read
from passerelle.cli.shell import Shell
from passerelle.cli.tables import of_series
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Kind, Series, Unit
from passerelle.problem import Actor
from passerelle.schema.catalogue import CatalogueBody, EndpointBody
from passerelle.schema.consents import ConsentBody, ConsentList, ConsentPoint, ConsentStarted
from passerelle.schema.customer import (
    AddressBody,
    ContactBody,
    ContractBody,
    GeoPointBody,
    IdentityBody,
    LegalEntityBody,
    NaturalPersonBody,
    OffpeakHours,
)
from passerelle.schema.problem import ProblemBody
from passerelle.schema.series import (
    IndexReading,
    IndexSeries,
    IntervalReading,
    IntervalSeries,
    PeakReading,
    PeakSeries,
    RegisterValue,
    SeriesGap,
)
from passerelle.schema.usage_points import GapLedger, LedgerGap, PointConsent, UsagePointBody, UsagePointList
from passerelle.testing.scripted_gateway import ScriptedGateway

PRM = "22516914714270"
POINT = f"/v1/usage-points/{PRM}"
DAILY = f"{POINT}/consumption/daily"
DAYS = ["--start", "2026-03-28", "--end", "2026-03-30"]
FIRST, SECOND, THIRD = (
    datetime.fromisoformat(text)
    for text in ("2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
)
REVOKED = ProblemBody(
    type="https://example.test/problems/consent-revoked",
    title="The consent for this usage point was revoked",
    status=403,
    detail="Enedis knows no consent.",
    code="consent-revoked",
    detail_fr="Enedis ne connaît pas de consentement.",
    who_acts=Actor.CUSTOMER,
    action="Ask the customer.",
    action_fr="Demander au client.",
    retryable=False,
    request_id="req-7",
)


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway()


def run(gateway: ScriptedGateway, *words: str, lang: str = "en") -> Result:
    shell = Shell(connect=lambda _, key: gateway.client(key))
    environment = {"PASSERELLE_LANG": lang, "PASSERELLE_KEY": "demo.key", "PASSERELLE_URL": None}
    return CliRunner().invoke(build(shell), list(words), env=environment)


def daily_answer(*gaps: SeriesGap) -> IntervalSeries:
    reading = IntervalReading(start=FIRST, end=SECOND, value=11_250, quality=Quality.RAW)
    return IntervalSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_DAILY,
        unit=Unit.WATT_HOUR,
        start=date(2026, 3, 28),
        end=date(2026, 3, 30),
        readings=[reading],
        gaps=list(gaps),
        energy_wh=11_250,
        as_of=THIRD,
    )


def test_a_table_says_what_is_there_what_is_not_and_why(gateway: ScriptedGateway):
    gap = SeriesGap(start=SECOND, end=THIRD, reason=GapReason.MISSING, problem=REVOKED)
    gateway.answer(DAILY, daily_answer(gap))
    result = run(gateway, "daily", PRM, *DAYS)
    assert result.exit_code == 0
    for words in ("2026-03-28", "11250", "Wh", "measured", "Enedis has nothing: Enedis knows no consent.", "11250 Wh"):
        assert words in result.stdout
    assert gateway.requests[0].headers["authorization"] == "Bearer demo.key"


def test_the_table_speaks_french(gateway: ScriptedGateway):
    gap = SeriesGap(start=SECOND, end=THIRD, reason=GapReason.NOT_PUBLISHED)
    gateway.answer(DAILY, daily_answer(gap))
    result = run(gateway, "daily", PRM, *DAYS, lang="fr_FR.UTF-8")
    for words in ("Jour", "mesurée", "pas encore publié", "Énergie"):
        assert words in result.stdout


def test_a_curve_shows_the_offset_of_each_instant_and_a_peak_its_moment(gateway: ScriptedGateway):
    curve = msgspec.structs.replace(
        daily_answer(),
        series=Series.CONSUMPTION_LOAD_CURVE,
        unit=Unit.WATT,
        readings=[
            IntervalReading(start=THIRD - timedelta(minutes=30), end=THIRD, value=540, quality=Quality.CORRECTED)
        ],
    )
    gateway.answer(f"{POINT}/consumption/load-curve", curve)
    assert "2026-03-29 23:30+02:00" in run(gateway, "load-curve", PRM, *DAYS).stdout
    peaks = PeakSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_MAX_POWER,
        unit=Unit.VOLT_AMPERE,
        start=date(2026, 3, 28),
        end=date(2026, 3, 30),
        readings=[PeakReading(day=date(2026, 3, 28), at=FIRST + timedelta(hours=19), value=5120, quality=Quality.RAW)],
        gaps=[],
        as_of=THIRD,
    )
    gateway.answer(f"{POINT}/consumption/max-power", peaks)
    result = run(gateway, "max-power", PRM, *DAYS)
    assert "2026-03-28 19:00+01:00" in result.stdout
    assert "Energy" not in result.stdout


@pytest.mark.parametrize(("words", "direction"), [((), "consumption"), (("--production",), "production")])
def test_registers_are_shown_by_class_with_their_total(
    gateway: ScriptedGateway, words: tuple[str, ...], direction: str
):
    registers = [
        RegisterValue(tariff_class="HC", label="Heures Creuses", value=12_345),
        RegisterValue(tariff_class="HP", value=678),
    ]
    answer = IndexSeries(
        usage_point_id=PRM,
        series=Series(f"index/{direction}"),
        unit=Unit.WATT_HOUR,
        start=date(2026, 3, 28),
        end=date(2026, 3, 30),
        readings=[
            IndexReading(day=date(2026, 3, 28), at=FIRST, registers=registers, total=13_023, quality=Quality.RAW),
            IndexReading(day=date(2026, 3, 29), at=SECOND, registers=registers[1:], quality=Quality.RAW),
        ],
        gaps=[],
        as_of=THIRD,
    )
    gateway.answer(f"{POINT}/index/{direction}", answer)
    lines = run(gateway, "index", PRM, *DAYS, *words).stdout.splitlines()
    shown = [
        [cell.strip() for cell in line.strip("│ ").split("│")] for line in lines if "2026-03-2" in line and "│" in line
    ]
    assert [row[0::2] for row in (each[:5] for each in shown)] == [
        ["2026-03-28", "HC (Heures Creuses)", "measured"],
        ["2026-03-28", "HP", "measured"],
        ["2026-03-28", "total", "measured"],
        ["2026-03-29", "HP", "measured"],
    ]
    assert [row[3] for row in shown] == ["12345", "678", "13023", "678"]
    assert "energy" not in lines[-1].lower()
    (table, *_) = of_series(answer, Language.ENGLISH, bars=True)
    assert len(table.columns) == 5  # no bars: registers only grow


def test_json_is_the_gateways_body_byte_for_byte(gateway: ScriptedGateway):
    body = msgspec.json.encode(daily_answer())[:-1] + b',"later":1}'
    gateway.answer(DAILY, body)
    assert run(gateway, "daily", PRM, *DAYS, "--format", "json").stdout_bytes == body + b"\n"


@pytest.mark.parametrize(("form", "media_type"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")])
def test_csv_and_ndjson_are_the_gateways_own(gateway: ScriptedGateway, form: str, media_type: str, tmp_path: Path):
    gateway.answer(DAILY, b"line\n", headers={"content-type": media_type})
    assert run(gateway, "daily", PRM, *DAYS, "--format", form).stdout == "line\n"
    assert gateway.requests[0].headers["accept"] == media_type
    target = tmp_path / f"out.{form}"
    assert run(gateway, "daily", PRM, *DAYS, "--output", str(target)).exit_code == 0
    assert target.read_bytes() == b"line\n"
    assert gateway.requests[-1].headers["accept"] == media_type


def test_a_part_that_failed_at_enedis_is_said_and_ends_with_1(gateway: ScriptedGateway, tmp_path: Path):
    gap = SeriesGap(start=SECOND, end=THIRD, reason=GapReason.UPSTREAM_ERROR)
    for form in ("table", "json"):
        gateway.answer(DAILY, daily_answer(gap))
        result = run(gateway, "daily", PRM, *DAYS, "--format", form)
        assert result.exit_code == 1
        assert "11250" in result.stdout
        assert "run the command again later" in result.stderr
    rows = b"start,end,value,unit,quality,gap\r\na,b,1,Wh,raw,\r\nb,c,,Wh,,upstream-error\r\n"
    rendering = ScriptedGateway()
    rendering.answer(DAILY, rows, headers={"content-type": "text/csv"})
    result = run(rendering, "daily", PRM, *DAYS, "--format", "csv", "--output", str(tmp_path / "days.csv"))
    assert result.exit_code == 1
    assert (tmp_path / "days.csv").read_bytes() == rows


@pytest.mark.parametrize("suffix", ["csv", "json", "txt"])
def test_a_failed_call_leaves_no_half_file_and_no_other_file(gateway: ScriptedGateway, suffix: str, tmp_path: Path):
    target = tmp_path / f"out.{suffix}"
    target.write_text("before")
    gateway.fail(DAILY, httpx2.ReadError("cut"))
    assert run(gateway, "daily", PRM, *DAYS, "--output", str(target)).exit_code == 1
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {target.name: "before"}


def test_a_place_that_cannot_be_written_is_wrong_usage(gateway: ScriptedGateway, tmp_path: Path):
    gateway.answer(DAILY, daily_answer())
    result = run(gateway, "daily", PRM, *DAYS, "--output", str(tmp_path / "nowhere" / "out.json"))
    assert result.exit_code == 2


def test_repeats_until_nothing_is_pending(gateway: ScriptedGateway):
    pending = SeriesGap(start=SECOND, end=THIRD, reason=GapReason.PENDING)
    gateway.answer(DAILY, daily_answer(pending), headers={"Retry-After": "3"})
    gateway.answer(DAILY, daily_answer())
    result = run(gateway, "daily", PRM, *DAYS)
    assert gateway.waits == [3]
    assert "being fetched" not in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("hour", "end"),
    [(6, "2026-11-23"), (7, "2026-11-24")],  # 07:59:59 and 08:00 in Paris, where November is UTC+1
)
def test_by_default_the_days_published_by_the_clock_of_the_gateway_are_read(
    gateway: ScriptedGateway, hour: int, end: str
):
    now = datetime(2026, 11, 24, hour, 59 if hour == 6 else 0, 59 if hour == 6 else 0, tzinfo=UTC)
    answer = msgspec.structs.replace(daily_answer(), as_of=now)
    gateway.answer(DAILY, answer)
    gateway.answer(f"{POINT}/production/load-curve", answer)
    run(gateway, "daily", PRM)
    run(gateway, "load-curve", PRM, "--production")
    ahead, daily, again, curve = (dict(request.url.params) for request in gateway.requests)
    assert ahead["start"] == again["start"] == "2099-12-31"  # tells the time, and asks nothing of Enedis
    assert daily["end"] == curve["end"] == end
    last = date.fromisoformat(end)
    assert daily["start"] == str(last - timedelta(days=30))
    assert curve["start"] == str(last - timedelta(days=7))


def test_a_folder_is_no_file_to_write_to(gateway: ScriptedGateway, tmp_path: Path):
    gateway.answer(DAILY, daily_answer())
    result = run(gateway, "daily", PRM, *DAYS, "--output", str(tmp_path))
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "folder" in result.stderr


@pytest.mark.parametrize("key", ["cl\u00e9", "two\nlines"])
def test_a_key_that_no_header_can_carry_is_refused_here(gateway: ScriptedGateway, key: str):
    result = run(gateway, "daily", PRM, *DAYS, "--key", key)
    assert (result.exit_code, gateway.requests) == (1, [])
    assert "key-invalid" in result.stderr
    assert key not in result.stderr


def test_a_refusal_says_when_to_come_back(gateway: ScriptedGateway):
    gateway.answer(DAILY, msgspec.structs.replace(REVOKED, status=503, code="quota-exhausted", retry_after=905))
    result = run(gateway, "daily", PRM, *DAYS)
    assert result.exit_code == 1
    assert "(quota-exhausted, request req-7, Retry-After 905 s)" in result.stderr


def test_one_date_completes_the_other():
    published = date(2026, 11, 24)
    assert days_to_read((date(2026, 11, 1), None), Kind.CURVE, published) == DaySpan(date(2026, 11, 1), published)
    assert days_to_read((None, date(2026, 3, 8)), Kind.CURVE, published).start == date(2026, 3, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("daily", "1234"),
        ("daily", PRM, "--start", "28/03/2026"),
        ("daily", PRM, "--start", "2026-03-30", "--end", "2026-03-30"),
        ("daily", PRM, "--format", "parquet"),
        ("max-power", PRM, "--production"),
        ("daily",),
    ],
)
def test_wrong_usage_ends_with_2_and_asks_nothing(gateway: ScriptedGateway, words: tuple[str, ...]):
    assert run(gateway, *words).exit_code == 2
    assert gateway.requests == []


def test_a_prm_may_hold_spaces(gateway: ScriptedGateway):
    gateway.answer(DAILY, daily_answer())
    assert run(gateway, "daily", "22 516 914 714 270", *DAYS).exit_code == 0


def test_a_problem_is_printed_with_what_to_do_and_its_names(gateway: ScriptedGateway):
    gateway.answer(f"{POINT}/contract", REVOKED)
    result = run(gateway, "contract", PRM)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "error: The consent for this usage point was revoked",
        "  Enedis knows no consent.",
        "  Ask the customer.",
        "  (consent-revoked, request req-7)",
    ]
    assert run(gateway, "contract", PRM, lang="fr").stderr.splitlines() == [
        "erreur : Le consentement pour ce point a été révoqué",
        "  Enedis ne connaît pas de consentement.",
        "  Demander au client.",
        "  (consent-revoked, requête req-7)",
    ]


def test_no_gateway_is_one_line_with_the_address_and_what_to_do(gateway: ScriptedGateway):
    gateway.fail("/v1/catalogue", httpx2.ConnectError("refused"))
    result = run(gateway, "catalogue")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "http://gateway.test" in result.stderr
    assert "make demo" in result.stderr


RECORDS = [
    (
        "contract",
        ContractBody(
            usage_point_id=PRM,
            segment="C5",
            subscribed_power_kva=6,
            offpeak_hours=[OffpeakHours(start="22:50", end="06:50")],
            last_activation_date=date(2017, 7, 15),
            consumption_connection_power_kva=12.0,
            phases=3,
            services_level="Communicant",
        ),
        [
            *("Puissance souscrite (kVA)", "6", "22:50–06:50", "2017-07-15"),
            *("Raccordement, soutirage (kVA)", "12.0", "Phases", "3", "Niveau de services", "Communicant"),
        ],
    ),
    (
        "address",
        AddressBody(usage_point_id=PRM, city="Paris", geo_points=GeoPointBody(latitude=48.85, longitude=2.35)),
        ["Commune", "Paris", "48.85"],
    ),
    (
        "identity",
        IdentityBody(
            usage_point_id=PRM,
            natural_person=NaturalPersonBody(lastname="Doe"),
            legal_entity=LegalEntityBody(name="Doe SARL"),
        ),
        ["Nom", "Doe", "Raison sociale", "Doe SARL"],
    ),
    ("contact", ContactBody(usage_point_id=PRM, email="a@b.test"), ["Courriel", "a@b.test"]),
]


@pytest.mark.parametrize(("name", "body", "words"), RECORDS, ids=[name for name, _, _ in RECORDS])
def test_customer_records(gateway: ScriptedGateway, name: str, body: msgspec.Struct, words: list[str]):
    gateway.answer(f"{POINT}/{name}", body)
    shown = run(gateway, name, PRM, lang="fr").stdout
    assert [word for word in words if word not in shown] == []
    assert "UNSET" not in shown
    assert msgspec.json.decode(run(gateway, name, PRM, "--format", "json").stdout, type=type(body)) == body


def test_usage_points_and_gaps(gateway: ScriptedGateway):
    point = UsagePointBody(
        usage_point_id=PRM,
        consent=PointConsent(id="c1", state="granted", expires_at=THIRD),
        series=["consumption/daily"],
        customer=["contract"],
    )
    gateway.answer("/v1/usage-points", UsagePointList(usage_points=[point]))
    shown = run(gateway, "usage-points").stdout
    assert [word for word in (PRM, "granted", "2026-03-30", "consumption/daily", "contract") if word not in shown] == []
    gap = LedgerGap(
        series="consumption/daily", start=date(2026, 1, 1), end=date(2026, 1, 3), reason=GapReason.NOT_COLLECTED
    )
    gateway.answer(f"{POINT}/gaps", GapLedger(usage_point_id=PRM, gaps=[gap]))
    assert "the curve is not collected" in run(gateway, "gaps", PRM).stdout


def test_nothing_is_said_to_be_nothing(gateway: ScriptedGateway):
    gateway.answer("/v1/usage-points", UsagePointList(usage_points=[]))
    assert run(gateway, "usage-points", lang="fr").stdout == "Rien à montrer.\n"


def test_the_catalogue_needs_no_key_and_shows_where_there_is_no_sandbox(gateway: ScriptedGateway):
    row = EndpointBody(
        reference="Authorize",
        description="The consent page.",
        generation="v5",
        method="GET",
        path="/dataconnect/v1/oauth2/authorize",
        sandbox=None,
        production="https://mon-compte-particulier.enedis.fr/dataconnect/v1/oauth2/authorize",
        specification="01-authorize.json",
        scope="consents",
    )
    gateway.answer("/v1/catalogue", CatalogueBody(endpoints=[row]))
    shown = run(gateway, "catalogue").stdout
    assert "Authorize" in shown
    assert "–" in shown


def consent_to(state: str, *, points: Sequence[str] = (PRM,), **more: Any) -> ConsentBody:
    """A consent in this state, as its usage points are."""
    held = [ConsentPoint(usage_point_id=point, state=state) for point in points]
    form = {"id": "c1", "duration": "P1Y", "requested_at": FIRST, "usage_points": held}
    return ConsentBody(state=state, **form | more)


def test_consents(gateway: ScriptedGateway):
    started = ConsentStarted(
        id="c1", state="requested", authorize_url="http://gateway.test/consent/start?ticket=t", expires_at=THIRD
    )
    gateway.answer("/v1/consents", started, method="POST", status=201)
    result = run(gateway, "consent", "start", "--duration", "P6M", "--return-url", "https://app.test/back")
    assert "\nhttp://gateway.test/consent/start?ticket=t\n" in result.stdout
    assert gateway.requests[-1].content == b'{"duration":"P6M","return_url":"https://app.test/back"}'
    words = {"action": "The operator decides.", "action_fr": "L'exploitant tranche."}
    consent = consent_to("disputed", reason="held elsewhere", **words)
    gateway.answer("/v1/consents", ConsentList(consents=[consent]))
    shown = run(gateway, "consent", "list").stdout
    assert "The operator decides." in shown
    assert "L'exploitant tranche." in run(gateway, "consent", "list", lang="fr").stdout
    assert [word for word in ("c1", PRM, "disputed", "held elsewhere") if word not in shown] == []
    assert "Erased" not in shown


def test_what_to_do_next_is_told_of_those_that_do_not_give_all(gateway: ScriptedGateway):
    whole = consent_to("granted", action="Read.")
    ended = msgspec.structs.replace(
        whole, id="c2", usage_points=[ConsentPoint(usage_point_id=PRM, state="revoked")], action="Start a new one."
    )
    silent = msgspec.structs.replace(ended, id="c3", action=msgspec.UNSET)
    gateway.answer("/v1/consents", ConsentList(consents=[whole, ended, silent]))
    shown = run(gateway, "consent", "list").stdout
    assert "Start a new one." in shown
    assert "Read." not in shown
    assert shown.count("What to do next") == 1


def test_forgetting_prints_the_receipt_in_both_languages(gateway: ScriptedGateway):
    erased_at = datetime.fromisoformat("2026-11-24T09:05:00+01:00")
    forgotten = consent_to("forgotten", points=(), erased_at=erased_at, copies_expire_on=date(2026, 12, 1))
    other = msgspec.structs.replace(forgotten, id="c2", copies_expire_on=date(2026, 1, 1))
    standing = consent_to("granted", points=(), id="c3")
    gateway.answer("/v1/consents", ConsentList(consents=[other, standing, forgotten]))
    gateway.answer("/v1/consents/c1", b"", method="DELETE", status=204)
    told = run(gateway, "consent", "forget", "c1").stdout
    assert "Only the customer" in told
    assert "consent c1, erased on 2026-11-24 09:05." in told
    assert "ends on 2026-12-01" in told
    assert "c2" not in told
    told = run(gateway, "consent", "forget", "c1", lang="fr").stdout
    assert "consentement c1, effacé le 2026-11-24 09:05." in told
    assert "finit le 2026-12-01" in told
    shown = run(gateway, "consent", "list").stdout
    assert [word for word in ("Erased", "2026-11-24", "2026-12-01") if word not in shown] == []


def test_forgetting_says_which_consents_keep_the_data(gateway: ScriptedGateway):
    kept = consent_to("forgotten", points=(), kept_for=["c2", "c3"])
    gateway.answer("/v1/consents", ConsentList(consents=[kept]))
    gateway.answer("/v1/consents/c1", b"", method="DELETE", status=204)
    told = run(gateway, "consent", "forget", "c1").stdout
    assert "Receipt" not in told
    assert "Not all is erased" in told
    assert "c2, c3" in told
    assert "Tout n'est pas effacé" in run(gateway, "consent", "forget", "c1", lang="fr").stdout
