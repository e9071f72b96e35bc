"""What the web room needs to know of the installation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`public_url`: the address that browsers use, without a final slash. `secret`: keys the ETags."""

    public_url: str
    secret: bytes

    @property
    def docs_url(self) -> str:
        return f"{self.public_url}/docs"

    @property
    def secure(self) -> bool:
        """Whether cookies may only travel over TLS."""
        return self.public_url.startswith("https://")
