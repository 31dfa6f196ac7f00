"""What tests of correlation documents share: three rules a, b, c, and documents over them."""

import textwrap

from rules.load import load

RULE = """
title: {0}
id: id-{0}
name: {0}
logsource: {{category: webserver}}
detection: {{s: {{a: x}}, condition: s}}
"""
RULES = "---".join(RULE.format(name) for name in "abc")


def read(folder, *documents):
    """The rule set of three rules and some correlation documents."""
    texts = [RULES, *(textwrap.dedent(one) for one in documents)]
    (folder / "r.yml").write_text("\n---\n".join(texts), encoding="utf-8")
    return load([folder])


def correlation(name="k", body="type: event_count", rules="[a]", more="timespan: 5m"):
    """A correlation document."""
    return f"title: K\nid: id-{name}\nname: {name}\ncorrelation: {{{body}, rules: {rules}, {more}}}"


def conditional(kind, condition, rules="[a]"):
    """A correlation document of a kind with a condition."""
    return correlation(
        body=f"type: {kind}", rules=rules, more=f"timespan: 5m, condition: {condition}"
    )


COUNT = "timespan: 5m, condition: {gte: 3}"
