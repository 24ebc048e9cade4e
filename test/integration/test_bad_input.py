"""Bad input to the agent, each on the real thing: names that mislead, arguments without end, rule files that are none, full disks,
peers that hold on, a spool with another's bytes."""
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from agents import OURS, RULES, Agent, mark, until, word
from services import free_port, need_root
from test_containers import FakeEngine, drowns, hangs, lies

# Line feed, escape sequence, quotes, what is no UTF-8, an override of direction, a bracket that ends structured data.
HOSTILE = b"a\nb\x1b[31m\"'\\]\xff\xfe\xe2\x80\xae\xe2\x80\x8bc\r%s"

LINT = {
    "yaml": ("- rule: [", "LOAD_ERR_YAML_PARSE", 2, 1),
    "yaml-utf8": (b"- rule: a\n  desc: \xff\n", "LOAD_ERR_YAML_PARSE", 2, 9),
    "yaml-nul": (b"- rule: a\n  desc: \xe5\xae\xb9\x00\n", "LOAD_ERR_YAML_PARSE", 2, 10),
    "yaml-tabs": ("- rule: a\n\tdesc: b\n", "LOAD_ERR_YAML_PARSE", 2, 1),
    "scalar": ("hello", "LOAD_ERR_YAML_VALIDATE", 1, 1),
    "object": ("rule: a\n", "LOAD_ERR_YAML_VALIDATE", 1, 1),
    "item": ("- 7\n", "LOAD_ERR_YAML_VALIDATE", 1, 3),
    "no-condition": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n", "LOAD_ERR_YAML_VALIDATE", 1, 3),
    "priority": ("- rule: a\n  desc: d\n  output: o\n  priority: LOUD\n  condition: evt.type = open\n",
                 "LOAD_ERR_YAML_VALIDATE", 4, 13),
    "list-kind": ("- list: a\n  items: {a: b}\n", "LOAD_ERR_YAML_VALIDATE", 2, 10),
    "condition": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = open and (\n",
                  "LOAD_ERR_COMPILE_CONDITION", 5, 34),
    "field": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = open and prc.name = x\n",
              "LOAD_ERR_COMPILE_CONDITION", 5, 34),
    "macro-gone": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = open and gone\n",
                   "LOAD_ERR_VALIDATE", 5, 34),
    "macro-loop": ("- macro: m\n  condition: n\n- macro: n\n  condition: m\n- rule: a\n  desc: d\n  output: o\n"
                   "  priority: INFO\n  condition: evt.type = open and m\n", "LOAD_ERR_VALIDATE", 2, 14),
    "output": ("- rule: a\n  desc: d\n  output: '%no.field'\n  priority: INFO\n  condition: evt.type = open\n",
               "LOAD_ERR_COMPILE_OUTPUT", 3, 13),
    "version": ("- required_engine_version: 9.0.0\n", "LOAD_ERR_VALIDATE", 1, 28),
    "plugin": ("- required_plugin_versions:\n  - name: k8saudit\n    version: 0.1.0\n", "LOAD_ERR_VALIDATE", 2, 5),
    "append": ("- rule: none\n  append: true\n  condition: and proc.name = x\n", "LOAD_ERR_VALIDATE", 1, 3),
    "exception": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = open\n  exceptions:\n"
                  "  - name: e\n    fields: [proc.name]\n    comps: [=, in]\n    values: [[a]]\n", "LOAD_ERR_VALIDATE", 9, 12),
    "deep": ("- rule: a\n  desc: " + "[" * 5000, "LOAD_ERR_YAML_PARSE", 2, 71),
    "deep-condition": ("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: " + "(" * 50000,
                       "LOAD_ERR_COMPILE_CONDITION", 5, 1015),
    "aliases": ("- list: a\n  items: &a [x, x, x, x]\n" + "".join(
        f"- list: b{i}\n  items: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)), "LOAD_ERR_YAML_PARSE", None, None),
}


def lint(skep, path, **kw):
    p = skep.run("rule", "lint", "--json", path, check=2, **kw)
    return json.loads(p.stdout)["notes"]


@pytest.mark.parametrize("case", LINT)
def test_malformed_rules_are_told_by_name_and_place(skep, tmp_path, case):
    text, code, line, column = LINT[case]
    path = tmp_path / "bad.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    start = time.monotonic()
    notes = [n for n in lint(skep, path) if n["code"].startswith("LOAD_ERR")]
    assert time.monotonic() - start < 10
    assert notes and all(n["message"] and n["file"].endswith("bad.yaml") for n in notes), notes
    if code:
        assert code in {n["code"] for n in notes}, notes
    if line:
        assert (line, column) in {(n.get("line"), n.get("column")) for n in notes if n["code"] == code}, notes


def test_a_rule_file_of_a_hundred_megabytes_costs_no_memory(skep, tmp_path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as f:
        f.write(RULES.encode())
        f.truncate(100 << 20)
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
    assert [n["code"] for n in lint(skep, path, preexec_fn=limit)] == ["LOAD_ERR_FILE_READ"]


def test_names_of_rules_move_no_cursor(skep, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text('- rule: "a\\n\\e[31mb\u202e"\n  desc: x\n')
    out = skep.run("rule", "lint", path, check=2).out
    assert "rule 'a\\x0a\\x1b[31mb\\u{202e}'" in out and "\x1b" not in out and "\u202e" not in out


def test_no_bad_reload_takes_the_old_rules_away(skep, tmp_path):
    """One agent, one bad set of rules after the other."""
    def is_folder(path):
        path.unlink()
        path.mkdir()
        os.mkfifo(path / "pipe.yaml")

    def is_big(path):
        with path.open("wb") as f:
            f.truncate(100 << 20)

    bad = {
        "garbage": lambda p: p.write_bytes(os.urandom(5000)),
        "big": is_big,
        "empty": lambda p: p.write_text(""),
        "nothing left": lambda p: p.write_text("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = (\n"),
        "gone": lambda p: p.unlink(),
        "pipe in a folder": is_folder,
    }
    with Agent(skep, tmp_path) as a:
        pid = a.parts()["sensor"]
        for n, (name, spoil) in enumerate(bad.items()):
            spoil(a.rules)
            before = a.said().count("the old ones stay")
            os.kill(a.pid, signal.SIGHUP)
            assert until(lambda: a.said().count("the old ones stay") > before), (name, a.said())
            mark(n)
            assert until(lambda: word(n) in a.marked()), name
            if not a.rules.exists():
                a.rules.write_text(RULES)
        assert a.parts()["sensor"] == pid and not a.gaps()


@pytest.mark.parametrize("answer", [hangs, lies, drowns], ids=lambda f: f.__name__)
def test_an_engine_that_misbehaves_delays_no_alert(skep, tmp_path, answer):
    path = pathlib.Path(f"/tmp/agent-engine-{os.getpid()}-{answer.__name__}.sock")
    path.unlink(missing_ok=True)
    fake = FakeEngine(path, answer)
    agent = Agent(skep, tmp_path, "--engine", f"unix://{path}")
    agent.process.args.remove("--no-engines")
    try:
        with agent as a:
            for n in range(15):
                start = time.monotonic()
                mark(n)
                assert until(lambda: word(n) in a.marked(), every=0.01)
                assert time.monotonic() - start < 5  # who waits for an answer waits for ten; tests share a machine
                time.sleep(0.1)
            assert fake.paths and not a.gaps()
            status = pathlib.Path(f"/proc/{a.parts()['sensor']}/status").read_text()
            assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) < 100_000
    finally:
        fake.socket.close()
        path.unlink(missing_ok=True)


class Udp:
    """Keeps each datagram."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.messages = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.messages.append(self.socket.recv(65536))
            except OSError:
                return

    @property
    def url(self):
        return f"udp://127.0.0.1:{self.socket.getsockname()[1]}"


SYSLOG = re.compile(rb'<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ \[skep@32473( [!-~]+?="(?:[^"\\\]]|\\["\\\]])*")*\] \xef\xbb\xbf(.*)')

ODD = f"skep-odd-{os.getpid()}-"  # others may test on this machine at the same time
SEES_NAMES = RULES + """\
- rule: Odd file
  desc: a file is written
  condition: evt.type in (open, openat, creat) and evt.is_open_write = true and fd.name contains """ + ODD + """
  output: "wrote %fd.name by %proc.name in %proc.cwd"
  priority: WARNING
"""


def test_hostile_names_reach_every_output_and_break_none(skep, tmp_path):
    folder = os.fsencode(tmp_path) + b"/" + HOSTILE
    os.mkdir(folder)
    program = folder + b"/skep-marker-" + HOSTILE
    udp = Udp()
    text = tmp_path / "text"
    with Agent(skep, tmp_path, "--syslog", udp.url, "--no-folding", rules=SEES_NAMES) as a:
        pass
    a.alerts.unlink()
    a.process.args = [x if x != "none" else "text" for x in a.process.args]
    a.process.args = ["sh", "-c", f'exec "$@" >{text}', "sh", *a.process.args]
    with a:
        os.symlink("/bin/true", program)
        subprocess.run([program, HOSTILE, OURS.encode()], executable=program, check=True)
        subprocess.run(["sh", "-c", ': >"$1"', "sh", ODD.encode() + HOSTILE], cwd=folder, check=True)
        assert until(lambda: {"Marker", "Odd file"} <= {x["rule"] for x in a.told()}), (a.told(), a.said())
        # Read as bytes: what is no UTF-8 must not get that far, and every line is one document.
        told = [json.loads(line.decode("utf-8", "strict")) for line in a.alerts.read_bytes().splitlines()]
        marker = next(x for x in told if x["rule"] == "Marker")
        odd = next(x for x in told if x["rule"] == "Odd file")
        seen = HOSTILE.decode("utf-8", "replace")
        assert marker["message"] == f"marker skep-marker-a\nb {seen} {OURS}", marker["message"]
        assert f"{seen}/{ODD}{seen} by sh in " in odd["message"], odd["message"]
        assert until(lambda: len(udp.messages) == len(told))
        for message in udp.messages:
            message.decode("utf-8", "strict")
            assert SYSLOG.fullmatch(message), message
            assert not re.search(rb"[\x00-\x1f\x7f]", message)
        assert until(lambda: text.read_bytes().count(b"\n") == len(told))
        for line in text.read_bytes().splitlines():
            assert not re.search(rb"[\x00-\x1f\x7f]", line), line
            assert "\u202e" not in line.decode("utf-8", "strict") and b"\\x1b[31m" in line


def test_four_megabytes_of_arguments(skep, tmp_path):
    """More than the kernel's side keeps: what is told is cut, and nothing is lost."""
    many = [b"x" * 100000] * 41
    limits = lambda: resource.setrlimit(resource.RLIMIT_STACK, (32 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    with Agent(skep, tmp_path, "--no-folding") as a:
        for n in range(5):
            subprocess.run(["/bin/true", OURS + word(n), *many], preexec_fn=limits, check=True)
        subprocess.run(["/bin/true", OURS + word(5), *[b""] * 200000], preexec_fn=limits, check=True)
        mark(6)
        assert until(lambda: a.marked() == [word(n) for n in range(7)]), a.marked()
        for alert in a.told()[:6]:
            # Cut, and said so; nobody pads his arguments out of an alert.
            assert alert["cut"] is True and alert["message"].endswith("…") and 4000 < len(alert["message"]) < 4200
            assert alert["fields"]["proc.cmdline"].startswith("true " + OURS)
        assert "cut" not in a.told()[6]
        assert not a.gaps()


@pytest.fixture
def small_disk(tmp_path):
    need_root()
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill_up(place):
    with (place / "filler").open("wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            return


def test_a_full_disk_under_the_file(skep, tmp_path, small_disk):
    """Alerts are lost there, told so, and no line is cut; the others go on; with room again it goes on too."""
    file = small_disk / "alerts.json"
    with Agent(skep, tmp_path, "--alert-file", file, "--no-folding") as a:
        a.alerts = file
        mark(0)
        assert until(lambda: a.marked() == [word(0)])
        fill_up(small_disk)
        mark(*range(1, 41))
        assert until(lambda: "file " in a.said() and "write failed" in a.said()), a.said()
        (small_disk / "filler").unlink()
        mark(41)
        assert until(lambda: word(41) in a.marked())
        assert until(lambda: "works again" in a.said())
        lost = int(re.search(r"works again; (\d+) alerts were lost there", a.said())[1])
        assert lost > 0 and len(a.marked()) == 42 - lost
        assert not a.gaps()


def test_a_full_disk_under_the_spool(skep, tmp_path, small_disk):
    taken = []
    port = free_port()
    with Agent(skep, tmp_path, "--syslog", f"tcp://127.0.0.1:{port}", "--spool", small_disk / "spool", "--no-folding") as a:
        mark(0)
        assert until(lambda: a.marked() == [word(0)])
        fill_up(small_disk)
        mark(*range(1, 101))
        assert until(lambda: len(a.marked()) == 101)
        assert until(lambda: "syslog tcp://" in a.said())
        (small_disk / "filler").unlink()
        mark(101)
        assert until(lambda: len(a.marked()) == 102)
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(90)  # who found nobody tries again after a minute at most
            c, _ = server.accept()
            c.settimeout(1)

            def received():
                try:
                    taken.append(c.recv(65536))
                except TimeoutError:
                    pass
                return word(101).encode() in b"".join(taken)
            assert until(received)
        # Counted octets: what arrived is whole, in order, and starts with what there was room for.
        rest, told = b"".join(taken), []
        while rest:
            n, rest = rest.split(b" ", 1)
            message, rest = rest[:int(n)], rest[int(n):]
            assert len(message) == int(n) and SYSLOG.fullmatch(message), message
            told.append(re.search(OURS.encode() + rb"([a-z]+)", message)[1].decode())
        assert told[0] == word(0) and told[-1] == word(101)
        assert told == sorted(told) and len(told) == len(set(told))
        assert not a.gaps()


def test_a_spool_with_anothers_bytes(skep, tmp_path):
    """A power failure, a bad disk: what is damaged is counted, the rest is told."""
    port = free_port()
    args = ("--syslog", f"tcp://127.0.0.1:{port}", "--metrics", f"127.0.0.1:{(metrics := free_port())}")
    with Agent(skep, tmp_path, *args) as a:
        mark(*range(10))
        assert until(lambda: len(a.marked()) == 10)
    segment, = (tmp_path / "spool").glob("syslog-*.0*")
    lines = segment.read_bytes().splitlines(keepends=True)
    assert len(lines) == 10
    lines[2] = lines[2].replace(b"skep-marker", b"skep-narker")
    lines[5] = b"\0" * len(lines[5])
    segment.write_bytes(b"".join(lines) + b"cut")
    (tmp_path / "spool" / f"{segment.name[:-16]}zzzzzzzzzzzzzzzz").write_bytes(b"not ours")
    with socket.create_server(("127.0.0.1", port)) as server, Agent(skep, tmp_path, *args):
        c, _ = server.accept()
        c.settimeout(60)
        taken = b""
        while word(9).encode() not in taken:
            taken += c.recv(65536)
        told = re.findall(OURS.encode() + rb"([a-z]+)", taken)
        # Zeros take the line behind them along: their end was a line feed too.
        assert [x.decode() for x in told] == [word(n) for n in (0, 1, 3, 4, 7, 8, 9)]
        page = lambda: urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=60).read().decode()
        assert until(lambda: re.search(r'skep_output_lost_total\{output="syslog"[^}]*\} 3$', page(), re.M)), page()


def test_peers_that_say_nothing_do_not_use_up_the_descriptors(skep, tmp_path):
    port = free_port()
    with Agent(skep, tmp_path, "--metrics", f"127.0.0.1:{port}") as a:
        held = []
        for _ in range(400):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            held.append(s)
        time.sleep(1)
        fds = pathlib.Path(f"/proc/{a.parts()['uplink']}/fd")
        assert len(list(fds.iterdir())) < 200
        mark(1)
        assert until(lambda: a.marked() == [word(1)])
        for s in held:
            s.close()
        page = lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read()
        assert b"skep_events_judged_total" in page()
        assert not a.gaps()
