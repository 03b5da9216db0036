"""Layer maps that a paper or its code lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.layer_map import LayerMap, resolve_layer_map


@pytest.mark.parametrize(
    ("num_student", "num_teacher", "expected"),
    [
        (6, 12, (1, 3, 5, 8, 10, 12)),  # [0, 2, 4, 7, 9, 11] in DistilBERT's code, counted from 0
        (4, 12, (1, 5, 8, 12)),
        (3, 12, (1, 7, 12)),
        (3, 6, (1, 4, 6)),
        (2, 6, (1, 6)),
        (1, 12, (1,)),
    ],
)
def test_spread_goes_evenly_from_the_first_layer_to_the_last(
    num_student: int, num_teacher: int, expected: tuple[int, ...]
) -> None:
    assert resolve_layer_map("spread", student_layers=num_student, teacher_layers=num_teacher) == expected


@pytest.mark.parametrize(
    ("name", "num_student", "num_teacher", "expected"),
    [
        ("uniform", 4, 12, (3, 6, 9, 12)),
        ("uniform", 4, 6, (2, 3, 5, 6)),  # 1.5 and 4.5 are rounded up
        ("skip", 6, 12, (2, 4, 6, 8, 10)),
        ("top", 3, 12, (10, 11, 12)),
        ("last", 3, 12, (10, 11)),
        ("bottom", 3, 12, (1, 2, 3)),
        ((5, 2), 3, 12, (5, 2)),
    ],
)
def test_a_map_names_the_layers_that_its_paper_says(
    name: LayerMap, num_student: int, num_teacher: int, expected: tuple[int, ...]
) -> None:
    assert resolve_layer_map(name, student_layers=num_student, teacher_layers=num_teacher) == expected


@given(st.integers(1, 24), st.integers(0, 24))
def test_spread_never_repeats_a_layer_nor_leaves_the_teacher(num_student: int, more: int) -> None:
    layers = resolve_layer_map("spread", student_layers=num_student, teacher_layers=num_student + more)
    assert list(layers) == sorted(set(layers))
    assert layers[0] == 1
    assert layers[-1] == (num_student + more if num_student > 1 else 1)
