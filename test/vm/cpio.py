"""Writes an archive the kernel unpacks into its first root file system (cpio "newc")."""
import os
import pathlib
import stat
import subprocess

SEARCH = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def libraries(path):
    """The shared objects a program loads, the loader with them."""
    p = subprocess.run(["ldd", str(path)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return [w for line in p.stdout.splitlines() for w in line.split() if w.startswith("/")]


def usual_place(library):
    """Where a library stands when /lib leads to /usr/lib."""
    return library if library.startswith("/usr/") else f"/usr{library}"


class Archive:
    def __init__(self):
        self.parts, self.names, self.inode = [], set(), 1

    def add(self, name, mode, data=b"", device=(0, 0)):
        name = name.strip("/")
        if not name or name in self.names:
            return
        parent = os.path.dirname(name)
        if parent and parent not in self.names:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.inode += 1
        self.entry(name, mode, data, device, self.inode)

    def entry(self, name, mode, data, device, inode):
        raw = os.fsencode(name) + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + raw
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode())

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def folder(self, name, mode=0o755):
        self.add(name, stat.S_IFDIR | mode)

    def node(self, name, mode, major, minor):
        self.add(name, mode, device=(major, minor))

    def copy(self, path, name=None):
        """A file of this machine, or a folder whole, at the same place unless told else."""
        path = pathlib.Path(path)
        name = str(name or path)
        if path.is_symlink() and name == str(path):
            self.link(name, os.readlink(path))
            target = path.parent / os.readlink(path)
            self.copy(os.path.normpath(target))
        elif path.is_dir():
            self.folder(name, stat.S_IMODE(path.stat().st_mode))
            for child in sorted(path.iterdir()):
                self.copy(child, f"{name}/{child.name}")
        else:
            self.file(name, path.read_bytes(), stat.S_IMODE(path.stat().st_mode))

    def program(self, path, name=None, root=""):
        """A program with the libraries it loads, without its debug sections."""
        path = pathlib.Path(path)
        name = name or f"{root}/bin/{path.name}"
        stripped = subprocess.run(["strip", "-g", "-o", "/dev/stdout", str(path)], capture_output=True)
        data = stripped.stdout if stripped.returncode == 0 and stripped.stdout[:4] == b"\x7fELF" else path.read_bytes()
        self.file(name, data, 0o755)
        for library in libraries(path):
            self.file(root + usual_place(library) if root else library, pathlib.Path(library).read_bytes(), 0o755)

    def system(self, root, programs):
        """The root of another system: its folders, links from / into /usr, and programs in /usr/bin."""
        for name in ("bin", "sbin", "lib", "lib64"):
            self.folder(f"{root}/usr/{name}")
            self.link(f"{root}/{name}", f"usr/{name}")
        for name in ("proc", "sys", "dev", "etc", "mnt", "root", "run", "srv", "var/log", "home"):
            self.folder(f"{root}/{name}")
        for name in ("tmp", "var/tmp"):
            self.folder(f"{root}/{name}", 0o1777)
        for path in programs:
            self.program(path, f"{root}/usr/bin/{pathlib.Path(path).name}", root)

    def bytes(self):
        tail = Archive()
        tail.entry("TRAILER!!!", 0, b"", (0, 0), 0)
        data = b"".join(self.parts + tail.parts)
        return data + bytes(-len(data) % 512)
