"""How much a console keeps: days of alerts go, the oldest first, where the store is larger than it may be."""
import os
import re
import time

from agents import until
from consoles import Console
from fleet import Peer, alerts, ask, postgres_url, token

DAY = 86400
AGES = [4, 3, 2, 1]  # days; none becomes too old, nor today, while the test runs
BATCHES, LINES, BYTES = 10, 100, 1000


def size(console):
    """Of the store, without what is free in it: what the limit is held to."""
    if postgres_url(console):
        return ask(console, "SELECT pg_database_size(current_database())")[0][0]
    page, pages, free = (ask(console, f"PRAGMA {p}")[0][0] for p in ("page_size", "page_count", "freelist_count"))
    return page * (pages - free)


def day_tables(console):
    """Names of tables of a day's alerts, documents and decisions."""
    query = "SELECT tablename FROM pg_tables" if postgres_url(console) else "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {n for (n,) in ask(console, query) if re.fullmatch(r"alert(_\w+)?_\d{5}", n)}


def tell(peer, age, today):
    """Alerts of one day, of texts that pack into little less."""
    at = time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime((today - age) * DAY))
    for _ in range(BATCHES):
        lines = [peer.line("alert", peer.alert(f"Kept {age}", time=at, first=at, last=at, message=os.urandom(BYTES).hex()))
                 for _ in range(LINES)]
        status, answer = peer.batch(*lines)
        assert status == 200 and answer["refused"] == 0, (status, answer)


def test_the_oldest_days_go_where_the_store_is_too_large(tmp_path, new_database):
    all_of_a_day = BATCHES * LINES
    (tmp_path / "console").mkdir()
    with Console(tmp_path / "console", database=new_database()) as c:
        admin = c.admin()
        peer = Peer(c, tmp_path / "peer", joins=token(c))
        before, today = size(c), int(time.time()) // DAY
        for age in AGES:
            tell(peer, age, today)
        large = size(c)
        a_day = (large - before) // len(AGES)
        assert a_day > all_of_a_day * BYTES // 2
        days, tables = [today - age for age in AGES], day_tables(c)
        assert all(any(n.endswith(f"_{d}") for n in tables) for d in days), (days, tables)
        answer = admin.ask("PATCH", "/api/v1/settings", {"retentionBytes": large - a_day // 2})
        assert answer.status == 200, answer
        # Each minute, and when it begins.
        c.end()
        assert "retentionBytes" not in c.said(), c.said()
        c.start()
        assert until(lambda: "retentionBytes" in c.said(), 60), c.said()
        assert alerts(c, "Kept 4") == 0 and size(c) <= large - a_day // 2
        assert [alerts(c, f"Kept {age}") for age in AGES[-2:]] == [all_of_a_day] * 2, "no more goes than must"
        assert not any(n.endswith(f"_{days[0]}") for n in day_tables(c)), day_tables(c)
        said = re.findall(r"retentionBytes\): its oldest alerts are gone: days: (\d+)", c.said())
        left = [d for (d,) in ask(c, "SELECT day FROM alert_day WHERE alerts > 0 AND day < ? ORDER BY day", today)]
        assert len(said) == 1 and left == days[int(said[0]):], (said, left, days)
        # Counters went with them: nobody is shown alerts that are not there.
        admin.url = c.url
        groups = {g["value"]: g["alerts"] for g in admin.get("/api/v1/alerts/groups?by=rule").json()["items"]}
        assert {k: v for k, v in groups.items() if k.startswith("Kept")} == {f"Kept {age}": all_of_a_day for age in AGES[int(said[0]):]}, groups
        # Who was changed is in the audit log, as every setting is.
        entries = admin.get("/api/v1/audit").json()["items"]
        assert any("retentionBytes" in str(x.get("after")) for x in entries), entries[:3]
