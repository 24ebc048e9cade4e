"""`skep up`: a console and an agent of this host, started, watched over and ended in order."""
import base64
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import pytest

from agents import until
from conftest import BUILD
from consoles import Client
from services import need_root


class Up:
    PASSWORD = "Correct-horse-7-battery"

    def __init__(self, folder, *options, listen="127.0.0.1:0", skep=BUILD / "bin" / "skep", env={}):
        self.folder, self.listen, self.skep = folder, listen, skep
        self.options, self.env = [str(o) for o in options], env
        self.out = folder / "out"

    def start(self):
        self.out.write_bytes(b"")
        with self.out.open("ab") as out:
            self.process = subprocess.Popen([self.skep, "up", "--state", self.folder / "state", "--listen", self.listen,
                                             *self.options], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.env})
        assert until(lambda: re.search(r"https://\S+", self.said())), self.said()
        self.url = re.search(r"https://[^/\s]+", self.said())[0]
        self.listen = self.url[len("https://"):]
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(90) == 0, self.said()

    def said(self):
        return self.out.read_text(errors="replace")

    def children(self):
        """User id to process id: the console's is nobody's, the agent's root's."""
        found = {}
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if re.search(rf"^PPid:\t{self.process.pid}$", text, re.M) and "State:\tZ" not in text:
                found[int(re.search(r"^Uid:\t(\d+)", text, re.M)[1])] = int(status.parent.name)
        return found

    def ready(self):
        try:
            return Client(self.url).get("/readyz", timeout=5).status == 200
        except OSError:
            return False

    def agents(self, client):
        a = client.get("/api/v1/agents")
        assert a.status == 200, a
        return a.json()["items"]


@pytest.fixture
def folder():
    # The console's user goes through it.
    with tempfile.TemporaryDirectory() as f:
        os.chmod(f, 0o755)
        yield pathlib.Path(f)


def pipes_of(pid):
    found = {}
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # of a connection that ended meanwhile
            if os.readlink(fd).startswith("pipe:"):
                found[os.readlink(fd)] = fd
    return found


def test_up_says_what_it_does_in_the_users_language(folder):
    """What its agent and its console say of themselves, too."""
    need_root()
    with Up(folder, env={"LANG": "zh_CN.UTF-8"}) as up:
        assert until(lambda: re.search(r"^agent: sensor: 正按 \d+ 条规则监视", up.said(), re.M)), up.said()
        up.end()


def test_up(folder):
    need_root()
    with Up(folder) as up:
        assert until(up.ready)
        assert until(lambda: len(up.children()) == 2), up.said()
        name, password = re.search(r"Sign in as: (\S+)\s+password: (\S+)", up.said()).groups()
        client = Client(up.url).sign_in(name, password, new=Up.PASSWORD)
        # The agent of this host joined by itself, and its console is another user without a capability.
        assert until(lambda: [a["state"] for a in up.agents(client)] == ["healthy"]), up.agents(client)
        uid, console = next((u, p) for u, p in up.children().items() if u)
        status = pathlib.Path(f"/proc/{console}/status").read_text()
        assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M)
        assert re.search(r"^Seccomp:\t2$", status, re.M)
        assert (folder / "state" / "console" / "skep.db").stat().st_uid == uid

        # A dead console is started again; who was signed in is, and the agent finds it.
        os.kill(console, signal.SIGKILL)
        assert until(lambda: up.children().get(uid) not in (None, console)) and until(up.ready)
        assert client.get("/api/v1/session").status == 200
        assert "starting it again" in up.said()
        seen = up.agents(client)[0]["lastSeen"]
        assert until(lambda: up.agents(client)[0]["lastSeen"] > seen, 40), up.said()

        # What a console says that is no longer ours is read no further than it goes, and ends nothing.
        before = up.children()
        pipe, = pipes_of(up.process.pid).keys() & pipes_of(before[uid]).keys()
        with pipes_of(before[uid])[pipe].open("wb", buffering=0) as f:
            f.write(b"A" * 20001)
        assert until(lambda: "console: said nothing whole" in up.said()), up.said()
        assert max(map(len, re.findall("A{9,}", up.said()))) == 1023
        assert until(up.ready) and up.children() == before

        # It ends both, the agent first, and says so to nobody's alarm.
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(90) == 0
        assert not up.children()

        # Again: no password, and the agent is the one it was.
        up.start()
        assert until(up.ready) and "password" not in up.said()
        client = Client(up.url).sign_in(name, Up.PASSWORD)
        assert until(lambda: [a["state"] for a in up.agents(client)] == ["healthy"])
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(90) == 0


def test_up_says_what_is_wrong(folder, skep):
    need_root()
    p = skep.run("up", "--state", folder / "state", "--listen", "nonsense")
    assert p.returncode != 0 and "'nonsense' is no ADDRESS:PORT" in p.err, p.err
    p = skep.run("--lang", "zh", "up", "--state", folder / "state", "--listen", "nonsense")
    assert p.returncode != 0 and "“nonsense”不是 地址:端口" in p.err, p.err
    with Up(folder) as up:
        assert until(up.ready)
        # The port is taken.
        p = skep.run("up", "--state", folder / "other", "--listen", up.listen)
        assert p.returncode != 0 and "cannot listen" in p.err, p.err
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(90) == 0


def low_port():
    for port in random.sample(range(1, 1024), 1023):  # others may look for one at the same time
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    pytest.skip("no port below 1024 is free")


def test_up_at_a_low_port_with_a_directory_only_root_knows(folder):
    need_root()
    secrets = folder / "secrets"
    secrets.mkdir(0o700)
    (secrets / "password").write_text("s3cret\n")
    (secrets / "sign-in.yaml").write_text(f"""
ldap:
  url: ldaps://directory.test
  bindDn: cn=skep
  bindPasswordFile: {secrets}/password
  base: ou=people,dc=test
""")
    for file in secrets.iterdir():
        file.chmod(0o600)
    with Up(folder, "--sign-in", secrets / "sign-in.yaml", listen=f"127.0.0.1:{low_port()}") as up:
        assert until(up.ready), up.said()
        assert Client(up.url).get("/api/v1/session/ways").json()["ldap"] is True
        # The right that opened the port is gone with it.
        uid, console = next((u, p) for u, p in up.children().items() if u)
        status = pathlib.Path(f"/proc/{console}/status").read_text()
        assert re.search(r"^CapPrm:\t0+$", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M)
        assert re.search(r"^Groups:\t *$", status, re.M)
        # Whoever takes its place can do the same.
        os.kill(console, signal.SIGKILL)
        assert until(lambda: up.children().get(uid) not in (None, console)) and until(up.ready), up.said()
        assert Client(up.url).get("/api/v1/session/ways").json()["ldap"] is True
        up.end()


def test_up_from_a_checkout_only_root_may_enter(folder, source_dir):
    """As after `git clone` below /root or a home of today's Debian, whose folders are closed to others."""
    need_root()
    closed = folder / "home"
    tree = closed / "skep"
    shutil.copytree(source_dir / "content", tree / "content")
    (tree / "build" / "bin").mkdir(parents=True)
    shutil.copy2(BUILD / "bin" / "skep", tree / "build" / "bin" / "skep")
    own = closed / ".local" / "share" / "skep"
    own.mkdir(parents=True)
    (closed / "secret").write_text("whoever reads this should not\n")
    closed.chmod(0o700)
    with Up(closed, skep=tree / "build" / "bin" / "skep", env={"HOME": str(closed)}) as up:
        assert until(up.ready), up.said()
        name, password = re.search(r"Sign in as: (\S+)\s+password: (\S+)", up.said()).groups()
        client = Client(up.url).sign_in(name, password, new=Up.PASSWORD)
        # The rules that ship, and the database, which it unpacks once for itself.
        assert client.get("/api/v1/rules").json()["items"]
        cache = closed / "state" / "console" / "cache" / "skep"
        assert until(lambda: list(cache.glob("vulndb-*.skdb")), 60), up.said()
        uid, console = next((u, p) for u, p in up.children().items() if u)
        assert next(cache.glob("vulndb-*.skdb")).stat().st_uid == uid
        # A database of the user's own is seen when it comes, and nothing else of the home is, by root's name for it or the console's.
        (own / "vulndb.skdb").write_text("soon")
        seen = pathlib.Path(f"/proc/{console}/root{closed}")
        assert sorted(p.name for p in seen.iterdir()) == [".local", "skep", "state"]
        assert (seen / ".local" / "share" / "skep" / "vulndb.skdb").exists()
        assert sorted(p.name for p in (seen / "state").iterdir()) == ["console"]
        # Others see what they saw.
        assert (closed / "secret").exists() and closed.stat().st_mode & 0o777 == 0o700
        assert until(lambda: [a["state"] for a in up.agents(client)] == ["healthy"]), up.said()
        up.end()

        # What its user cannot read all the same, it says.
        shutil.rmtree(cache)
        (own / "vulndb.skdb").unlink()
        for file in (tree / "content" / "vulndb").iterdir():
            file.chmod(0o600)
        up.start()
        assert until(lambda: "images are not judged: cannot open the vulnerability database" in up.said()), up.said()
        up.end()


USAGE, INTERNAL = 2, 3  # exit_code.def
MISTOLD = ["--listen=bad", "--listen=127.0.0.1:99999", "--trusted-proxy=bad", "--notify-allow=bad", "--proxy-tells=bad", "--workers=1",
           "--database=mysql://db.example/skep", "--database=postgresql://%zz"]


@pytest.mark.parametrize("option", MISTOLD)
def test_a_mistaken_option_is_wrong_usage_whoever_reads_it(skep, folder, option):
    alone = skep.run("console", "run", "--state", folder / "alone", "--listen=127.0.0.1:0", option, timeout=60)
    assert alone.returncode == USAGE, alone.err
    need_root()
    # Here it is a process below that finds out, as another user.
    both = skep.run("up", "--state", folder / "both", "--listen=127.0.0.1:0", option, timeout=60)
    assert both.returncode == USAGE, both.err
    assert option.partition("=")[0] in alone.err or "the store" in alone.err, alone.err
    # What it says is how all ends: said once, by one line.
    assert both.err.splitlines()[-1:] == alone.err.splitlines()[-1:] and both.err.count("error: ") == 1, (both.err, alone.err)


def unusable(tmp_path, kind):
    """A name given by an option: of what is not there, of the wrong kind, and of what holds something else."""
    if kind == "folder":
        (tmp_path / "place").mkdir()
    elif kind == "below":
        (tmp_path / "file").write_text("")
        return tmp_path / "file" / "place"
    elif kind == "nowhere":
        return tmp_path / "absent" / "place"
    elif kind == "link":
        (tmp_path / "place").symlink_to(tmp_path / "elsewhere")
    elif kind != "absent":
        (tmp_path / "place").write_text({"file": "", "headers": "# a remark\nAuthorization secret-token\n", "control": "A: b\x01secret-token\n",
                                         "nul": "A\0: secret-token\n",
                                         "crowd": "A: b\n" * 40, "pem": "no certificate\n", "yaml": "ldap: [\n"}[kind])
    return tmp_path / "place"


NAMED = [("webhook-headers", "absent"), ("webhook-headers", "folder"), ("webhook-headers", "headers"), ("webhook-headers", "control"),
         ("webhook-headers", "nul"), ("webhook-headers", "crowd"), ("webhook-ca", "absent"), ("webhook-ca", "pem"), ("engine-data", "absent"), ("engine-data", "file"),
         ("host-root", "absent"), ("host-root", "file"), ("syslog-ca", "absent"), ("syslog-cert", "absent"), ("syslog-key", "absent"),
         ("console-ca", "absent"), ("rules", "absent"), ("rules", "folder"), ("enroll", "absent"), ("enroll", "folder"), ("enroll", "pem"),
         ("alert-file", "folder"), ("alert-file", "below"), ("alert-file", "nowhere"), ("alert-file", "link"), ("spool", "file"), ("spool", "below"),
         ("state", "file"), ("state", "below")]


@pytest.mark.parametrize("option,kind", NAMED)
def test_what_an_agents_option_names_is_looked_at_first(skep, tmp_path, option, kind):
    """Before anything is begun, as anybody, once and by the option's name; what a file of secrets holds is not told."""
    place = unusable(tmp_path, kind)
    given = f"--{option}={'@' if option == 'enroll' else ''}{place}"
    p = skep.run("agent", "run", "--control=", "--format=none", "--webhook=https://127.0.0.1:1/", given, timeout=60)
    assert p.returncode == USAGE, p.err
    assert len(p.err.splitlines()) == 1 and "secret" not in p.err, p.err
    # What is no token is not told: it may be another secret.
    assert str(place) in p.err or (option, kind) == ("enroll", "pem"), p.err
    assert f"--{option}: " in p.err and ("name a" in p.err or option == "rules" or kind not in ("absent", "folder", "file", "below")), p.err
    zh = skep.run("--lang", "zh", "agent", "run", "--control=", given, timeout=60)
    assert zh.returncode == USAGE and ("“" in zh.err and str(place) in zh.err or kind == "pem"), zh.err


def test_what_an_option_has_made_need_not_be_there(skep, tmp_path):
    """Where it goes is looked at, and nothing is made by looking."""
    empty = tmp_path / "empty"
    empty.mkdir()
    made = [f"--spool={empty}/a/b/spool", f"--state={empty}/a/state", f"--alert-file={empty}/alerts.json"]
    p = skep.run("agent", "run", "--control=", "--format=none", *made, f"--engine-data={tmp_path}/absent", timeout=60)
    assert p.returncode == USAGE and "--engine-data: name a folder" in p.err, p.err
    assert not list(empty.iterdir())


@pytest.mark.parametrize("text", ["- rule: [", "[]"])
def test_rules_that_are_none_are_wrong_usage(skep, tmp_path, text):
    """The part that reads them finds out: they are another's text, which who holds the parts together never reads."""
    need_root()
    (tmp_path / "rules.yaml").write_text(text)
    p = skep.run("agent", "run", "--control=", "--format=none", "--no-scans", "--state", tmp_path / "state", "--rules", tmp_path / "rules.yaml", timeout=120)
    assert p.returncode == USAGE, p.err


@pytest.mark.parametrize("option,kind", [("engine-data", "absent"), ("host-root", "file"), ("rules", "absent")])
def test_monitor_looks_at_what_its_options_name(skep, tmp_path, option, kind):
    p = skep.run("monitor", f"--{option}={unusable(tmp_path, kind)}", timeout=60)
    assert p.returncode == USAGE and f"--{option}: " in p.err and (option == "rules" or "name a folder that can be read" in p.err), p.err


@pytest.mark.parametrize("option,kind", [("sign-in", "absent"), ("sign-in", "yaml"), ("tls-cert", "absent"), ("tls-cert", "pem"), ("ui-dir", "absent"),
                                         ("ui-dir", "file"), ("database", "absent"), ("log", "folder"), ("state", "file"), ("state", "below")])
def test_what_a_consoles_option_names_is_looked_at_first(skep, tmp_path, option, kind):
    place = unusable(tmp_path, kind)
    given = f"--{option}={'@' if option == 'database' else ''}{place}"
    alone = skep.run("console", "run", "--state", tmp_path / "alone", "--listen=127.0.0.1:0", given, timeout=60)
    assert alone.returncode == USAGE and (f"--{option}: " in alone.err or kind == "pem"), alone.err
    if option in ("sign-in", "ui-dir", "database", "state"):
        need_root()
        both = skep.run("up", "--state", tmp_path / "both", "--listen=127.0.0.1:0", given, timeout=60)
        assert both.returncode == USAGE and f"--{option}: " in both.err, both.err


def test_up_looks_at_what_its_agent_is_told(skep, tmp_path):
    """By the environment: an agent below that cannot begin would be started again for ever."""
    need_root()
    (tmp_path / "file").write_text("")
    for name, value in (("SKEP_ENGINE_DATA", "absent"), ("SKEP_WEBHOOK_HEADERS", "absent"), ("SKEP_SPOOL", "file"), ("SKEP_ALERT_FILE", "file/place")):
        p = skep.run("up", "--state", tmp_path / "state", "--listen=127.0.0.1:0", env={name: str(tmp_path / value)}, timeout=60)
        assert p.returncode == USAGE and f"{name}: --" in p.err and "name a f" in p.err, p.err
    for given in (["--rules", tmp_path / "absent"], ["--state", tmp_path / "file"]):
        p = skep.run("up", "--state", tmp_path / "state", "--listen=127.0.0.1:0", *given, timeout=60)
        assert p.returncode == USAGE and f" {given[0]}: " in p.err and not (tmp_path / "state").exists(), p.err


MISTAKEN = ["metrics=bad", "metrics=127.0.0.1:99999", "syslog=bad", "syslog=tcp://127.0.0.1:99999", "webhook=bad", "webhook=https://:443/",
            "webhook=https://user:secret@127.0.0.1:99999/", "console=ftp://console.example", "console=https://console.example:99999",
            "console=https://me:secret@console.example", "console=https://console.example", "engine=bad", "ring-size=1", "ring-size=5000KiB",
            "enroll=skep1.nothing"]


@pytest.mark.parametrize("option", MISTAKEN)
def test_an_agents_mistaken_option_is_told_before_anything_begins(skep, tmp_path, option):
    """As anybody, whichever part is to read it: the first of them would make the file of alerts."""
    name, _, value = option.partition("=")
    place = tmp_path / "place"
    place.mkdir()
    given = [f"--state={place}/state", "--control=", "--format=none", f"--alert-file={place}/alerts.json"]
    for lang, p in ((lang, skep.run("--lang", lang, "agent", "run", *given, f"--{option}", timeout=60)) for lang in ("en", "zh")):
        assert p.returncode == USAGE and f"--{name}: " in p.err and "secret" not in p.err, p.err
        assert len(p.err.splitlines()) == 1 and not list(place.iterdir()), p.err
        assert lang == "en" or re.search("[\u4e00-\u9fff]", p.err), p.err
    if name in ("console", "enroll"):  # skep up says these to its agent, whatever the environment has
        return
    need_root()
    p = skep.run("up", "--state", tmp_path / "both", "--listen=127.0.0.1:0", env={"SKEP_" + name.upper().replace("-", "_"): value}, timeout=60)
    assert p.returncode == USAGE and f": --{name}: " in p.err and "secret" not in p.err and not (tmp_path / "both").exists(), p.err


def test_a_token_without_its_console_is_wrong_usage(skep, tmp_path):
    token = "skep1." + base64.urlsafe_b64encode(bytes(16 + 32)).decode().rstrip("=")
    p = skep.run("agent", "run", f"--state={tmp_path}", "--control=", f"--enroll={token}", timeout=60)
    assert p.returncode == USAGE and "--enroll: name the console it is of by --console" in p.err and token not in p.err, p.err


def test_up_ends_with_the_error_of_an_agent_that_cannot_begin(skep, folder):
    """What only the agent's parts find out, once the console serves: told once, as how all ends, and not begun again and again."""
    need_root()
    (folder / "rules.yaml").write_text("- rule: [")
    said = "no rule is left to judge by; see --rules"
    p = skep.run("up", "--state", folder / "state", "--listen=127.0.0.1:0", "--rules", folder / "rules.yaml", timeout=120)
    assert p.returncode == USAGE and b"https://" in p.stdout, p.err
    assert p.err.splitlines()[-1].startswith(f"skep: error: {said}") and p.err.count(said) == 1 and "again" not in p.err, p.err
    # What is wrong with a file that holds no rule is said of no rule.
    assert re.search(r"rules\.yaml:\d+:\d+: not YAML: ", p.err), p.err


def test_an_agent_that_may_begin_later_is_begun_again_and_the_console_serves_on(folder):
    """A port may be a predecessor's that is ending, a disk get room."""
    need_root()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Up(folder, env={"SKEP_METRICS": f"127.0.0.1:{port}"}) as up:
            assert until(lambda: up.said().count(f"agent: --metrics: cannot listen at '127.0.0.1:{port}'") >= 2), up.said()
            assert up.process.poll() is None and until(up.ready), up.said()
            assert "the agent ended with status" in up.said() and "starting it again" in up.said(), up.said()
            taken.close()
            assert until(lambda: re.search(r"watching by \d+ rules", up.said())), up.said()
            up.end()


# Runs a program whose bpf(2) makes no links: BPF_LINK_CREATE (linux/bpf.h) is invalid, as where a kernel does not know it.
WITHOUT_LINKS = """
import ctypes, os, struct, sys
number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
LOAD, EQUAL, RETURN, ALLOW, INVALID, CREATE = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050000 | 22, 28
code = [(LOAD, 0, 0, 0), (EQUAL, 0, 3, number), (LOAD, 0, 0, 16), (EQUAL, 0, 1, CREATE), (RETURN, 0, 0, INVALID), (RETURN, 0, 0, ALLOW)]
filter = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *x) for x in code))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, ctypes.byref(Program(len(code), ctypes.cast(filter, ctypes.c_void_p))), 0, 0) == 0  # PR_SET_SECCOMP
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_kernel_that_calls_bpf_invalid_is_no_mistaken_option(skep, folder):
    """What it lacks is said, and may come with another kernel: the console serves on."""
    need_root()
    said = "this kernel lacks what the sensor needs (see `skep agent doctor`): "
    p = subprocess.run([sys.executable, "-c", WITHOUT_LINKS, skep.binary, "agent", "run", "-f", "none", "--no-engines", "--control="],
                       env=skep.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert p.returncode == INTERNAL and p.stderr.splitlines()[-1].startswith("skep: error: " + said), p
    program = folder / "skep"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{folder}/without_links.py' '{skep.binary}' \"$@\"\n")
    program.chmod(0o755)
    (folder / "without_links.py").write_text(WITHOUT_LINKS)
    with Up(folder, skep=program) as up:
        assert until(lambda: up.said().count("agent: " + said) >= 2), up.said()
        assert up.process.poll() is None and until(up.ready), up.said()
        up.end()


def test_an_agent_that_watched_is_begun_again_until_it_can(folder):
    need_root()
    rules = folder / "rules.yaml"
    good = "- rule: r\n  desc: d\n  condition: evt.type = execve\n  output: o\n  priority: NOTICE\n"
    rules.write_text(good)
    with Up(folder, "--rules", rules) as up:
        assert until(lambda: up.children().get(0)), up.said()
        assert until(lambda: "watching by 1 rules" in up.said()), up.said()
        rules.write_text("- rule: [")
        os.kill(up.children()[0], signal.SIGKILL)
        assert until(lambda: up.said().count("agent: no rule is left to judge by") >= 2), up.said()
        rules.write_text(good)
        assert until(lambda: up.said().count("watching by 1 rules") == 2), up.said()
        assert until(up.ready)
        up.end()
