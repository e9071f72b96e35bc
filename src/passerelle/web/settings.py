"""What the web room needs to know of the installation."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`public_url`: the address that browsers use, without a final slash. `secret`: keys the ETags.

    `erasure_retention`: how long the operator keeps copies of the secrets that erasing destroys.
    """

    public_url: str
    secret: bytes
    erasure_retention: timedelta

    @property
    def docs_url(self) -> str:
        return f"{self.public_url}/docs"

    @property
    def secure(self) -> bool:
        """Whether cookies may only travel over TLS."""
        return self.public_url.startswith("https://")
