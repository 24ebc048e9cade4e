"""Every command the documents show runs, and every link inside the tree leads somewhere."""
import os
import re
import shlex
import subprocess

import pytest

from consoles import Console
from services import need

PAGES = ["README.md", "README.zh.md", "CONTRIBUTING.md"]
# Shown for people and run elsewhere: the front door is tried in clean systems by tool/check-chroot, the rest is long.
NOT_HERE = ("sudo ", "make check", "make lint", "make bench", "make", "tool/setup", "git clone")


def blocks(source_dir, page):
    text = (source_dir / page).read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def shown_commands(source_dir):
    for page in PAGES:
        for block in blocks(source_dir, page):
            for line in block.splitlines():
                command = re.sub(r"\s+#.*$", "", line).strip()
                if command and not any(command == n.strip() or command.startswith(n) for n in NOT_HERE):
                    yield page, command


def pytest_generate_tests(metafunc):
    if "shown" in metafunc.fixturenames:
        source = __import__("conftest").SOURCE
        metafunc.parametrize("shown", list(shown_commands(source)) or [pytest.param(None, marks=pytest.mark.skip(
            reason="the documents show no command to run here"))], ids=lambda s: s and f"{s[0]}: {s[1]}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory, source_dir):
    """A folder that holds what the documents name."""
    folder = tmp_path_factory.mktemp("docs")
    if not os.path.exists("/var/lib/dpkg/status"):
        pytest.skip("this host has no dpkg database to make the demo image from")
    for name in ("app.tar", "nginx.tar"):
        subprocess.run([source_dir / "tool" / "make-demo-image", folder / name], check=True)
    return folder


def test_shown_commands_run(skep, demo, shown):
    page, command = shown
    words = shlex.split(command)
    assert words[0] == "skep", f"{page} shows a command this test does not know how to run: {command}"
    p = skep.run(*words[1:], cwd=demo)
    # 1: a gate that closes is what the example shows; 5: a fresh clone without a database; 6: a gap, named.
    assert p.returncode in (0, 1, 5, 6), f"{page}: {command}\n{p.err}"
    if p.returncode == 5:
        assert "database" in p.err
    assert "unknown" not in p.err, p.err


def test_examples_of_every_help_parse(skep, demo):
    """Examples are run with a target that is not there: usage errors show, everything else is the scan's business."""
    text = skep.run("help", "--format", "markdown", check=0).out
    examples = [l.split("   #")[0].strip() for l in text.splitlines() if re.match(r"skep \S+.*   # ", l)]
    assert len(examples) > 5
    for line in examples:
        if re.search(r"[<>|]", line) or " update" in line:
            continue
        p = skep.run(*shlex.split(line)[1:], cwd=demo, timeout=60, env={"DOCKER_HOST": "unix:///proc/nonexistent"})
        assert p.returncode != 2, f"{line}\n{p.err}"


def test_links_lead_somewhere(source_dir):
    for page in subprocess.run(["git", "ls-files", "*.md"], cwd=source_dir, capture_output=True,
                               text=True).stdout.split():
        path = source_dir / page
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{page}: {target}"


def test_both_readmes_show_the_same(source_dir):
    english, chinese = (blocks(source_dir, p) for p in ("README.md", "README.zh.md"))
    strip = lambda b: [re.sub(r"\s+#.*$", "", l) for l in b.splitlines()]
    assert list(map(strip, english)) == list(map(strip, chinese))
    for page in ("README.md", "README.zh.md"):
        assert len((source_dir / page).read_text().splitlines()) <= 80, f"{page} is more than a screen"


@pytest.mark.parametrize("page", ["console-access.md", "console-access.zh.md", "notifications.md", "notifications.zh.md"])
def test_requests_the_pages_show_are_taken(skep, source_dir, tmp_path, page):
    """As written, by a console with a certificate of its own: the names of the console and of files aside."""
    need("curl")
    with Console(tmp_path) as console:
        token = console.admin().ask("POST", "/api/v1/tokens", {"name": "shown", "permissions": ["audit.read", "notify.read", "notify.write"]})
        assert token.status == 201, token
        for name, path in (("authority.pem", "tls/authority.pem"), ("console.pub", "audit.key.pub")):
            (tmp_path / name).write_bytes((console.state / path).read_bytes())
        shown = [b for b in blocks(source_dir, f"doc/{page}") if b.startswith("curl")]
        assert shown
        for text in shown:
            p = subprocess.run(["bash", "-euo", "pipefail", "-c", text.replace("https://console:8443", console.url).replace("curl ", "curl -sS --fail-with-body --noproxy '*' ")],
                               cwd=tmp_path, capture_output=True, text=True,
                               env={**skep.env, "TOKEN": token.json()["secret"], "PATH": f"{skep.binary.rpartition('/')[0]}:{skep.env['PATH']}"})
            assert p.returncode == 0, (p.stdout, p.stderr)
