"""The account of a bulk read."""

from __future__ import annotations

import pickle

import pytest

from wandkit._core.receipt import ItemFailure, Receipt

LOST = ItemFailure("e/p/r1", "HTTP 500")


def test_a_read_that_got_all_is_complete() -> None:
    assert Receipt(received=3, expected=3).complete


def test_a_read_of_unknown_size_is_complete_as_far_as_known() -> None:
    assert Receipt(received=3).complete


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(received=2, expected=3),
        Receipt(received=3, expected=3, sampled=True),
        Receipt(received=3, expected=3, gaps=["steps 10 to 20"]),
        Receipt(received=3, expected=3, failures=[LOST]),
    ],
)
def test_anything_that_is_not_there_makes_it_incomplete(receipt: Receipt) -> None:
    assert not receipt.complete


def test_missing_items_are_counted() -> None:
    assert Receipt(received=2, expected=5).missing == 3


def test_accounts_add_up() -> None:
    one = Receipt(received=2, expected=3, duplicates=1, source="live", gaps=["a"])
    other = Receipt(received=4, expected=4, source="parquet", failures=[LOST])
    assert one + other == Receipt(6, 7, 1, False, "both", ("a",), (LOST,))


def test_an_unknown_count_stays_unknown_in_the_sum() -> None:
    assert (Receipt(1, 1) + Receipt(1)).expected is None


def test_how_it_was_sampled_survives_the_sum() -> None:
    assert (Receipt(1, sampled="500 of 900 rows") + Receipt(1)).sampled == "500 of 900 rows"


def test_the_sum_of_no_reads_expected_nothing() -> None:
    assert Receipt.merged([]) == Receipt(received=0, expected=0)


def test_the_sum_of_many_reads_is_their_sum() -> None:
    assert Receipt.merged([Receipt(1, 2), Receipt(3, 4), Receipt(5, 6)]) == Receipt(9, 12)


def test_its_text_says_what_is_not_there() -> None:
    receipt = Receipt(
        2, 4, duplicates=1, sampled="every 2nd", source="live", gaps=["step 3"], failures=[LOST, LOST]
    )
    assert str(receipt) == (
        "2 of 4, sampled (every 2nd), 1 duplicate left out, from live, gap: step 3, "
        "failed: e/p/r1: HTTP 500 and 1 more"
    )


def test_its_repr_says_whether_it_is_complete() -> None:
    assert repr(Receipt(3)) == "<Receipt complete: 3 received>"


def test_it_crosses_pickle() -> None:
    receipt = Receipt(1, 2, failures=[LOST])
    assert pickle.loads(pickle.dumps(receipt)) == receipt
