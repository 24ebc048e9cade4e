"""The virtual machines themselves: what runs in them runs under the kernel asked for, and failure is told."""
import time

import pytest

import vm as virtual


@pytest.fixture(scope="module")
def machine(vm_kernel, build_dir):
    with virtual.Vm(vm_kernel, programs=[build_dir / "bin" / "skep"], files={"/srv/bytes": bytes(range(256)) * 64}) as m:
        yield m


def test_skep_runs_in_the_machine(machine, vm_kernel, skep):
    assert machine.run("skep version", check=0).out == skep.run("version", check=0).out
    assert machine.run("uname -r", check=0).out.strip() == vm_kernel.release


def test_bpf_lsm_and_btf_are_there(machine):
    lsms = machine.run("cat /sys/kernel/security/lsm", check=0).out.split(",")
    assert "bpf" in lsms
    machine.run("test -s /sys/kernel/btf/vmlinux", check=0)


def test_doctor_finds_the_object_back_end(machine, vm_kernel):
    """Every mechanism is there that Debian's kernels are said to have."""
    out = machine.run("skep agent doctor", check=0).out
    assert f"kernel: {vm_kernel.release} x86_64\nback-end: object\n" in out
    rows = [line.split()[:2] for line in out.splitlines() if line.startswith(("yes ", "no "))]
    assert {name for _, name in rows} >= {"btf", "ring-buffer", "tp_btf", "task-iterator", "bpf-lsm", "fentry", "syscall-tracepoints",
                                          "cgroup-skb"}
    assert {answer for answer, _ in rows} == {"yes"}, out


def test_status_output_and_errors_come_back_apart(machine):
    p = machine.run("cat /srv/bytes; echo told >&2; exit 7")
    assert (p.returncode, p.stdout, p.err) == (7, bytes(range(256)) * 64, "told\n")
    assert machine.run(["printf", "%s|", "a b", "$HOME"], check=0).out == "a b|$HOME|"


def test_overlay_mounts(machine):
    machine.run("""set -e
        cd /tmp && mkdir lower upper work merged && echo low >lower/f
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
        echo up >merged/f && test "$(cat upper/f)" = up && test "$(cat lower/f)" = low""", check=0)


def test_a_command_that_never_ends_is_an_error(vm_kernel):
    with virtual.Vm(vm_kernel) as m:
        began = time.monotonic()
        with pytest.raises(virtual.VmError, match="no answer in time"):
            m.run("sleep 1000", timeout=2)
        assert time.monotonic() - began < 60


def test_a_machine_that_dies_is_an_error(vm_kernel):
    with virtual.Vm(vm_kernel, bpf_lsm=False) as m:
        assert "bpf" not in m.run("cat /sys/kernel/security/lsm", check=0).out.split(",")
        with pytest.raises(virtual.VmError, match="the machine is gone|no answer"):
            m.run("echo c >/proc/sysrq-trigger", timeout=20)


def test_counted_instructions_repeat(vm_kernel):
    """With `icount` the same work takes the same guest time, whatever else this machine does."""
    work = """read -r a b </proc/uptime
        awk 'BEGIN { for (i = 0; i < 200000; i++) x += i % 7; print x }' >/dev/null
        read -r c d </proc/uptime; echo "$a $c" """
    spans = []
    with virtual.Vm(vm_kernel, icount=True, boot_seconds=120) as m:
        for _ in range(4):
            a, c = map(float, m.run(work, timeout=120, check=0).out.split())
            spans.append(c - a)
    spans = spans[1:]  # what the kernel puts off at boot runs beside the first
    assert min(spans) > 0.1 and max(spans) - min(spans) <= 0.011 + 0.02 * min(spans), spans
