"""The sensor under other kernels: the same actions, by both back-ends, are told as on the machine the tests run on."""
import re

import pytest

import vm as virtual

OK = re.compile(r"^ok \d+ - (\S+)", re.M)


@pytest.fixture(scope="module")
def machine(vm_kernel, build_dir):
    unit = build_dir / "test" / "unit"
    with virtual.Vm(vm_kernel, programs=[unit / "test_sensor", unit / "sensor_dump", "/bin/true"], memory_mb=1024,
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
    assert gaps <= ({"fchmodat2"} if vm_kernel.series == "6.1" else set()), p.err
