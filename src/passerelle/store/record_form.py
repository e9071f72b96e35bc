"""A customer record as bytes, before it is sealed: JSON, filled up with spaces to one of a few lengths.

So that a length tells little of a name or an address: of what is usual, nothing.
"""

import json
import types
from dataclasses import asdict, fields, is_dataclass
from datetime import date, time
from typing import Any, Union, get_args, get_origin, get_type_hints

from passerelle.model.customer import Address, AnyRecord, Contact, Contract, CustomerRecord, Identity

LENGTHS = (512, 2_048, 8_192)
VERSION = 1
_CLASSES: dict[CustomerRecord, type[AnyRecord]] = {
    CustomerRecord.CONTRACT: Contract,
    CustomerRecord.ADDRESS: Address,
    CustomerRecord.IDENTITY: Identity,
    CustomerRecord.CONTACT: Contact,
}


def kind_of(found: AnyRecord) -> CustomerRecord:
    """Which of the four records this is."""
    return next(kind for kind, known in _CLASSES.items() if isinstance(found, known))


def pack_record(found: AnyRecord) -> bytes:
    """The record. Raises ValueError for one that is longer than the longest length."""
    told = json.dumps({"version": VERSION, "record": asdict(found)}, default=_spelled, ensure_ascii=False).encode()
    for length in LENGTHS:
        if len(told) <= length:
            return told.ljust(length)
    raise ValueError("a record is too long")


def unpack_record(record: CustomerRecord, packed: bytes) -> AnyRecord:
    """What `pack_record` packed; a field that this version does not know is left out. Raises ValueError."""
    told = json.loads(packed)
    if not isinstance(told, dict) or told.get("version") != VERSION or not isinstance(told.get("record"), dict):
        raise ValueError("a record of a form that this version does not know")
    made: AnyRecord = _made(_CLASSES[record], told["record"])
    return made


def _spelled(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError("a field that the form does not know")


def _made(wanted: Any, told: Any) -> Any:
    """The value of this type that was written as `told`."""
    if told is None:
        return None
    if get_origin(wanted) in (Union, types.UnionType):
        return _made(next(each for each in get_args(wanted) if each is not type(None)), told)
    if get_origin(wanted) is tuple:
        return tuple(_made(get_args(wanted)[0], each) for each in told)
    if is_dataclass(wanted) and isinstance(wanted, type):
        hints = get_type_hints(wanted)
        known = {field.name for field in fields(wanted)}
        return wanted(**{name: _made(hints[name], value) for name, value in told.items() if name in known})
    if wanted in (date, time):
        return wanted.fromisoformat(told)
    return told
