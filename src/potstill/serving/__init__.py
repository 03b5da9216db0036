"""Serve a model: predict on any back-end, export it, bench it, compare it.

Names are imported when they are first used, so that a command can say what a config allows without waiting for torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
