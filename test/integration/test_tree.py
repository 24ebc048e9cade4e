"""The tree keeps its own rules."""
import re
import subprocess
import sys


def test_includes_only_go_down(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-layers"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_the_layer_check_finds_what_is_planted(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-layers", "--self-test"],
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_every_decoder_has_a_fuzz_target(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-fuzz"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_the_check_of_decoders_finds_what_is_planted(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-fuzz", "--self-test"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_no_name_is_defined_twice(build_dir):
    """Of two functions of one name in two libraries a program gets whichever comes first, and nobody says so."""
    libraries = sorted((build_dir / "src").rglob("*.a"))
    assert libraries
    said = subprocess.run(["nm", "-A", "--defined-only", "-g", *libraries], capture_output=True, text=True, check=True).stdout
    places = {}
    for line in said.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in ("T", "D", "B", "R"):
            places.setdefault(words[2], []).append(words[0])
    assert len(places) > 1000
    assert {n: p for n, p in places.items() if len(p) > 1} == {}


def arguments(text, at):
    """Of a macro whose bracket opens there."""
    depth, begin, found = 0, at + 1, []
    for m in re.compile(r'"(?:\\.|[^"\\])*"|[(){}\[\],]').finditer(text, at):
        word = m[0]
        depth += word in "([{"
        if depth == 1 and word in ",)":
            found.append(text[begin:m.start()].strip())
            begin = m.end()
        depth -= word in ")]}"
        if depth == 0:
            return found
    return found


def test_nothing_is_done_twice(source_dir):
    """MIN and MAX evaluate what they are given twice: a call that may fail is made again when it did, and tells of the second time."""
    twice = []
    for file in (source_dir / "src").rglob("*.[ch]"):
        text = file.read_text()
        twice += [f"{file}: {m[0]}{a}" for m in re.finditer(r"\bM(?:IN|AX)\(", text) for a in arguments(text, m.end() - 1) if re.search(r"\(.*\be\)$", a, re.S)]
    assert not twice, twice
