"""Uploads, against a hub that runs in this process."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import pytest

from potstill.errors import ModelError
from potstill.hub import plan_push, push


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "run" / "student"
    (folder / "onnx").mkdir(parents=True)
    for name in (
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "onnx/model.onnx",
        ".model.partial",
        "notes.tmp",
    ):
        (folder / name).write_text(f"content of {name}")
    (folder / "README.md").write_text("---\nlibrary_name: transformers\n---\n# Model\n")
    return folder


class Hub(ThreadingHTTPServer):
    """Speaks as much of the hub's language as an upload needs."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.created, self.files, self.refuses = [], {}, False
        self.address = f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hub = self.server
        if hub.refuses:
            return self.answer(403, {"error": "You may not write here"})
        if self.path == "/api/repos/create":
            hub.created.append(json.loads(body))
            return self.answer(200, {"url": f"{hub.address}/owner/name", "name": "owner/name"})
        if self.path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            return self.answer(200, {"files": modes})
        assert "/commit/main" in self.path, self.path
        for line in map(json.loads, body.decode().splitlines()):
            if line["key"] == "file":
                hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"]).decode()
            elif line["key"] == "header":
                hub.message = line["value"]["summary"]
        return self.answer(200, {"commitUrl": f"{hub.address}/owner/name/commit/abc", "commitOid": "abc"})

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_push_sends_the_model_and_nothing_else(model, hub):
    plan = plan_push(model.parent, "owner/name")
    url = push(plan, is_private=True, message="Ship it", endpoint=hub.address)
    assert url == f"{hub.address}/owner/name/commit/abc"
    names = {"README.md", "config.json", "tokenizer.json", "model.safetensors", "onnx/model.onnx"}
    assert hub.files.keys() == names
    assert {name: (model / name).read_text() for name in names} == hub.files
    assert hub.message == "Ship it"
    assert hub.created[0]["name"] == "name"
    assert "private" in (hub.created[0].get("visibility"), *hub.created[0])


def test_a_hub_that_refuses_is_told(model, hub):
    hub.refuses = True
    with pytest.raises(ModelError, match="the hub refused 'owner/name'.*hf auth login"):
        push(
            plan_push(model, "owner/name"),
            is_private=False,
            message="-",
            endpoint=hub.address,
        )
    assert hub.files == {}


def test_without_a_network_nothing_is_sent(model, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        push(plan_push(model, "owner/name"), is_private=False, message="-")


def test_a_hub_that_is_not_there_is_told(model, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(ModelError, match="cannot be reached"):
        push(plan_push(model, "owner/name"), is_private=False, message="-", endpoint="http://127.0.0.1:9")


def test_a_plan_counts_bytes(model):
    plan = plan_push(model, "owner/name")
    assert plan.size_bytes == sum((model / name).stat().st_size for name in plan.files)


@pytest.mark.parametrize("name", ["", "name", "owner/", "owner/na me", "a/b/c", "../x"])
def test_what_is_no_name_of_a_repository_is_refused(model, name):
    with pytest.raises(ModelError, match="write it as owner/name"):
        plan_push(model, name)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (("config.json",), "holds no model"),
        (("README.md",), "has no model card"),
        (("model.safetensors", "onnx/model.onnx"), "neither safetensors nor ONNX"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(model, missing, sentence):
    for name in missing:
        (model / name).unlink()
    with pytest.raises(ModelError, match=sentence):
        plan_push(model, "owner/name")
