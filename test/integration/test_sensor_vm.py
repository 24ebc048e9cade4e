"""The sensor under other kernels: the same actions, by both back-ends, are told as on the machine the tests run on.

`./check` tries one kernel by the back-end this machine cannot show; SKEP_LONG=1 all of them.
"""
import os
import re

import pytest

import vm as virtual

LONG = bool(os.environ.get("SKEP_LONG"))
BACKENDS = ("object", "tracepoint") if LONG else ("object",)
ACTIONS = {"processes", "scripts", "inputs", "long_arguments", "memfds", "files", "sockets", "questions", "calls", "reused_number", "snapshot",
           "losses", "state_loss", "handing_over", "asked_for"}
# Calls that came with later kernels, and what the tracepoint back-end learns by a tracepoint of another name in 6.1.
LACKING = {"6.1": {"fchmodat2"}, "6.12": set()}
LACKING_TRACEPOINT = {"6.1": {"unlinkat", "mkdirat", "renameat2", "symlinkat", "linkat"}, "6.12": set()}

pytestmark = pytest.mark.parametrize("vm_kernel", ["6.1", "6.12"] if LONG else ["6.12"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def machine(vm_kernel, build_dir):
    unit = build_dir / "test" / "unit"
    with virtual.Vm(vm_kernel, programs=[unit / "test_sensor", unit / "test_sensor_filter", unit / "test_sensor_paths",
                                         unit / "test_sensor_flows", unit / "sensor_dump", "/bin/true",
                                         build_dir / "test" / "integration" / "uring_probe"],
                    memory_mb=1024, boot_seconds=180) as m:
        yield m


@pytest.fixture(scope="module", params=BACKENDS)
def suite(request, machine):
    """(back-end, what the suite printed): all it wants of the kernel, and its tests."""
    p = machine.run(f"mkdir -p /tmp/t && cd /tmp/t && CMOCKA_MESSAGE_OUTPUT=TAP SENSOR_BACKEND={request.param} test_sensor",
                    timeout=600)
    return request.param, p.out + p.err


def test_actions_are_told(suite):
    text = suite[1]
    assert not re.findall(r"^not ok \d+ - (\S+)", text, re.M) and "skipped" not in text, text[-6000:]
    assert set(re.findall(r"^ok \d+ - (\S+)", text, re.M)) >= ACTIONS


def test_every_hook_is_taken(suite, vm_kernel):
    """No program is refused but for calls the kernel does not have."""
    backend, text = suite
    lacking = LACKING[vm_kernel.series] | (LACKING_TRACEPOINT[vm_kernel.series] if backend == "tracepoint" else set())
    assert set(re.findall(r"^# gap: (\S+):", text, re.M)) == lacking, text


def test_filter_is_user_spaces(machine):
    """What the filter drops in the kernel is what the rules' filter says; mount points may pass."""
    for backend in BACKENDS:
        for program, tests in ("test_sensor_filter", 6), ("test_sensor_paths", 3):
            p = machine.run(f"cd /tmp && CMOCKA_MESSAGE_OUTPUT=TAP SENSOR_BACKEND={backend} {program}", timeout=300)
            assert p.returncode == 0 and len(re.findall(r"^ok ", p.out, re.M)) == tests and "skipped" not in p.out, p.out + p.err


def test_connections_are_counted(machine):
    """Each once at each end, by listeners older than the sensor too, and on where a sensor died."""
    p = machine.run("cd /tmp && CMOCKA_MESSAGE_OUTPUT=TAP test_sensor_flows", timeout=300)
    assert p.returncode == 0 and len(re.findall(r"^ok ", p.out, re.M)) == 3 and "skipped" not in p.out, p.out + p.err


def test_io_uring_is_seen(machine):
    """What io_uring does has no system call of its own: the object back-end tells it all the same."""
    p = machine.run("""mkdir -p /tmp/u; SENSOR_BACKEND=object sensor_dump 6 openat renameat2 unlinkat >/tmp/u.out 2>/tmp/u.err &
        for i in $(seq 600); do grep -q ready /tmp/u.err && break; usleep 100000; done
        uring_probe /tmp/u; wait; cat /tmp/u.err >&2; grep /tmp/u/ /tmp/u.out""", timeout=400)
    done = dict(line.split() for line in p.out.splitlines()[:3])
    assert int(done["openat"]) >= 0 and done["renameat"] == done["unlinkat"] == "0", p.out + p.err
    events = [line for line in p.out.splitlines() if re.search(r" marks=[4-7]", line)]
    assert any(e.startswith("openat ") and "path=/tmp/u/opened" in e for e in events), p.out + p.err
    assert any(e.startswith("renameat2 ") and "path2=/tmp/u/moved" in e for e in events), p.out + p.err
    assert any(e.startswith("unlinkat ") and "path=/tmp/u/moved" in e for e in events), p.out + p.err


def test_a_kernel_that_preempts_itself_loses_nothing(vm_kernel, build_dir):
    """There a program on a trampoline is passed over while it stands interrupted: counted, and avoided by choosing tracepoints."""
    programs = [build_dir / "test" / "unit" / "test_sensor_skipped", build_dir / "bin" / "skep"]
    with virtual.Vm(vm_kernel, programs=programs, memory_mb=1024, boot_seconds=180, append="preempt=full") as m:
        doctor = m.run("skep agent doctor", check=0).out
        assert "back-end: tracepoint\n" in doctor and re.search(r"^no +whole-programs", doctor, re.M) and "preempt=full" in doctor
        skipped = {b: int(re.search(r"opens told, (\d+) calls passed over", m.run(
            f"SENSOR_BACKEND={b} test_sensor_skipped", timeout=300, check=0).out)[1]) for b in ("object", "tracepoint")}
    assert skipped["object"] > 0 and skipped["tracepoint"] == 0, skipped
