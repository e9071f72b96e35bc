"""The bodies of 2026, in the order in which Enedis writes them (F§9, F§10). Unknown is absent."""

from typing import Any

from msgspec import Struct, field


class Period(Struct, frozen=True, kw_only=True, rename="camel"):
    """`dateFin` is excluded."""

    date_debut: str
    date_fin: str


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value. `p` (step) and `n` (nature) belong to curves."""

    v: str
    d: str
    p: str | None = None
    n: str | None = None


class Quantity(Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of `grandeur`."""

    grandeur_metier: str
    grandeur_physique: str
    unite: str
    points: list[Point]
    calendrier: list[Any] = field(default_factory=list)


class Measure(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of the five measures. `typeValeur` and `pas` are absent for curves, `typeValeur` for power."""

    id_prm: str
    etape_metier: str
    periode: Period
    type_valeur: str | None = None
    mode_calcul: str
    pas: str | None = None
    grandeur: list[Quantity]
    contexte: list[Any]


class RegisterValue(Struct, frozen=True, kw_only=True):
    """What a register showed: a number here, unlike the text of the other measures."""

    d: str
    v: int


class TariffClass(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    id_classe_temporelle: str
    libelle_classe_temporelle: str | None = None
    valeur: list[RegisterValue]


class TariffCalendar(Struct, frozen=True, kw_only=True, rename="camel"):
    classe_temporelle: list[TariffClass]


class Totaliser(Struct, frozen=True, kw_only=True):
    valeur: list[RegisterValue]


class IndexQuantity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    grandeur_metier: str
    grandeur_physique: str
    unite: str
    points: list[Any]
    calendrier: list[TariffCalendar]
    cadran_totalisateur: Totaliser | None = None


class IndexContext(Struct, frozen=True, kw_only=True, rename="camel"):
    etape_metier: str
    grandeur: list[IndexQuantity]


class Index(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of both index resources: `grandeur` is empty, all is under `contexte`."""

    id_prm: str
    periode: Period
    grandeur: list[Any]
    contexte: list[IndexContext]


class TextPower(Struct, frozen=True, kw_only=True):
    """A power in the contract, whose value is a text."""

    unit: str
    value: str


class ContactData(Struct, frozen=True, kw_only=True, omit_defaults=True):
    email: str | None = None
    landline: str | None = None
    phone: str | None = None


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    title: str | None = None
    lastname: str | None = None
    firstname: str | None = None


class Organization(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | None = None
    commercial_name: str | None = None
    siret_number: str | None = None


class ContractItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One element of the list that `situation_contrat_auto` answers."""

    usage_point_id: str
    contract_type: str | None = None
    distribution_tariff: str | None = None
    subscribed_power: TextPower | None = None
    segment: str | None = None
    contact_data: ContactData | None = None
    person: Person | None = None
    organization: Organization | None = None


class Segment(Struct, frozen=True, kw_only=True):
    segment: str


class Summary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of `synth_contrat_auto`."""

    segments: list[Segment] | None = None
    generation_last_activation_date: str | None = None
    consumption_last_activation_date: str | None = None
    last_subscribed_power_change_date: str | None = None
    services_level: str | None = None


class MeterType(Struct, frozen=True, kw_only=True):
    code: str


class Metering(Struct, frozen=True, kw_only=True, rename="camel"):
    type_comptage: MeterType


class Relays(Struct, frozen=True, kw_only=True, rename="camel"):
    plage_heures_creuses: str


class MeterSituation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of `comptage_auto`."""

    dispositif_comptage: Metering | None = None
    relais: Relays | None = None


class PostalAddress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    number_street_name: str | None = None
    locality: str | None = None
    postal_code_city: str | None = None
    insee_code: str | None = None


class GeneralData(Struct, frozen=True, kw_only=True):
    """The answer of `donnees_generales_auto`."""

    address: PostalAddress


class Power(Struct, frozen=True, kw_only=True):
    """A power of the connection, whose value is a number."""

    value: float
    unit: str


class Connection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of `alimentation_auto`."""

    phase_count: str | None = None
    consumption_connection_power: Power | None = None
    generation_connection_power: Power | None = None


class Authorisation(Struct, frozen=True, kw_only=True, rename="camel"):
    autorisation_id: int
    autorisation_type: str


class Service(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One service of a usage point."""

    injection: bool
    soutirage: bool
    service_code: str
    date_debut: str | None = None
    date_fin: str | None = None
    etat_code: str
    etat_libelle: str
    point_id: str
    mesures_type_code: str
    mesures_pas: str | None = None
    autorisation: Authorisation


class Services(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of `subscribed_services`; without any service the list is absent (F§10)."""

    nb_total_services: int
    service_souscrit: list[Service] | None = None
