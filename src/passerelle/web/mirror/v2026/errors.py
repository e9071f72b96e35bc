"""What the APIs of 2026 answer when they refuse (F§13): `{code, message}`, and ADAM codes in the form of v5.

The texts are those of `enedis/errors.json`. Of the codes nothing is published but `SGT` and the status (F§16.6).
"""

from collections.abc import Mapping

import msgspec

from passerelle.web.mirror.errors import Refusal


def _said(status: int, message: str) -> Refusal:
    return Refusal(status, msgspec.json.encode({"code": f"SGT{status}", "message": message}))


OUTSIDE_SPECIFICATION = _said(500, "Problème technique dans l'interrogation du SI coeur")
"""Enedis answers so to whatever its specification does not know, a missing parameter included."""
SAME_DATES = _said(400, "La date de fin ne peut être égale à la date de début")
NOT_HOLDER = _said(403, "Le client n'est pas titulaire du point demandé")
NOT_AUTHORISED = _said(403, "Le client n'est pas autorisé pour le point demandé")
NO_MEASURE = _said(404, "Pas de mesure trouvée pour ce point")
NO_SUCH_AUTHORISATION = _said(404, "PRM non existant")
UNAVAILABLE = _said(503, "Service indisponible")

NOTHING_OF: Mapping[str, Refusal] = {
    "situation_contrat_auto": _said(404, "Situation contractuelle ou PRM non existant"),
    "synth_contrat_auto": _said(404, "Synthèse contractuelle ou PRM non existant"),
    "donnees_generales_auto": _said(404, "Données générales ou PRM non existant"),
    "alimentation_auto": _said(404, "Situation alimentation ou PRM non existant"),
    "comptage_auto": _said(404, "Situation comptage ou PRM non existant"),
}
"""By API, what it says where it knows nothing."""

BEFORE_ACTIVATION = Refusal(
    400,
    msgspec.json.encode(
        {
            "error": "ADAM-ERR0123",
            "error_description": "La demande ne peut pas aboutir, la période demandée est antérieure à la date de "
            "dernière mise en service du point.",
        }
    ),
)
"""As captured: in French, and in the form of v5."""
