"""What to do next about a consent, by where it stands: for the developer or operator who reads its state (F§3, F§4).

The customer reads the same in the pages of the journey.
"""

from collections.abc import Sequence
from typing import NamedTuple

from passerelle.consent.requests import SERVICES_NOT_LISTED, SHARE_OLDER
from passerelle.consent.states import ConsentState


class Advice(NamedTuple):
    """One sentence or two, in English and in French."""

    english: str
    french: str


_LIVE_EN = (
    "Enedis' page of 2026 does not come back for a usage point whose share is still live: the customer lets that share "
    "end, or deletes it in the Enedis account, first."
)
_LIVE_FR = (
    "La page Enedis de 2026 ne revient pas pour un point dont le partage court encore : le client attend d'abord la "
    "fin de ce partage, ou le supprime dans son espace Enedis."
)

_OF_REASON = {
    (ConsentState.LAPSED, SERVICES_NOT_LISTED): Advice(
        "Have the customer look at the shares in the Enedis account and delete a new one, then start a new consent.",
        "Faire regarder au client les partages de son espace Enedis et supprimer un éventuel nouveau, puis demander un "
        "nouveau consentement.",
    ),
    (ConsentState.FAILED, SHARE_OLDER): Advice(
        f"{_LIVE_EN} Then the same address works within its 24 hours, or start a new consent.",
        f"{_LIVE_FR} Ensuite la même adresse sert pendant ses 24 heures, ou demander un nouveau consentement.",
    ),
}

_OF_STATE = {
    ConsentState.REQUESTED: Advice(
        f"Have the customer open the address within its 24 hours. {_LIVE_EN}",
        f"Faire ouvrir l'adresse au client dans les 24 heures. {_LIVE_FR}",
    ),
    ConsentState.EXCHANGING: Advice(
        "Nothing: the gateway asks Enedis again what is shared, for a day.",
        "Rien : la passerelle redemande à Enedis ce qui est partagé, pendant un jour.",
    ),
    ConsentState.GRANTED: Advice(
        "Read the data. To renew, start a new consent: in time on the page of v5, after the end on that of 2026, where "
        "a live share cannot be shared again.",
        "Lire les données. Pour renouveler, demander un nouveau consentement : à temps sur la page v5, après la fin "
        "sur celle de 2026, où un partage en cours ne peut pas être refait.",
    ),
    ConsentState.REFUSED: Advice(
        "Nothing was shared. If it was a mistake, start a new consent.",
        "Rien n'a été partagé. Si c'est une erreur, demander un nouveau consentement.",
    ),
    ConsentState.FAILED: Advice(
        "Have the customer open the same address again within its 24 hours, or start a new consent.",
        "Faire rouvrir la même adresse au client dans les 24 heures, ou demander un nouveau consentement.",
    ),
    ConsentState.LAPSED: Advice(
        f"Start a new consent. {_LIVE_EN}",
        f"Demander un nouveau consentement. {_LIVE_FR}",
    ),
    ConsentState.EXPIRED: Advice(
        "Start a new consent.",
        "Demander un nouveau consentement.",
    ),
    ConsentState.REVOKED: Advice(
        "The customer ended the share, or the operator gave the point to another account: start a new consent if the "
        "customer agrees again.",
        "Le client a mis fin au partage, ou l'exploitant a donné le point à un autre compte : demander un nouveau "
        "consentement si le client est à nouveau d'accord.",
    ),
    ConsentState.DISPUTED: Advice(
        "Another account holds the usage point: it forgets its consent, or the operator decides "
        "(passerelle consent adopt --take-over).",
        "Un autre compte détient le point : qu'il oublie son consentement, ou que l'exploitant tranche "
        "(passerelle consent adopt --take-over).",
    ),
    ConsentState.FORGOTTEN: Advice(
        "Nothing is read under it any more. The customer ends the share at Enedis; until then it cannot be shared "
        "again on the page of 2026.",
        "Plus rien n'est lu à ce titre. Le client met fin au partage chez Enedis ; d'ici là, il ne peut pas être "
        "refait sur la page de 2026.",
    ),
}


def advice(state: ConsentState, points: Sequence[ConsentState], reason: str | None) -> Advice:
    """What to do about a request in this `state`, whose usage points stand as `points`.

    A request stays granted when its points are revoked one by one: once nothing of it can be read, they are what tells.
    """
    if state is ConsentState.GRANTED and points and ConsentState.GRANTED not in points:
        state = points[0]
    return _OF_REASON.get((state, reason or "")) or _OF_STATE[state]
