"""Agents that lie, steal, repeat themselves or flood; consoles and hosts whose disks are full."""
import base64
import http.client
import json
import os
import random
import re
import string
import struct
import subprocess
import threading
import time

import pytest

from agents import mark, until
from conftest import BUILD
from consoles import Console, any_certificate
from fleet import JoinedAgent, Peer, alerts, ask, change, token, zstd
from forwarding import Proxy
from services import need, need_root

FRESH = 90


@pytest.fixture(scope="module")
def console(new_database, tmp_path_factory):
    with Console(tmp_path_factory.mktemp("console"), database=new_database()) as c:
        yield c


@pytest.fixture
def peer(console, tmp_path):
    return Peer(console, tmp_path / "peer", joins=token(console))


def rule(name):
    """A rule of this test's own, so that its alerts can be counted."""
    return f"{name}-{os.urandom(4).hex()}"


# ---- Who may speak ----


def test_a_token_is_good_once_and_for_a_while(console, tmp_path):
    once = token(console)
    a = Peer(console, tmp_path / "a", joins=once)
    b = Peer(console, tmp_path / "b")
    assert b.enroll(once)[0] == 403
    assert b.enroll(token(console, life_s=-1))[0] == 403
    assert b.enroll("skep1." + "A" * 64)[0] == 403
    assert b.enroll("nonsense")[0] == 400
    # The answer was lost: the same request is the same agent, with a certificate that works.
    status, again = a.enroll(once)
    assert status == 200 and again["agent"] == a.id
    a.take(again)
    assert a.batch(a.line("alert", a.alert()))[0] == 200
    two = token(console, uses=2)
    assert b.enroll(two)[0] == 200
    c = Peer(console, tmp_path / "c", joins=two)
    assert c.id != b.id and Peer(console, tmp_path / "d").enroll(two)[0] == 403
    secret = ask(console, "SELECT COUNT(*) FROM agent_token WHERE secret = ?", once)[0][0]
    assert secret == 0  # what is stored is its sum


def test_bad_requests_for_certificates_use_up_no_token(console, tmp_path):
    one = token(console)
    p = Peer(console, tmp_path / "p")
    for csr in ("", "x", p.csr[:200], p.csr.replace("A", "B", 5), "-----BEGIN CERTIFICATE REQUEST-----\n" * 1000):
        assert p.enroll(one, csr or " ")[0] in (400, 413), csr
    assert p.enroll(one)[0] == 200


def test_who_shows_no_certificate_of_an_agent_is_refused(console, peer, tmp_path):
    line = peer.line("alert", peer.alert())
    assert peer.batch(line, with_certificate=False)[0] == 403
    assert peer.ask("GET", "commands", with_certificate=False)[0] == 403
    # One the authority signed, but never gave to an agent.
    tls = console.state / "tls"
    p = Peer(console, tmp_path / "p")
    for days in ("30", "-1"):
        subprocess.run(["openssl", "x509", "-req", "-in", p.folder / "csr.pem", "-CA", tls / "authority.pem", "-CAkey",
                        tls / "authority.key", "-days", days, "-out", p.pem], check=True, capture_output=True)
        try:
            assert p.batch(line)[0] == 403
        except OSError:
            assert days == "-1"  # TLS itself refuses what is over
    # One of another authority, with the right name.
    other = tmp_path / "other"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    f"/CN={peer.id}", "-keyout", other, "-out", p.pem], check=True, capture_output=True)
    p.key = other
    with pytest.raises(OSError):
        p.batch(line)
    assert peer.batch(line)[0] == 200


def test_a_revoked_agent_is_refused_at_its_next_request(console, peer):
    assert peer.batch(peer.line("alert", peer.alert()))[0] == 200
    change(console, "UPDATE agent SET state = 1 WHERE id = ?", peer.id)
    assert peer.batch(peer.line("alert", peer.alert()))[0] == 403
    assert peer.ask("GET", "commands")[0] == 403
    assert peer.ask("POST", "renew", json.dumps({"csr": peer.csr}))[0] == 403


def test_a_renewed_certificate_works_and_is_the_same_agents(console, peer):
    status, answer = peer.ask("POST", "renew", json.dumps({"csr": peer.csr}))
    assert status == 200 and answer["agent"] == peer.id
    peer.take(answer)
    assert peer.batch(peer.line("alert", peer.alert()))[0] == 200


def test_an_agents_certificate_is_renewed(skep, console, tmp_path):
    """When it is asked to, and by itself when two thirds of its life are over; it stays the same agent, and what it held before goes on being its."""
    need_root()
    before, clock = alerts(console), tmp_path / "clock"
    clock.write_bytes(struct.pack("<qq", 0, 0))
    a = JoinedAgent(skep, tmp_path / "agent", console)
    a.process.env = {**skep.env, "LD_PRELOAD": str(BUILD / "test" / "integration" / "clock_shift.so"), "CLOCK_SHIFT": str(clock),
                     "ASAN_OPTIONS": "verify_asan_link_order=0"}
    pem = tmp_path / "agent" / "node" / "agent" / "identity.pem"
    with a:
        assert until(pem.exists, FRESH), a.said()
        first, name = pem.read_bytes(), a.name()
        change(console, "INSERT INTO agent_command (agent, kind, members, made_ns, done_ns, ok, message) "
                        "VALUES (?, 'renew', '', ?, 0, 0, '')", name, time.time_ns())
        assert until(lambda: pem.read_bytes() != first, FRESH), a.said()
        second = pem.read_bytes()
        # Key and all. Certificates are not compared line by line: two of the same second say the same of issuer and validity.
        old, new = (re.search(rb"(?s)-BEGIN PRIVATE KEY-----\n(.+)\n-----END", p)[1].split(b"\n") for p in (first, second))
        assert a.name() == name and not set(old) & set(new)
        mark(1)
        assert until(lambda: alerts(console) - before == 1, FRESH), a.said()
        time.sleep(1)
        assert pem.read_bytes() == second
    # 21 days later, as its host's clock has it.
    clock.write_bytes(struct.pack("<qq", 21 * 86400, 0))
    with a:
        assert until(lambda: pem.read_bytes() != second, FRESH), a.said()
    clock.write_bytes(struct.pack("<qq", 0, 0))
    with a:
        mark(2)
        assert until(lambda: alerts(console) - before == 2, FRESH), a.said()
        assert a.name() == name
    assert ask(console, "SELECT COUNT(*) FROM agent_certificate WHERE agent = ?", name) == [(3,)]


def test_protocols_that_are_not_spoken(console, peer):
    for p in ("0", "2", "", "x", "1" * 30):
        assert peer.batch(peer.line("alert", peer.alert()), protocol=p)[0] == 426
    assert peer.ask("GET", "nothing")[0] == 404
    assert peer.ask("DELETE", "batch")[0] == 404


def test_newer_agents_are_understood_as_far_as_they_can_be(console, peer):
    """Members nobody here knows are passed over; records nobody knows are counted, and said, and never just gone."""
    name = rule("newer")
    doc = {**peer.alert(name), "invented": {"by": ["a", "newer", "agent"]}, "container": {"runtime": "docker", "id": "d" * 64, "moons": 3}}
    lines = [peer.line("alert", json.dumps(doc)), peer.line("comet", {"id": "1"}), peer.line("moon", {"phase": 1}), peer.line("alert", peer.alert(name))]
    status, answer = peer.batch("".join(lines))
    assert status == 200 and answer == {"acknowledged": peer.number, "refused": 2, "unknown": 2}, answer
    assert alerts(console, name) == 2
    assert re.search(r"tells of '(comet|moon|x)', which this console does not know", console.said()), console.said()


def test_the_console_says_which_protocol_it_speaks(console):
    c = http.client.HTTPSConnection("127.0.0.1", console.port, context=any_certificate())
    c.request("GET", "/agent/v1/ca", headers={"Skep-Agent-Protocol": "2"})
    r = c.getresponse()
    assert r.status == 426 and r.headers["Skep-Agent-Protocol"] == "1"


# ---- What they say ----


def test_a_batch_that_comes_again_is_stored_once(console, peer):
    name = rule("replay")
    body = "".join(peer.line("alert", peer.alert(name)) for _ in range(100)).encode()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(peer.batch(body))) for _ in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert all(a == (200, {"acknowledged": peer.number, "refused": 0, "unknown": 0}) for a in answers), answers
    more = peer.line("alert", peer.alert(name))
    assert peer.batch(body.decode() + more)[1]["acknowledged"] == peer.number
    assert alerts(console, name) == 101


def test_what_is_no_record_is_passed_over_and_counted(console, peer):
    name = rule("odd")
    good = [peer.line("alert", peer.alert(name)) for _ in range(3)]
    bad = ["nonsense\n", '{"seq":900,"kind":"alert"}\n', '{"seq":901,"kind":"alert","doc":{"a":}}\n',
           '{"seq":902,"kind":"alert","doc":{}}\n', '{"seq":903,"kind":"alert","doc":{"time":"x","rule":"r"}}\n',
           '{"seq":904,"kind":"container","doc":{"id":""}}\n', '{"seq":905,"kind":"gone","doc":{"kind":"moon","id":"1"}}\n',
           '{"seq":906,"kind":"inventory","doc":{"image":"../../etc/passwd"}}\n',
           '{"seq":907,"kind":"alert","doc":"\xff"}\n', '{"seq":908,"kind":"moon","doc":{}}\n']
    status, answer = peer.batch(good[0] + good[1] + good[2] + "".join(bad))
    assert status == 200 and answer["acknowledged"] == 908 and answer["refused"] == 10 and answer["unknown"] == 1, answer
    assert alerts(console, name) == 3


def test_hostile_batches(console, peer):
    line = peer.line("alert", peer.alert())
    before = console.memory()
    assert peer.batch("", line)[0] == 200
    assert peer.batch(zstd(bytes(300 << 20)), encoding="zstd")[0] == 413
    assert peer.batch(b"\x28\xb5\x2f\xfd" + bytes(100), encoding="zstd")[0] == 400
    assert peer.batch(line, encoding="gzip")[0] == 415
    assert peer.batch(line, life="../x")[0] == 400
    assert peer.batch(peer.line("alert", {}, 77), peer.line("alert", {}, 77))[0] == 400
    assert peer.batch(peer.line("alert", {}, 99), peer.line("alert", {}, 98))[0] == 400
    assert peer.batch(zstd(b"\n".join(b'{"seq":%d,"kind":"x","doc":{}}' % n for n in range(200, 10300))),
                      encoding="zstd")[0] == 413
    deep = '{"a":' * 100000 + "1" + "}" * 100000
    assert peer.batch(peer.line("alert", deep))[1]["refused"] == 1
    try:
        assert peer.batch(bytes(5 << 20))[0] == 413
    except OSError:
        pass  # hung up on before all was sent
    assert peer.batch(peer.line("alert", peer.alert()), life=os.urandom(16).hex())[0] == 200
    assert console.memory() - before < 200 << 20


def test_names_longer_than_an_index_takes_hold_nobody_up(console, peer):
    """What makes a store fail is refused or cut, and does not come again for ever with all that waits behind it."""
    long = "".join(random.Random(7).choices(string.ascii_letters, k=20000))
    thing = {"id": "d" * 64, "name": "n", "state": "running", "podUid": "u" + peer.id}
    port = {"id": "tcp/0.0.0.0:80/1/1", "protocol": "tcp", "address": "0.0.0.0", "port": 80, "pid": 1, "container": "host"}
    records = [("container", {**thing, "name": long}), ("container", {**thing, "podNamespace": long}), ("container", {**thing, "podName": long}),
               ("container", {**thing, "image": long, "labels": {"a": long}}), ("image", {"id": "sha256:" + "b" * 64, "references": [long, "r"]}),
               ("process", {"id": "1@1", "name": long, "exe": long, "container": long}), ("port", {**port, "protocol": long}),
               ("port", {**port, "address": long}), ("port", {**port, "process": long}), ("port", {**port, "container": long}),
               ("user", {"id": "u", "name": long, "container": long}), ("volume", {"id": "v", "name": long, "containers": [long, "c" * 64]}),
               ("loss", {"spool": "alerts", "count": 10**400, "why": long}), ("loss", {"spool": "flows", "count": 2**63 - 1, "why": "x"}),
               ("loss", {"spool": "flows", "count": 2**63 - 1, "why": "x"}), ("alert", peer.alert(long, message=long, ruleId=long))]
    for kind, doc in records:
        status, answer = peer.batch(peer.line(kind, doc))
        assert status == 200 and answer["acknowledged"] == peer.number, (kind, doc, status, answer)
    names = ask(console, "SELECT name FROM asset WHERE agent = ? AND kind <> 0", peer.id)
    assert names and max(len(str(n)) for n, in names) <= 512
    assert peer.batch(peer.line("stats", {"schemaVersion": 1}))[0] == 200


def test_a_store_that_is_not_as_it_should_be_takes_nothing_away(console, peer):
    """An agent that is told its records are wrong gives them up: what is wrong with the store must not sound like it."""
    name = rule("table")
    lines = [peer.line("alert", peer.alert(name)) for _ in range(3)]
    change(console, "ALTER TABLE alert_counter RENAME TO alert_counter_away")
    try:
        assert [peer.batch(*lines)[0] for _ in range(2)] == [503, 503]
    finally:
        change(console, "ALTER TABLE alert_counter_away RENAME TO alert_counter")
    assert peer.batch(*lines) == (200, {"acknowledged": peer.number, "refused": 0, "unknown": 0})
    assert alerts(console, name) == 3


def test_names_that_are_sql_html_and_control_characters_are_text(console, peer):
    evil = "'; DROP TABLE agent;-- <script>alert(1)</script> \u202e\u0000\ud800 %s ${x}"
    name = rule("evil") + evil
    doc = json.dumps({"id": "c" * 64, "name": evil, "image": evil, "labels": {evil: evil}, "state": "running"})
    status, answer = peer.batch(peer.line("container", doc), peer.line("alert", json.dumps(peer.alert(name, container={
        "runtime": "docker", "id": "c" * 64, "name": evil, "labels": {"a": evil}}))))
    assert status == 200 and answer["refused"] == 0, answer
    got = ask(console, "SELECT name FROM asset WHERE id = ?", "container:" + "c" * 64)
    assert len(got) == 1 and "DROP TABLE" in got[0][0]
    assert ask(console, "SELECT COUNT(*) FROM agent")[0][0] > 0


def test_an_agent_speaks_for_its_own_things_alone(console, tmp_path, peer):
    thief = Peer(console, tmp_path / "thief", joins=token(console))
    thing = os.urandom(32).hex()
    peer.batch(peer.line("container", {"id": thing, "name": "mine", "state": "running"}))
    peer.batch(peer.line("process", {"id": "1@1", "name": "init"}))
    thief.batch(thief.line("gone", {"kind": "container", "id": thing}), thief.line("gone", {"kind": "process", "id": "1@1"}),
                thief.line("snapshot", {"kind": "container", "state": "begin"}),
                thief.line("snapshot", {"kind": "container", "state": "end"}))
    assert thief.batch(thief.line("container", {"id": thing, "name": "stolen"}))[1]["refused"] == 1
    assert ask(console, "SELECT gone_ns, name FROM asset WHERE id = ?", "container:" + thing) == [(0, "mine")]
    assert ask(console, "SELECT gone_ns FROM asset WHERE id = ?", f"process:{peer.id}/1@1") == [(0,)]
    peer.batch(peer.line("snapshot", {"kind": "container", "state": "begin"}),
               peer.line("snapshot", {"kind": "container", "state": "end"}))
    time.sleep(0.01)
    peer.batch(peer.line("snapshot", {"kind": "container", "state": "begin"}),
               peer.line("snapshot", {"kind": "container", "state": "end"}))
    assert ask(console, "SELECT gone_ns FROM asset WHERE id = ?", "container:" + thing)[0][0] > 0


def test_commands_come_down_and_their_results_up(console, peer):
    change(console, "INSERT INTO agent_command (agent, kind, members, made_ns, done_ns, ok, message) "
                    "VALUES (?, 'ping', '', ?, 0, 0, '')", peer.id, time.time_ns())
    number = ask(console, "SELECT MAX(id) FROM agent_command WHERE agent = ?", peer.id)[0][0]
    c = http.client.HTTPSConnection("127.0.0.1", console.port, context=peer.context(), timeout=30)
    c.request("GET", "/agent/v1/commands?after=0", headers={"Skep-Agent-Protocol": "1"})
    r = c.getresponse()
    line = b""
    while not line.strip():
        line = r.readline()
    assert json.loads(line) == {"id": number, "kind": "ping"}
    peer.batch(peer.line("result", {"command": number, "ok": True, "message": "here"}))
    assert ask(console, "SELECT ok, message FROM agent_command WHERE id = ?", number) == [(1, "here")]
    c.close()


# ---- Disks ----


@pytest.fixture
def small_disk(tmp_path):
    need_root()
    need("mount")
    at = tmp_path / "disk"
    at.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", at], check=True)
    yield at
    subprocess.run(["umount", "-l", at], check=False)


def test_a_console_whose_disk_is_full_loses_nothing_it_acknowledged(small_disk, tmp_path):
    name = rule("full")
    with Console(small_disk) as console:
        peer = Peer(console, tmp_path / "peer", joins=token(console))
        noise, stored, refused = os.urandom, 0, 0
        for _ in range(400):
            lines = [peer.line("alert", peer.alert(name, message=noise(700).hex())) for _ in range(40)]
            status, answer = peer.batch(*lines)
            if status == 200:
                stored += 40
                continue
            assert status == 503, (status, answer)
            refused += 1
            if refused == 3:
                break
        assert refused == 3 and stored > 0
        assert alerts(console, name) == stored
        # A load balancer is told to send nobody here, for as long as it is so; the log says it once.
        ready = console.client().get("/readyz")
        assert ready.status == 503 and ready.body == b"the store is full: nothing can be written\n", ready
        assert console.client().get("/healthz").status == 200
        assert console.figures()["skep_console_store_fault"] == 1
        assert console.said().count("the store cannot be written: ") == 1 and "an agent's request failed" not in console.said(), console.said()
        time.sleep(2.2)  # a trial is made, and does not find the little room there is to be enough
        assert console.client().get("/readyz").status == 503
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        # Nobody need tell anything for it to be found out.
        assert until(lambda: console.client().get("/readyz").body == b"ready\n", FRESH), console.client().get("/readyz")
        assert until(lambda: "the store can be written again" in console.said()) and console.figures()["skep_console_store_fault"] == 0
        assert console.said().count("the store can be written again") == 1
        assert until(lambda: peer.batch(peer.line("alert", peer.alert(name)))[0] == 200, FRESH)
        assert alerts(console, name) == stored + 1


def test_an_agent_whose_disk_is_full_goes_on_and_counts(skep, small_disk, console, tmp_path):
    """Alerts that found no room are told as lost; those that come when there is room again arrive."""
    subprocess.run(["mount", "-o", "remount,size=3m", small_disk], check=True)
    with JoinedAgent(skep, tmp_path / "agent", console, "--state", small_disk / "node") as a:
        a.state = small_disk / "node"
        assert until(lambda: (small_disk / "node" / "agent" / "identity.pem").exists(), FRESH), a.said()
        before = alerts(console)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        mark(*range(900, 910))
        assert until(lambda: len(a.marked()) == 10, FRESH)
        filler.unlink()
        mark(*range(910, 920))
        assert until(lambda: len(a.marked()) == 20, FRESH)
        assert until(lambda: alerts(console) - before >= 10, FRESH), a.said()
        # What found no room is counted, and told when there is some.
        lost = lambda: ask(console, "SELECT lost FROM agent WHERE id = ?", a.name())[0][0]
        assert until(lambda: alerts(console) - before + lost() == 20, FRESH), (alerts(console) - before, lost())


# ---- Ways ----


@pytest.mark.parametrize("user", [None, "agent:secret"])
def test_an_agent_behind_an_http_proxy(skep, console, tmp_path, user):
    """All it tells, and all it is asked, goes through the one tunnel that is allowed out."""
    need_root()
    before = alerts(console)
    with Proxy(user and base64.b64encode(user.encode()).decode()) as proxy:
        a = JoinedAgent(skep, tmp_path / "agent", console)
        a.process.env = {**skep.env, "https_proxy": f"http://{user + '@' if user else ''}127.0.0.1:{proxy.port}"}
        with a:
            mark(*range(5))
            assert until(lambda: alerts(console) - before == 5, FRESH), a.said()
            change(console, "INSERT INTO agent_command (agent, kind, members, made_ns, done_ns, ok, message) "
                            "VALUES (?, 'ping', '', ?, 0, 0, '')", a.name(), time.time_ns())
            assert until(lambda: ask(console, "SELECT ok FROM agent_command WHERE agent = ? AND kind = 'ping'", a.name()) == [(1,)], FRESH), a.said()
        # Enrolment, batches and commands: nothing went another way.
        assert len(proxy.asked) >= 3 and set(proxy.asked) == {f"127.0.0.1:{console.port}"}, proxy.asked
        assert console.said().count("secret") == 0 and "secret" not in a.said()
