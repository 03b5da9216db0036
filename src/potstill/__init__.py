"""Potstill distils BERT-family encoders into students that are small and fast enough to serve.

    import potstill

    run = potstill.distill("kd", task="trec", teacher_base="minilm")
    print(run.student)  # a folder that transformers loads

Names are imported when they are first used, so that `import potstill` does not wait for torch.
"""

from importlib.metadata import version

import lazy_loader

from potstill.architectures.registration import register_architectures

__version__ = version("potstill")

register_architectures()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
