"""What a model is worth: metrics with intervals, likeness to the teacher, size, speed; all of it in results.json.

Names are imported when they are first used, so that who only reads results does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from potstill.evaluation.attention import draw_attention
    from potstill.evaluation.card import import_line, write_model_card
    from potstill.evaluation.ensemble import merge_models
    from potstill.evaluation.environment import describe_environment
    from potstill.evaluation.evaluate import (
        EvaluatedModel,
        EvaluationConfig,
        Subject,
        collect_results,
        compare_pair,
        evaluate_models,
        make_subject,
    )
    from potstill.evaluation.examples import choose_examples
    from potstill.evaluation.labelled import Examples, in_task_order

__all__ = [
    "EvaluatedModel",
    "EvaluationConfig",
    "Examples",
    "Subject",
    "choose_examples",
    "collect_results",
    "compare_pair",
    "describe_environment",
    "draw_attention",
    "evaluate_models",
    "import_line",
    "in_task_order",
    "make_subject",
    "merge_models",
    "write_model_card",
]

_HOMES = {
    "EvaluatedModel": "evaluate",
    "EvaluationConfig": "evaluate",
    "Examples": "labelled",
    "Subject": "evaluate",
    "choose_examples": "examples",
    "collect_results": "evaluate",
    "compare_pair": "evaluate",
    "describe_environment": "environment",
    "draw_attention": "attention",
    "evaluate_models": "evaluate",
    "import_line": "card",
    "in_task_order": "labelled",
    "make_subject": "evaluate",
    "merge_models": "ensemble",
    "write_model_card": "card",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'potstill.evaluation' has no attribute '{name}'")
    value: object = getattr(import_module(f"potstill.evaluation.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
