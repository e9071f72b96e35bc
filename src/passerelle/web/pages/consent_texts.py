"""What the consent pages say, in French and English, for each way in which a journey ends."""

from dataclasses import dataclass

from passerelle.consent.states import ConsentState


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
    back: str = ""


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
        back="Revenir à l'application",
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
        back="Back to the application",
    )


_COLLECT_FR = (
    "Les courbes de charge demandent que la collecte des données horaires soit activée dans votre espace Enedis.",
    "Les données d'un jour paraissent le lendemain à partir de 8 heures.",
    "Juste après un partage, Enedis peut les refuser pendant quelques minutes, parfois un jour.",
    "Pour mettre fin au partage, passez par votre espace Enedis : la passerelle ne peut pas le faire à votre place.",
)
_COLLECT_EN = (
    "Load curves need the collection of hourly data to be enabled in your Enedis account.",
    "Data of a day appear on the next day from 8:00.",
    "Right after a share, Enedis may refuse them for a few minutes, sometimes a day.",
    "To end the share, use your Enedis account: the gateway cannot do it for you.",
)
_AGAIN_FR = "Rouvrez le lien que l'application vous a donné, en acceptant les cookies, ou demandez-en un nouveau."
_AGAIN_EN = "Open the link that the application gave you again, with cookies allowed, or ask for a new one."

TEXTS: dict[ConsentState | None, tuple[Text, Text]] = {
    ConsentState.GRANTED: (
        _french("Partage enregistré", "Votre accord est enregistré. Voici ce qui est partagé.", *_COLLECT_FR),
        _english("Share recorded", "Your consent is recorded. Here is what is shared.", *_COLLECT_EN),
    ),
    ConsentState.DISPUTED: (
        _french(
            "Partage en attente",
            "Votre accord est parvenu, mais rien n'est encore lu.",
            "L'exploitant de la passerelle peut trancher ; l'autre compte peut aussi libérer le point.",
        ),
        _english(
            "Share waiting",
            "Your consent has arrived, but nothing is read yet.",
            "The operator of the gateway can decide; the other account can also release the point.",
        ),
    ),
    ConsentState.REFUSED: (
        _french(
            "Partage refusé",
            "Vous avez refusé de partager vos données. Rien n'est lu, rien n'est gardé.",
            "Si c'est une erreur, demandez un nouveau lien à l'application.",
        ),
        _english(
            "Share refused",
            "You refused to share your data. Nothing is read, nothing is kept.",
            "If this is a mistake, ask the application for a new link.",
        ),
    ),
    ConsentState.FAILED: (
        _french("La page d'Enedis a échoué", "Enedis a répondu une erreur ; rien n'est enregistré.", _AGAIN_FR),
        _english("The page of Enedis failed", "Enedis answered an error; nothing is recorded.", _AGAIN_EN),
    ),
    None: (
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
    ConsentState.LAPSED: (
        _french(
            "Ce lien ne mène plus nulle part",
            "Le lien est inconnu, déjà utilisé ou périmé.",
            "Demandez un nouveau lien à l'application.",
        ),
        _english(
            "This link leads nowhere any more",
            "The link is unknown, already used or out of date.",
            "Ask the application for a new link.",
        ),
    ),
}
