"""Consents: started, listed, forgotten."""

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

CONSENT_STATES = (
    "requested",
    "exchanging",
    "granted",
    "refused",
    "failed",
    "lapsed",
    "expired",
    "revoked",
    "disputed",
    "forgotten",
)
"""The values of `passerelle.consent.ConsentState`, which the SDK does not import; a test compares both."""

StateText = Annotated[
    str, Meta(description="Where the consent stands.", extra_json_schema={"enum": list(CONSENT_STATES)})
]
DurationText = Annotated[
    str, Meta(description="ISO 8601 in days, weeks, months or years; at most three years.", examples=["P1Y"])
]


class ConsentOrder(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Ask for a consent: the body of `POST /v1/consents`."""

    duration: Annotated[DurationText | None, Meta(description="By default what the gateway is set to.")] = None
    return_url: Annotated[
        str | None, Meta(description="Where the customer's browser goes at the end, instead of the gateway's page.")
    ] = None


class ConsentStarted(Struct, kw_only=True, frozen=True):
    """A consent that waits for the customer, who must open `authorize_url` in a browser."""

    id: str
    state: StateText
    authorize_url: Annotated[str, Meta(description="Single use; it leads to Enedis' consent page.")]
    expires_at: Annotated[datetime, Meta(description="Until when the address can be used.")]


class ConsentPoint(Struct, kw_only=True, frozen=True):
    """A usage point that a consent names."""

    usage_point_id: Annotated[str, Meta(description="Usage point id (PRM): 14 digits.")]
    state: StateText


class ConsentBody(Struct, kw_only=True, frozen=True):
    """A consent of the account."""

    id: str
    state: StateText
    duration: DurationText
    requested_at: datetime
    expires_at: Annotated[datetime | UnsetType, Meta(description="End of the consent, once it is given.")] = UNSET
    usage_points: list[ConsentPoint]
    reason: Annotated[str | UnsetType, Meta(description="Why nothing came of it.")] = UNSET
    action: Annotated[str | UnsetType, Meta(description="What to do next.")] = UNSET
    action_fr: Annotated[str | UnsetType, Meta(description="The same in French.")] = UNSET
    return_url: str | UnsetType = UNSET
    erased_at: Annotated[
        datetime | UnsetType, Meta(description="When the last data of a forgotten consent was erased.")
    ] = UNSET
    copies_expire_on: Annotated[
        date | UnsetType,
        Meta(description="The day on which the last copy ends, in the operator's backups, of what can open the data."),
    ] = UNSET
    kept_for: Annotated[
        list[str] | UnsetType,
        Meta(description="Other consents of the account that cover data of this forgotten one, which is kept so long."),
    ] = UNSET


class ConsentList(Struct, kw_only=True, frozen=True):
    """The consents of the account, newest first."""

    consents: list[ConsentBody]
