"""The web pages in a real browser, against a real console, agent and engine: what people do with them, and how they look."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

import crowd
from agents import OURS, RULES, until, word
from consoles import Console
from containers import RunningEngine
from images import docker_save, entry, layer
from fake_registry import scripted
from fleet import change
from receivers import Script
from services import Process, need_root

PLACES = ["/", "/alerts", "/alerts?view=groups", "/assets", "/assets?kind=package", "/assets?view=graph&findings=true", "/assets?view=graph&findings=true&as=table",
          "/images", "/vulnerabilities", "/vulnerabilities?view=heat", "/rules", "/rules/files/new", "/registries", "/intelligence", "/agents",
          "/agents?enrol=1", "/audit", "/users",
          "/users?tab=roles", "/settings", "/settings?tab=notifications", "/settings?tab=account", "/settings?tab=tokens",
          "/nowhere"]


@pytest.fixture(scope="module")
def node(source_dir):
    """The node the pages are built with; its modules are in web/."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    p = subprocess.run([source_dir / "tool" / "build-web", "--modules"], capture_output=True, text=True)
    if p.returncode:
        pytest.skip("npm did not bring the modules of the web pages")
    return p.stdout.strip()


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium")
    if not path:
        pytest.skip("chromium is not installed")
    return path


def apk(*packages):
    """An apk database of "name=version" strings."""
    return b"".join(b"P:%s\nV:%s\nA:x86_64\n\n" % tuple(p.encode().split(b"=")) for p in packages)


def hive_image(tag):
    """An image that runs, with packages the shipped database knows to be flawed: a base of old, an application's layer on it."""
    busybox = next(path for path in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(path))
    old = ["musl=1.1.20-r3", "openssl=1.1.1a-r0", "libxml2=2.9.8-r1", "expat=2.2.5-r0"]
    base = layer(entry("etc/os-release", b'ID=alpine\nVERSION_ID=3.9.0\nPRETTY_NAME="Alpine Linux v3.9"\n'),
                 entry("bin/busybox", pathlib.Path(busybox).read_bytes(), mode=0o755),
                 *(entry(f"bin/{name}", kind=tarfile.SYMTYPE, link="busybox") for name in ("sh", "sleep", "true")),
                 entry("lib/apk/db/installed", apk(*old)))
    top = layer(entry("lib/apk/db/installed", apk(*old, "curl=7.61.1-r1", "nginx=1.14.0-r1", "git=2.18.0-r0")),
                entry("srv/shop.conf", b"listen 8080\n"))
    return docker_save([base, top], tag=tag)


class Stage:
    """A console, an engine and an agent that belong together, and what the browser may ask to be done with them."""

    IMAGE = "shop/hive:1.0"

    def __init__(self, folder, skep, database):
        self.folder, self.skep, self.database = folder, skep, database
        self.count = 0

    def __enter__(self):
        self.console = Console(self.folder, "--notify-allow", "127.0.0.0/8", database=self.database).start()
        self.stack = contextlib.ExitStack()
        self.engine = RunningEngine(self.folder / "engine").__enter__()
        archive = self.folder / "image.tar"
        archive.write_bytes(hive_image(self.IMAGE))
        self.engine.load(archive)
        return self

    def __exit__(self, *exc):
        if hasattr(self, "agent"):
            self.agent.__exit__(*exc)
        self.stack.close()
        self.engine.__exit__(*exc)
        self.console.end()

    def enrol(self):
        """The agent joins by a token made as the browser's administrator would."""
        client = self.console.client().sign_in(self.console.first[0], Console.PASSWORD)
        a = client.ask("POST", "/api/v1/agents/tokens", {})
        assert a.status in (200, 201), a
        rules = self.folder / "rules.yaml"
        rules.write_text(RULES)
        self.agent = Process([self.skep.binary, "agent", "run", "-f", "none", "-r", rules, "--engine", self.engine.host,
                              "--console", self.console.url, "--enroll", a.json()["token"], "--flow-interval", "1s", "--spool", self.folder / "spool",
                              "--state", self.folder / "node", "--control", f"/run/skep-web-{os.getpid()}.sock"], self.folder / "agent.log", env=self.skep.env)
        self.agent.__enter__()
        self.agent.wait_for(lambda: "watching by" in (self.folder / "agent.log").read_text(), 40)
        self.client = client

    # What web_try.mjs asks for

    def receiver(self):
        """A web server alerts can be told to."""
        self.script = self.stack.enter_context(Script())
        return {"url": self.script.url}

    def received(self):
        return {"paths": [r["path"] for r in self.script.requests]}

    def who(self):
        return {"admin": self.console.first[0], "first": self.console.first[1], "password": Console.PASSWORD}

    def agent_joins(self):
        self.enrol()
        return {}

    def start_container(self):
        self.count += 1
        name = f"hive-{word(self.count)}"
        self.engine.run(name, self.IMAGE, ("sleep", "1000"))
        return {"name": name}

    def talks(self):
        """The host, when it is known what it talks to: this test talks to the console."""
        def known():
            hosts = self.client.get("/api/v1/assets?kind=host").json()["items"]
            return hosts and self.client.get(f"/api/v1/flows?asset={hosts[0]['id']}").json()["items"] and hosts[0]["id"]

        assert until(known, 60, 0.5), "no connection of this host is known"
        return {"asset": known()}

    def do_harm(self):
        """A marked program in a container of its own, which the rule is about."""
        self.count += 1
        mark = OURS + word(self.count)
        self.engine.run(f"bad-{word(self.count)}", self.IMAGE, ("/bin/true", mark))
        return {"mark": mark}

    def vulnerability(self):
        found = []

        def known():
            found[:] = self.client.get("/api/v1/vulnerabilities?limit=1").json()["items"]
            return found

        assert until(known, 60, 0.5), "no vulnerability is known of the image that runs"
        return {"vulnerability": found[0]["id"]}

    def registry(self):
        """A registry of two images, to be added by hand."""
        self.hub = self.stack.enter_context(scripted(["other/tool", "shop/web"], tag="1.0"))
        return {"address": self.hub.host, "repository": "shop/web", "other": "other/tool"}

    def pages(self):
        items = {noun: self.client.get(f"/api/v1/{noun}?limit=1").json().get("items", []) for noun in
                 ("alerts", "images", "vulnerabilities", "agents", "rules", "registries", "assets")}
        places = list(PLACES)
        for noun, key in (("alerts", "id"), ("images", "digest"), ("vulnerabilities", "id"), ("agents", "id"), ("rules", "id"), ("registries", "id"),
                          ("assets", "id")):
            places += [f"/{noun}/{each[key].replace(':', '%3A').replace('/', '%2F')}" for each in items[noun]]
        places.append(f"/assets/{self.talks()['asset'].replace(':', '%3A')}?tab=flows")
        return {"pages": places, "all": "SKEP_SCREENSHOTS" in os.environ}


def drive(stage, node, chromium, source_dir, shots, steps):
    """Runs the browser, does what it asks for; @return the steps that passed and why the last failed."""
    script = source_dir / "test" / "integration" / "web_try.mjs"
    child = subprocess.Popen([node, script, stage.console.url, chromium, shots, *steps], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    passed, why = [], None
    with child:
        for line in child.stdout:
            said = json.loads(line)
            if "do" in said:
                child.stdin.write(json.dumps(getattr(stage, said["do"].replace("-", "_"))()) + "\n")
                child.stdin.flush()
            elif "passed" in said:
                passed.append(said["passed"])
            else:
                why = f"{said['failed']}: {said['why']}"
    return passed, why


def test_people_work(node, chromium, module_skep, source_dir, tmp_path, new_database):
    need_root()
    database = new_database()
    steps = os.environ.get("SKEP_WEB_STEPS", "").split() or [
        "sign-in", "container", "flows", "alert", "triage", "groups", "accept", "users", "ended", "factor", "registries", "search", "rules", "names", "intelligence", "notify", "sorting", "views",
        "settings", "cards", "graph", "look"]
    if database and "look" in steps:
        steps.remove("look")  # pages look the same on either
    shots = pathlib.Path(os.environ.get("SKEP_SCREENSHOTS", tmp_path / "shots"))
    with Stage(tmp_path, module_skep, database) as stage:
        passed, why = drive(stage, node, chromium, source_dir, shots, steps)
    assert why is None, why
    assert passed == steps


class Crowd:
    """A console that was filled, for people to look at."""

    def __init__(self, console):
        self.console = console

    def who(self):
        return {"admin": self.console.first[0], "first": self.console.first[1], "password": Console.PASSWORD}

    def crowd(self):
        registry = self.console.admin().get("/api/v1/registries?limit=100").json()["items"]
        full = next(each["id"] for each in registry if each["name"] == crowd.RTL)
        pages = ["/registries", f"/registries/{full}", "/intelligence", "/settings?tab=notifications", "/settings?tab=tokens", "/users", "/users?tab=roles", "/agents",
                 "/assets?sort=-risk", "/audit", "/audit?action=agent", "/rules?tab=files"]
        return {"pages": pages, "registry": full, "all": "SKEP_SCREENSHOTS" in os.environ}


def test_crowded_pages(node, chromium, source_dir, tmp_path):
    """Nothing is cut, runs over or stops a reader's screen reader, whatever there is and whatever it is called."""
    shots = pathlib.Path(os.environ.get("SKEP_SCREENSHOTS", tmp_path / "shots"))
    with Console(tmp_path, "--notify-allow", "127.0.0.0/8") as console:
        crowd.fill(console, tmp_path)
        passed, why = drive(Crowd(console), node, chromium, source_dir, shots, ["crowd", "dialogs"])
    assert why is None, why
    assert passed == ["crowd", "dialogs"]


class Duties:
    """A console of three administrators, and a user of a directory."""

    PERSON = "directory.person"

    def __init__(self, console):
        self.console = console

    def who(self):
        return {"admin": "", "first": "", "password": ""}

    def duties(self):
        change(self.console, "INSERT INTO users (name, display, source, subject, password, former, totp, totp_on, totp_step, must_change, disabled, created_ns, password_ns, signed_in_ns) "
                             "VALUES (?, '', 'ldap', 's', '', '', '', 0, 0, 0, 0, 1, 1, 1)", self.PERSON)
        hands = dict(re.findall(r"first sign-in: (\S+)  password: (\S+)", self.console.said()))
        return {"hands": hands, "chosen": Console.PASSWORD, "directory": self.PERSON}


def test_three_duties_by_the_pages(node, chromium, source_dir, tmp_path, new_database):
    shots = pathlib.Path(os.environ.get("SKEP_SCREENSHOTS", tmp_path / "shots"))
    with Console(tmp_path, "--separate-duties", database=new_database()) as console:
        passed, why = drive(Duties(console), node, chromium, source_dir, shots, ["duties"])
    assert why is None, why
    assert passed == ["duties"]


def test_types_come_from_the_api(node, build_dir, source_dir):
    """The pages' types are made from the OpenAPI document, and hold for every use."""
    document = build_dir / "openapi.json"
    document.write_bytes(subprocess.run([build_dir / "test" / "integration" / "openapi_print"], check=True,
                                        capture_output=True).stdout)
    modules = source_dir / "web" / "node_modules"
    schema = source_dir / "web" / "src" / "api" / "schema.ts"
    subprocess.run([node, modules / "openapi-typescript" / "bin" / "cli.js", document, "-o", schema], check=True,
                   capture_output=True)
    p = subprocess.run([node, modules / "typescript" / "bin" / "tsc", "--noEmit", "-p", source_dir / "web"],
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stdout


VALIDATE = """
const { lint, createConfig } = await import(process.argv[1]);
const problems = await lint({ ref: process.argv[2], config: await createConfig({ extends: ["spec"] }) });
console.log(JSON.stringify(problems.map((p) => [p.ruleId, p.message, p.location[0]?.pointer])));
"""


def test_the_api_is_described_as_openapi_says(node, build_dir, source_dir, tmp_path):
    """Others' validator finds nothing, and finds what is planted."""
    document = tmp_path / "openapi.json"

    def problems(doc):
        document.write_text(json.dumps(doc))
        p = subprocess.run([node, "--input-type=module", "-e", VALIDATE, source_dir / "web/node_modules/@redocly/openapi-core/lib/index.js", document],
                           capture_output=True, text=True, check=True)
        return json.loads(p.stdout)
    doc = json.loads(subprocess.run([build_dir / "test" / "integration" / "openapi_print"], check=True, capture_output=True).stdout)
    assert doc["openapi"].startswith("3.1.") and problems(doc) == []
    doc["paths"]["/api/v1/alerts"]["get"]["parameters"][0]["in"] = "somewhere"
    assert problems(doc)


def test_logic(node, source_dir):
    """Unit tests of what the pages reckon: texts, numbers, groups, the packed form."""
    tests = sorted((source_dir / "web" / "test").glob("*.test.ts"))
    assert tests
    p = subprocess.run([node, "--test", "--test-reporter=spec", *tests], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout[-4000:]
