"""Every rule that ships: an action in a throw-away container makes it fire, and a benign twin does not.

The agent, dockerd and the containers are real. Containers have no network but their own loopback.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import time

import pytest
import yaml

from containers import RunningEngine
from services import Process, need, need_root

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = yaml.safe_load((SOURCE / "test" / "rules" / "scenarios.yaml").read_text())
IMAGE = "skep-rules:1"
INTERVAL = 2  # seconds, of usage events

# Tools the image lacks, as copies of the actor.
TOOLS = """serviced dropper python3 nc openssl nginx php-fpm httpd redis-server postgres gdb crictl curl prometheus
xmrig pkill crontab sshd frpc ssh tor ttyd nmap kubectl amicontained mysql gcc pip3 iptables dig stress-ng vi""".split()


def image(folder, shared):
    """Debian's root file system with the actor under many names, as a tar file."""
    root = folder / "image"
    root.mkdir()
    subprocess.run(["tar", "-xJf", shared / "rootfs" / "deb-bookworm.tar.xz", "-C", root], check=True)
    actor = root / "usr" / "bin" / "actor"
    subprocess.run(["gcc", "-static", "-O1", "-D_GNU_SOURCE", "-w", SOURCE / "test" / "rules" / "actor.c", "-o", actor,
                    "-lutil"], check=True)
    for name in TOOLS:
        path = root / "usr" / "bin" / name
        if not path.exists() and not path.is_symlink():
            os.link(actor, path)
    archive = folder / "image.tar"
    subprocess.run(["tar", "-cf", archive, "-C", root, "."], check=True)
    return archive


class Docker:
    def __init__(self, engine):
        self.command = ["docker", "-H", engine.host]

    def __call__(self, *args, timeout=60, **kw):
        return subprocess.run([*self.command, *map(str, args)], capture_output=True, timeout=timeout, text=True,
                              stdin=subprocess.DEVNULL, **kw)


class Agent:
    def __init__(self, skep, engine, folder):
        self.alerts = folder / "alerts.json"
        self.process = Process(
            [skep.binary, "agent", "run", "-f", "none", "--alert-file", str(self.alerts), "--engine", engine.host,
             "--engine-data", str(engine.folder / "data"), "--all-rules", "--usage-interval", f"{INTERVAL}s"],
            folder / "agent.log", env=skep.env)

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.ready, 30)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def ready(self):
        return "watching" in pathlib.Path(self.process.log).read_text()

    def fired(self):
        """{container name: {rule ids}}"""
        out = {}
        for line in self.alerts.read_text().splitlines():
            a = json.loads(line)
            out.setdefault(a["container"].get("name", a["container"]["id"]), set()).add(a.get("ruleId", a["rule"]))
        return out


@pytest.fixture(scope="module")
def stage(tmp_path_factory, shared, module_skep):
    need_root()
    need("gcc", "docker", "tar", "xz")
    folder = tmp_path_factory.mktemp("rules")
    with RunningEngine(folder / "e", storage="overlay2") as engine:
        docker = Docker(engine)
        archive = image(folder, shared)
        assert docker("import", archive, IMAGE, timeout=300).returncode == 0
        with Agent(module_skep, engine, folder) as agent:
            yield docker, agent


def parts(number, kind):
    """(text, run options, exec options or None) of a scenario's action or twin."""
    s = SCENARIOS[number]
    twin = s[kind]
    if isinstance(twin, dict):
        return twin["text"], twin.get("run", []), twin.get("exec")
    return twin, s.get("run", []), s.get("exec")


def act(docker, number, kind):
    text, run, brought = parts(number, kind)
    name = f"{kind}-{number}"
    common = ["run", "--name", name, "--network", "none", *run]
    if brought is None:
        p = docker(*common, IMAGE, "sh", "-c", f"{text}; sleep 0.1")
    else:
        docker(*common, "-d", IMAGE, "sleep", "60")
        time.sleep(0.3)
        # `script` gives docker the terminal it wants for -t.
        command = [*docker.command, "exec", *brought, name, "sh", "-c", text]
        if "-t" in brought:
            command = ["script", "-qec", " ".join(f"'{c}'" for c in command), "/dev/null"]
        p = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    time.sleep(SCENARIOS[number].get("wait", 0))
    docker("rm", "-f", name)
    return name, p


@pytest.fixture(scope="module")
def played(stage, request):
    docker, agent = stage
    asked = {i.callspec.params.get("number") for i in request.session.items if hasattr(i, "callspec")}
    jobs = [(n, kind) for n in SCENARIOS if n in asked for kind in ("fire", "quiet")]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        results = dict(zip(jobs, pool.map(lambda j: act(docker, *j), jobs)))
    time.sleep(INTERVAL + 1)
    return results, agent.fired()


def kernel_has(call):
    # What a kernel was built without is there as a weak symbol.
    return re.search(rf"^\S+ [Tt] __\w+_sys_{call}$", pathlib.Path("/proc/kallsyms").read_text(), re.M)


@pytest.mark.parametrize("number", SCENARIOS)
def test_fires_and_its_twin_does_not(played, number):
    call = SCENARIOS[number].get("call")
    if call and not kernel_has(call):
        pytest.skip(f"this kernel has no {call}")
    results, fired = played
    p = results[number, "fire"][1]
    assert number in fired.get(f"fire-{number}", set()), \
        f"did not fire; these did: {sorted(fired.get(f'fire-{number}', []))}; exit {p.returncode} {p.stderr[-500:]}"
    assert number not in fired.get(f"quiet-{number}", set()), "its benign twin fired"


def test_every_rule_has_a_scenario():
    rules = {i["id"] for f in (SOURCE / "content" / "rules").glob("*.yaml") for i in yaml.safe_load(f.read_text())
             if "rule" in i}
    assert rules == set(SCENARIOS)
    assert len(rules) >= 120


def test_no_alert_lacks_its_container(played):
    unknown = [n for n in played[1] if not n.startswith(("fire-", "quiet-", "host"))]
    assert not unknown
