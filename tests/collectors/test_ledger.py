"""The ledger's arithmetic."""

from collectors.ledger import Counts


def test_counts_add_up_and_subtract() -> None:
    """The ledger's arithmetic, and that an unbalanced one is noticed."""
    one, total = Counts(read=2, indexed=1), Counts()
    assert not one.balanced
    one.dropped["noise"] += 1
    assert one.balanced
    total.add(one)
    total.add(one)
    assert one == total.since(one)
    assert one == Counts.from_json(one.to_json())
