"""What both clients need of the HTTP library: requests built, its errors translated once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from passerelle.client.errors import AnswerUnreadable, GatewayUnreachable
from passerelle.client.requests import Call
from passerelle.errors import KeyInvalid

CONNECT_TIMEOUT = 5.0
"""Seconds to reach the gateway itself; the wait for its answer is the call's own."""


class Address:
    """Where a gateway is, and the key that it is asked with."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url.rstrip("/")
        self._key = key and key.strip()

    def request(self, session: httpx2.Client | httpx2.AsyncClient, call: Call[Any]) -> httpx2.Request:
        """The request of `call`. Raises GatewayUnreachable when the URL is none, KeyInvalid for a key that none is."""
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise KeyInvalid(
                "An API key has letters, digits and signs of ASCII only.",
                "Une clé d'API n'a que des lettres, chiffres et signes ASCII.",
            )
        with translated(self):
            return session.build_request(
                call.method,
                f"{self.url}{call.path}",
                params=dict(call.params) or None,
                content=call.content,
                headers=call.headers(self._key),
                timeout=httpx2.Timeout(call.timeout, connect=CONNECT_TIMEOUT),
            )

    def __str__(self) -> str:
        """The URL without what may be a secret in it."""
        head, mark, tail = self.url.partition("://")
        return f"{head}{mark}{tail.rpartition('@')[2]}"


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn what the HTTP library raises into GatewayUnreachable or AnswerUnreadable."""
    try:
        yield
    except httpx2.DecodingError as error:
        raise AnswerUnreadable(
            f"The answer of {address} cannot be decompressed.",
            f"La réponse de {address} ne peut pas être décompressée.",
        ) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise GatewayUnreachable(
            f"{address} is not the address of a gateway.",
            f"{address} n'est pas l'adresse d'une passerelle.",
        ) from error
    except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
        raise GatewayUnreachable(
            f"The gateway at {address} did not answer in time.",
            f"La passerelle à l'adresse {address} n'a pas répondu à temps.",
        ) from error
    except (httpx2.ReadError, httpx2.RemoteProtocolError) as error:
        raise GatewayUnreachable(
            f"The gateway at {address} broke off its answer.",
            f"La passerelle à l'adresse {address} a interrompu sa réponse.",
        ) from error
    except httpx2.HTTPError as error:
        raise GatewayUnreachable(
            f"No gateway answers at {address}.",
            f"Aucune passerelle ne répond à l'adresse {address}.",
        ) from error
