"""Every rule that ships, under other kernels and with both back-ends: an action makes it fire, a benign twin does not.

Both back-ends watch the same actions at once, in one machine a kernel; so they must also tell the same. The table of what
was tried goes to build/rules-vm-KERNEL.md.
"""
import pytest
import yaml

from box_stage import BACKENDS, BoxStage, Job
from rule_stage import SOURCE

SCENARIOS = yaml.safe_load((SOURCE / "test" / "rules" / "scenarios.yaml").read_text())
RULES = {i["id"]: i["rule"] for f in sorted((SOURCE / "content" / "rules").glob("*.yaml"))
         for i in yaml.safe_load(f.read_text()) if "rule" in i}


def wanted(session):
    """Rules whose tests were asked for."""
    return [n for n in SCENARIOS
            if any(i.callspec.params.get("number") == n for i in session.items if hasattr(i, "callspec"))]


def lacks(stage, number):
    """Why a rule cannot be tried under this kernel, or None."""
    call = SCENARIOS[number].get("call")
    return f"this kernel has no {call}" if call and call not in stage.calls else None


def verdict(stage, number, backend, kind):
    """What the table says of one action or twin."""
    why = lacks(stage, number)
    if why:
        return f"cannot be tried: {why}"
    fired = number in stage.fired[backend].get(f"{kind}-{number}", ())
    if kind == "fire":
        return "fired" if fired else "DID NOT FIRE"
    return "FIRED" if fired else "quiet"


def table(stage, numbers):
    lines = [f"# Rules under {stage.kernel.release}", "",
             "| rule | " + " | ".join(f"{b}: action | {b}: twin" for b in BACKENDS) + " |",
             "|---" * (1 + 2 * len(BACKENDS)) + "|"]
    count = {}
    for n in numbers:
        row = [verdict(stage, n, b, kind) for b in BACKENDS for kind in ("fire", "quiet")]
        for b, kind, v in zip([b for b in BACKENDS for _ in range(2)], ("fire", "quiet") * len(BACKENDS), row):
            count[b, v.split(":")[0]] = count.get((b, v.split(":")[0]), 0) + 1
        lines.append(f"| {n} {RULES[n]} | " + " | ".join(row) + " |")
    lines += ["", *(f"{b}: " + ", ".join(f"{k} {v}" for (of, v), k in sorted(count.items()) if of == b) for b in BACKENDS),
              f"seconds: {stage.seconds}", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def played(request, vm_kernel, build_dir, tmp_path_factory):
    numbers = wanted(request.session)
    stage = BoxStage(vm_kernel, build_dir, tmp_path_factory.mktemp("vm"))
    stage.play([Job(n, kind, SCENARIOS[n]) for n in numbers for kind in ("fire", "quiet")])
    text = table(stage, numbers)
    path = build_dir / f"rules-vm-{vm_kernel.series}.md"
    path.write_text(text)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + text.split("\n\n")[-1] + f"table: {path}")
    return stage


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", SCENARIOS)
def test_fires_and_its_twin_does_not(played, number, backend):
    if lacks(played, number):
        pytest.skip(lacks(played, number))
    fired = played.fired[backend]
    assert number in fired.get(f"fire-{number}", set()), \
        f"these did: {fired.get(f'fire-{number}')}\n{played.said.get(f'fire-{number}')}\n{played.logs[backend][-1500:]}"
    assert number not in fired.get(f"quiet-{number}", set()), "its benign twin fired"


def test_both_back_ends_tell_the_same(played):
    """But for what the agents tell of themselves, SKEP-0..., and of the host, which has no name."""
    told = [{(name, rule) for name, rules in played.fired[b].items() for rule in rules
             if name and not rule.startswith("SKEP-0")} for b in BACKENDS]
    assert told[0] - told[1] == told[1] - told[0] == set()


def test_the_table_is_whole():
    assert set(RULES) == set(SCENARIOS)
