"""The agent under real load, for many minutes: `make check-long` runs these."""
import json
import os
import subprocess
import time

import pytest

from agents import until
from containers import RunningEngine
from loads import Agent, check_losses, docker_group, noisy_and_quiet
from services import need, need_root


@pytest.fixture(scope="module")
def engine(tmp_path_factory, shared):
    need_root()
    need("docker")
    with RunningEngine(tmp_path_factory.mktemp("engine") / "e", storage="overlay2") as e:
        e.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        yield e


def docker(engine, *args):
    return ["docker", "-H", engine.host, *map(str, args)]


def all_known(agent, names, image):
    """Each container's first program was told, with name and image."""
    seen = {a["message"] for a in agent.told("Started")}
    missing = {f"{n} {image}" for n in names} - seen
    assert not missing, f"{len(missing)} of {len(names)}, such as {sorted(missing)[:3]}; {sorted(seen)[:3]} were told"
    assert not [m for m in seen if "<NA>" in m or "UNKNOWN" in m]


def check_flat(samples):
    """Memory of the second half against the first's, the beginning left out."""
    half = len(samples) // 2
    assert max(samples[half:]) <= max(samples[half // 3:half]) + 2048, samples


def test_a_noisy_real_container(skep, engine, source_dir, tmp_path):
    work = tmp_path / "load"
    subprocess.run(["gcc", "-O2", "-static", "-o", work, source_dir / "test" / "integration" / "load.c"], check=True)
    with Agent(skep, tmp_path, "--engine", engine.host, "--engine-data", engine.folder / "data") as agent:
        def start(name, *command):
            return subprocess.Popen(docker(engine, "run", "--rm", "--name", name, "--network", "none", "-v",
                                           f"{tmp_path}:{tmp_path}", "alpine:3.10", *command),
                                    stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        did = noisy_and_quiet(agent, lambda: start("noisy", work, "noise", 30, agent.noise),
                              lambda script: start("quiet", "/bin/sh", "-c", script), 300)
        print(f"\nthe noisy one: {did} in 30 s")
        check_losses(agent, did, 300)


def test_memory_is_flat_after_a_hundred_thousand_containers(skep, build_dir, tmp_path):
    """LOAD_STARTS says how many. Each has a name and an image of its own, and its first program is told with them."""
    need_root()
    count = int(os.environ.get("LOAD_STARTS", "100000"))
    (tmp_path / "data" / "containers").mkdir(parents=True)
    samples = []
    with docker_group() as group, Agent(skep, tmp_path, "--engine-data", tmp_path / "data", "--no-engines") as agent:
        work = subprocess.Popen([build_dir / "test" / "integration" / "load", "starts", str(count), group,
                                 tmp_path / "data"], stdout=subprocess.PIPE, text=True)
        for line in work.stdout:
            if json.loads(line)["starts"] % (count // 20) == 0:
                samples.append(agent.pss_kib())
        assert work.wait() == 0
        print("\nKiB of all parts:", *samples)
        until(lambda: len(agent.told("Started")) >= count, 60, 2)
        all_known(agent, [f"short{i}" for i in range(count)], "docker.io/library/busybox")
        assert not agent.lost()
    check_flat(samples)


def test_memory_is_flat_after_two_thousand_real_containers(skep, engine, tmp_path):
    """As many as start in LOAD_MINUTES (15), 2,000 at most, two at a time."""
    end = time.monotonic() + 60 * float(os.environ.get("LOAD_MINUTES", "15"))
    samples, names = [], []
    with Agent(skep, tmp_path, "--engine", engine.host, "--engine-data", engine.folder / "data") as agent:
        while len(names) < 2000 and time.monotonic() < end:
            pair = [f"real{len(names) + i}" for i in range(2)]
            running = [subprocess.Popen(docker(engine, "run", "--rm", "--name", n, "--network", "none", "alpine:3.10",
                                               "true"), stdin=subprocess.DEVNULL) for n in pair]
            assert [p.wait(120) for p in running] == [0, 0]
            names += pair
            if len(names) % 50 == 0:
                samples.append(agent.pss_kib())
        print(f"\n{len(names)} containers, KiB of all parts:", *samples)
        until(lambda: len(agent.told("Started")) >= len(names), 30, 1)
        all_known(agent, names, "docker.io/library/alpine")
        assert not agent.lost()
    check_flat(samples)
