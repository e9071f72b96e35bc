"""Invented people and places. Telephone numbers and e-mail domains are those reserved for fiction."""

from datetime import date
from random import Random

from passerelle.simulator.households.nouns import Address, Appliances, Company, Contract, Customer, Offpeak, Person

FIRSTNAMES = {
    "M": ("Armand", "Côme", "Étienne", "Gaspard", "Ilan", "Kévin"),
    "Mme": ("Bérénice", "Delphine", "Faustine", "Hortense", "Joséphine", "Léonie"),
}
LASTNAMES = (
    *("Aubrac", "Belleroche", "Castelnau", "D'Orgeval", "Estève", "Fontvieille", "Grandpré", "Hauteclair"),
    *("Jolivet", "Kermadec", "L'Hermitte", "Montclar", "Noirmont", "Péricard", "Roquefeuil", "Saint-Évron"),
)
STREETS = (
    *("rue des Lilas", "chemin du Moulin", "allée des Tilleuls", "avenue de la Gare"),
    *("impasse du Puits", "rue de l'Église", "route de la Forêt", "place du Marché"),
)
# Postal code, INSEE code, town, latitude, longitude, altitude.
TOWNS = (
    ("69003", "69383", "LYON", 45.7597, 4.8422, 169),
    ("35000", "35238", "RENNES", 48.1173, -1.6778, 40),
    ("31000", "31555", "TOULOUSE", 43.6045, 1.4440, 146),
    ("59800", "59350", "LILLE", 50.6292, 3.0573, 25),
    ("67000", "67482", "STRASBOURG", 48.5734, 7.7521, 143),
    ("44000", "44109", "NANTES", 47.2184, -1.5536, 20),
    ("06000", "06088", "NICE", 43.7102, 7.2620, 10),
    ("20000", "2A004", "AJACCIO", 41.9192, 8.7386, 38),
)
LOCALITIES = (None, None, "lieudit Les Sablons", "hameau de Vaucelles")
# The spellings seen at Enedis (F§8): one range, several, lower-case h; None is a contract without off-peak hours.
OFFPEAKS = (
    Offpeak((((22, 50), (6, 50)),), "HC (22H50-6H50)"),
    Offpeak((((1, 6), (7, 6)), ((15, 6), (17, 6))), "HC (1H06-7H06;15H06-17H06)"),
    Offpeak((((23, 0), (7, 30)),), "HC (23h00-7h30)"),
    None,
)
POWERS = (3, 6, 9, 12, 15, 18, 24, 36)


def customer(chance: Random, *, company: bool = False, both: bool = False) -> Customer:
    """A holder: a person, a company, or both (F§8 allows it)."""
    title = chance.choice(list(FIRSTNAMES))
    first = chance.choice(FIRSTNAMES[title])
    last = chance.choice(LASTNAMES)
    person = None if company and not both else Person(title, first, last)
    firm = None
    if company or both:
        siret = f"{chance.randrange(10**14):014d}"
        firm = Company(f"ATELIER {last.upper()}", f"Atelier {last}", "Menuiserie", "Fabrication", siret)
    number = chance.randrange(10_000)
    phone = None if chance.random() < 0.15 else f"019900{number:04d}"  # noqa: PLR2004 — one customer in seven gives none
    email = f"client{number:04d}@exemple.example"
    return Customer(f"{1_000_000_000 + chance.randrange(9 * 10**9):010d}", person, firm, phone, email)


def address(chance: Random) -> Address:
    """A place, with coordinates for two points out of three."""
    postal, insee, town, latitude, longitude, altitude = chance.choice(TOWNS)
    street = f"{chance.randrange(1, 99)} {chance.choice(STREETS)}"
    locality = chance.choice(LOCALITIES)
    if chance.random() < 1 / 3:
        return Address(street, postal, insee, town, locality)
    latitude = round(latitude + chance.uniform(-0.02, 0.02), 6)
    longitude = round(longitude + chance.uniform(-0.02, 0.02), 6)
    return Address(street, postal, insee, town, locality, latitude, longitude, chance.choice((altitude, None)))


def contract(chance: Random, activated: date, offpeak: Offpeak | None, own: Appliances) -> Contract:
    """A residential contract (segment C5), with or without off-peak hours, that carries what the home can draw."""
    tariff = "BTINFCUST" if offpeak is None else chance.choice(("BTINFMU4", "BTINFMUDT"))
    changed = date(activated.year + 1, 5, 11) if chance.random() < 2 / 3 else None
    meter = chance.choice(("AMM", "AMM", "LINKY"))
    power = next(power for power in POWERS if power * 1000 >= own.most)
    return Contract("C5", power, tariff, offpeak, changed, meter_type=meter)
