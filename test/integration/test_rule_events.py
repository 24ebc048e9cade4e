"""Rules on recorded events: what they find, why, what they cost and what the kernel is told."""
import json

import pytest

RULES = """
- list: secrets
  items: [/etc/shadow, /etc/gshadow]
- rule: Secret read
  desc: A secret was read
  desc_zh: 读取机密文件
  condition: >
    evt.type in (open, openat) and evt.is_open_read = true and fd.name in (secrets) and not proc.name in (sshd, login)
  output: read %fd.name
  priority: WARNING
- rule: Shell out
  desc: A shell connected
  condition: evt.type = connect and container.id != host and fd.sport in (4444, 1337) and proc.name in (sh, bash)
  output: connected %fd.name
  priority: NOTICE
"""
READ = {"evt.type": "openat", "evt.is_open_read": True, "fd.name": "/etc/shadow", "proc.name": "cat"}
HIT = {**READ, "expect": ["Secret read"]}
LOGIN = {**READ, "proc.name": "sshd", "expect": []}
UNKNOWN = {"evt.type": "openat", "fd.name": "/etc/shadow", "evt.is_open_read": True}
OUT = {"evt.type": "connect", "container.id": "3ad7b26ded6d", "fd.sport": 4444, "proc.name": "bash"}


@pytest.fixture
def files(tmp_path):
    def write(*events):
        (tmp_path / "rules.yaml").write_text(RULES)
        (tmp_path / "events.ndjson").write_text("".join(json.dumps(e) + "\n" for e in events))
        return ("rules.yaml", "--events", "events.ndjson")
    return write


def test_events_are_judged(skep, files, tmp_path):
    args = files(HIT, LOGIN, UNKNOWN, OUT)
    found = json.loads(skep.run("rule", "test", "--json", *args, cwd=tmp_path).stdout)
    assert [e["rules"] for e in found] == [["Secret read"], [], [], ["Shell out"]]
    assert [e["unknown"] for e in found] == [0, 0, 1, 0]
    assert [e["line"] for e in found] == [1, 2, 3, 4]
    assert "4 events, 2 hits, 1 undecided" in skep.run("rule", "test", *args, cwd=tmp_path).out


def test_what_was_not_expected_fails(skep, files, tmp_path):
    p = skep.run("rule", "test", *files({**LOGIN, "expect": ["Secret read"]}), check=1, cwd=tmp_path)
    assert "NOT as expected" in p.out


def test_why_shows_each_part_and_its_value(skep, files, tmp_path):
    args = files(LOGIN, OUT)
    p = skep.run("rule", "why", "Secret read", *args, "--line", "1", cwd=tmp_path)
    lines = p.out.splitlines()
    assert lines[0] == "events.ndjson:1 openat: Secret read: no"
    assert any(x.split()[0] == "yes" and "fd.name in (/etc/shadow, /etc/gshadow)" in x and x.endswith("# /etc/shadow")
               for x in lines)
    assert any(x.split()[0] == "yes" and "proc.name in (sshd, login)" in x and x.endswith("# sshd") for x in lines)
    p = skep.run("rule", "why", "all", *args, cwd=tmp_path)
    assert "Shell out: yes" in p.out and "Secret read" not in p.out
    skep.run("rule", "why", "No such rule", *args, check=4, cwd=tmp_path)


def test_cost_counts_each_check_once_for_an_event(skep, files, tmp_path):
    args = files(HIT, LOGIN)
    cost = json.loads(skep.run("rule", "cost", "--json", "--rounds", "10", *args, cwd=tmp_path).stdout)
    checks = {c["check"]: c for c in cost["checks"]}
    assert checks["proc.name in (sshd, login)"]["evaluated"] == 20
    assert checks["proc.name in (sshd, login)"]["held"] == 10
    assert checks["fd.sport in (4444, 1337)"]["evaluated"] == 0
    assert {r["rule"]: (r["judged"], r["held"]) for r in cost["rules"]} == {"Secret read": (20, 10), "Shell out": (0, 0)}


def test_the_kernel_is_told_what_rules_ask(skep, files, tmp_path):
    out = skep.run("rule", "kernel", "--lists", files()[0], cwd=tmp_path).out
    assert "openat\n    read one of 2 paths\n        is /etc/gshadow\n        is /etc/shadow\n" in out
    assert "connect\n    container ipv4 ipv6 one of 2 ports\n        port 1337\n        port 4444\n" in out
    assert "execve" not in out


@pytest.mark.parametrize("line, message", [
    ("[]", "the line is no object"),
    ('{"evt.type": "openat", "no.field": 1}', "'no.field' is no field"),
    ('{"evt.type": "openat", "fd.num": "x"}', "the value of fd.num is not of type integer"),
    ('{"fd.num": 1}', "evt.type is missing"),
])
def test_bad_lines_are_told_with_their_number(skep, files, tmp_path, line, message):
    args = files(HIT)
    with open(tmp_path / "events.ndjson", "a") as f:
        f.write("\n" + line + "\n")
    p = skep.run("rule", "test", *args, check=4, cwd=tmp_path)
    assert "events.ndjson:3: " in p.err and message in p.err
