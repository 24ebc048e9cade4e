#!/usr/bin/python3
"""Makes the small rpm databases below corpus/rpm_*. Run by hand when the formats under test change.

usage: make_rpm_corpus.py CORPUS_DIR    (needs db_load of the package db-util)
"""
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib

STRING, INT16, INT32, STRING_ARRAY, BIN = 6, 3, 4, 8, 7


def header(name, license="MIT", epoch=None):
    """An rpm header blob as databases store it, with an immutable region."""
    tags = [
        (1000, STRING, [name]), (1001, STRING, ["1.0"]), (1002, STRING, ["3.el9"]),
        (1011, STRING, ["Acme"]), (1014, STRING, [license]), (1022, STRING, ["noarch"]),
        (1030, INT16, [0o100755, 0o040755, 0o100644]),
        (1044, STRING, ["tiny-src-1.0-3.el9.src.rpm"]), (1116, INT32, [0, 1, 0]),
        (1117, STRING_ARRAY, [name, "doc", name + "2"]),
        (1118, STRING_ARRAY, ["/usr/bin/", "/usr/share/"]), (5096, STRING, ["tiny:1:8000:abc"]),
    ]
    if epoch is not None:
        tags.append((1003, INT32, [epoch]))
    index, data = b"", b""
    for tag, kind, values in sorted(tags):
        width = {INT16: 2, INT32: 4}.get(kind, 1)
        data += b"\0" * (-len(data) % width)
        index += struct.pack(">IIII", tag, kind, len(data), len(values))
        for v in values:
            data += v.encode() + b"\0" if width == 1 else struct.pack(">H" if width == 2 else ">I", v)
    entries = len(tags) + 1
    region = struct.pack(">IIII", 63, BIN, len(data), 16)
    data += struct.pack(">IIiI", 63, BIN, -16 * entries, 16)
    return struct.pack(">II", entries, len(data)) + region + index + data


def bdb(path, page_bytes, order, blobs):
    """Real libdb writes it: in `order` 1234 or 4321."""

    text = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=%d\ndb_lorder=%d\nHEADER=END\n" % (page_bytes, order)
    key = "<I" if order == 1234 else ">I"
    for i, blob in enumerate([struct.pack(key, len(blobs))] + blobs):
        text += " %s\n %s\n" % (struct.pack(key, i).hex(), blob.hex())
    text += "DATA=END\n"
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run(["db_load", path], input=text.encode(), check=True)


def ndb(path, blobs):
    slots, body, block = b"", b"", 4096 // 16
    for i, blob in enumerate(blobs, 1):
        whole = struct.pack("<4sIII", b"BlbS", i, 1, len(blob)) + blob
        whole += b"\0" * (-(len(whole) + 12) % 16)
        whole += struct.pack("<II4s", zlib.adler32(whole), len(blob), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", i, block, len(whole) // 16)
        body += whole
        block += len(whole) // 16
    head = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, len(blobs) + 1, 0, 0, 0)
    empty = struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((4096 - 32 - len(slots)) // 16)
    open(path, "wb").write(head + slots + empty + body)


def sqlite(path, page_bytes, checkpointed, logged, uncommitted=0):
    """The file, and behind it the write-ahead log, with the length of the file in front."""
    with tempfile.TemporaryDirectory() as folder:
        db = os.path.join(folder, "rpmdb.sqlite")
        c = sqlite3.connect(db, isolation_level=None)
        c.execute("PRAGMA page_size=%d" % page_bytes)
        c.execute("PRAGMA journal_mode=WAL")
        c.execute("PRAGMA wal_autocheckpoint=0")
        c.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        c.execute("CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
        for blob in checkpointed:
            c.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,))
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        c.execute("BEGIN")
        for blob in logged:
            c.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,))
        if logged:
            c.execute("DELETE FROM Packages WHERE hnum = 1")
        c.execute("COMMIT")
        if uncommitted:
            c.execute("PRAGMA cache_size=1")
            c.execute("BEGIN")
            for i in range(uncommitted):
                c.execute("INSERT INTO Packages (blob) VALUES (?)", (header("never%d" % i),))
        shutil.copy(db, db + ".copy")
        shutil.copy(db + "-wal", db + ".copy-wal")
        file, wal = open(db + ".copy", "rb").read(), open(db + ".copy-wal", "rb").read()
        if uncommitted:
            c.execute("ROLLBACK")
        c.close()
        open(path, "wb").write(struct.pack("<I", len(file)) + file + wal)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base = sys.argv[1]
    few = [header("tiny"), header("long", "x" * 3000, 2), header("gpg-pubkey")]
    many = [header("p%02d" % i) for i in range(30)]
    for kind in "bdb", "ndb", "sqlite", "header":
        os.makedirs(os.path.join(base, "rpm_" + kind), exist_ok=True)
    at = lambda kind, name: os.path.join(base, "rpm_" + kind, name)
    bdb(at("bdb", "little-512"), 512, 1234, few)
    bdb(at("bdb", "big-512"), 512, 4321, few)
    bdb(at("bdb", "big-4096"), 4096, 4321, few)
    ndb(at("ndb", "few"), few)
    sqlite(at("sqlite", "few-512"), 512, few, [])
    sqlite(at("sqlite", "many-512"), 512, many, [])
    sqlite(at("sqlite", "log"), 512, few, [header("new")])
    sqlite(at("sqlite", "log-uncommitted"), 512, few, [header("new")], 40)
    open(at("header", "tiny"), "wb").write(few[0])
    open(at("header", "long"), "wb").write(few[1])


main()
