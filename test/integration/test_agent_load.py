"""A container that floods the agent loses events of its own and nobody else's."""
from loads import Agent, Simulated, check_losses, docker_group, noisy_and_quiet
from services import need_root


def test_a_noisy_container_loses_its_own_events_alone(skep, build_dir, tmp_path):
    need_root()
    seconds, count = 3, 30
    with docker_group() as group:
        noisy, quiet = (Simulated(group, tmp_path / "data", n, d) for n, d in (("noisy", "d"), ("quiet", "e")))
        try:
            with Agent(skep, tmp_path, "--engine-data", tmp_path / "data", "--no-engines",
                       "--event-rate", 2000) as agent:  # what the noisy one exceeds, however busy the machine is
                did = noisy_and_quiet(
                    agent, lambda: noisy.start(build_dir / "test" / "integration" / "load", "noise", seconds, agent.noise),
                    lambda script: quiet.start("/bin/sh", "-c", script), count)
                print(f"\nthe noisy one: {did} in {seconds} s")
                check_losses(agent, did, count)
        finally:
            noisy.end()
            quiet.end()
