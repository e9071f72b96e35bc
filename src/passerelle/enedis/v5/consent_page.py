"""Where Enedis' consent page is, first version (F§3)."""

from passerelle.enedis.authorize import ConsentPage


class ConsentPageV5(ConsentPage):
    """It comes back with the usage points themselves."""

    path = "/dataconnect/v1/oauth2/authorize"
