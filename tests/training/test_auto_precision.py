"""What the precision `auto` is, and whether the back-end `bf16` is worth having: one answer."""

import pytest

from potstill.engines import find_backend
from potstill.errors import ModelError, RecipeError
from potstill.training import resolve_precision


def test_the_environment_says_what_auto_is_and_nothing_else(auto_precision: str) -> None:
    assert resolve_precision("auto") == auto_precision
    assert resolve_precision("fp32") == "fp32"
    assert resolve_precision("bf16") == "bf16"


@pytest.mark.parametrize("said", [None, "", "fp32", "bf16"])
def test_the_back_end_bf16_is_refused_where_auto_is_float32(said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.delenv("POTSTILL_PRECISION")
    if said is not None:
        monkeypatch.setenv("POTSTILL_PRECISION", said)
    if resolve_precision("auto") == "bf16":
        find_backend("bf16").check()
    else:
        with pytest.raises(ModelError, match="many times slower than fp32 here"):
            find_backend("bf16").check()


def test_another_precision_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTSTILL_PRECISION", "fp16")
    with pytest.raises(RecipeError, match="POTSTILL_PRECISION=fp16: .* set it to fp32 or bf16, or unset it"):
        resolve_precision("auto")
