"""containerd with its CRI plugin, driven by gRPC as kubelet drives it; messages are encoded by hand (runtime/v1/api.proto)."""
import io
import json
import subprocess
import tarfile
import time

from containers import wrapped_runtime
from services import Process, need, need_root, unmount_below

PAUSE = "registry.test/pause:1"


def message(*fields):
    """Fields (number, value): text, bytes, a number, a list of them, or a dict, which is a map of texts."""
    out = b""
    for number, value in fields:
        if isinstance(value, dict):
            value = [message((1, k), (2, v)) for k, v in value.items()]
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(one, int):
                out += varint(number << 3) + varint(one)
            else:
                one = one.encode() if isinstance(one, str) else one
                out += varint(number << 3 | 2) + varint(len(one)) + one
    return out


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def first_text(data):
    """Field 1 of an answer: an id."""
    assert data[0] == 0x0A
    return data[2:2 + data[1]].decode()


def image(name, program, folder):
    """A docker-archive with one static program, as ctr imports it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as t:
        t.add(program, "pause")
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/pause"]}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + __import__("hashlib").sha256(layer.getvalue()).hexdigest()]}}).encode()
    path = folder / "pause.tar"
    with tarfile.open(path, "w") as t:
        for member, data in (("config.json", config), ("layer.tar", layer.getvalue()), ("manifest.json", json.dumps(
                [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return path


class Cri:
    def __init__(self, folder):
        import grpc
        need_root()
        need("containerd", "ctr", "runc", "gcc")
        self.grpc = grpc
        self.folder = folder
        self.socket = folder / "c.sock"
        (folder / "containerd.toml").write_text(f"""version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/cni"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{wrapped_runtime(folder)}"
""")
        self.process = Process(["containerd", "--config", str(folder / "containerd.toml")], folder / "containerd.log")

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.socket.exists)
        self.channel = self.grpc.insecure_channel(f"unix://{self.socket}")
        self.process.wait_for(self.answers, 60)
        (self.folder / "pause.c").write_text("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
        subprocess.run(["gcc", "-static", "-o", self.folder / "pause", self.folder / "pause.c"], check=True)
        self.load(image(PAUSE, self.folder / "pause", self.folder))
        return self

    def __exit__(self, *exc):
        self.channel.close()
        self.process.__exit__(*exc)
        unmount_below(self.folder)

    def answers(self):
        try:
            return self.call("Version", b"")
        except self.grpc.RpcError:
            return False

    def load(self, archive):
        subprocess.run(["ctr", "-a", self.socket, "-n", "k8s.io", "image", "import", "--snapshotter", "native", archive], check=True,
                       capture_output=True)

    def call(self, name, request):
        return self.channel.unary_unary(f"/runtime.v1.RuntimeService/{name}", lambda b: b, lambda b: b)(request, timeout=60)

    def pod(self, name, uid, labels, annotations, shared=False):
        """Runs a pod's sandbox in the host's network, which needs no plugin; `shared`: its containers see one another's processes.

        @return its id, its configuration and the containers' namespaces"""
        spaces = message((1, 2), (2, 0 if shared else 1), (3, 0))
        config = message((1, message((1, name), (2, uid), (3, "prod"))), (6, {**labels, "io.kubernetes.pod.name": name,
                         "io.kubernetes.pod.namespace": "prod", "io.kubernetes.pod.uid": uid}), (7, annotations),
                         (8, message((1, f"/kubepods/besteffort/pod{uid}"), (2, message((1, spaces))))))
        return first_text(self.call("RunPodSandbox", message((1, config)))), config, spaces

    def start(self, sandbox, name, image, command, uid, pod):
        """A container of a pod; returns its id."""
        labels = {"io.kubernetes.container.name": name, "io.kubernetes.pod.name": pod, "io.kubernetes.pod.namespace": "prod",
                  "io.kubernetes.pod.uid": uid}
        config = message((1, message((1, name))), (2, message((1, image))), (3, command), (9, labels), (15, message((2, message((3, sandbox[2]))))))
        made = first_text(self.call("CreateContainer", message((1, sandbox[0]), (2, config), (3, sandbox[1]))))
        self.call("StartContainer", message((1, made)))
        return made

    def execute(self, container, *command):
        """As kubelet runs a probe."""
        self.call("ExecSync", message((1, container), (2, list(command)), (3, 20)))

    def remove(self, sandbox):
        for call in ("StopPodSandbox", "RemovePodSandbox"):
            for _ in range(20):
                try:
                    self.call(call, message((1, sandbox[0])))
                    break
                except self.grpc.RpcError:
                    time.sleep(0.3)
