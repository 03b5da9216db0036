"""What a model says something about: a text, or each of its words; and the class of transformers that it is then."""

from typing import Any, Literal, TypeAlias

from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, PretrainedConfig

from potstill.errors import ModelError

Head: TypeAlias = Literal["text", "word"]
"""What a row of logits is about."""
_AUTO: dict[Head, Any] = {"text": AutoModelForSequenceClassification, "word": AutoModelForTokenClassification}


def find_head(class_name: str) -> Head:
    """Tell it from the name of a model's class."""
    return "word" if class_name.endswith("ForTokenClassification") else "text"


def saved_head(config: PretrainedConfig) -> Head:
    """Tell it from a saved model's config."""
    return find_head(str(next(iter(getattr(config, "architectures", None) or ()), "")))


def find_auto(head: Head, config: PretrainedConfig) -> Any:  # noqa: ANN401 - transformers' auto classes share no public type
    """Find the class that makes such models, and refuse a type that has none."""
    auto = _AUTO[head]
    if head == "word" and type(config) not in auto._model_mapping:
        raise ModelError(
            f"a model of type '{config.model_type}' says something of a text and nothing of its words; take a model "
            "of another type."
        )
    return auto
