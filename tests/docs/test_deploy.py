"""The container file, the systemd unit and the page on operation, as far as they can be checked without a run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from passerelle.config import PREFIX, SETTINGS, read_settings
from passerelle.kit.metrics import Levels, Metrics, QuotaGauge
from passerelle.web.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
UNIT = ROOT / "deploy" / "passerelle.service"
PAGE = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
KNOWN = set("FROM WORKDIR ENV RUN COPY USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split())  # noqa: SIM905 — reads as a sentence


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, a continued line made one."""
    text = re.sub(r"\\\n", " ", CONTAINERFILE.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found: list[list[tuple[str, str]]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def all_of(stage: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for each, rest in stage if each == word]


def environment(stage: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in all_of(stage, "ENV") for pair in shlex.split(rest))


def unit() -> dict[str, list[str]]:
    """Every assignment of the unit, with all its values in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_image_is_built_from_files_that_exist_and_checked_requirements():
    build, final = stages()
    assert {word for stage in (build, final) for word, _ in stage} <= KNOWN
    for rest in all_of(build, "COPY"):
        *sources, _ = rest.split()
        assert all((ROOT / source).exists() for source in sources), rest
    installs = [part for run in all_of(build, "RUN") for part in run.split("&&") if re.search(r"pip install\b", part)]
    assert installs
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert all_of(final, "COPY") == ["--from=build /opt/passerelle /opt/passerelle"]
    assert "pip install" not in " ".join(all_of(final, "RUN"))


def test_the_python_of_the_image_is_one_that_we_say_we_support():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    images = {rest.split()[0] for stage in stages() for rest in all_of(stage, "FROM")}
    (version,) = {re.search(r"python:(\d\.\d+)", image)[1] for image in images}
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_the_container_runs_the_gateway_without_rights_and_says_whether_it_lives():
    _, final = stages()
    (user,) = all_of(final, "USER")
    assert user.partition(":")[0] not in ("0", "root", "")
    assert json.loads(all_of(final, "ENTRYPOINT")[0] or "[]") == ["passerelle"]
    assert json.loads(all_of(final, "CMD")[0]) == ["serve"]
    given = environment(final)
    settings = read_settings({**given, "PASSERELLE_PUBLIC_URL": "https://gateway.example.org"})
    assert [str(settings.data_dir)] == all_of(final, "VOLUME") == all_of(final, "WORKDIR")
    assert [str(settings.listen.port)] == all_of(final, "EXPOSE")
    (health,) = all_of(final, "HEALTHCHECK")
    program, flag, code = json.loads(health.partition("CMD ")[2])
    assert (program, flag) == ("python", "-c")
    compile(code, "health check", "exec")
    (address,) = re.findall(r"'http://127\.0\.0\.1:(\d+)(/[\w/]+)'", code)
    assert address == (str(settings.listen.port), "/health/live")
    assert address[1] in {route.path for route in ROUTES}


def test_the_unit_gives_the_gateway_one_folder_and_no_privilege():
    given = unit()
    assert given["User"] == ["passerelle"]
    assert given["NoNewPrivileges"] == ["yes"]
    assert given["CapabilityBoundingSet"] == [""]
    assert given["ProtectSystem"] == ["strict"]
    assert (given["StateDirectory"], given["StateDirectoryMode"]) == (["passerelle"], ["0700"])
    assert "PASSERELLE_DATA_DIR=/var/lib/passerelle" in given["Environment"]
    assert given["ExecStart"] == ["/opt/passerelle/bin/passerelle serve"]


def test_every_variable_of_the_unit_and_of_the_image_exists():
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)=", UNIT.read_text() + CONTAINERFILE.read_text()))
    assert named
    assert {name.removesuffix("_FILE") for name in named} <= SETTINGS.keys()


def test_systemd_itself_finds_no_fault_where_it_is_installed(tmp_path: Path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:  # then the tests above are what can be said
        return
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/passerelle/bin/passerelle", sys.executable))
    verified = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    exposure = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert exposure.returncode == 0, exposure.stdout


def test_the_page_lists_every_metric_with_its_labels_and_no_other():
    metrics = Metrics()
    metrics.called("oauth2", "200")
    metrics.answered("GET", "none", 404)
    metrics.read("hit")
    metrics.waited("interactive", 1)
    text = metrics.text(
        Levels({"v5": QuotaGauge(1, 2, held=False)}, {"granted": 1}, {"granted": 1}, {"oauth2": "v5"}, {"quota": True})
    ).decode()
    exposed = {}
    for name, labels in re.findall(r"^(passerelle_\w+)\{(.*)\}", text, re.MULTILINE):
        if not name.endswith("_created"):
            plain = re.sub(r"_(bucket|count|sum)$", "", name)
            exposed[plain] = sorted(set(re.findall(r'(\w+)="', labels)) - {"le"})
    table = PAGE.split("## Metrics")[1].split("\n## ")[0]
    told = {
        name: sorted(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(passerelle_\w+)` \| ([^|]*) \|", table, re.MULTILINE)
    }
    assert told == exposed


def test_the_readme_and_the_page_lead_to_what_is_deployed():
    assert "(docs/operation.md)" in (ROOT / "README.md").read_text()
    assert {"(../deploy/Containerfile)", "(../deploy/passerelle.service)"} <= set(
        re.findall(r"\(\.\./deploy/\w+(?:\.\w+)?\)", PAGE)
    )
