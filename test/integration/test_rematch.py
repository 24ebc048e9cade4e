"""A new vulnerability database judges what is stored anew: nobody is asked for an image again."""
import pathlib
import re
import shutil
import time

from agents import until
from consoles import Console
from fleet import administrator, ask
from pretended_agent import PretendedAgent
from test_db import advisory, build

IMAGE = "sha256:" + "ab" * 32


def test_a_new_database_judges_stored_inventories(skep, tmp_path, new_database):
    old = build(skep, tmp_path, "old", advisory("left-pad", "1.2.3"))
    new = build(skep, tmp_path, "new", advisory("left-pad", "1.2.4", "GHSA-dddd-eeee-ffff", "CVE-2025-54321"), env={"SOURCE_DATE_EPOCH": "1750000000"})
    installed = tmp_path / "data" / "skep" / "vulndb.skdb"
    installed.parent.mkdir(parents=True)
    installed.write_bytes(old.read_bytes())
    (tmp_path / "console").mkdir()
    with Console(tmp_path / "console", database=new_database(), env={"XDG_DATA_HOME": str(tmp_path / "data")}) as console:
        admin = administrator(console)
        token = admin.ask("POST", "/api/v1/agents/tokens", {}).json()["token"]
        agent = PretendedAgent(console, tmp_path, token)
        package = {"type": "npm", "name": "left-pad", "version": "1.2.0", "layer": 0}
        agent.tell([("inventory", {"image": IMAGE, "scanned": "2026-11-21T18:00:00Z", "milliseconds": 5, "inventory":
                                   {"kind": "image", "layers": [{"digest": IMAGE, "diffId": IMAGE}], "packages": [package]}})])

        def judged(built):
            image = admin.get(f"/api/v1/images/{IMAGE}").json()
            found = admin.get(f"/api/v1/images/{IMAGE}/findings").json()["items"]
            if not ((image["database"] or {}).get("builtAt") or "").startswith(built):
                return None
            return image["image"]["scanned"], [(f["vulnerability"], f["fixed"]) for f in found]
        assert until(lambda: judged("2023-11-14"), 60), console.said()
        scanned, found = judged("2023-11-14")
        assert found == [("CVE-2024-12345", "1.2.3")]
        # As `skep db update` does it: another file in its place. The agent is not there any more.
        beside = installed.with_suffix(".new")
        beside.write_bytes(new.read_bytes())
        beside.rename(installed)
        assert until(lambda: judged("2025-06-15") and judged("2025-06-15")[1] == [("CVE-2025-54321", "1.2.4")], 90), (admin.get(f"/api/v1/images/{IMAGE}").body, console.said())
        assert judged("2025-06-15")[0] == scanned
        assert ask(console, "SELECT COUNT(*) FROM agent_command") == [(0,)]
        assert [v["id"] for v in admin.get("/api/v1/vulnerabilities").json()["items"]] == ["CVE-2025-54321"]


def test_a_database_that_stays_is_read_once(source_dir, tmp_path):
    """A bundle has to be unpacked for a look into it where no cache can be kept, as by a service without a home."""
    bundle = source_dir / "content" / "vulndb" / "vulndb.skdb.zst"
    installed = tmp_path / "data" / "skep" / "vulndb.skdb"
    installed.parent.mkdir(parents=True)
    shutil.copy(bundle, installed)
    with Console(tmp_path, env={"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": "/proc/none"}) as console:
        def read():
            return int(re.search(r"rchar: (\d+)", pathlib.Path(f"/proc/{console.process.pid}/io").read_text())[1])
        size = bundle.stat().st_size
        assert until(lambda: read() > size, 60), console.said()
        before = read()
        time.sleep(8)
        assert read() - before < size / 2
