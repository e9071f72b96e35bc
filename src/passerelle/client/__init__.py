"""The SDK: a gateway's `/v1`, as calls that return the bodies of `passerelle.schema`."""

from passerelle.client.asynchronous import AsyncPasserelle
from passerelle.client.errors import AnswerUnreadable, GatewayProblem, GatewayUnreachable
from passerelle.client.requests import Progress
from passerelle.client.synchronous import Passerelle

__all__ = ["AnswerUnreadable", "AsyncPasserelle", "GatewayProblem", "GatewayUnreachable", "Passerelle", "Progress"]
