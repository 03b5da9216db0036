"""What a model is worth: metrics with intervals, likeness to the teacher, size, speed; all of it in results.json."""

from potstill.evaluation.attention import draw_attention
from potstill.evaluation.bag_of_words import WordModel, learn_words
from potstill.evaluation.card import import_line, write_model_card
from potstill.evaluation.comparing import collect_results, compare_pair
from potstill.evaluation.ensemble import measure_answers, merge_models
from potstill.evaluation.environment import describe_environment
from potstill.evaluation.evaluate import (
    EvaluatedModel,
    EvaluationConfig,
    Subject,
    evaluate_models,
    make_subject,
)
from potstill.evaluation.examples import choose_examples
from potstill.evaluation.labelled import Examples, in_task_order, label_examples
from potstill.evaluation.trust_texts import KeptTexts, TrustTexts

__all__ = [
    "EvaluatedModel",
    "EvaluationConfig",
    "Examples",
    "KeptTexts",
    "Subject",
    "TrustTexts",
    "WordModel",
    "choose_examples",
    "collect_results",
    "compare_pair",
    "describe_environment",
    "draw_attention",
    "evaluate_models",
    "import_line",
    "in_task_order",
    "label_examples",
    "learn_words",
    "make_subject",
    "measure_answers",
    "merge_models",
    "write_model_card",
]
