"""The machine's limit, that the figures of all training are held against."""

from importlib import import_module

import pytest
import torch


@pytest.fixture
def plain(monkeypatch, request):
    """The module `benchmarks/plain.py`."""
    monkeypatch.syspath_prepend(request.config.rootpath / "benchmarks")
    return import_module("plain")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("width", "inner"), [(312, 1200), (768, 768), (768, 3072)])
def test_the_limit_looks_at_every_product_of_a_linear_layer(plain, device, width, inner):
    products = plain.list_products(torch.device(device))
    for layout in ("NT", "NN", "TN"):
        looked = {(each.inner, each.columns, each.rows) for each in products if each.layout == layout}
        seen = {size for sizes in looked for size in sizes}
        assert {width, inner} <= seen, layout
    both = {(each.inner, each.columns) for each in products if each.layout == "NT"}
    assert {(width, inner), (inner, width)} <= both


@pytest.mark.parametrize("layout", ["NN", "NT", "TN"])
def test_a_product_is_as_large_as_it_says(plain, layout):
    product = plain.Product(rows=3, inner=5, columns=7, layout=layout)
    assert product.build(torch.float32, torch.device("cpu"))().shape == (3, 7)
    assert product.operations == 2 * 3 * 5 * 7


def test_the_limit_is_looked_for_no_longer_than_it_may(plain):
    assert plain.matrix_rate(torch.device("cpu"), seconds=0.01) > 0.0
