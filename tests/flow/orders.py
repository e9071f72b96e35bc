"""What tests and the processes of their gateways say to each other: a packet of JSON each."""

from dataclasses import replace
from typing import Any

import msgspec

from passerelle.config import Settings

LONGEST = 2**20


class Order(msgspec.Struct):
    """What is to be done, and with what."""

    name: str
    arguments: list[Any]


class Answer(msgspec.Struct):
    """The traceback of what failed, and what Python complained of."""

    error: str | None
    complaints: list[str]


def write_order(name: str, *arguments: Any) -> bytes:
    return msgspec.json.encode(Order(name, list(arguments)))


def read_order(data: bytes) -> Order:
    return msgspec.json.decode(data, type=Order)


def write_settings(settings: Settings) -> str:
    """An argument that holds these settings; but captured answers, which are the simulator's alone."""
    shown = replace(settings, simulator=replace(settings.simulator, captures=None))
    return msgspec.json.encode(shown, enc_hook=str).decode()


def read_settings(text: str) -> Settings:
    """A type that JSON does not know, as a path, stands as its text."""
    return msgspec.json.decode(text, type=Settings, dec_hook=lambda kind, told: kind(told))


def write_answer(error: str | None, complaints: list[str]) -> bytes:
    return msgspec.json.encode(Answer(error, complaints))


def read_answer(data: bytes) -> Answer:
    return msgspec.json.decode(data, type=Answer)
