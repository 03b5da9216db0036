"""Potstill distils BERT-family encoders into students that are small and fast enough to serve.

    import potstill

    run = potstill.distill("kd", task="trec", teacher_base="minilm")
    print(run.student)  # a folder that transformers loads

Names are imported when they are first used, so that `import potstill` does not wait for torch.
"""

import lazy_loader

from potstill.architectures.registration import register_architectures

register_architectures()

_find, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("potstill")
    return _find(name)
