"""Where Enedis' consent page is, second version (F§4)."""

from passerelle.enedis.authorize import ConsentPage


class ConsentPageV2(ConsentPage):
    """It takes the same four parameters, one usage point a consent, and comes back with an `autorisation_id`."""

    path = "/dataconnect/v2/oauth2/authorize"
