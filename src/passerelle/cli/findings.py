"""What `passerelle doctor` found: one line a check, in English and French, with what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.table import Table
from rich.text import Text

from passerelle.cli.language import Language
from passerelle.problem import PasserelleError

Words = tuple[str, str]
"""The same in English and French."""


class Verdict(StrEnum):
    """`warn`: it works, or may work, and deserves a look. `fail`: it does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its stable name, what was found and what to do about it, if anything."""

    check: str
    verdict: Verdict
    said: Words
    to_do: Words | None = None


def ok(check: str, english: str, french: str) -> Finding:
    return Finding(check, Verdict.OK, (english, french))


def warn(check: str, said: Words, to_do: Words | None = None) -> Finding:
    return Finding(check, Verdict.WARN, said, to_do)


def fail(check: str, said: Words, to_do: Words | None = None) -> Finding:
    return Finding(check, Verdict.FAIL, said, to_do)


def of_error(check: str, error: PasserelleError, verdict: Verdict = Verdict.FAIL) -> Finding:
    """An error as a finding, with its own advice."""
    problem = error.problem
    return Finding(check, verdict, (problem.detail, problem.detail_fr), (problem.action, problem.action_fr))


def worst(findings: Iterable[Finding]) -> Verdict:
    """The verdict over all."""
    verdicts = {finding.verdict for finding in findings}
    return next((each for each in (Verdict.FAIL, Verdict.WARN) if each in verdicts), Verdict.OK)


_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}
_SHOWN: Mapping[Verdict, Words] = {
    Verdict.OK: ("ok", "ok"),
    Verdict.WARN: ("warn", "attention"),
    Verdict.FAIL: ("FAIL", "ÉCHEC"),
}


def as_table(findings: Iterable[Finding], language: Language) -> Table:
    """For people."""
    which = 1 if language is Language.FRENCH else 0
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        said = Text(finding.said[which])
        if finding.to_do is not None and finding.verdict is not Verdict.OK:
            said.append(f"\n→ {finding.to_do[which]}", style="italic")
        verdict = Text(_SHOWN[finding.verdict][which], style=_STYLES[finding.verdict])
        table.add_row(verdict, Text(finding.check), said)
    return table


def as_data(findings: list[Finding]) -> dict[str, Any]:
    """For machines: the verdict over all, then each check."""
    return {
        "verdict": worst(findings).value,
        "checks": [
            {
                "check": finding.check,
                "verdict": finding.verdict.value,
                "detail": finding.said[0],
                "detail_fr": finding.said[1],
                "action": finding.to_do[0] if finding.to_do else None,
                "action_fr": finding.to_do[1] if finding.to_do else None,
            }
            for finding in findings
        ],
    }
