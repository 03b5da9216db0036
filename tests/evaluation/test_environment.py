"""The environment: what figures depend on, and nothing private."""

import getpass
import json
import os
import platform
import subprocess
from pathlib import Path

import torch

from potstill.evaluation import describe_environment


def test_versions_and_hardware_are_there():
    environment = describe_environment()
    assert environment["python"] == platform.python_version()
    packages = environment["packages"]
    assert isinstance(packages, dict)
    assert packages["torch"] == torch.__version__
    assert set(packages) == {"potstill", "torch", "transformers", "tokenizers", "accelerate", "numpy"}
    assert all(isinstance(version, str) for version in packages.values())
    assert isinstance(environment["num_cpus"], int)
    assert environment["num_cpus"] >= 1
    assert environment["num_threads"] == torch.get_num_threads()
    assert isinstance(environment["gpus"], list)


def test_it_is_plain_json_without_names_of_people_hosts_and_folders():
    text = json.dumps(describe_environment())
    private = {platform.node(), str(Path.home()), str(Path.cwd()), getpass.getuser()}
    for secret in private - {"", "/", "root"}:
        assert secret not in text


def test_outside_of_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert describe_environment()["git_commit"] is None


def test_a_changed_repository_is_marked_as_dirty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    identity = {f"GIT_{part}_{what}": "x" for part in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words):
        return subprocess.run(
            ["git", *words], check=True, capture_output=True, text=True, env=os.environ | identity
        ).stdout

    (tmp_path / "file").write_text("one")
    git("init", "-q")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    commit = git("rev-parse", "HEAD").strip()
    assert describe_environment()["git_commit"] == commit
    (tmp_path / "file").write_text("two")
    assert describe_environment()["git_commit"] == f"{commit}-dirty"


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["git_commit"] is None
