"""Every error of passerelle, and what it tells its reader.

PasserelleError
├── CallerError                 the request cannot be served as it stands
│   ├── InvalidRequest          400 invalid-request
│   ├── KeyMissing              401 key-missing
│   ├── KeyInvalid              401 key-invalid
│   ├── ScopeMissing            403 scope-missing
│   ├── NotFound                404 not-found
│   ├── UsagePointUnknown       404 usage-point-unknown
│   ├── MethodNotAllowed        405 method-not-allowed
│   ├── NotAcceptable           406 not-acceptable
│   └── TooManyRequests         429 too-many-requests
├── ConsentError                the customer has to act
│   ├── ConsentMissing          403 consent-missing
│   ├── ConsentExpired          403 consent-expired
│   ├── ConsentRevoked          403 consent-revoked
│   └── ConsentRefused          403 consent-refused
├── NothingThere                Enedis has, or will have, nothing here: a gap in a series
│   ├── NoData                  404 no-data
│   ├── NotCollected            404 not-collected
│   ├── BeforeActivation        404 before-activation
│   ├── BeforeConsent           404 before-consent
│   ├── BeyondHistory           404 beyond-history
│   ├── WrongDirection          404 wrong-direction
│   └── NotServed               404 not-served
├── UpstreamError               Enedis did not give what it should
│   ├── OperatorActionNeeded    502 operator-action-needed
│   ├── TokenRejected           502 token-rejected
│   ├── UpstreamRejected        502 upstream-rejected
│   ├── UpstreamBroken          502 upstream-broken
│   ├── UpstreamUnknown         502 upstream-unknown
│   ├── ConsentPageFailed       502 consent-page-failed
│   ├── QuotaExhausted          503 quota-exhausted
│   ├── UpstreamUnavailable     503 upstream-unavailable
│   └── UpstreamTimeout         504 upstream-timeout
├── InternalError               500 internal-error
│   └── StorageUnavailable      503 storage-unavailable
└── StartRefused                the command ends with one line; never seen over HTTP
"""

from passerelle.problem import Actor, PasserelleError, Problem


class CallerError(PasserelleError):
    """The request cannot be served as it stands"""

    actor = Actor.CALLER


class InvalidRequest(CallerError):
    """The request is not valid"""

    code, status = "invalid-request", 400
    title_fr = "La requête n'est pas valide"
    advice = "Correct the request as the detail says, then send it again."
    advice_fr = "Corriger la requête comme l'indique le détail, puis la renvoyer."


class KeyMissing(CallerError):
    """No API key was given"""

    code, status = "key-missing", 401
    title_fr = "Aucune clé d'API n'a été donnée"
    advice = "Send the header `Authorization: Bearer <API key>`."
    advice_fr = "Envoyer l'en-tête `Authorization: Bearer <clé d'API>`."


class KeyInvalid(CallerError):
    """The API key is not valid"""

    code, status = "key-invalid", 401
    title_fr = "La clé d'API n'est pas valide"
    advice = "Check the key; a revoked or expired one must be replaced (`passerelle key create`)."
    advice_fr = "Vérifier la clé ; une clé révoquée ou expirée doit être remplacée (`passerelle key create`)."


class ScopeMissing(CallerError):
    """The API key lacks a scope"""

    code, status = "scope-missing", 403
    title_fr = "Il manque une portée à la clé d'API"
    advice = "Use a key that has this scope, or have one made (`passerelle key create --scope …`)."
    advice_fr = "Utiliser une clé qui a cette portée, ou en faire créer une (`passerelle key create --scope …`)."


class NotFound(CallerError):
    """There is nothing at this address"""

    code, status = "not-found", 404
    title_fr = "Il n'y a rien à cette adresse"
    advice = "See /docs for the addresses that exist."
    advice_fr = "Voir /docs pour les adresses qui existent."


class UsagePointUnknown(CallerError):
    """This account does not hold this usage point"""

    code, status = "usage-point-unknown", 404
    title_fr = "Ce compte ne détient pas ce point"
    advice = "Check the PRM, or ask its holder for a consent (POST /v1/consents)."
    advice_fr = "Vérifier le PRM, ou demander un consentement à son titulaire (POST /v1/consents)."


class MethodNotAllowed(CallerError):
    """This address does not accept this method"""

    code, status = "method-not-allowed", 405
    title_fr = "Cette adresse n'accepte pas cette méthode"
    advice = "Use one of the methods of the `Allow` header."
    advice_fr = "Utiliser une des méthodes de l'en-tête `Allow`."


class NotAcceptable(CallerError):
    """None of the accepted formats exists here"""

    code, status = "not-acceptable", 406
    title_fr = "Aucun des formats acceptés n'existe ici"
    advice = "Accept one of the formats that the detail lists."
    advice_fr = "Accepter un des formats que liste le détail."


class TooManyRequests(CallerError):
    """This account asks too much at once"""

    code, status = "too-many-requests", 429
    title_fr = "Ce compte demande trop à la fois"
    advice = "Wait for `Retry-After` seconds, and send fewer requests at once."
    advice_fr = "Attendre `Retry-After` secondes, et envoyer moins de requêtes à la fois."
    may_retry = True


class ConsentError(PasserelleError):
    """The customer's consent does not allow this"""

    actor = Actor.CUSTOMER
    status = 403


class ConsentMissing(ConsentError):
    """There is no consent for this usage point"""

    code = "consent-missing"
    title_fr = "Il n'y a pas de consentement pour ce point"
    advice = "The customer shares the data again from the consent page (POST /v1/consents gives its address)."
    advice_fr = (
        "Le client partage à nouveau ses données depuis la page de consentement (POST /v1/consents en donne l'adresse)."
    )


class ConsentExpired(ConsentError):
    """The consent for this usage point has ended"""

    code = "consent-expired"
    title_fr = "Le consentement pour ce point est arrivé à son terme"
    advice = "The customer renews it from the consent page (POST /v1/consents gives its address)."
    advice_fr = "Le client le renouvelle depuis la page de consentement (POST /v1/consents en donne l'adresse)."


class ConsentRevoked(ConsentError):
    """The consent for this usage point was revoked"""

    code = "consent-revoked"
    title_fr = "Le consentement pour ce point a été révoqué"
    advice = "The customer decides whether to share again (POST /v1/consents gives the address of the page)."
    advice_fr = "Le client décide s'il partage à nouveau (POST /v1/consents donne l'adresse de la page)."


class ConsentRefused(ConsentError):
    """The customer refused the consent"""

    code = "consent-refused"
    title_fr = "Le client a refusé le consentement"
    advice = "Explain what the data is for; the customer may start again (POST /v1/consents)."
    advice_fr = "Expliquer à quoi servent les données ; le client peut recommencer (POST /v1/consents)."


class NothingThere(PasserelleError):
    """Enedis has nothing to give here"""

    status = 404
    actor = Actor.CALLER


class NoData(NothingThere):
    """Enedis has no data for this request"""

    code = "no-data"
    title_fr = "Enedis n'a pas de données pour cette demande"
    actor = Actor.CUSTOMER
    advice = "Late data come one or two days later; load curves need collection to be enabled in the Enedis account."
    advice_fr = "Des données tardives arrivent un ou deux jours après ; les courbes demandent que leur collecte soit activée dans l'espace Enedis."
    may_retry = True


class NotCollected(NothingThere):
    """The load curve is not collected"""

    code = "not-collected"
    title_fr = "La courbe de charge n'est pas collectée"
    actor = Actor.CUSTOMER
    advice = "The customer enables recording and collection of hourly data in the Enedis account."
    advice_fr = "Le client active l'enregistrement et la collecte des données horaires dans son espace Enedis."


class BeforeActivation(NothingThere):
    """The period is older than the meter's last activation"""

    code = "before-activation"
    title_fr = "La période précède la dernière mise en service du compteur"
    advice = "Ask from the activation date on."
    advice_fr = "Demander à partir de la date de mise en service."


class BeforeConsent(NothingThere):
    """The period is older than the consent allows"""

    code = "before-consent"
    title_fr = "La période précède ce que le consentement permet"
    advice = "Ask from the start of the consent on."
    advice_fr = "Demander à partir du début du consentement."


class BeyondHistory(NothingThere):
    """The period is older than what Enedis keeps"""

    code = "beyond-history"
    title_fr = "La période précède ce qu'Enedis conserve"
    advice = "Ask for 36 months at most (load curves: 24)."
    advice_fr = "Demander au plus 36 mois (courbes de charge : 24)."


class WrongDirection(NothingThere):
    """This usage point does not measure in this direction"""

    code = "wrong-direction"
    title_fr = "Ce point ne mesure pas dans ce sens"
    advice = "Ask for the other direction (consumption or production)."
    advice_fr = "Demander l'autre sens (consommation ou production)."


class NotServed(NothingThere):
    """The generation of the Enedis API in use has no such data"""

    code = "not-served"
    title_fr = "La génération de l'API Enedis utilisée n'a pas ces données"
    actor = Actor.OPERATOR
    advice = "Indexes exist since Data Connect 2026: the operator sets PASSERELLE_GENERATION to 2026 or auto."
    advice_fr = "Les index existent depuis Data Connect 2026 : l'exploitant met PASSERELLE_GENERATION à 2026 ou auto."


class UpstreamError(PasserelleError):
    """Enedis did not give what it should"""

    status = 502
    actor = Actor.ENEDIS


class OperatorActionNeeded(UpstreamError):
    """The operator has something to put right at Enedis"""

    code = "operator-action-needed"
    title_fr = "L'exploitant a quelque chose à régler chez Enedis"
    actor = Actor.OPERATOR
    advice = "The operator checks the credentials and the API subscriptions on DataHub."
    advice_fr = "L'exploitant vérifie les identifiants et les souscriptions d'API sur DataHub."


class CredentialsMissing(OperatorActionNeeded):
    """The operator has something to put right at Enedis

    Nothing was sent, so that nothing need be waited for once it is put right.
    """


class TokenRejected(UpstreamError):
    """Enedis rejected the gateway's token"""

    code = "token-rejected"
    title_fr = "Enedis a rejeté le jeton de la passerelle"
    actor = Actor.OPERATOR
    advice = "Try again; if it lasts, the operator checks the credentials and the clock."
    advice_fr = "Réessayer ; si cela dure, l'exploitant vérifie les identifiants et l'horloge."


class UpstreamRejected(UpstreamError):
    """Enedis rejected a request that the gateway should not have sent"""

    code = "upstream-rejected"
    title_fr = "Enedis a rejeté une requête que la passerelle n'aurait pas dû envoyer"
    actor = Actor.OPERATOR
    advice = "Report it to the operator with the request id: it is a fault of the gateway or a new rule at Enedis."
    advice_fr = "Le signaler à l'exploitant avec l'identifiant de requête : défaut de la passerelle ou règle nouvelle chez Enedis."


class UpstreamBroken(UpstreamError):
    """Enedis sent an answer that cannot be read"""

    code = "upstream-broken"
    title_fr = "Enedis a envoyé une réponse illisible"
    advice = "Try again later; if it lasts, the operator reports it to Enedis."
    advice_fr = "Réessayer plus tard ; si cela dure, l'exploitant le signale à Enedis."
    may_retry = True


class UpstreamUnknown(UpstreamError):
    """Enedis answered an error that is not known"""

    code = "upstream-unknown"
    title_fr = "Enedis a répondu une erreur inconnue"
    advice = "Try again later; if it lasts, the operator reports it with the original code."
    advice_fr = "Réessayer plus tard ; si cela dure, l'exploitant le signale avec le code d'origine."
    may_retry = True


class ConsentPageFailed(UpstreamError):
    """The consent page of Enedis failed"""

    code = "consent-page-failed"
    title_fr = "La page de consentement d'Enedis a échoué"
    advice = "Start the consent again a little later, with cookies allowed."
    advice_fr = "Recommencer le consentement un peu plus tard, en acceptant les cookies."
    may_retry = True


class QuotaExhausted(UpstreamError):
    """The calls that Enedis allows are used up for now"""

    code, status = "quota-exhausted", 503
    title_fr = "Les appels permis par Enedis sont épuisés pour l'instant"
    advice = "Come back after `Retry-After` seconds; nothing is lost."
    advice_fr = "Revenir après `Retry-After` secondes ; rien n'est perdu."
    may_retry = True


class UpstreamUnavailable(UpstreamError):
    """Enedis is not available"""

    code, status = "upstream-unavailable", 503
    title_fr = "Enedis n'est pas disponible"
    advice = "Come back after `Retry-After` seconds."
    advice_fr = "Revenir après `Retry-After` secondes."
    may_retry = True


class UpstreamTimeout(UpstreamError):
    """Enedis did not answer in time"""

    code, status = "upstream-timeout", 504
    title_fr = "Enedis n'a pas répondu à temps"
    advice = "Come back after `Retry-After` seconds."
    advice_fr = "Revenir après `Retry-After` secondes."
    may_retry = True


class InternalError(PasserelleError):
    """The gateway failed"""

    code, status = "internal-error", 500
    title_fr = "La passerelle a échoué"
    actor = Actor.OPERATOR
    advice = "Report it to the operator with the request id."
    advice_fr = "Le signaler à l'exploitant avec l'identifiant de requête."


class StorageUnavailable(InternalError):
    """The gateway's database is not available"""

    code, status = "storage-unavailable", 503
    title_fr = "La base de données de la passerelle n'est pas disponible"
    advice = "Come back after `Retry-After` seconds; if it lasts, the operator looks at the database and its disk."
    advice_fr = "Revenir après `Retry-After` secondes ; si cela dure, l'exploitant examine la base et son disque."
    may_retry = True


class StartRefused(PasserelleError):
    """The command cannot start"""

    code, status = "start-refused", 500
    title_fr = "La commande ne peut pas démarrer"
    actor = Actor.OPERATOR
    advice = "Correct what the line names, then start again."
    advice_fr = "Corriger ce que nomme la ligne, puis relancer."


def error_of(problem: Problem) -> PasserelleError:
    """The error that this problem is, as it was met before."""
    error = PROBLEMS[problem.code](problem.detail, problem.detail_fr)
    error.problem = problem
    return error


def _concrete(root: type[PasserelleError]) -> list[type[PasserelleError]]:
    """Every class of this module that is met as such: all with a code of their own, whatever more special there is."""
    own = [root] if "code" in vars(root) and root.__module__ == __name__ else []
    return own + [each for child in root.__subclasses__() for each in _concrete(child)]


PROBLEMS = {each.code: each for each in _concrete(PasserelleError) if each is not StartRefused}
"""Every problem that can be met over HTTP, by its stable code."""
