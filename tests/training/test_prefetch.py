"""What is prepared ahead comes in order, not too far ahead, and with its errors."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.training.prefetch import prepare_ahead


@given(items=st.lists(st.integers()), ahead=st.integers(1, 5))
def test_every_item_comes_once_and_in_order(items: list[int], ahead: int) -> None:
    assert list(prepare_ahead(items, lambda item: item * 2, ahead=ahead)) == [(item, item * 2) for item in items]


def test_the_next_item_is_prepared_while_the_caller_works_in_a_thread_of_its_own() -> None:
    done, threads = threading.Event(), set()

    def prepare(item: int) -> int:
        threads.add(threading.current_thread())
        if item == 1:
            done.set()
        return item

    walk = prepare_ahead([0, 1], prepare)
    next(walk)
    assert done.wait(timeout=30.0)
    assert threads.isdisjoint({threading.main_thread()})
    assert len(threads) == 1
    assert next(walk) == (1, 1)


def test_items_are_taken_no_further_ahead_than_asked() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    walk = prepare_ahead(items(), str, ahead=3)
    next(walk)
    next(walk)
    assert len(taken) <= 2 + 3


def test_an_error_comes_where_its_item_would_and_ends_the_thread() -> None:
    def prepare(item: int) -> int:
        return 10 // item

    walk = prepare_ahead([2, 1, 0, 5], prepare)
    assert [next(walk)[1], next(walk)[1]] == [5, 10]
    with pytest.raises(ZeroDivisionError):
        next(walk)
    assert not _is_preparing()


def test_a_caller_who_stops_early_leaves_no_thread_behind() -> None:
    for _ in prepare_ahead(range(10), str):
        assert _is_preparing()
        break
    assert not _is_preparing()


def _is_preparing() -> bool:
    return any(thread.name.startswith("prepare") for thread in threading.enumerate())
