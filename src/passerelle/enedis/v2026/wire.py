"""The bodies of 2026 as Enedis really sends them: unknown keys pass, absent ones are None, texts may be numbers."""

import msgspec

from passerelle.enedis.bodies import Text


class Point(msgspec.Struct):
    """`v` the value, `d` the stamp, `p` the step: on curves, and free to change inside one answer (F§9)."""

    v: Text = None
    d: str | None = None
    p: str | None = None


class Quantity(msgspec.Struct, rename="camel"):
    grandeur_metier: Text = None
    grandeur_physique: Text = None
    unite: str | None = None
    points: list[Point] | None = None


class MeasureBody(msgspec.Struct, rename="camel"):
    """The body of the five measures. `pas`: of daily values and powers only."""

    id_prm: Text = None
    etape_metier: str | None = None
    pas: str | None = None
    grandeur: list[Quantity] | None = None


class Shown(msgspec.Struct):
    """What a register showed: here values are integers (F§9)."""

    v: Text = None
    d: str | None = None


class TariffClass(msgspec.Struct, rename="camel"):
    id_classe_temporelle: Text = None
    libelle_classe_temporelle: Text = None
    code_cadran: Text = None
    valeur: list[Shown] | None = None


class Calendar(msgspec.Struct, rename="camel"):
    classe_temporelle: list[TariffClass] | None = None


class IndexQuantity(msgspec.Struct, rename="camel"):
    grandeur_metier: Text = None
    grandeur_physique: Text = None
    unite: str | None = None
    calendrier: list[Calendar] | None = None
    cadran_totalisateur: TariffClass | None = None


class IndexContext(msgspec.Struct, rename="camel"):
    etape_metier: str | None = None
    contexte_releve: Text = None
    grandeur: list[IndexQuantity] | None = None


class IndexBody(msgspec.Struct, rename="camel"):
    """The body of both indexes: `grandeur` is empty, everything is under `contexte` (F§9)."""

    id_prm: Text = None
    contexte: list[IndexContext] | None = None


class Amount(msgspec.Struct):
    """A value with its unit."""

    value: Text = None
    unit: Text = None


class SegmentPart(msgspec.Struct):
    segment: Text = None


class ContactPart(msgspec.Struct):
    phone: Text = None
    landline: Text = None
    email: Text = None


class PersonPart(msgspec.Struct):
    title: Text = None
    firstname: Text = None
    lastname: Text = None


class OrganizationPart(msgspec.Struct):
    name: Text = None
    commercial_name: Text = None
    siret_number: Text = None


class ContractItem(msgspec.Struct):
    """One contract of `situation_contrat_auto`; segment and power come in several forms (F§10)."""

    usage_point_id: Text = None
    contract_type: Text = None
    distribution_tariff: Text = None
    subscribed_power: Text | Amount = None
    segment: Text | SegmentPart | list[Text | SegmentPart] = None
    contact_data: ContactPart | None = None
    person: PersonPart | None = None
    organization: OrganizationPart | None = None


class SynthesisBody(msgspec.Struct):
    consumption_last_activation_date: str | None = None
    generation_last_activation_date: str | None = None
    last_subscribed_power_change_date: str | None = None
    services_level: Text = None


class MeterType(msgspec.Struct):
    code: Text = None


class MeteringDevice(msgspec.Struct, rename="camel"):
    type_comptage: MeterType | None = None


class Relay(msgspec.Struct, rename="camel"):
    plage_heures_creuses: str | None = None


class MeteringBody(msgspec.Struct, rename="camel"):
    dispositif_comptage: MeteringDevice | None = None
    relais: Relay | None = None


class SupplyBody(msgspec.Struct):
    phase_count: Text = None
    consumption_connection_power: Text | Amount = None
    generation_connection_power: Text | Amount = None


class AddressPart(msgspec.Struct):
    """An address, or one more level around it (F§10)."""

    number_street_name: Text = None
    locality: Text = None
    postal_code_city: Text = None
    insee_code: Text = None
    address: "AddressPart | None" = None


class PlaceBody(msgspec.Struct):
    address: AddressPart | None = None


class AuthorisationPart(msgspec.Struct, rename="camel"):
    autorisation_id: Text = None


class ServicePart(msgspec.Struct, rename="camel", frozen=True):
    id: Text = None
    point_id: Text = None
    soutirage: bool | None = None
    injection: bool | None = None
    service_code: Text = None
    mesures_type_code: Text = None
    etat_code: Text = None
    date_debut: str | None = None
    date_fin: str | None = None
    autorisation: AuthorisationPart | None = None


class ServicesBody(msgspec.Struct, rename="camel"):
    """A page of services. `serviceSouscrit` is absent where there is none (F§10)."""

    nb_total_services: int | str | None = None
    service_souscrit: list[ServicePart] | None = None
