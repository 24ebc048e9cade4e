"""`skep audit verify` against logs this file makes by itself, from the description in doc/formats/audit-log.md."""
import hashlib
import json

import pytest

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
