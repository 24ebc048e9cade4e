"""`skep console backup` and `restore`: a copy of a store in use, checked before it takes a store's place."""
import contextlib
import shutil
import signal
import sqlite3
import types

import pytest

from agents import until
from consoles import Console
from fleet import Peer, alerts, ask, change, token
from postgres import Postgres


def connect(path):
    """A connection that ends with its block, what was done in it committed."""
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


def make_store(skep, folder):
    """A store as `console restore` makes one ready: from an empty copy of it."""
    folder.mkdir()
    (folder / "skep.db").touch()
    seed = folder / "seed.db"
    with connect(seed) as db:
        db.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, done_ns BIGINT NOT NULL)")
    skep.run("console", "restore", "--state", folder, seed, check=0)
    return folder / "skep.db"


def run_in(path, statement):
    with connect(path) as db:
        db.execute(statement)


def fact(path):
    with connect(path) as db:
        return [row[0] for row in db.execute("SELECT value FROM store_fact WHERE name = 'colour'")]


def test_a_copy_of_a_store_in_use_comes_back(skep, tmp_path):
    path = make_store(skep, tmp_path / "state")
    with connect(path) as db:
        db.execute("INSERT INTO store_fact VALUES ('colour', 'red')")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE store_fact SET value = 'green'")
    copy = tmp_path / "monday"  # as one likes
    assert "copied" in skep.run("console", "backup", "--state", path.parent, copy, check=0).out
    assert fact(copy) == ["red"], "what was not committed is not in the copy"
    writer.execute("COMMIT")
    writer.close()
    assert fact(path) == ["green"]
    skep.run("console", "restore", "--state", path.parent, copy, check=0)
    assert fact(path) == ["red"]
    assert fact(path.parent / "skep.db.before-restore") == ["green"]
    again = skep.run("console", "backup", "--state", path.parent, copy)
    assert again.returncode != 0 and "exist" in again.err
    absent = skep.run("console", "restore", "--state", path.parent, tmp_path / "tuesday")
    assert absent.returncode != 0 and f"cannot open '{tmp_path}/tuesday'" in absent.err, absent.err


@pytest.mark.parametrize("spoil", [
    lambda copy: copy.write_bytes(b"not a database at all" * 500),
    lambda copy: copy.write_bytes(copy.read_bytes()[:8192] + b"\x5a" * 300 + copy.read_bytes()[8492:]),
    lambda copy: run_in(copy, "INSERT INTO migration VALUES ('of-tomorrow', 1)"),
])
def test_a_bad_copy_changes_nothing(skep, tmp_path, spoil):
    path = make_store(skep, tmp_path / "state")
    copy = tmp_path / "copy.db"
    skep.run("console", "backup", "--state", path.parent, copy, check=0)
    spoil(copy)
    before = path.read_bytes()
    assert skep.run("console", "restore", "--state", path.parent, copy).returncode != 0
    assert path.read_bytes() == before


def test_a_running_console_is_not_pulled_from_under(skep, tmp_path):
    import fcntl
    path = make_store(skep, tmp_path / "state")
    copy = tmp_path / "copy.db"
    skep.run("console", "backup", "--state", path.parent, copy, check=0)
    with open(f"{path}-clock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = skep.run("console", "restore", "--state", path.parent, copy)
    assert result.returncode != 0 and "end it first" in result.err


def test_a_copy_without_its_secret_key_is_not_begun_with(skep, tmp_path):
    """It would open none of the secrets it holds."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for f in folders:
        (f / "state").mkdir(parents=True, mode=0o700)
    with Console(folders[0]) as c:
        skep.run("console", "backup", "--state", c.state, tmp_path / "copy.db", check=0)
    skep.run("console", "restore", "--state", folders[1] / "state", tmp_path / "copy.db", check=0)
    other = Console(folders[1])
    with pytest.raises(AssertionError):
        other.start()
    assert "secret.key' is not the key" in other.said()
    shutil.copy(c.state / "secret.key", other.state)
    with other:
        pass


def test_a_damaged_store_is_not_begun_with(skep, tmp_path):
    """Who reads why is told what to do; nothing is mended behind anybody's back."""
    folder = tmp_path / "one"
    (folder / "state").mkdir(parents=True, mode=0o700)
    with Console(folder) as c:
        skep.run("console", "backup", "--state", c.state, tmp_path / "copy.db", check=0)
    path = c.state / "skep.db"
    with path.open("r+b") as f:
        f.seek(8192)
        f.write(b"\x5a" * 300)
    with pytest.raises(AssertionError):
        c.start()
    assert "is damaged" in c.said() and "skep console restore" in c.said(), c.said()
    assert path.read_bytes()[8192:8492] == b"\x5a" * 300
    skep.run("console", "restore", "--state", c.state, tmp_path / "copy.db", check=0)
    with c:
        pass


def refused(console, *said):
    """Ends by itself, with all of `said`, and does no harm to the one that works there."""
    with pytest.raises(AssertionError):
        console.start()
    assert console.process.wait(30) == 3  # internal, exit_code.def
    assert all(s in console.said() for s in said), console.said()


def test_a_second_console_is_refused_where_one_works(skep, tmp_path, new_database):
    """On any port, with any engine; what is only read or copied beside it is not."""
    database = new_database()
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with Console(tmp_path / "one", database=database) as one:
        admin = one.admin()
        second = Console(tmp_path / "one", database=database)
        second.out = tmp_path / "second.out"
        refused(second, "another console works in", str(one.state), "--state")
        if not database:
            elsewhere = Console(tmp_path / "two", database=str(one.state))
            refused(elsewhere, "a console works on", "skep.db", "end it first")
            skep.run("console", "backup", "--state", one.state, tmp_path / "copy.db", check=0)
            p = skep.run("console", "restore", "--state", one.state, tmp_path / "copy.db")
            assert p.returncode != 0 and "end it first" in p.err
        assert admin.get("/api/v1/session").status == 200
        # Nothing is left to clear away by hand.
        one.end(signal.SIGKILL)
        with second:
            pass
    if not database:
        skep.run("console", "restore", "--state", one.state, tmp_path / "copy.db", check=0)


PLACES = ["assets", "alerts", "images", "vulnerabilities", "users", "roles", "agents", "registries", "rule-files", "audit", "views", "settings"]


def test_a_store_that_is_damaged_while_it_is_used_is_the_servers_fault(tmp_path):
    """Whoever asks is told so and what is to be done, the log once; nobody is told that the request was wrong."""
    with Console(tmp_path) as c:
        admin = c.admin()
        c.end()
        c.start()
        admin.url = c.url
        with (c.state / "skep.db").open("r+b") as f:
            size = f.seek(0, 2)
            f.seek(4096)
            f.write(b"\x5a" * (size - 4096))
        answers = [admin.get(f"/api/v1/{p}") for p in PLACES for _ in range(4)]
        assert {a.status for a in answers} <= {200, 500}, answers
        told = [a.json() for a in answers if a.status == 500]
        assert told and {t["code"] for t in told} == {"store-damaged"}, told
        assert "put a copy in its place" in told[0]["detail"]
        assert admin.get("/api/v1/assets", headers={"Accept-Language": "zh"}).json()["detail"].startswith("数据库已损坏")
        ready = c.client().get("/readyz")
        assert (ready.status, ready.body) == (503, b"the store is damaged\n")
        assert c.client().get("/healthz").status == 200 and c.figures()["skep_console_store_fault"] == 1
        assert c.said().count("the store is damaged: ") == 1 and "skep console restore" in c.said(), c.said()


@pytest.mark.parametrize("how, back", [("moved", "while it runs"), ("replaced", "while it runs"), ("moved", "after its end")])
def test_a_store_whose_file_is_taken_away_acknowledges_nothing_more(tmp_path, how, back):
    """What is written to it then would be gone with the console, unless it is put back."""
    with Console(tmp_path) as c:
        peer = Peer(c, tmp_path / "peer", joins=token(c))
        batch = [peer.line("alert", peer.alert("taken")) for _ in range(7)]
        assert peer.batch(*batch)[0] == 200
        (c.state / "skep.db").rename(tmp_path / "away.db")
        if how == "replaced":
            shutil.copy(tmp_path / "away.db", c.state / "skep.db")
        more = [peer.line("alert", peer.alert("taken")) for _ in range(5)]
        status, answer = peer.batch(*more)
        assert status >= 500, (status, answer)
        ready = c.client().get("/readyz")
        assert (ready.status, ready.body) == (503, b"the store's file was moved away, deleted or replaced\n")
        assert c.said().count(f"the store was taken away: '{c.state}/skep.db' was moved away, deleted or replaced. Nothing is acknowledged") == 1, c.said()
        assert "is damaged" not in c.said() and c.figures()["skep_console_store_fault"] == 1
        if back == "after its end":
            c.end()
        (tmp_path / "away.db").rename(c.state / "skep.db")
        if back == "after its end":
            c.start()
        assert until(lambda: c.client().get("/readyz").status == 200), c.said()
        assert c.said().count("the store can be written again") == (back == "while it runs"), c.said()
        # The agent kept what was not acknowledged, and tells it again.
        assert peer.batch(*more)[0] == 200
        assert alerts(c, "taken") == 12


@pytest.mark.parametrize("then", ["put back", "ended", "killed"])
def test_a_log_that_is_taken_away_takes_nothing_with_it(tmp_path, then):
    """skep.db-wal alone: what it held was acknowledged, and what would be written to it would be gone with the console."""
    copy = tmp_path / "copy"

    def in_file():
        # By itself, in a place of its own: who opens the store looks for the log.
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        shutil.copy(c.state / "skep.db", copy)
        try:
            return alerts(types.SimpleNamespace(state=copy, args=[]), "taken")
        except sqlite3.Error:  # it was being written
            return None
    with Console(tmp_path) as c:
        peer = Peer(c, tmp_path / "peer", joins=token(c))
        assert peer.batch(*[peer.line("alert", peer.alert("taken")) for _ in range(7)])[0] == 200
        (c.state / "skep.db-wal").rename(tmp_path / "away")
        more = [peer.line("alert", peer.alert("taken")) for _ in range(5)]
        status, answer = peer.batch(*more)
        assert status >= 500, (status, answer)
        ready = c.client().get("/readyz")
        assert (ready.status, ready.body) == (503, b"the store's file was moved away, deleted or replaced\n")
        assert c.said().count(f"the store was taken away: '{c.state}/skep.db-wal' was moved away, deleted or replaced. Nothing is acknowledged") == 1, c.said()
        assert until(lambda: c.client().get("/readyz").status == 503 and in_file() == 7), c.said()
        if then == "put back":
            (tmp_path / "away").rename(c.state / "skep.db-wal")
        else:
            c.end(signal.SIGKILL if then == "killed" else signal.SIGTERM)
            c.start()
        assert until(lambda: c.client().get("/readyz").status == 200), c.said()
        assert peer.batch(*more)[0] == 200
        assert alerts(c, "taken") == 12


def test_a_damaged_page_of_postgres_ends_what_it_holds_and_nothing_else(tmp_path):
    """Replicas all have that page: none of them would be left."""
    p = Postgres()
    try:
        with Console(tmp_path, database=p.url) as c:
            admin = c.admin()
            made = admin.ask("POST", "/api/v1/views", {"page": "/alerts", "name": "mine", "query": "state=open"})
            assert made.status == 201, made
            [(path,)] = ask(c, "SELECT pg_relation_filepath('saved_view')")
            change(c, "CHECKPOINT")  # recovery would write the page anew
            p.stop()
            with (p.folder / "data" / path).open("r+b") as f:
                f.write(b"\x5a" * 8192)
            p.start()
            assert until(lambda: admin.get("/api/v1/session").status == 200)
            broken = admin.get("/api/v1/views")
            assert broken.status == 500 and broken.json()["code"] == "store-damaged", broken
            ready = c.client().get("/readyz")
            assert (ready.status, ready.body) == (200, b"ready\na part of the database is damaged: see the log\n")
            assert admin.get("/api/v1/assets").status == 200 and c.figures()["skep_console_store_fault"] == 1
            assert c.said().count("the store is damaged: ") == 1, c.said()
    finally:
        p.end()


def test_a_store_that_is_not_there_is_told_by_its_place(skep, tmp_path):
    """`skep up` keeps its console's below the folder it was given."""
    p = skep.run("console", "backup", "--state", tmp_path, tmp_path / "copy.db", check=4)
    assert f"no store of a console is at '{tmp_path}/skep.db'" in p.err and "DIR/console" in p.err, p.err
    assert "没有控制台的数据库" in skep.run("--lang", "zh", "console", "backup", "--state", tmp_path, tmp_path / "copy.db", check=4).err
