"""The errors of the SDK are its own: no gateway lists them among its problems, whoever was imported first."""

import subprocess
import sys

LISTED = """
import {first}
import {second}
from passerelle.client import AnswerUnreadable, GatewayProblem, GatewayUnreachable
from passerelle.errors import PROBLEMS

own = {{AnswerUnreadable.code, GatewayProblem.code, GatewayUnreachable.code}}
print(sorted(own & PROBLEMS.keys()), len(PROBLEMS))
"""


def listed(first: str, second: str) -> str:
    script = LISTED.format(first=first, second=second)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_no_gateway_lists_the_errors_of_the_sdk():
    found = listed("passerelle.client.errors", "passerelle.errors")
    assert found.startswith("[] ")
    assert found == listed("passerelle.errors", "passerelle.client.errors")
