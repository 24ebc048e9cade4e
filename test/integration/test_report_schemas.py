"""Every machine format validates against its official schema, and ours against the one we ship."""
import json
import os
import subprocess
import sys

import pytest

jsonschema = pytest.importorskip("jsonschema")

SAMPLES = ("rich", "clean", "bare")


def render(build_dir, sample, fmt, *options):
    program = build_dir / "test" / "unit" / "report_sample"
    if not program.exists():
        pytest.fail(f"{program} is not built")
    return json.loads(subprocess.run([program, sample, fmt, *options], capture_output=True, check=True, timeout=60).stdout)


@pytest.fixture(scope="module")
def schemas(shared):
    return {p.name: json.loads(p.read_text(encoding="utf-8")) for p in (shared.parent / "schemas").glob("*.json")}


def problems(validator, document):
    return [f"{list(e.absolute_path)}: {e.message[:300]}" for e in validator.iter_errors(document)]


def cyclonedx_validator(schemas):
    schema = schemas["cyclonedx-1.6.json"]
    store = {"http://cyclonedx.org/schema/" + name: schemas[name] for name in ("spdx.schema.json", "jsf-0.82.schema.json")}
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=store)
    return jsonschema.Draft7Validator(schema, resolver=resolver, format_checker=jsonschema.FormatChecker())


def validators(schemas):
    return {
        "sarif": jsonschema.Draft4Validator(schemas["sarif-2.1.0.json"]),
        "cyclonedx": cyclonedx_validator(schemas),
        "spdx-json": jsonschema.Draft201909Validator(schemas["spdx-2.3.json"]),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("fmt", ("sarif", "cyclonedx", "spdx-json"))
@pytest.mark.parametrize("sample", SAMPLES)
def test_format_validates(build_dir, schemas, sample, fmt):
    document = render(build_dir, sample, fmt)
    assert problems(validators(schemas)[fmt], document) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_validators_can_fail(build_dir, schemas):
    damage = {
        "sarif": lambda d: d["runs"][0]["results"][0].pop("message"),
        "cyclonedx": lambda d: d["components"][0].pop("name"),
        "spdx-json": lambda d: d.pop("creationInfo"),
    }
    for fmt, validator in validators(schemas).items():
        document = render(build_dir, "rich", fmt)
        damage[fmt](document)
        assert problems(validator, document), fmt


@pytest.fixture(scope="module")
def report_schema(source_dir):
    return json.loads((source_dir / "doc/schemas/report-1.schema.json").read_text(encoding="utf-8"))


def closed(schema):
    """The schema with every key that it does not describe forbidden."""
    if isinstance(schema, list):
        return [closed(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: ({n: closed(p) for n, p in v.items()} if k in ("properties", "$defs") else closed(v))
           for k, v in schema.items()}
    if out.get("type") == "object" and "properties" in out and "additionalProperties" not in out:
        out["additionalProperties"] = False
    return out


@pytest.mark.parametrize("options", ((), ("en", "0", "p")))
@pytest.mark.parametrize("sample", SAMPLES)
def test_our_json_is_all_described(build_dir, report_schema, sample, options):
    jsonschema.Draft202012Validator.check_schema(report_schema)
    document = render(build_dir, sample, "json", *options)
    assert problems(jsonschema.Draft202012Validator(closed(report_schema)), document) == []


def test_shipped_schema_is_made_from_the_tables(source_dir, report_schema):
    made = subprocess.run([sys.executable, source_dir / "tool/make-report-schema"], capture_output=True, check=True,
                          env={**os.environ, "PYTHONUTF8": "1"}).stdout
    assert json.loads(made) == report_schema


def test_sarif_keeps_what_code_scanning_asks_for(build_dir):
    run = render(build_dir, "rich", "sarif")["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]
        for location in result["locations"]:
            assert location["physicalLocation"]["artifactLocation"]["uri"]
    for rule in rules:
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
    assert any(r.get("suppressions") for r in run["results"])


def test_references_in_sboms_lead_somewhere(build_dir):
    bom = render(build_dir, "rich", "cyclonedx")
    refs = [c["bom-ref"] for c in bom["components"]] + [bom["metadata"]["component"]["bom-ref"]]
    assert len(refs) == len(set(refs))
    named = [d for x in bom["dependencies"] for d in [x["ref"], *x["dependsOn"]]]
    named += [a["ref"] for v in bom["vulnerabilities"] for a in v["affects"]]
    assert set(named) <= set(refs)

    spdx = render(build_dir, "rich", "spdx-json")
    ids = [p["SPDXID"] for p in spdx["packages"]] + [spdx["SPDXID"]]
    assert len(ids) == len(set(ids))
    assert {i for r in spdx["relationships"] for i in (r["spdxElementId"], r["relatedSpdxElement"])} <= set(ids)


def test_the_same_report_makes_the_same_document(build_dir):
    for fmt in ("json", "sarif", "cyclonedx", "spdx-json"):
        assert render(build_dir, "rich", fmt) == render(build_dir, "rich", fmt)
