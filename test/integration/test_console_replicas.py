"""Two consoles on one PostgreSQL: either does for the other."""
import json
import signal
import threading
import time

import pytest

from agents import until
from consoles import Client, Console, Hints
from fake_registry import scripted
from fleet import psql
from images import entry, layer
from notifying import Teller
from postgres import Postgres
from receivers import Script

@pytest.fixture(scope="module")
def postgres():
    p = Postgres()
    yield p
    p.end()


KEY_OF = []  # who worked on the database before


@pytest.fixture
def two(postgres, tmp_path):
    a, b = (Console(tmp_path / name, "--notify-allow", "127.0.0.0/8", database=postgres.url) for name in "ab")
    a.state.parent.mkdir()
    if KEY_OF:
        KEY_OF[0].share_key(a)
    a.start()
    KEY_OF[:] = [a]
    a.share_key(b)
    b.start()
    yield a, b
    a.end(signal.SIGKILL)
    b.end(signal.SIGKILL)


FIRST = {}


def admin(a, b):
    """Signed in at one of two consoles of a database that keeps its accounts from test to test."""
    if not FIRST:
        FIRST["name"], password = a.first
        return a.client().sign_in(FIRST["name"], password, new=Console.PASSWORD)
    return a.client().sign_in(FIRST["name"], Console.PASSWORD)


def moved(client, console):
    """The same browser, sent to the other console by a load balancer."""
    other = Client(console.url)
    other.opener, other.csrf = client.opener, client.csrf
    return other


def test_either_does_for_the_other(two):
    a, b = two
    here = admin(a, b)
    there = moved(here, b)
    assert there.get("/api/v1/session").status == 200
    # What one changes the other shows, and its pages hear of it.
    hints = Hints(here, b)
    assert hints.wait(b"retry: 3000")
    assert here.ask("PATCH", "/api/v1/settings", {"retentionDays": 77}).status == 200
    assert hints.wait(b'"topic":"settings"'), hints.heard
    assert there.get("/api/v1/settings").json()["retentionDays"] == 77
    # Both show agents certificates of one authority.
    ca = [Client(c.url).get("/agent/v1/ca", headers={"Skep-Agent-Protocol": "1"}).body for c in two]
    assert b"BEGIN CERTIFICATE" in ca[0] and ca[0] == ca[1]
    # One is killed while it is asked: the other goes on, and nobody is signed out.
    stop, lost, served = threading.Event(), [], []

    def ask():
        while not stop.is_set():
            for c in (here, there):
                try:
                    status = c.get("/api/v1/users", timeout=60).status
                except OSError:
                    lost.append(c)
                else:
                    served.append((c, status))

    asking = threading.Thread(target=ask)
    asking.start()
    assert until(lambda: len(served) > 4)
    a.process.kill()
    a.process.wait()
    before = len(served)
    assert until(lambda: lost and len(served) > before + 4), (lost, served)
    stop.set()
    asking.join()
    assert {s for _, s in served} == {200}
    assert here in lost and there not in lost
    a.start()
    assert moved(here, a).get("/api/v1/session").status == 200
    assert hints.wait(b": alive", 0) or hints.socket.fileno() >= 0


def test_what_one_decides_of_people_is_in_force_at_the_other(two):
    """Who may is nobody's memory: it is asked of the database, for each request."""
    a, b = two
    boss = admin(a, b)
    made = boss.ask("POST", "/api/v1/users", {"name": "ann", "password": "First-horse-7-battery", "roles": ["auditor"]})
    assert made.status == 201, made
    user = "/api/v1/users/" + made.json()["user"]["id"]
    here = a.client().sign_in("ann", "First-horse-7-battery", new="Second-horse-8-battery")
    there = moved(here, b)
    assert there.get("/api/v1/audit").status == 200
    # A role is changed here and there at once.
    assert boss.ask("PATCH", user, {"roles": ["read-only"]}).status == 200
    assert there.get("/api/v1/audit").status == here.get("/api/v1/audit").status == 403
    assert there.get("/api/v1/alerts").status == 200
    # A token made at one works at the other until it is taken back.
    token = boss.ask("POST", "/api/v1/tokens", {"name": "ci", "permissions": ["audit.read"]}).json()
    bearer = {"Authorization": "Bearer " + token["secret"]}
    assert b.client().get("/api/v1/audit", headers=bearer).status == 200
    assert boss.ask("DELETE", f"/api/v1/tokens/{token['token']['id']}").status == 204
    assert b.client().get("/api/v1/audit", headers=bearer).status == 401
    # Who guesses at one waits at the other.
    # Where hashing takes longer than the first waits are, these are over before they are told.
    guesses = []
    while guesses[-2:] != [429, 429] and len(guesses) < 24:
        guesses.append(two[len(guesses) % 2].client().ask("POST", "/api/v1/session", {"name": "ann", "password": f"Wrong-{len(guesses)}"}).status)
    assert guesses[0] == 401 and guesses[-2:] == [429, 429], guesses
    # Signed out at one, disabled at one: refused at the other.
    other = moved(boss, b)
    assert there.ask("DELETE", "/api/v1/session").status == 204
    assert here.get("/api/v1/session").status == there.get("/api/v1/session").status == 401
    assert other.ask("DELETE", "/api/v1/session").status == 204
    assert boss.get("/api/v1/session").status == 401


def test_the_audit_log_is_one_whoever_is_asked(two, skep, tmp_path):
    """What either wrote down is in one chain, and its end is signed by one key."""
    a, b = two
    here = admin(a, b)
    there = moved(here, b)
    for c in (here, there, here):
        assert c.ask("PATCH", "/api/v1/settings", {"retentionDays": 88}).status == 200
    for c, key in ((here, b), (there, a)):
        (tmp_path / "audit.ndjson").write_bytes(c.get("/api/v1/audit/export").body)
        said = skep.run("audit", "verify", "--json", "--key", key.state / "audit.key.pub", tmp_path / "audit.ndjson", check=0)
        report = json.loads(said.out)
        assert report["sound"] and report["signed"] and report["rows"] >= 3, report


def test_a_registry_is_gone_through_whoever_dies(two):
    """One replica goes through it. It is killed in the middle, whichever it is: the other takes up what was begun, and reads nothing twice."""
    a, b = two
    with scripted([f"r{n}" for n in range(6)]) as hub:
        client = admin(a, b)
        made = client.ask("POST", "/api/v1/registries", {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "requestsPerSecond": 3})
        assert made.status == 201, made
        path = f"/api/v1/registries/{made.json()['id']}"

        def ended(of):
            p = moved(client, of).get(path).json()["progress"]
            return p if p["state"] == "idle" and p["ended"] else None
        # If the first that is killed did not lead, the second does.
        for round, (dies, stays) in enumerate(((a, b), (b, a)), 1):
            before = moved(client, stays).get(path).json()["progress"]
            if round > 1:
                hub.add_image("r9", "new", [layer(entry("only", b"here"))])
                assert moved(client, stays).ask("POST", path + "/scan").status == 202
                assert until(lambda: moved(client, stays).get(path).json()["progress"]["began"] != before["began"], 60)
            assert until(lambda: moved(client, stays).get(path).json()["progress"]["tags"] > 1, 60)
            dies.end(signal.SIGKILL)
            assert until(lambda: (p := ended(stays)) and p["ended"] != before.get("ended"), 120), moved(client, stays).get(path).body
            p = ended(stays)
            assert "trouble" not in p and (p["tags"], p["scanned"], p["failed"], p["waiting"]) == (5 + round, 5 + round, 0, 0), p
            dies.start()
        assert moved(client, a).ask("DELETE", path).status == 204


def test_alerts_are_told_whoever_dies(two, tmp_path):
    """Each of two replicas takes alerts from agents; one tells them. What waits in the spool of one that died is told when it is back."""
    a, b = two
    client = admin(a, b)
    with Script() as script:
        made = client.ask("POST", "/api/v1/notifications", {"name": "hook", "kind": "webhook", "settings": {"url": script.url}})
        assert made.status == 201, made
        (tmp_path / "agent").mkdir()
        teller = Teller(a, client, tmp_path / "agent")
        told = 0

        def heard():
            return len({json.loads(body)["event"] for body in script.bodies()})
        for dies, stays in ((a, b), (b, a)):
            for console in (dies, stays):
                teller.console = console
                teller.tell(*range(told + 1, told + 11))
                told += 10
            dies.end(signal.SIGKILL)
            teller.console, before = stays, told
            teller.tell(*range(told + 1, told + 11))
            told += 10
            # Nobody has to come back for what is told now.
            assert until(lambda: {before + n for n in range(1, 11)} <= {json.loads(body)["event"] for body in script.bodies()}, 60), heard()
            dies.start()
            assert until(lambda: heard() == told, 60), (heard(), told)
        assert moved(client, a).ask("DELETE", f"/api/v1/notifications/{made.json()['id']}").status == 204


def test_a_database_that_goes_away_is_said_and_found_again(two, postgres):
    a, b = two
    client = admin(a, b)
    postgres.stop()
    try:
        began = time.monotonic()
        ready, asked = client.get("/readyz"), client.get("/api/v1/users")
        assert ready.status == 503 and asked.status == 503, (ready, asked)
        assert time.monotonic() - began < 10
        assert asked.json()["status"] == 503 and asked.headers["Retry-After"]
        # What needs no database goes on.
        assert client.get("/healthz").status == 200 and client.get("/").status == 200
        assert str(postgres.port) not in asked.body.decode()
    finally:
        postgres.start()
    # Each worker finds it by itself, within a second or so; nobody was signed out.
    well, end = 0, time.monotonic() + 60
    while well < 12 and time.monotonic() < end:
        well = well + 1 if client.get("/api/v1/session").status == 200 else 0
        time.sleep(0.05)
    assert well == 12 and client.get("/readyz").status == 200
    # Hints travel again, too.
    def listens():
        """b finds it by itself, too, and says no until then."""
        found = Hints(client, b)
        return found if found.wait(b"retry: 3000") else None
    hints = until(listens)
    assert hints
    end = time.monotonic() + 60
    days = 100
    while b'"topic":"settings"' not in hints.heard and time.monotonic() < end:
        days += 1
        # 503: the first to find its connection lost; what changes something is not done twice by itself.
        assert client.ask("PATCH", "/api/v1/settings", {"retentionDays": days}).status in (200, 503)
        hints.wait(b'"topic":"settings"', 1)
    assert b'"topic":"settings"' in hints.heard


def test_one_with_another_secret_key_does_not_start(postgres_server, skep, tmp_path):
    database = postgres_server.new_database()
    for name in "ab":
        (tmp_path / name).mkdir()
    a, b = (Console(tmp_path / name, database=database) for name in "ab")

    def refused(**kw):
        with pytest.raises(AssertionError):
            b.start()
        return b.process.wait(20) != 0 and "secret.key' is not the key this database's secrets are sealed with" in b.said()

    with a:
        b.state.mkdir(mode=0o700)
        # Its own is made at its start, and is another; one that is shared is taken.
        assert refused() and str(b.state) in b.said(), b.said()
        zh = skep.run("--lang", "zh", "console", "run", "--state", b.state, "--listen", "127.0.0.1:0", "--database", database)
        assert zh.returncode != 0 and "不是密封本数据库机密所用的密钥" in zh.err, zh
        own = (b.state / "secret.key").read_bytes()
        a.share_key(b)
        b.start()
        b.end()
        # Neither key is in the store, nor what one could be found by.
        assert psql(database, "SELECT length(value) FROM store_fact WHERE name = 'secret_key'", ()) == [(64,)]
    # Lost: whoever says so goes on with another, and the first is the wrong one then.
    (b.state / "secret.key").write_bytes(own)
    assert refused()
    with Console(tmp_path / "b", "--replace-secret-key", database=database):
        pass
    b.start()
    b.end()
    with pytest.raises(AssertionError):
        a.start()
    assert "is not the key" in a.said()
