"""Rule files as users have them: Falco's own three, unmodified, and what `skep rule` says of good and bad ones."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import pytest
import yaml

FILES = {"falco_rules.yaml": (25, 0, 87, 49), "falco-incubating_rules.yaml": (31, 0, 82, 54),
         "falco-sandbox_rules.yaml": (37, 12, 183, 60)}
UNION = (93, 12, 315, 118)

GOOD = """
- macro: opened
  condition: evt.type in (open, openat)
- rule: Good
  desc: A rule that loads
  desc_zh: 可加载的规则
  condition: opened and fd.name startswith /etc
  output: opened %fd.name
  priority: NOTICE
  tags: [files]
"""
BAD = """
- rule: Bad
  desc: d
  condition: >
    evt.type = open and
    proc.nmae = x
  output: o
  priority: NOTICE
"""


@pytest.fixture(scope="module")
def falco(shared):
    folder = shared / "falco-rules"
    if not folder.is_dir():
        pytest.skip("the shared data has no rule files")
    return folder


def lint(skep, *files, check=0):
    return json.loads(skep.run("rule", "lint", "--json", *files, check=check).stdout)


def counts(found):
    return tuple(found[k] for k in ("rules", "disabled", "macros", "lists"))


@pytest.mark.parametrize("name", FILES)
def test_each_of_falcos_files_loads(skep, falco, name):
    found = lint(skep, falco / name)
    assert counts(found) == FILES[name]
    assert found["notes"] == []


def test_falcos_files_load_together(skep, falco):
    found = lint(skep, *(falco / name for name in FILES))
    assert counts(found) == UNION
    assert found["notes"] == []


def test_rules_come_out_as_the_files_have_them(skep, falco):
    """Against another YAML reader: of rules that are defined twice the last counts."""
    want = {}
    for name in FILES:
        for item in yaml.safe_load((falco / name).read_text()):
            if "rule" in item:
                want[item["rule"]] = item
    have = json.loads(skep.run("rule", "list", "--json", *(falco / name for name in FILES), check=0).stdout)
    assert [r["name"] for r in have] == list(want)
    for rule in have:
        item = want[rule["name"]]
        assert rule["condition"] == item["condition"]
        assert rule["output"] == item["output"].strip()
        assert rule["tags"] == item["tags"]
        assert rule["enabled"] == item.get("enabled", True)
        assert rule["priority"].lower().startswith(item["priority"].lower())


def test_lint_tells_place_name_and_remedy(skep, tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD)
    p = skep.run("rule", "lint", "bad.yaml", check=2, cwd=tmp_path)
    assert p.out.startswith("bad.yaml:6:5: error: rule 'Bad': ")
    assert "did you mean 'proc.name'?" in p.out and "[LOAD_ERR_COMPILE_CONDITION]" in p.out
    assert "1 error, 0 warnings" in p.out
    zh = skep.run("rule", "lint", "bad.yaml", "--lang", "zh", check=2, cwd=tmp_path)
    assert "错误" in zh.out and "是否想用“proc.name”" in zh.out


def test_lint_goes_on_behind_a_bad_item(skep, tmp_path):
    (tmp_path / "both.yaml").write_text(BAD + GOOD)
    found = lint(skep, tmp_path / "both.yaml", check=2)
    assert (found["rules"], found["errors"]) == (2, 1)
    assert [n["code"] for n in found["notes"]] == ["LOAD_ERR_COMPILE_CONDITION"]
    assert found["notes"][0]["item"] == "rule 'Bad'"


def test_lint_of_what_is_not_there(skep, tmp_path):
    skep.run("rule", "lint", tmp_path / "none.yaml", check=4)
    (tmp_path / "big.yaml").write_bytes(b"#" * ((16 << 20) + 1))
    found = lint(skep, tmp_path / "big.yaml", check=2)
    assert found["notes"][0]["code"] == "LOAD_ERR_FILE_READ"


def test_list_shows_rules(skep, tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    out = skep.run("rule", "list", "good.yaml", check=0, cwd=tmp_path).out
    assert "Notice" in out and "A rule that loads" in out
    assert "可加载的规则" in skep.run("rule", "list", "good.yaml", "--lang", "zh", check=0, cwd=tmp_path).out
    (tmp_path / "good.yaml").write_text(GOOD + BAD.replace("proc.nmae", "(").replace("= x", ""))
    p = skep.run("rule", "list", "good.yaml", check=6, cwd=tmp_path)
    assert "Good" in p.out and "Bad" in p.err


@pytest.mark.parametrize("page,options", [("rules-fields.md", ()), ("rules-fields.zh.md", ("--lang", "zh"))])
def test_the_page_of_fields_is_up_to_date(skep, source_dir, page, options):
    """tool/make-docs writes it."""
    assert (source_dir / "doc" / page).read_text() == skep.run("rule", "fields", "--md", *options, check=0).out


def test_fields_as_table_and_json(skep):
    fields = json.loads(skep.run("rule", "fields", "--json", check=0).stdout)
    names = [f["name"] for f in fields]
    assert len(names) == len(set(names)) and {"evt.type", "proc.aname", "fd.sip.name", "container.id"} <= set(names)
    out = skep.run("rule", "fields", check=0).out
    assert "proc.aname[N]?" in out and "evt.arg[KEY]" in out


def on_terminal(skep, *args, cwd=None):
    """The lines a terminal of 80 columns gets."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    p = subprocess.Popen([skep.binary, *map(str, args)], env=skep.env, stdin=subprocess.DEVNULL, stdout=its, cwd=cwd)
    os.close(its)
    said = b""
    while part := read_terminal(ours):
        said += part
    os.close(ours)
    assert p.wait(60) in (0, 2)
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", said.decode()).splitlines()


def columns(line):
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_fields_fit_a_terminal(skep, lang):
    lines = on_terminal(skep, "--lang", lang, "rule", "fields")
    assert len(lines) > 200 and max(map(columns, lines)) <= 80


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_lint_and_why_say_fits_a_terminal(skep, tmp_path, lang):
    """Behind the first line of each it stands further in; elsewhere a finding is one line, for editors."""
    (tmp_path / "bad.yaml").write_text(BAD)
    long = "(evt.type = open and (proc.cmdline startswith '" + "a long text " * 9 + "' or fd.name = /etc/shadow))"
    (tmp_path / "long.yaml").write_text(GOOD.replace("opened and fd.name startswith /etc", long))
    (tmp_path / "e.ndjson").write_text(json.dumps({"evt.type": "open", "fd.name": "/etc/" + "x/" * 90}) + "\n")
    why = "--lang", lang, "rule", "why", "Good", "long.yaml", "--events", "e.ndjson"
    for lines, plain in ((on_terminal(skep, "--lang", lang, "rule", "lint", "bad.yaml", cwd=tmp_path),
                          skep.run("rule", "lint", "bad.yaml", "--lang", lang, cwd=tmp_path, check=2).out),
                         (on_terminal(skep, *why, cwd=tmp_path), skep.run(*why, cwd=tmp_path, check=0).out)):
        assert max(map(columns, lines)) <= 80 < max(map(columns, plain.splitlines()))
        assert "".join("".join(lines).split()) == "".join(plain.split())
        assert any(line.startswith("    ") for line in lines)


@pytest.mark.parametrize("rules,words", [
    (GOOD, "1 rule (0 disabled), 1 macro, 0 lists: 0 errors, 0 warnings"),
    (GOOD + BAD, "2 rules (0 disabled), 1 macro, 0 lists: 1 error, 0 warnings"),
])
def test_one_is_not_said_as_many(skep, tmp_path, rules, words):
    (tmp_path / "r.yaml").write_text(rules)
    assert words in skep.run("rule", "lint", "r.yaml", cwd=tmp_path).out


def read_terminal(fd):
    """b"" at the end, where the last that wrote has closed its side."""
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


BROKEN_LIST = """
- list: tools
  items: [nc, null]
- list: more
  items: [tools, socat]
- macro: tool
  condition: proc.name in (more)
- rule: Direct
  desc: d
  condition: evt.type = execve and proc.name in (x, tools)
  output: o
  priority: NOTICE
- rule: Through a macro
  desc: d
  condition: evt.type = execve and not tool
  output: o
  priority: NOTICE
"""


def test_a_list_with_an_error_takes_along_what_uses_it(skep, tmp_path):
    """Its name would be a text there, and `not proc.name in (allowed)` would hold for all."""
    (tmp_path / "b.yaml").write_text(BROKEN_LIST + GOOD)
    found = lint(skep, tmp_path / "b.yaml", check=2)
    assert (found["rules"], found["lists"], found["warnings"]) == (1, 0, 0)
    assert [(n["item"], n["line"], n["column"], n["code"]) for n in found["notes"]] == [
        ("list 'tools'", 3, 15, "LOAD_ERR_YAML_VALIDATE"), ("macro 'tool'", 7, 28, "LOAD_ERR_VALIDATE"),
        ("rule 'Direct'", 10, 53, "LOAD_ERR_VALIDATE"), ("rule 'Through a macro'", 15, 40, "LOAD_ERR_VALIDATE")]
    # Once it is right, it is a list like any other.
    (tmp_path / "b.yaml").write_text(BROKEN_LIST + "- list: tools\n  items: [nc]\n")
    assert (found := lint(skep, tmp_path / "b.yaml", check=2))["rules"] == 2 and found["errors"] == 1


def test_lint_tells_what_append_does_not_change(skep, tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD + "- rule: Good\n  condition: and fd.num > 3\n  priority: INFO\n  tags: [x]\n  append: true\n")
    notes = lint(skep, tmp_path / "a.yaml")["notes"]
    assert [(n["code"], n["line"]) for n in notes] == [("LOAD_DEPRECATED_ITEM", 15), ("LOAD_UNKNOWN_KEY", 13), ("LOAD_UNKNOWN_KEY", 14)]
    assert "'priority' has no effect" in notes[1]["message"]


@pytest.mark.parametrize("sign,warned", [(">", True), ("<", False)])
def test_lint_tells_of_calls_that_begin(skep, tmp_path, sign, warned):
    (tmp_path / "d.yaml").write_text(GOOD.replace("opened and", f"opened and evt.dir = {sign} and"))
    assert [n["code"] for n in lint(skep, tmp_path / "d.yaml")["notes"]] == ["LOAD_COMPILE_CONDITION"] * warned


@pytest.mark.parametrize("page", ["policy.md", "policy.zh.md"])
def test_the_page_lists_fields_of_falcos_that_are_missed(skep, source_dir, page):
    listed = re.findall(r'^X\("([a-z0-9_.]+)", "([a-z0-9_.]*)"', (source_dir / "src/policy/falco_field.def").read_text(), re.M)
    table = (source_dir / "doc" / page).read_text().rsplit("|---|---|\n", 1)[1]
    firsts = re.findall(r"`([a-z0-9_.]+)`", "\n".join(row.split(" | ")[0] for row in table.splitlines()))
    assert sorted(firsts) == sorted(name for name, _ in listed) and len(set(firsts)) == len(firsts) > 70
    ours = set(re.findall(r"^\| `([a-z0-9_.]+)", skep.run("rule", "fields", "--md").out, re.M))
    assert not ours & set(firsts) and {nearest for _, nearest in listed} <= ours | {""}


@pytest.mark.parametrize("part,words,words_zh", [
    ("condition: evt.type = open and k8s.svc.label[app] = x", "does not ask Kubernetes", "不查询 Kubernetes"),
    ("condition: evt.type = open and evt.count.error.net = 1", "the nearest is 'evt.failed'", "最接近的是“evt.failed”"),
    ("output: took %evt.latency.human", "'evt.latency.human'", "“evt.latency.human”"),
])
def test_lint_tells_of_fields_that_falco_has(skep, tmp_path, part, words, words_zh):
    """Not of a slip, nor, in an output, of a shorter field with text behind it."""
    key = part.split(":")[0]
    (tmp_path / "f.yaml").write_text(re.sub(rf"^  {key}: .*$", "  " + part, GOOD, flags=re.M))
    said = skep.run("rule", "lint", "f.yaml", cwd=tmp_path, check=2).out
    assert "Falco has a field '" in said and words in said
    assert words_zh in skep.run("rule", "lint", "f.yaml", "--lang", "zh", cwd=tmp_path, check=2).out


@pytest.mark.parametrize("page", ["policy.md", "policy.zh.md"])
def test_the_examples_of_the_page_load(skep, source_dir, tmp_path, page):
    whole, change, exceptions = re.findall(r"^```yaml\n(.*?)^```", (source_dir / "doc" / page).read_text(), re.M | re.S)
    (tmp_path / "a.yaml").write_text(whole + exceptions)
    (tmp_path / "b.yaml").write_text(change)
    assert lint(skep, tmp_path / "a.yaml", tmp_path / "b.yaml")["notes"] == []
    rule = json.loads(skep.run("rule", "list", "--json", tmp_path / "a.yaml", tmp_path / "b.yaml", check=0).stdout)[0]
    assert rule["priority"] == "Warning"
    assert rule["condition"] == (
        "(started and container and proc.name in (shells) and not proc.pname = entrypoint.sh)"
        " and not ((proc.name in (backup, rsync) and fd.name startswith /var/backups))"
        " and not (container.image.repository in (registry.local/base))")


@pytest.mark.parametrize("condition,words", [
    ("fd.sport = http", None), ("fd.sport = nosuchservice", "port"), ("proc.pid startswith 1", "operator"),
    ("proc.duration < 100ms", None), ("fd.num = many", "integer"), ("fd.sip = 1.2.3", "address"),
    ("fd.snet = 10.0.0.0/8", None), ("proc.is_exe_upper_layer = perhaps", "boolean"), ("fd.name regex '('", "regular"),
])
def test_types_are_checked_when_rules_are_read(skep, tmp_path, condition, words):
    (tmp_path / "t.yaml").write_text(GOOD.replace("fd.name startswith /etc", condition))
    notes = lint(skep, tmp_path / "t.yaml", check=2 if words else 0)["notes"]
    assert [n["code"] for n in notes] == (["LOAD_ERR_COMPILE_CONDITION"] if words else [])
    assert not words or (words in notes[0]["message"] and (notes[0]["line"], notes[0]["column"]) == (7, 25))
