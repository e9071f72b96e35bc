"""What an SDK call may raise, beside InvalidRequest for a PRM that is none.

    passerelle.problem.PasserelleError
    ├── GatewayProblem        the gateway answered with a problem: `code` tells which
    ├── GatewayUnreachable    no gateway answered at the address
    └── AnswerUnreadable      something answered, but not a gateway of passerelle

They are kept beside the SDK, not in `passerelle.errors`, because a gateway never answers with them.
"""

from passerelle.problem import Actor, PasserelleError, Problem, Upstream
from passerelle.schema.problem import ProblemBody


class GatewayProblem(PasserelleError):
    """The gateway answered with a problem

    `problem` is what it said, `body` the whole answer, `request_id` its name in the gateway's logs.
    """

    code, status = "gateway-problem", 502
    title_fr = "La passerelle a répondu par un problème"
    actor = Actor.CALLER
    advice = "See the problem's own advice."
    advice_fr = "Voir le conseil du problème lui-même."

    def __init__(self, body: ProblemBody) -> None:
        super().__init__(body.detail, body.detail_fr)
        self.body = body
        self.request_id = body.request_id
        upstream = body.upstream
        self.problem = Problem(
            code=body.code,
            status=body.status,
            title=body.title,
            detail=body.detail,
            detail_fr=body.detail_fr,
            who_acts=body.who_acts,
            action=body.action,
            action_fr=body.action_fr,
            retryable=body.retryable,
            retry_after=body.retry_after,
            upstream=Upstream(upstream.status, upstream.code, upstream.message) if upstream else None,
        )

    def __str__(self) -> str:
        return f"{self.problem.title}: {self.problem.detail} [{self.problem.code}, request {self.request_id}]"


class GatewayUnreachable(PasserelleError):
    """The gateway does not answer"""

    code, status = "gateway-unreachable", 503
    title_fr = "La passerelle ne répond pas"
    actor = Actor.CALLER
    advice = "Start one (`make demo`), or give its address (--url or PASSERELLE_URL)."
    advice_fr = "En démarrer une (`make demo`), ou donner son adresse (--url ou PASSERELLE_URL)."
    may_retry = True


class AnswerUnreadable(PasserelleError):
    """What answered is not a gateway of passerelle"""

    code, status = "answer-unreadable", 502
    title_fr = "Ce qui a répondu n'est pas une passerelle"
    actor = Actor.CALLER
    advice = "Check the address (--url or PASSERELLE_URL), and that the SDK is not older than the gateway."
    advice_fr = "Vérifier l'adresse (--url ou PASSERELLE_URL), et que le SDK n'est pas plus ancien que la passerelle."
