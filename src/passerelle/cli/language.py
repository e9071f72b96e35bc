"""What the commands say, in English and French."""

from enum import StrEnum


class Language(StrEnum):
    """The languages of the command line."""

    ENGLISH = "en"
    FRENCH = "fr"


def language_of(text: str) -> Language:
    """French for `fr`, `fr_FR.UTF-8` and their like, else English."""
    return Language.FRENCH if text.strip().lower().startswith("fr") else Language.ENGLISH


def say(key: str, language: Language) -> str:
    """The words of `key`; a field that has none is written as it is named."""
    words = WORDS.get(key)
    if words is None:
        return key.replace("_", " ")
    return words[1] if language is Language.FRENCH else words[0]


WORDS: dict[str, tuple[str, str]] = {
    # series
    "day": ("Day", "Jour"),
    "start": ("From", "Du"),
    "end": ("To (excluded)", "Au (exclu)"),
    "at": ("At", "À"),
    "quality": ("Quality", "Qualité"),
    "class": ("Class", "Classe"),
    "total": ("total", "total"),
    "raw": ("measured", "mesurée"),
    "corrected": ("corrected", "corrigée"),
    "derived": ("computed", "calculée"),
    "energy_wh": ("Energy", "Énergie"),
    "as_of": ("As of", "État au"),
    "missing-values": ("Without values", "Sans valeurs"),
    "reason": ("Why", "Pourquoi"),
    "action": ("What to do next", "Que faire"),
    "not-published": ("not published yet", "pas encore publié"),
    "missing": ("Enedis has nothing", "Enedis n'a rien"),
    "not-collected": ("the curve is not collected", "la courbe n'est pas collectée"),
    "before-activation": ("before the meter's activation", "avant la mise en service du compteur"),
    "beyond-history": ("older than what Enedis keeps", "plus ancien que ce qu'Enedis conserve"),
    "before-consent": ("before what the consent allows", "avant ce que permet le consentement"),
    "no-consent": ("no consent", "pas de consentement"),
    "wrong-direction": ("not measured in this direction", "non mesuré dans ce sens"),
    "pending": ("being fetched", "en cours de récupération"),
    "upstream-error": ("Enedis failed", "Enedis a échoué"),
    "incomplete": (
        "error: a part failed at Enedis, and is missing above; run the command again later.",
        "erreur : une partie a échoué chez Enedis et manque ci-dessus ; relancer la commande plus tard.",
    ),
    "fetching": ("Fetching days", "Récupération des jours"),
    # usage points and consents
    "usage_point_id": ("PRM", "PRM"),
    "series": ("Series", "Séries"),
    "customer": ("Customer data", "Données du client"),
    "state": ("State", "État"),
    "expires_at": ("Until", "Jusqu'au"),
    "requested": ("requested", "demandé"),
    "exchanging": ("being exchanged", "en cours d'échange"),
    "granted": ("granted", "accordé"),
    "refused": ("refused", "refusé"),
    "failed": ("failed", "échoué"),
    "lapsed": ("lapsed", "sans suite"),
    "expired": ("expired", "expiré"),
    "revoked": ("revoked", "révoqué"),
    "disputed": ("disputed", "contesté"),
    "forgotten": ("forgotten", "oublié"),
    "id": ("Id", "Identifiant"),
    "duration": ("Duration", "Durée"),
    "requested_at": ("Requested", "Demandé le"),
    "usage_points": ("Usage points", "Points"),
    "open-this": (
        "The customer opens this address in a browser:",
        "Le client ouvre cette adresse dans un navigateur :",
    ),
    "forgotten-now": (
        (
            "Forgotten: the gateway makes no more calls under this consent, and erases what it alone covers. "
            "Only the customer can end the share at Enedis, in the Enedis account."
        ),
        (
            "Oublié : la passerelle n'appelle plus au titre de ce consentement, et efface ce que lui seul couvre. "
            "Seul le client peut mettre fin au partage chez Enedis, dans son espace Enedis."
        ),
    ),
    "receipt": (
        "Receipt: consent {0}, erased on {1}. The last copy of what could open the data ends on {2}.",
        "Reçu : consentement {0}, effacé le {1}. La dernière copie de ce qui pouvait ouvrir les données finit le {2}.",
    ),
    "kept-for": (
        "Not all is erased: other consents cover data of consent {0}. To have it erased, forget these too: {1}.",
        "Tout n'est pas effacé : d'autres consentements couvrent des données du consentement {0}. Oublier aussi : {1}.",
    ),
    "erased_at": ("Erased", "Effacé le"),
    "copies_expire_on": ("Last copies", "Dernières copies"),
    "nothing": ("Nothing to show.", "Rien à montrer."),
    # customer data
    "customer_id": ("Customer", "Client"),
    "usage_point_status": ("Usage point status", "Statut du point"),
    "meter_type": ("Meter", "Compteur"),
    "segment": ("Segment", "Segment"),
    "subscribed_power_kva": ("Subscribed power (kVA)", "Puissance souscrite (kVA)"),
    "subscribed_power_kw": ("Subscribed power (kW)", "Puissance souscrite (kW)"),
    "distribution_tariff": ("Distribution tariff", "Tarif d'acheminement"),
    "offpeak_hours": ("Off-peak hours", "Heures creuses"),
    "contract_type": ("Contract", "Contrat"),
    "contract_status": ("Contract status", "Statut du contrat"),
    "last_activation_date": ("Last activation", "Dernière mise en service"),
    "last_distribution_tariff_change_date": ("Last tariff change", "Dernier changement de tarif"),
    "consumption_connection_power_kva": ("Connection, drawn (kVA)", "Raccordement, soutirage (kVA)"),
    "generation_connection_power_kva": ("Connection, injected (kVA)", "Raccordement, injection (kVA)"),
    "consumption_connection_power_kw": ("Connection, drawn (kW)", "Raccordement, soutirage (kW)"),
    "generation_connection_power_kw": ("Connection, injected (kW)", "Raccordement, injection (kW)"),
    "phases": ("Phases", "Phases"),
    "services_level": ("Services level", "Niveau de services"),
    "last_subscribed_power_change_date": ("Last power change", "Dernier changement de puissance"),
    "generation_last_activation_date": ("Last activation, injection", "Dernière mise en service, injection"),
    "street": ("Street", "Rue"),
    "locality": ("Locality", "Lieu-dit"),
    "postal_code": ("Postal code", "Code postal"),
    "insee_code": ("INSEE code", "Code INSEE"),
    "city": ("City", "Commune"),
    "country": ("Country", "Pays"),
    "latitude": ("Latitude", "Latitude"),
    "longitude": ("Longitude", "Longitude"),
    "altitude": ("Altitude (m)", "Altitude (m)"),
    "title": ("Title", "Civilité"),
    "firstname": ("First name", "Prénom"),
    "lastname": ("Last name", "Nom"),
    "name": ("Company", "Raison sociale"),
    "trading_name": ("Trading name", "Nom commercial"),
    "business": ("Business", "Activité"),
    "industry": ("Industry", "Secteur"),
    "siret_number": ("SIRET", "SIRET"),
    "phone": ("Phone", "Téléphone"),
    "landline": ("Landline", "Téléphone fixe"),
    "email": ("E-mail", "Courriel"),
    # catalogue
    "reference": ("Reference", "Référence"),
    "description": ("Description", "Description"),
    "production": ("Production", "Production"),
    "sandbox": ("Sandbox", "Bac à sable"),
    "specification": ("Specification", "Spécification"),
    "scope": ("Scope", "Portée"),
    # problems
    "error": ("error:", "erreur :"),
    "request": ("request", "requête"),
    "retry-after": ("Retry-After", "Retry-After"),
    "server-extra": (
        "This command needs the server: pip install 'passerelle[server]'",
        "Cette commande a besoin du serveur : pip install 'passerelle[server]'",
    ),
}
"""English and French; every enumerated value that a table can show has its entry (tested)."""
