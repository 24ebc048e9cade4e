"""Consoles whose clock is set, rightly or wrongly, while they work: what is stored stays, nobody is let in who was not, and all is well
once the clock is right."""
import contextlib
import json
import re
import signal
import socket
import ssl
import struct
import time

import pytest

from agents import until
from conftest import BUILD
from consoles import Console, Hints
from fleet import alerts, ask
from pretended_agent import PretendedAgent, alert

HOUR, DAY, YEAR, TEN_YEARS = 3600, 86400, 365 * 86400, 3652 * 86400
IN = "Second-horse-8-battery"


class SetConsole(Console):
    """One whose clock a test sets."""

    def __init__(self, folder, **kw):
        self.clock = folder / "clock"
        self.set(0)
        super().__init__(folder, env={"LD_PRELOAD": str(BUILD / "test" / "integration" / "clock_shift.so"), "CLOCK_SHIFT": str(self.clock),
                                      "ASAN_OPTIONS": "verify_asan_link_order=0"}, **kw)

    def set(self, seconds, passed=0):
        """In place: the program looks at the file's memory. @p passed: of the time that goes on while it runs"""
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as f:
            f.write(struct.pack("<qq", seconds, passed))

    def noticed(self):
        """By how much it last saw its clock set."""
        return int((re.findall(r"the clock was set by (\S+) s", self.said()) or [0])[-1])


@pytest.fixture(scope="module")
def console(new_database, tmp_path_factory):
    with SetConsole(tmp_path_factory.mktemp("clock"), database=new_database()) as c:
        c.boss = c.admin()
        yield c


@pytest.fixture
def agent(console, tmp_path):
    return PretendedAgent(console, tmp_path, console.boss.ask("POST", "/api/v1/agents/tokens", {}).json()["token"], name=tmp_path.name[-8:])


def told(agent, console, rule):
    """Whether the agent got rid of an alert, which is what its spool waits for."""
    try:
        agent.tell([("alert", alert(time.time(), rule=rule))])
    except (OSError, AssertionError):
        agent.seq -= 1
        return False
    return True


@pytest.mark.parametrize("new_database,by", [("sqlite", HOUR), ("sqlite", -HOUR), ("sqlite", TEN_YEARS), ("postgres", DAY), ("postgres", -DAY),
                                             ("postgres", -TEN_YEARS)], indirect=["new_database"], scope="module")
def test_a_clock_that_is_set(console, agent, skep, tmp_path, by):
    boss, rule = console.boss, f"Set by {by}"
    name = f"user{by}".replace("-", "m")
    assert boss.ask("POST", "/api/v1/users", {"name": name, "password": "First-horse-7-battery", "roles": ["auditor"]}).status == 201
    before = console.client().sign_in(name, "First-horse-7-battery", new=IN)
    over = console.client().sign_in(name, IN)
    assert over.ask("DELETE", "/api/v1/session").status == 204
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1800))
    tokens = [boss.ask("POST", "/api/v1/tokens", {"name": f"{by}{expires}", "permissions": ["audit.read"], **({"expires": expires} if expires else {})})
              for expires in (None, soon)]
    lasting, ending = ({"Authorization": "Bearer " + t.json()["secret"]} for t in tokens)
    hints = Hints(boss, console)
    assert hints.wait(b"retry: 3000")
    sent = 1
    assert told(agent, console, rule)
    silent = ask(console, "SELECT COUNT(*) FROM alert_series WHERE rule = 'Agent silent'")

    console.set(by)
    try:
        assert console.client().get("/readyz").status == 200
        # How long a session lasts cannot be told any more: it is not let in. Who signs in anew is.
        assert before.get("/api/v1/session").status == 401 and over.get("/api/v1/session").status == 401
        new = console.client().sign_in(name, IN)
        assert new.get("/api/v1/audit").status == 200
        assert console.client().get("/api/v1/audit", headers=lasting).status == 200
        assert console.client().get("/api/v1/audit", headers=ending).status == (401 if by > 0 else 200)
        # Pages that listen hear of what happens.
        assert console.client().sign_in("admin", console.PASSWORD).ask("PATCH", "/api/v1/settings", {"retentionDays": 90}).status == 200
        assert hints.wait(b'"topic":"settings"'), hints.heard
        # By that clock a certificate may be over or not begun: its agent keeps what it has to tell.
        taken = told(agent, console, rule)
        assert taken == (0 < by < TEN_YEARS), taken
        sent += taken
        assert alerts(console, rule) == sent
        # Who guesses waits, by whatever clock; where hashing takes longer than the first waits are, after a few more.
        guesses = [401]
        while guesses[-1] == 401 and len(guesses) < 16:
            guesses.append(console.client().ask("POST", "/api/v1/session", {"name": name, "password": f"Wrong-{len(guesses)}"}).status)
        assert guesses[-1] == 429, guesses
        assert until(lambda: abs(console.noticed() - by) < 60), console.said()
    finally:
        console.set(0)

    assert ask(console, "SELECT COUNT(*) FROM alert_series WHERE rule = 'Agent silent'") == silent
    # All is as it was; nothing of the other time is left that would last, or keep anybody out.
    assert before.get("/api/v1/session").status == 200 and over.get("/api/v1/session").status == 401
    assert new.get("/api/v1/session").status == 401
    assert console.client().get("/api/v1/audit", headers=ending).status == 200
    assert until(lambda: console.client().ask("POST", "/api/v1/session", {"name": name, "password": IN}).status == 200)
    assert told(agent, console, rule)
    assert alerts(console, rule) == sent + 1
    # What was done meanwhile is in the audit log, in the order it was done.
    exported = console.client().get("/api/v1/audit/export", headers=lasting)
    (tmp_path / "audit.ndjson").write_bytes(exported.body)
    report = json.loads(skep.run("audit", "verify", "--json", tmp_path / "audit.ndjson", check=0).out)
    assert report["sound"] and report["rows"] > 5, report


def test_a_clock_far_ahead_takes_nothing_away(postgres_server, tmp_path):
    """The replica that leads throws away what is old. The next one's clock was set ten years ahead while it stood by: all is old by it."""
    database = postgres_server.new_database()
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    with Console(tmp_path / "a", database=database) as first, contextlib.ExitStack() as stack:
        second = SetConsole(tmp_path / "b", database=database)
        first.share_key(second)
        stack.enter_context(second)
        boss = first.admin()
        agent = PretendedAgent(first, tmp_path, boss.ask("POST", "/api/v1/agents/tokens", {}).json()["token"])
        assert boss.ask("POST", "/api/v1/agents/tokens", {}).status == 201
        agent.tell([("host", {"id": "host", "name": "node-1"}), ("alert", alert(time.time(), rule="Kept"))])
        def stored():
            return [ask(second, f"SELECT COUNT(*) FROM {t}")[0][0] for t in ("agent_token", "agent_certificate", "audit_day", "sessions")]

        kept = stored()
        assert all(kept) and alerts(second, "Kept") == 1, kept
        time.sleep(1.5)  # it has looked at its clock
        second.set(TEN_YEARS)
        first.end(signal.SIGKILL)
        assert until(lambda: abs(second.noticed() - TEN_YEARS) < 60), second.said()
        time.sleep(4)  # it leads, and has gone through all it does each minute and hour
        assert stored() == kept and alerts(second, "Kept") == 1
        second.set(0)
        assert second.client().sign_in(first.first[0], Console.PASSWORD).get("/api/v1/alerts").json()["items"][0]["rule"] == "Kept"


def stored(console):
    return {t: ask(console, f"SELECT COUNT(*) FROM {t}")[0][0] for t in ("agent", "agent_token", "agent_certificate", "agent_join", "sessions",
                                                                        "api_tokens", "alert_day", "audit_day", "intelligence")}


def known(console):
    """Until when the console knows that it ran, seconds since 1970."""
    return int(ask(console, "SELECT value FROM store_fact WHERE name = 'known_ns'")[0][0]) / 1e9


def filled(console, tmp_path):
    """One that ran, has an alert, a session, a token and an agent, and was ended."""
    boss = console.start().admin()
    agent = PretendedAgent(console, tmp_path, boss.ask("POST", "/api/v1/agents/tokens", {}).json()["token"])
    assert boss.ask("POST", "/api/v1/agents/tokens", {}).status == 201
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1800))
    assert boss.ask("POST", "/api/v1/tokens", {"name": "one", "permissions": ["audit.read"], "expires": soon}).status == 201
    agent.tell([("host", {"id": "host", "name": "node-1"}), ("alert", alert(time.time(), rule="Kept"))])
    assert until(lambda: ask(console, "SELECT 1 FROM store_fact WHERE name = 'known_ns'"))
    return boss, agent


def doubted(console, days):
    """Waits until it doubts its clock, and has gone through all it does each minute and hour."""
    assert until(lambda: f"the clock is {days} days ahead" in console.said()), console.said()
    time.sleep(2)


@pytest.mark.parametrize("new_database", ["sqlite", "postgres"], indirect=True, scope="module")
def test_a_clock_that_is_a_year_ahead_at_the_start(new_database, tmp_path):
    c = SetConsole(tmp_path, database=new_database())
    boss, agent = filled(c, tmp_path)
    try:
        assert boss.ask("POST", "/api/v1/registries", {"name": "away", "kind": "docker-registry", "address": "127.0.0.1:9"}).status == 201
        def next_run():
            return ask(c, "SELECT next_ns FROM registry")[0][0] / 1e9
        assert until(lambda: next_run())
        had, port = stored(c), c.port
        assert all(v for k, v in had.items() if k != "intelligence") and c.client().get("/readyz").body == b"ready\n", had
        c.end()

        c.set(YEAR)
        before = known(c)
        c.args[c.args.index("--listen") + 1] = f"127.0.0.1:{port}"
        c.start()
        doubted(c, 365)
        # Nothing is gone.
        assert b"the clock is 365 days ahead" in c.client().get("/readyz").body
        now = c.client().sign_in("admin", c.PASSWORD)
        assert now.get("/api/v1/overview").json()["clockAheadDays"] == 365
        assert {k: v for k, v in stored(c).items() if v < had[k]} == {} and alerts(c, "Kept") == 1
        assert abs(known(c) - before) < 600
        assert until(lambda: next_run() > time.time() + YEAR)

        # It comes right.
        c.set(0)
        assert until(lambda: abs(c.noticed() + YEAR) < 60), c.said()
        assert c.client().get("/readyz").body == b"ready\n"
        assert boss.get("/api/v1/overview").json()["clockAheadDays"] is None
        assert told(agent, c, "Kept") and alerts(c, "Kept") == 2 and stored(c)["agent"] == had["agent"]
        # What shows who it is was made by the wrong clock, and made anew.
        strict = ssl.create_default_context(cafile=c.state / "tls" / "authority.pem")
        def shakes():
            with socket.create_connection(("127.0.0.1", c.port)) as s, strict.wrap_socket(s, server_hostname="localhost"):
                return True
        assert until(lambda: not fails(shakes))
        # What was to come a year hence comes.
        assert until(lambda: next_run() < time.time() + 2 * DAY)
    finally:
        c.end()
    assert c.process.returncode == 0


def fails(fn):
    try:
        fn()
    except ssl.SSLError as e:
        return e
    return None


@pytest.mark.parametrize("new_database", ["sqlite", "postgres"], indirect=True, scope="module")
def test_a_console_that_was_off_for_months(new_database, tmp_path):
    """Its clock is right: what is old goes, an hour later."""
    c = SetConsole(tmp_path, database=new_database())
    filled(c, tmp_path)
    c.end()
    try:
        c.set(92 * DAY)
        before = known(c)
        c.start()
        doubted(c, 92)
        assert alerts(c, "Kept") == 1 and ask(c, "SELECT 1 FROM sessions")
        c.set(92 * DAY + HOUR, passed=HOUR)
        assert until(lambda: not ask(c, "SELECT 1 FROM alert_series WHERE rule = 'Kept'")), c.said()
        assert until(lambda: not ask(c, "SELECT 1 FROM sessions") and not ask(c, "SELECT 1 FROM agent_join"))
        assert known(c) - before > 91 * DAY and c.client().get("/readyz").body == b"ready\n"
    finally:
        c.end()
