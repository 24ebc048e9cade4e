"""Two consoles on one PostgreSQL behind one address, and agents that know that address alone."""
import itertools
import os
import signal
import threading
import time

import pytest

from agents import mark, until
from consoles import Client, Console
from fleet import JoinedAgent, Peer, alerts, ask, token
from forwarding import Balancer
from postgres import Postgres
from services import need_root

FRESH = 90
BATCH = 20


class Address:
    """The address of both, told from a console as its own."""

    def __init__(self, balancer, console):
        self.port, self.url = balancer.port, f"https://127.0.0.1:{balancer.port}"
        self.state, self.args = console.state, console.args


@pytest.fixture
def postgres():
    p = Postgres()
    yield p
    p.end()


@pytest.fixture
def two(postgres, tmp_path):
    a, b = (Console(tmp_path / name, database=postgres.url) for name in "ab")
    for c in (a, b):
        c.state.parent.mkdir()
    a.start()
    a.share_key(b)
    b.start()
    for c in (a, b):  # the same ports after a kill
        c.args[c.args.index("--listen") + 1] = f"127.0.0.1:{c.port}"
    yield a, b
    a.end(signal.SIGKILL)
    b.end(signal.SIGKILL)


class Sender(threading.Thread):
    """Sends batches without a pause, each until it is acknowledged, as agents do."""

    def __init__(self, peer, name, stop):
        super().__init__(daemon=True)
        self.peer, self.name_, self.stop, self.done, self.again = peer, name, stop, 0, 0
        self.start()

    def run(self):
        for n in itertools.count():
            lines = [self.peer.line("alert", self.peer.alert(f"{self.name_}-{n}")) for _ in range(BATCH)]
            while True:
                try:
                    status, answer = self.peer.batch(*lines)
                except OSError:
                    status = 0
                if status == 200:
                    assert answer == {"acknowledged": self.peer.number, "refused": 0, "unknown": 0}, answer
                    break
                assert status in (0, 503), answer
                self.again += 1
                time.sleep(0.05)
            self.done = n + 1
            if self.stop.is_set():
                return


class Browser(threading.Thread):
    """Somebody signed in who looks again and again."""

    def __init__(self, client, stop):
        super().__init__(daemon=True)
        self.client, self.stop, self.statuses = client, stop, {}
        self.start()

    def run(self):
        while not self.stop.is_set():
            try:
                a = self.client.get("/api/v1/alerts", timeout=20)
                status = a.status
            except OSError:
                status = 0
            self.statuses[status] = self.statuses.get(status, 0) + 1
            time.sleep(0.02)


def stored(console, name):
    """How many alerts there are of each rule whose name begins so."""
    found = {}
    for day, in ask(console, "SELECT day FROM alert_day"):
        for rule, n in ask(console, f"SELECT s.rule, COUNT(*) FROM alert_{day} a JOIN alert_series s ON s.id = a.series "
                                    "WHERE s.rule LIKE ? GROUP BY s.rule", name + "-%"):
            found[rule] = found.get(rule, 0) + n
    return found


def test_kills_of_either_and_of_the_database_lose_and_double_nothing(skep, tmp_path, two, postgres):
    """kill -9 of each console in turn, and of the database, while a fleet sends and somebody looks."""
    need_root()
    a, b = two
    with Balancer(a, b) as balancer:
        address = Address(balancer, a)
        person = Client(address.url).sign_in(*a.first, new=Console.PASSWORD)
        peers = [Peer(address, tmp_path / f"peer{i}", joins=token(a)) for i in range(3)]
        name, stop = "kill" + os.urandom(3).hex(), threading.Event()
        with JoinedAgent(skep, tmp_path / "agent", address, joins=token(a)) as agent:
            browser = Browser(person, stop)
            senders = [Sender(p, f"{name}-{i}", stop) for i, p in enumerate(peers)]
            marked = 0
            for victim in (a, b, postgres, b, a):
                time.sleep(0.7)
                mark(*range(marked, marked + 10))
                marked += 10
                if victim is postgres:
                    postgres.stop()
                    time.sleep(1)
                    postgres.start()
                else:
                    victim.end(signal.SIGKILL)
                    time.sleep(0.5)
                    victim.start()
            # It goes on: each sender gets one more through.
            before = [s.done for s in senders]
            assert until(lambda: all(s.done > n for s, n in zip(senders, before)), FRESH), (before, [s.done for s in senders])
            stop.set()
            for t in (browser, *senders):
                t.join(FRESH)
                assert not t.is_alive()
            found = stored(a, name)
            assert found == {f"{name}-{i}-{n}": BATCH for i, s in enumerate(senders) for n in range(s.done)}
            assert until(lambda: alerts(a) >= marked, FRESH), (alerts(a), agent.said()[-2000:])
            time.sleep(1)
            assert alerts(a) == marked
            # Nobody was signed out: what could not be answered was said so.
            assert browser.statuses[200] > 0 and set(browser.statuses) <= {0, 200, 503}, browser.statuses
            assert person.get("/api/v1/session").status == 200
            assert min(balancer.taken) > 0
            print(f"{len(found) * BATCH} alerts in {len(found)} batches, sent again {sum(s.again for s in senders)} times; "
                  f"{marked} of an agent; a browser was answered {browser.statuses}")
