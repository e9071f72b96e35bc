"""What the consent pages say, in French and English, for each way in which a journey ends."""

from dataclasses import dataclass
from enum import Enum


class Ending(Enum):
    """How a journey ends for the customer, as far as this browser can tell."""

    SHARED = "shared"
    PARTLY_SHARED = "partly shared"
    WAITING = "waiting"
    EXCHANGING = "exchange under way"
    OLDER_SHARE = "share older than the request"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    FAILED_UNNAMED = "failed, without saying which request"
    UNKNOWN_RETURN = "unknown return"
    DEAD_LINK = "dead link"
    OUT_OF_ORDER = "out of order"


@dataclass(frozen=True, slots=True)
class Text:
    """One language of one page. `next`: what is missing, or what to do now."""

    title: str
    lead: str
    next: tuple[str, ...] = ()
    shared: str = ""
    linked: str = ""
    disputed: str = ""
    disputed_why: str = ""
    until: str = ""
    next_title: str = ""
    code: str = ""
    back: str = ""
    reload: str = ""


def _french(title: str, lead: str, *following: str) -> Text:
    return Text(
        title,
        lead,
        following,
        shared="Points de livraison",
        linked="partagé",
        disputed="en attente",
        disputed_why="Un autre compte de cette passerelle détient déjà ce point : rien n'est lu tant qu'il ne l'a pas "
        "libéré ou que l'exploitant n'a pas tranché.",
        until="Le partage prend fin le",
        next_title="Ce qui manque, ce qui suit",
        code="Code transmis par Enedis",
        back="Revenir à l'application",
        reload="Recharger la page",
    )


def _english(title: str, lead: str, *following: str) -> Text:
    return Text(
        title,
        lead,
        following,
        shared="Usage points",
        linked="shared",
        disputed="waiting",
        disputed_why="Another account of this gateway already holds this point: nothing is read until that account "
        "releases it or the operator decides.",
        until="The share ends on",
        next_title="What is missing, what comes next",
        code="Code given by Enedis",
        back="Back to the application",
        reload="Reload the page",
    )


_RENEW_FR = (
    "Pour le renouveler, partagez à nouveau après sa fin, ou après l'avoir supprimé : depuis 2026, la page d'Enedis "
    "n'accepte pas un second partage tant que le premier court."
)
_RENEW_EN = (
    "To renew it, share again after its end, or after deleting it: since 2026 the page of Enedis takes no second share "
    "while the first one is live."
)
"""F§4."""
_COLLECT_FR = (
    "Les courbes de charge demandent que la collecte des données horaires soit activée dans votre espace Enedis.",
    "Les données d'un jour paraissent le lendemain à partir de 8 heures.",
    "Juste après un partage, Enedis peut les refuser pendant quelques minutes, parfois un jour.",
    "Pour mettre fin au partage, passez par votre espace Enedis : la passerelle ne peut pas le faire à votre place.",
    _RENEW_FR,
)
_COLLECT_EN = (
    "Load curves need the collection of hourly data to be enabled in your Enedis account.",
    "Data of a day appear on the next day from 8:00.",
    "Right after a share, Enedis may refuse them for a few minutes, sometimes a day.",
    "To end the share, use your Enedis account: the gateway cannot do it for you.",
    _RENEW_EN,
)
_AGAIN_FR = "Rouvrez le lien de l'application, ou recommencez depuis l'application, en acceptant les cookies."
_AGAIN_EN = "Open the application's link again, or start again from the application, with cookies allowed."
_KEEPS_FR = (
    "Ce que vous avez accepté sur la page d'Enedis y reste visible : vous pouvez y mettre fin dans votre espace Enedis."
)
_KEEPS_EN = "What you accepted on the page of Enedis stays visible there: you can end it in your Enedis account."
_DECIDE_FR = "L'exploitant de la passerelle peut trancher ; l'autre compte peut aussi libérer le point."
_DECIDE_EN = "The operator of the gateway can decide; the other account can also release the point."
_LIVE_FR = (
    "Enedis ne laisse pas partager une seconde fois un point dont le partage court encore : sa page échoue alors sans "
    "revenir ici. Attendez la fin du partage, ou supprimez-le dans votre espace Enedis, puis partagez à nouveau."
)
_LIVE_EN = (
    "Enedis does not let a point be shared a second time while its share is live: its page then fails without coming "
    "back here. Wait for the share to end, or delete it in your Enedis account, then share again."
)
"""F§4."""

TEXTS: dict[Ending, tuple[Text, Text]] = {
    Ending.SHARED: (
        _french("Partage enregistré", "Votre accord est enregistré. Voici ce qui est partagé.", *_COLLECT_FR),
        _english("Share recorded", "Your consent is recorded. Here is what is shared.", *_COLLECT_EN),
    ),
    Ending.PARTLY_SHARED: (
        _french(
            "Partage enregistré en partie",
            "Votre accord est enregistré pour une partie des points seulement.",
            _DECIDE_FR,
            *_COLLECT_FR,
        ),
        _english(
            "Share recorded in part",
            "Your consent is recorded for some of the points only.",
            _DECIDE_EN,
            *_COLLECT_EN,
        ),
    ),
    Ending.WAITING: (
        _french("Partage en attente", "Votre accord est parvenu, mais rien n'est lu pour l'instant.", _DECIDE_FR),
        _english("Share waiting", "Your consent has arrived, but nothing is read for now.", _DECIDE_EN),
    ),
    Ending.EXCHANGING: (
        _french(
            "Partage en cours d'enregistrement",
            "Vous êtes bien revenu d'Enedis, mais Enedis n'a pas encore transmis ce que vous partagez. Rien n'est "
            "perdu.",
            "Cette page se recharge d'elle-même ; vous pouvez aussi la recharger, ou la rouvrir plus tard à la même "
            "adresse dans ce navigateur.",
            "Vous pouvez la fermer : la passerelle continue sans elle, pendant un jour.",
            "Si vous n'avez rien partagé de nouveau sur la page d'Enedis, la demande s'éteint d'elle-même.",
        ),
        _english(
            "Share being recorded",
            "You did come back from Enedis, but Enedis has not said yet what you share. Nothing is lost.",
            "This page reloads by itself; you can also reload it, or open it again later at the same address in this "
            "browser.",
            "You may close it: the gateway goes on without it, for one day.",
            "If you shared nothing new on the page of Enedis, the request ends by itself.",
        ),
    ),
    Ending.OLDER_SHARE: (
        _french(
            "Ce partage est plus ancien que la demande",
            "Tout ce qu'Enedis connaît sous cette autorisation était déjà partagé avant la demande : rien n'est "
            "enregistré.",
            _LIVE_FR,
            "Le même lien permet de recommencer, tant que la demande est valable (un jour).",
        ),
        _english(
            "This share is older than the request",
            "All that Enedis knows under this authorisation was shared before the request was made: nothing is "
            "recorded.",
            _LIVE_EN,
            "The same link starts again, as long as the request is valid (one day).",
        ),
    ),
    Ending.REFUSED: (
        _french(
            "Partage refusé",
            "D'après Enedis, vous avez refusé de partager vos données, ou arrêté la demande avant la fin : elle ne "
            "donne accès à rien.",
            "Si c'est une erreur, demandez un nouveau lien à l'application.",
        ),
        _english(
            "Share refused",
            "Enedis says that you refused to share your data, or stopped before the end: this request gives access to "
            "nothing.",
            "If this is a mistake, ask the application for a new link.",
        ),
    ),
    Ending.WITHDRAWN: (
        _french(
            "Demande retirée",
            "L'application a retiré sa demande entre-temps : rien n'est enregistré, rien n'est lu.",
            _KEEPS_FR,
        ),
        _english(
            "Request withdrawn",
            "The application withdrew its request meanwhile: nothing is recorded, nothing is read.",
            _KEEPS_EN,
        ),
    ),
    Ending.FAILED: (
        _french(
            "La demande n'a pas abouti",
            "La page d'Enedis n'a pas mené la demande à son terme ; rien n'est enregistré.",
            "Le même lien permet de recommencer, tant que la demande est valable (un jour).",
            "Si l'échec se répète, réessayez plus tard.",
        ),
        _english(
            "The request did not succeed",
            "The page of Enedis did not bring the request to its end; nothing is recorded.",
            "The same link starts again, as long as the request is valid (one day).",
            "If it keeps failing, try later.",
        ),
    ),
    Ending.FAILED_UNNAMED: (
        _french(
            "La page d'Enedis a échoué",
            "Enedis a répondu une erreur sans dire de quelle demande il s'agit. Rien n'a changé : votre demande reste "
            "ouverte.",
            _AGAIN_FR,
            "Si l'échec se répète, réessayez plus tard.",
        ),
        _english(
            "The page of Enedis failed",
            "Enedis answered an error without saying which request it is about. Nothing has changed: your request "
            "stays open.",
            _AGAIN_EN,
            "If it keeps failing, try later.",
        ),
    ),
    Ending.UNKNOWN_RETURN: (
        _french(
            "Retour non reconnu",
            "Ce retour n'appartient à aucune demande en cours dans ce navigateur : il a déjà servi, il est trop vieux, "
            "ou la demande a commencé ailleurs. Rien n'a changé.",
            _AGAIN_FR,
        ),
        _english(
            "Return not recognised",
            "This return belongs to no request under way in this browser: it was used already, it is too old, or the "
            "request began elsewhere. Nothing has changed.",
            _AGAIN_EN,
        ),
    ),
    Ending.DEAD_LINK: (
        _french(
            "Ce lien ne mène plus nulle part",
            "Le lien est inconnu, déjà utilisé ou périmé.",
            "Si vous venez de partager vos données, il n'y a rien de plus à faire ici.",
            "Sinon, demandez un nouveau lien à l'application.",
            _LIVE_FR,
        ),
        _english(
            "This link leads nowhere any more",
            "The link is unknown, already used or out of date.",
            "If you have just shared your data, nothing more is to be done here.",
            "Otherwise ask the application for a new link.",
            _LIVE_EN,
        ),
    ),
    Ending.OUT_OF_ORDER: (
        _french(
            "La passerelle ne peut pas répondre",
            "La passerelle est en panne ou mal réglée ; la demande n'a pas pu avancer.",
            "Réessayez plus tard ; si cela dure, signalez-le à l'application.",
        ),
        _english(
            "The gateway cannot answer",
            "The gateway is out of order or set up wrongly; the request could not go on.",
            "Try later; if it lasts, tell the application.",
        ),
    ),
}
