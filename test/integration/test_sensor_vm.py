"""The sensor under other kernels: the same actions, by both back-ends, are told as on the machine the tests run on."""
import re

import pytest

import vm as virtual

OK = re.compile(r"^ok \d+ - (\S+)", re.M)


@pytest.fixture(scope="module")
def machine(vm_kernel, build_dir):
    unit = build_dir / "test" / "unit"
    with virtual.Vm(vm_kernel, programs=[unit / "test_sensor", unit / "sensor_dump", "/bin/true", build_dir / "test" / "integration" / "uring_probe"], memory_mb=1024,
                    boot_seconds=120) as m:
        yield m


def run_suite(machine, backend):
    """The names of the tests that passed; fails on any that did not, or that found no sensor."""
    p = machine.run(f"mkdir -p /tmp/t && cd /tmp/t && CMOCKA_MESSAGE_OUTPUT=TAP SENSOR_BACKEND={backend} test_sensor",
                    timeout=900)
    text = p.out + p.err
    assert p.returncode == 0 and "not ok" not in text, text[-6000:]
    assert "no sensor here" not in text, text[-6000:]
    return OK.findall(text)


@pytest.mark.parametrize("backend", ["object", "tracepoint"])
def test_actions_are_told(machine, backend):
    passed = run_suite(machine, backend)
    for name in ("processes", "files", "sockets", "calls", "losses", "snapshot"):
        assert name in passed, passed


@pytest.mark.parametrize("backend", ["object", "tracepoint"])
def test_every_hook_is_taken(machine, vm_kernel, backend, source_dir):
    """No program is refused but for calls the kernel does not have."""
    rows = re.findall(r"^X\((\w+), \w+, \w+, \w+, \"[^\"]+\", WANTED, (\w+)\)",
                      (source_dir / "src" / "kern" / "hook.def").read_text(), re.M)
    types = sorted({t.lower() for of, t in rows if of in ("ANY", backend.upper())})
    p = machine.run(f"SENSOR_BACKEND={backend} sensor_dump 1 {' '.join(types)}", timeout=400, check=0)
    gaps = set(re.findall(r"^gap: (\S+):", p.err, re.M))
    lacking = set()
    if vm_kernel.series == "6.1":
        lacking.add("fchmodat2")
        if backend == "tracepoint":  # io_uring_submit_req has another name there
            lacking |= {"unlinkat", "mkdirat", "renameat2", "symlinkat", "linkat"}
    assert gaps <= lacking, p.err


def test_io_uring_is_seen(machine):
    """What io_uring does has no system call of its own: the object back-end tells it all the same."""
    p = machine.run("""mkdir -p /tmp/u; SENSOR_BACKEND=object sensor_dump 15 openat renameat2 unlinkat >/tmp/u.out 2>/tmp/u.err &
        for i in $(seq 600); do grep -q ready /tmp/u.err && break; usleep 100000; done
        uring_probe /tmp/u; wait; cat /tmp/u.err >&2; grep /tmp/u/ /tmp/u.out""", timeout=400)
    done = dict(line.split() for line in p.out.splitlines()[:3])
    assert int(done["openat"]) >= 0 and done["renameat"] == done["unlinkat"] == "0", p.out + p.err
    events = [line for line in p.out.splitlines() if re.search(r" marks=[4-7]", line)]
    assert any(e.startswith("openat ") and "path=/tmp/u/opened" in e for e in events), p.out + p.err
    assert any(e.startswith("renameat2 ") and "path2=/tmp/u/moved" in e for e in events), p.out + p.err
    assert any(e.startswith("unlinkat ") and "path=/tmp/u/moved" in e for e in events), p.out + p.err
