"""The condition line: `selection and not 1 of filter_*` over named searches, as one tree.

Source: Sigma specification 2.1.0, "Condition". Precedence from weak to strong: or, and, not,
`1|any|all of`, parentheses.

Rulings:
- A pattern that no search fits refuses the rule; it never becomes an empty "any of".
- `them` and patterns leave out searches that begin with `_`, unless the pattern does as well.
- Operators are lower case; `2 of` does not exist.
"""

import re
from collections.abc import Mapping

from haidang.errors import HaidangError
from rules.rule import Condition, Not, conjunction, disjunction

_TOKEN = re.compile(r"[()|]|[^\s()|]+")
_QUANTIFIERS = ("1", "any", "all")
_RESERVED = frozenset(("and", "or", "not", "of", "them", "(", ")", "|"))
_MAX_TOKENS = 2000
_MAX_DEPTH = 50


class ConditionRefused(HaidangError):  # noqa: N818 - the sentence is "the condition was refused"
    """A condition cannot be read, or names a search that does not exist."""


def parse(text: str, searches: Mapping[str, Condition], noun: str = "search") -> Condition:
    """The tree of a condition over named searches; raises ConditionRefused.

    `noun` is what the messages call that which is named: correlations name rules.
    """
    parser = _Parser(_TOKEN.findall(text), searches, noun)
    tree = parser.alternatives(0)
    parser.end()
    return tree


class _Parser:
    """Recursive descent over tokens; every method leaves the index after what it read."""

    def __init__(self, tokens: list[str], searches: Mapping[str, Condition], noun: str) -> None:
        if len(tokens) > _MAX_TOKENS:
            raise ConditionRefused(f"longer than {_MAX_TOKENS} words")
        if "|" in tokens:
            what = "aggregation after '|' is obsolete; write a correlation rule instead"
            raise ConditionRefused(what)
        self._tokens = tokens
        self._index = 0
        self._searches = searches
        self._noun = noun

    def _peek(self) -> str:
        return self._tokens[self._index] if self._index < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._index += 1
        return token

    def end(self) -> None:
        """Refuse whatever follows the tree."""
        if self._peek():
            what = f"expected 'and' or 'or' before {self._peek()!r}{_hint(self._peek())}"
            raise ConditionRefused(what)

    def alternatives(self, depth: int) -> Condition:
        """`a or b or c`."""
        if depth > _MAX_DEPTH:
            raise ConditionRefused(f"nested deeper than {_MAX_DEPTH} levels")
        children = [self._all(depth)]
        while self._peek() == "or":
            self._take()
            children.append(self._all(depth))
        return disjunction(tuple(children))

    def _all(self, depth: int) -> Condition:
        children = [self._maybe_not(depth)]
        while self._peek() == "and":
            self._take()
            children.append(self._maybe_not(depth))
        return conjunction(tuple(children))

    def _maybe_not(self, depth: int) -> Condition:
        negated = False
        while self._peek() == "not":
            self._take()
            negated = not negated
        child = self._single(depth)
        return Not(child) if negated else child

    def _single(self, depth: int) -> Condition:
        word = self._take()
        if word == "(":
            return self._inside(depth)
        if self._peek() == "of":
            return self._quantified(word)
        if not word:
            raise ConditionRefused(f"ends where the name of a {self._noun} should follow")
        if word in _RESERVED:
            what = f"the name of a {self._noun} should stand where {word!r} is"
            raise ConditionRefused(what)
        return self._named(word)

    def _inside(self, depth: int) -> Condition:
        tree = self.alternatives(depth + 1)
        if self._take() != ")":
            raise ConditionRefused("a '(' has no ')'")
        return tree

    def _named(self, name: str) -> Condition:
        if name in self._searches:
            return self._searches[name]
        raise ConditionRefused(f"no {self._noun} is named {name!r}{_hint(name)}")

    def _quantified(self, quantifier: str) -> Condition:
        self._take()
        pattern = self._take()
        if quantifier not in _QUANTIFIERS:
            what = f"'{quantifier} of' does not exist; 1 of, any of and all of do"
            raise ConditionRefused(what)
        if not pattern or (pattern in _RESERVED and pattern != "them"):
            raise ConditionRefused(f"a pattern should follow '{quantifier} of'")
        found = _matching(pattern, self._searches)
        if not found:
            raise ConditionRefused(f"no {self._noun} fits {pattern!r}")
        return conjunction(found) if quantifier == "all" else disjunction(found)


def _hint(word: str) -> str:
    misspelt = word.lower() in _RESERVED and word not in _RESERVED
    return " (operators are lower case)" if misspelt else ""


def _matching(pattern: str, searches: Mapping[str, Condition]) -> tuple[Condition, ...]:
    written = "*" if pattern == "them" else pattern
    shape = re.compile(".*".join(re.escape(part) for part in written.split("*")), re.DOTALL)
    return tuple(
        tree
        for name, tree in searches.items()
        if shape.fullmatch(name) and (written.startswith("_") or not name.startswith("_"))
    )
