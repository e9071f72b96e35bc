"""Addresses: where a server listens, and where it is reached."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """`host:port`, an IPv6 host in brackets. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else -1
    if not colon or not host or not 0 <= number < 65_536:  # noqa: PLR2004 — TCP ports
        raise ValueError
    return Address(host.strip("[]"), number)


def parse_http_url(text: str) -> str:
    """An http or https address without query and fragment, its final slash cut. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    return text.rstrip("/")


def parse_database_url(text: str) -> str:
    """`sqlite:///path` or `postgresql://…`; what follows is the driver's to judge. Raises ValueError."""
    if not text.startswith(SQLITE) and urlsplit(text).scheme != "postgresql":
        raise ValueError
    return text


def parse_redis_url(text: str) -> str:
    """`redis://host…` or `rediss://host…`. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError
    return text


def parse_networks(text: str) -> str:
    """Addresses and networks, comma between, without spaces. Raises ValueError."""
    networks = [part.strip() for part in text.split(",") if part.strip()]
    for network in networks:
        ip_network(network, strict=False)
    return ",".join(networks)
