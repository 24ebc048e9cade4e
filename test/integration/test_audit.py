"""`skep audit verify` against logs this file makes by itself, from the description in doc/formats/audit-log.md."""
import calendar
import hashlib
import json
import time

import pytest

from consoles import Console
from fleet import change

START = "0" * 64


def row(number, previous, **other):
    members = {"id": number, "time": f"2026-11-21T18:00:{number % 60:02}.000000001Z", "user": "admin", "userId": 1, "how": "session",
               "address": "192.0.2.1", "action": "PATCH /api/v1/users/{id}", "target": "eve", "result": "done", "before": None,
               "after": {"roles": ["auditor"]}, **other, "previous": previous}
    sealed = json.dumps(members, separators=(",", ":"), ensure_ascii=False)[:-1]
    return f'{sealed},"hash":"{hashlib.sha256(sealed.encode()).hexdigest()}"}}'


def log(count):
    lines, previous = [], START
    for number in range(1, count + 1):
        lines.append(row(number, previous))
        previous = json.loads(lines[-1])["hash"]
    return lines


def verify(skep, tmp_path, lines, check, *more):
    path = tmp_path / "audit.ndjson"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return json.loads(skep.run("audit", "verify", "--json", *more, path, check=check).out)


def test_a_log_that_was_left_alone(skep, tmp_path):
    report = verify(skep, tmp_path, log(20), 0)
    assert report["sound"] and report["rows"] == 20 and report["last"] == 20 and not report["signed"]
    assert report["head"] == json.loads(log(20)[-1])["hash"]


def test_a_part_of_a_log_follows_the_part_before(skep, tmp_path):
    lines = log(20)
    first = json.loads(lines[9])["hash"]
    assert verify(skep, tmp_path, lines[10:], 0, "--after", first)["first"] == 11
    assert not verify(skep, tmp_path, lines[10:], 1, "--after", START)["sound"]


@pytest.mark.parametrize("deed, kind, at", [
    (lambda lines: lines.__setitem__(6, lines[6].replace("eve", "eva")), "changed", 7),
    (lambda lines: lines.__setitem__(6, row(7, json.loads(lines[5])["hash"], user="eve")), "changed", 7),
    (lambda lines: lines.pop(6), "removed", 7),
    (lambda lines: lines.insert(6, row(7, json.loads(lines[5])["hash"], user="eve")), "inserted", 7),
    (lambda lines: lines.insert(12, lines.pop(6)), "moved", 7),
])
def test_what_was_done_to_a_row_is_named(skep, tmp_path, deed, kind, at):
    lines = log(20)
    deed(lines)
    report = verify(skep, tmp_path, lines, 1)
    assert [(f["kind"], f["row"]) for f in report["faults"]] == [(kind, at)]


def test_it_is_said_in_both_languages(skep, tmp_path):
    lines = log(5)
    lines[2] = lines[2].replace("eve", "eva")
    verify(skep, tmp_path, lines, 1)
    path = tmp_path / "audit.ndjson"
    assert skep.run("audit", "verify", path, check=1).out == "line 3: row 3 was changed\n"
    assert skep.run("--lang", "zh", "audit", "verify", path, check=1).out == "第 3 行：记录 3 被修改\n"


def test_what_is_no_log_is_refused(skep, tmp_path):
    path = tmp_path / "other"
    path.write_bytes(b"\x00\xff{\n" * 10)
    assert skep.run("audit", "verify", path).returncode == 1
    assert skep.run("audit", "verify", tmp_path / "absent").returncode == 4


def anew(lines, first, before, **other):
    """Rows from `first` on, made anew so that the chain holds."""
    made = lines[:first - 1]
    for number in range(first, len(lines) + 1):
        made.append(row(number, before, **other))
        before = json.loads(made[-1])["hash"]
    return made


def test_a_log_goes_on_from_an_earlier_export(skep, tmp_path):
    earlier = tmp_path / "earlier.ndjson"
    lines = log(20)
    earlier.write_text("".join(line + "\n" for line in lines[:10]))
    kept = ("--since", earlier)
    assert verify(skep, tmp_path, lines, 0, *kept)["sound"] and verify(skep, tmp_path, lines[10:], 0, *kept)["sound"] and verify(skep, tmp_path, lines[4:], 0, *kept)["sound"]

    def told(some):
        assert verify(skep, tmp_path, some, 0)["sound"]  # by itself nothing is wrong with it
        return [(f["kind"], f["row"]) for f in verify(skep, tmp_path, some, 1, *kept)["faults"]]
    assert told(lines[:7]) == [("rewritten", 10)]
    assert told(anew(lines, 4, json.loads(lines[2])["hash"], user="eve")) == [("rewritten", 10)]
    assert told(anew(lines, 11, "0" * 64)[10:]) == [("rewritten", 10)]
    assert told(lines[12:]) == [("removed", 11)]
    earlier.write_text("".join(line + "\n" for line in log(10)).replace("eve", "eva"))
    assert skep.run("audit", "verify", *kept, tmp_path / "audit.ndjson").returncode not in (0, 1)
    assert skep.run("audit", "verify", "--since", tmp_path / "absent", tmp_path / "audit.ndjson").returncode == 4


def test_what_is_done_in_the_store_itself_is_told(skep, tmp_path, new_database):
    """Real rows of a real console: one changed, the last ones cut off; the console signs what is there."""
    with Console(tmp_path, database=new_database()) as console:
        admin = console.admin()

        def exported(name):
            path = tmp_path / name
            path.write_bytes(admin.get("/api/v1/audit/export").body)
            return path

        def faults(path, check, *more):
            said = skep.run("audit", "verify", "--json", "--key", console.state / "audit.key.pub", *more, path, check=check).out
            return [(f["kind"], f["row"]) for f in json.loads(said)["faults"]]
        for days in range(31, 41):
            assert admin.ask("PATCH", "/api/v1/settings", {"retentionDays": days}).status == 200
        earlier = exported("earlier.ndjson")
        assert faults(earlier, 0) == []
        assert admin.ask("PATCH", "/api/v1/settings", {"retentionDays": 50}).status == 200
        assert faults(exported("later.ndjson"), 0, "--since", earlier) == []
        rows = [json.loads(line) for line in earlier.read_text().splitlines()[:-1]]
        # The chain is by days; this test may run at midnight.
        tables = {f"audit_log_{calendar.timegm(time.strptime(r['time'][:10], '%Y-%m-%d')) // 86400}" for r in rows}
        for table in tables:
            change(console, f"DELETE FROM {table} WHERE id >= ?", rows[-3]["id"])
        assert skep.run("audit", "verify", "--key", console.state / "audit.key.pub", exported("headless.ndjson")).returncode not in (0, 1)
        change(console, "UPDATE audit_head SET entry = ?, hash = ?", rows[-4]["id"], rows[-4]["hash"])
        cut = exported("cut.ndjson")
        assert faults(cut, 0) == [] and faults(cut, 1, "--since", earlier) == [("rewritten", rows[-1]["id"])]
        for table in tables:
            change(console, f"UPDATE {table} SET name = 'eve' WHERE id = ?", rows[3]["id"])
        assert ("changed", rows[3]["id"]) in faults(exported("changed.ndjson"), 1)
