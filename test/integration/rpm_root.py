"""Root folders of rpm systems, their database made here: the table of rpm's SQLite databases, header by header."""
import sqlite3
import struct

import images

TAGS = {"name": 1000, "version": 1001, "release": 1002, "epoch": 1003, "vendor": 1011, "arch": 1022, "sourcerpm": 1044}
STRING, INT32 = 6, 4


def header(**tags):
    """An rpm header blob (rpm's doc/manual/format_header.md): entries and data, without signed regions."""
    index, data = b"", b""
    for tag, value in sorted((TAGS[k], v) for k, v in tags.items()):
        if isinstance(value, int):
            data += b"\0" * (-len(data) % 4)
            index += struct.pack(">IIII", tag, INT32, len(data), 1)
            data += struct.pack(">i", value)
        else:
            index += struct.pack(">IIII", tag, STRING, len(data), 1)
            data += value.encode() + b"\0"
    return struct.pack(">II", len(index) // 16, len(data)) + index + data


def package(nevra, vendor="Red Hat, Inc."):
    """The header of "name-[epoch:]version-release.arch"."""
    rest, _, arch = nevra.rpartition(".")
    name, version, release = rest.rsplit("-", 2)
    epoch, _, version = version.rpartition(":")
    more = {"epoch": int(epoch)} if epoch else {}
    return header(name=name, version=version, release=release, arch=arch, vendor=vendor,
                  sourcerpm=f"{name}-{version}-{release}.src.rpm", **more)


def database(path, *nevras):
    """Writes rpmdb.sqlite and returns its bytes."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        db.executemany("INSERT INTO Packages (blob) VALUES (?)", [(package(n),) for n in nevras])
    db.close()
    return path.read_bytes()


def files(tmp_path, release, *nevras, os_id="rhel"):
    """{path: bytes} of a system with these packages."""
    return {"etc/os-release": f'ID={os_id}\nVERSION_ID="{release}"\n'.encode(),
            "var/lib/rpm/rpmdb.sqlite": database(tmp_path / "rpmdb.sqlite", *nevras)}


def folder(tmp_path, name, release, *nevras, more=None):
    return images.as_folder({**files(tmp_path, release, *nevras), **(more or {})}, tmp_path / name)
