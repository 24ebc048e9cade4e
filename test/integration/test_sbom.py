"""An SBOM matches as the image it was made of; real reports validate; ignore files, gates and languages by the CLI."""
import json

import pytest

import test_report_schemas
from test_report_schemas import schemas  # noqa: F401 (a fixture)

TARGETS = {
    "alpine": ("rootfs", "rootfs/alpine-docker-3.6.3-20190223.tar.xz"),
    "image": ("image", "rootfs/alpine-310-docker-save.tar.gz"),
    "debian": ("rootfs", "pkgdb/dpkg/debian10-jackson-index"),
}


def facts(report):
    return sorted((f["vulnerability"], f["package"], f["installedVersion"], f["state"], f.get("fixedVersion"), f["severity"],
                   f["risk"], f["layer"].get("diffId") if "layer" in f else None) for f in report["findings"])


def packages(report):
    return sorted(json.dumps({k: v for k, v in p.items() if k != "layer"}, sort_keys=True) for p in report["packages"])


@pytest.mark.parametrize("fmt", ("cyclonedx", "spdx-json"))
@pytest.mark.parametrize("target", TARGETS)
def test_round_trip(skep, shared, database, tmp_path, target, fmt):
    command, path = TARGETS[target]
    direct = skep.report(command, shared / path, "--db", database)
    sbom = tmp_path / "x.json"
    skep.run(command, shared / path, "--db", database, "-f", f"{fmt}={sbom}", check=0)
    again = skep.report("image", f"sbom:{sbom}", "--db", database)
    assert packages(again) == packages(direct)
    assert again["os"] == direct["os"]
    assert facts(again) == facts(direct)
    assert direct["packages"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_real_reports_validate(skep, shared, database, schemas, source_dir):  # noqa: F811
    checks = test_report_schemas.validators(schemas)
    ours = json.loads((source_dir / "doc/schemas/report-1.schema.json").read_text(encoding="utf-8"))
    checks["json"] = test_report_schemas.jsonschema.Draft202012Validator(test_report_schemas.closed(ours))
    for fmt, check in checks.items():
        document = json.loads(skep.run("rootfs", shared / TARGETS["debian"][1], "--db", database, "-f", fmt, check=0).stdout)
        assert test_report_schemas.problems(check, document) == [], fmt


def test_sboms_of_other_kinds_are_refused(skep, tmp_path, database):
    for text, words in (("<bom xmlns='http://cyclonedx.org/schema/bom/1.4'/>", "XML"), ('{"a": 1}', "not an SBOM"), ("", "empty")):
        path = tmp_path / "x.json"
        path.write_text(text)
        p = skep.run("image", f"sbom:{path}", "--db", database)
        assert p.returncode not in (0, 1, 6) and words in p.err, p.err


def test_ignored_findings_leave_list_and_gate(skep, shared, database, tmp_path):
    command, path = TARGETS["debian"]
    base = [command, shared / path, "--db", database]
    before = skep.report(*base)
    rules = tmp_path / ".skepignore.yaml"
    rules.write_text("vulnerabilities:\n- package: '*'\n  reason: accepted\n- id: CVE-1999-0001\n  expires: 2001-01-01\n")
    after = skep.report(*base, cwd=tmp_path)
    assert before["findings"] and not after["findings"]
    assert len(after["ignored"]) == len(before["findings"])
    assert after["ignored"][0]["ignoredBy"] == ".skepignore.yaml:2"
    assert [n["kind"] for n in after["ignoreNotes"]] == ["expired"]
    assert skep.run(*base, "--fail-on", "risk>=0").returncode == 1
    assert skep.run(*base, "--fail-on", "risk>=0", cwd=tmp_path).returncode == 0


def test_filter_and_gate_are_two_choices(skep, shared, database):
    base = ["rootfs", shared / TARGETS["debian"][1], "--db", database]
    whole = skep.report(*base)
    severities = {f["severity"] for f in whole["findings"]}
    shown = "unknown" if "unknown" in severities else min(severities)
    p = skep.run(*base, "--severity", shown, "--fail-on", "risk>=0", "-f", "json")
    report = json.loads(p.stdout)
    assert p.returncode == 1
    assert {f["severity"] for f in report["findings"]} == {shown}
    assert report["summary"]["filtered"] + len(report["findings"]) == len(whole["findings"])
    nothing_shown = skep.run(*base, "--severity", "negligible", "--fail-on", "risk>=0")
    assert nothing_shown.returncode == 1 and "--severity" in nothing_shown.out
    assert skep.run(*base, "--fail-on", "none").returncode == 0
    assert skep.run(*base, "--fail-on", "hihg").returncode == 2


def test_explanations(skep, shared, database):
    target = shared / TARGETS["debian"][1]
    out = skep.run("explain", "CVE-2022-1271", target, "--as", "rootfs", "--package", "gzip", "--db", database, check=0).out
    assert "1.9-3+deb10u1" in out and "dpkg" in out and "impact" in out
    zh = skep.run("explain", "CVE-2022-1271", target, "--as", "rootfs", "--db", database, env={"LANG": "zh_CN.UTF-8"}, check=0)
    assert "受影响" in zh.out
    assert "CVE-2022-1271" in skep.run("explain", "CVE-2022-1271", "--db", database, check=0).out
    missing = skep.run("explain", "CVE-1999-0001", target, "--as", "rootfs", "--db", database)
    assert missing.returncode == 4 and "known to be affected" in missing.err
