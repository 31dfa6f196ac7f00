"""Names of cases."""

import pytest

from haidang.errors import HaidangError
from haidang.store.events.holds import check_case


@pytest.mark.parametrize("name", ["a", "0", "vu-2026-001", "a-", "x" * 64])
def test_case_names(name):
    """Lower-case letters, digits and hyphens, 64 at most."""
    assert name == check_case(name)


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a.b", "a/b", "x" * 65, "vụ", "a\n", "a b"])
def test_other_names_are_refused(name):
    """The error tells the rule, and never more than the beginning of a name."""
    with pytest.raises(HaidangError, match=r"cannot name a case: 1 to 64 of a-z, 0-9 and -"):
        check_case(name)
