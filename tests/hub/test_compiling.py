"""Layers run as compiled code: the same numbers, and not compiled anew for every length."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from compiled_lengths import make, make_tokenizer

from potstill.architectures import BiLstmConfig
from potstill.errors import RecipeError
from potstill.hub import build_encoder, check_compiler, check_layers

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")  # torch's own, at import
has_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="needs a C++ compiler on the machine"
)


@pytest.mark.slow
@has_compiler
def test_many_lengths_are_compiled_for_once_and_give_the_same_numbers() -> None:
    script = Path(__file__).with_name("compiled_lengths.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@has_compiler
def test_a_machine_whose_compiler_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", (None, "no-such-compiler"))
    with pytest.raises(RecipeError, match=r"^compile: .*no-such-compiler.* install a C\+\+ compiler, or"):
        check_compiler(torch.device("cpu"))


def test_an_encoder_without_transformer_layers_is_refused() -> None:
    check_layers(make())
    bilstm = build_encoder(BiLstmConfig(vocab_size=40), make_tokenizer(), label_names=("no", "yes"))
    with pytest.raises(RecipeError, match=r"^compile: \w+ has no transformer layers"):
        check_layers(bilstm)
