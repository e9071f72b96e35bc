"""What the documents ask of curl, in Python: for machines that have no curl."""

import argparse
import shutil
import sys
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("-X", dest="method")
    options.add_argument("-H", dest="headers", action="append", default=[])
    options.add_argument("-d", dest="form", action="append", default=[])
    options.add_argument("--data-urlencode", dest="form", action="append", type=encoded)
    asked = options.parse_args()
    body = "&".join(asked.form).encode() if asked.form else None
    headers = dict(header.split(": ", 1) for header in asked.headers)
    # The address is the documents' own, with the port of the demo that the test started.
    request = Request(asked.url, body, headers, method=asked.method)  # noqa: S310 — see above
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        shutil.copyfileobj(answer, sys.stdout.buffer)


def encoded(field: str) -> str:
    name, _, value = field.partition("=")
    return f"{name}={quote(value, safe='')}"


if __name__ == "__main__":
    main()
