"""A small virtual machine that runs commands under one of Debian's kernels.

    with Vm(kernels.get("6.12"), programs=[build / "bin" / "skep"]) as vm:
        assert vm.run("skep version").returncode == 0

By emulation alone, so that it works where there is no KVM and repeats where there is: with `icount` one instruction is
one nanosecond of the guest's clock. It has no disk and no network beyond its loopback.
"""
import base64
import os
import pathlib
import select
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

import tsc
import cpio

HERE = pathlib.Path(__file__).parent
MODULES = ("overlay", "veth", "dummy", "loop")
LSMS = "landlock,lockdown,yama,apparmor"


class VmError(Exception):
    """The machine did not start, died or did not answer in time; ends with what its console said last."""


class Vm:
    """One machine, up between `with` and its end.

    programs: paths of programs to have in /bin, with their libraries; or (path, name in the machine)
    files: {name in the machine: path here, or bytes}
    systems: {folder in the machine: paths of programs}: roots of other systems, as containers have them
    bpf_lsm: whether BPF programs may attach to LSM hooks
    cgroup: 2 for the unified hierarchy, 1 for the mixed one
    """

    def __init__(self, kernel, programs=(), files=None, memory_mb=512, cpus=1, bpf_lsm=True, icount=False, cgroup=2,
                 append="", boot_seconds=300, systems=None):
        self.kernel, self.memory_mb, self.cpus, self.icount = kernel, memory_mb, cpus, icount
        self.boot_seconds = boot_seconds
        self.cmdline = " ".join((
            "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable no_timer_check random.trust_cpu=on mitigations=off",
            "nokaslr" if icount else f"tsc_early_khz={tsc.khz() or 0}",
            f"lsm={LSMS},bpf" if bpf_lsm else f"lsm={LSMS}", f"skep.cgroup={cgroup}", append))
        self.archive = self.make_archive(programs, files or {}, systems or {})
        self.child = None

    def make_archive(self, programs, files, systems):
        a = cpio.Archive()
        a.file("/init", (HERE / "init").read_bytes(), 0o755)
        a.node("/dev/console", 0o020600, 5, 1)
        for folder in ("/proc", "/sys", "/dev", "/run", "/root", "/var/tmp"):
            a.folder(folder)
        a.folder("/tmp", 0o1777)
        a.file("/bin/busybox", pathlib.Path(shutil.which("busybox", path=os.pathsep.join(cpio.SEARCH))).read_bytes(),
               0o755)
        a.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        a.file("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
        for name in MODULES:
            a.file(f"/modules/{name}.ko", self.kernel.module(name))
        for p in programs:
            path, name = p if isinstance(p, tuple) else (p, None)
            a.program(path, name)
        for root, inside in systems.items():
            a.system(root, inside)
        for name, what in files.items():
            if isinstance(what, bytes):
                a.file(name, what, 0o755)
            else:
                a.copy(what, name)
        return a.bytes()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="skep-vm-")
        try:
            self.start(pathlib.Path(self.folder.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, folder):
        qemu = shutil.which("qemu-system-x86_64")
        if not qemu:
            raise VmError("qemu-system-x86_64 is not installed")
        (folder / "initrd").write_bytes(self.archive)
        self.console = folder / "console"
        ours, theirs = socket.socketpair()
        self.line, self.pending = ours, b""
        args = [qemu, "-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-cpu", "max", "-m",
                str(self.memory_mb), "-smp", str(self.cpus), "-kernel", str(self.kernel.image), "-initrd",
                str(folder / "initrd"), "-append", self.cmdline, "-serial", f"file:{self.console}",
                "-chardev", f"socket,id=line,fd={theirs.fileno()}", "-serial", "chardev:line"]
        if self.icount:
            args += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on"]
        else:
            args += ["-accel", "tcg,tb-size=256"]
        self.errors = open(folder / "qemu", "w+b")
        self.child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
                                      pass_fds=[theirs.fileno()])
        theirs.close()
        end = time.monotonic() + self.boot_seconds
        while self.read_line(end) != b"ready":
            pass

    def __exit__(self, *exc):
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child = None
            self.line.close()
            self.errors.close()
        self.folder.cleanup()

    def run(self, command, timeout=300, check=None):
        """Runs a shell script, or a list of words, in the machine as root.

        @return a CompletedProcess with stdout and stderr as bytes, .out and .err as text
        """
        script = command if isinstance(command, str) else shlex.join(map(str, command))
        self.line.sendall(base64.b64encode(script.encode()) + b"\n")
        end = time.monotonic() + timeout
        status, out, err = map(int, self.read_line(end).split())
        p = subprocess.CompletedProcess(script, status, self.read_bytes(out, end), self.read_bytes(err, end))
        p.out, p.err = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
        if check is not None:
            assert status == check, f"exit {status}, want {check}: {script}\n{p.err[-3000:]}{p.out[-2000:]}"
        return p

    def read_line(self, end):
        while b"\n" not in self.pending:
            self.receive(end)
        line, self.pending = self.pending.split(b"\n", 1)
        return line.strip()

    def read_bytes(self, n, end):
        while len(self.pending) < n:
            self.receive(end)
        data, self.pending = self.pending[:n], self.pending[n:]
        return data

    def receive(self, end):
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.line], [], [], left)[0]:
            self.fail("no answer in time")
        try:
            data = self.line.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self.fail("the machine is gone")
        self.pending += data

    def fail(self, why):
        console = self.console.read_text(errors="replace")[-3000:] if self.console.exists() else ""
        self.errors.seek(0)
        raise VmError(f"{self.kernel.release}: {why}\n{self.errors.read().decode(errors='replace')}{console}")
