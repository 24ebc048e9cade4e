"""The rules that ship: each says everything a user needs, in both languages, and they load beside Falco's own."""
import json
import re
import subprocess
import sys

import pytest
import yaml

from rule_stage import SOURCE

FILES = sorted((SOURCE / "content" / "rules").glob("*.yaml"))
FALCO = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"]
ITEMS = [(f.name, item) for f in FILES for item in yaml.safe_load(f.read_text())]
RULES = [item for _, item in ITEMS if "rule" in item]
SCENARIOS = yaml.safe_load((SOURCE / "test" / "rules" / "scenarios.yaml").read_text())
CHINESE = re.compile(r"[\u4e00-\u9fff]")

# What the rules must see, each by several of them.
CLASSES = {
    "reverse and bind shells": [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1013],
    "shells and tools below web servers": [1101, 1102, 1103, 1104, 1105, 1106, 1107],
    "setuid and capabilities": [1201, 1202, 1203, 1210],
    "kernel modules and primitives": [1204, 1205, 1206, 1207, 1208],
    "engine socket": [1301, 1302, 1315],
    "release_agent, core_pattern, sysrq": [1303, 1304, 1305, 1317],
    "host mounts, devices and namespaces": [1306, 1307, 1308, 1309, 1310, 1315, 1316],
    "runtime overwrite": [1311, 1318],
    "mining": [1401, 1402, 1403, 1404, 1405, 1406],
    "persistence": [1501, 1502, 1503, 1504, 1505, 1506, 1507, 1508],
    "remote control and tunnels": [1601, 1602, 1606, 1607],
    "credentials": [1701, 1702, 1703, 1704, 1705],
    "discovery and lateral movement": [1801, 1802, 1803, 1804, 1805, 1806],
    "programs not in the image": [1901, 1902, 1903, 1904, 1905],
    "downloads into a shell": [1603, 1604, 1605],
    "logs and histories wiped": [2001, 2002, 2003],
    "names asked for": [2101, 2102, 2103, 2104],
    "resource abuse": [2106, 2107, 2108],
    "package managers": [1908, 1909],
    "mass rewrite": [2006, 2007],
    "people in containers": [2201, 2202, 2203, 2204, 2205],
}


def test_there_are_enough():
    assert len(RULES) >= 120
    assert len({r["id"] for r in RULES}) == len({r["rule"] for r in RULES}) == len({r["rule_zh"] for r in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=[r["id"] for r in RULES])
def test_says_everything(rule):
    assert re.fullmatch(r"SKEP-\d{4}", rule["id"])
    assert re.fullmatch(r"T\d{4}(\.\d{3})?", rule["mitre"])
    assert rule["mitre"] in rule["tags"]
    assert rule["maturity"] in ("stable", "incubating", "sandbox")
    for key in ("desc", "advice", "output"):
        assert rule[key].strip()
        assert CHINESE.search(rule[key + "_zh"]), key
    assert CHINESE.search(rule["rule_zh"])
    fields = re.compile(r"%[a-z0-9_.]+(?:\[[^]]*\])?")
    assert sorted(fields.findall(rule["output"])) == sorted(fields.findall(rule["output_zh"]))


@pytest.mark.parametrize("name", CLASSES)
def test_each_kind_of_attack_is_seen_by_several(name):
    wanted = {f"SKEP-{n}" for n in CLASSES[name]}
    assert len(wanted) > 1 and wanted <= {r["id"] for r in RULES} & set(SCENARIOS)


def test_no_name_is_also_falcos(shared):
    for name in FALCO:
        path = shared / "falco-rules" / name
        if not path.exists():
            pytest.skip("the shared data has no rule files")
        theirs = yaml.safe_load(path.read_text())
        for kind in ("rule", "macro", "list"):
            assert not {i[kind] for i in theirs if kind in i} & {i[kind] for _, i in ITEMS if kind in i}


def test_they_load_together_with_falcos(skep, shared):
    falco = [shared / "falco-rules" / name for name in FALCO]
    if not falco[0].exists():
        pytest.skip("the shared data has no rule files")
    both = json.loads(skep.run("rule", "lint", "--json", *falco, SOURCE / "content" / "rules", check=0).stdout)
    alone = json.loads(skep.run("rule", "lint", "--json", SOURCE / "content" / "rules", check=0).stdout)
    assert alone["notes"] == both["notes"] == []
    assert both["rules"] == 93 + alone["rules"]


@pytest.mark.parametrize("page,language", [("rules.md", "en"), ("rules.zh.md", "zh")])
def test_the_page_is_up_to_date(skep, build_dir, page, language):
    """tool/make-rules-doc writes it."""
    made = subprocess.run([sys.executable, SOURCE / "tool" / "make-rules-doc", "--print", language, build_dir],
                          check=True, capture_output=True, text=True).stdout
    assert (SOURCE / "doc" / page).read_text() == made
