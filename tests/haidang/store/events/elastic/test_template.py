"""The index template: put once, looked at before use, on the real server."""

from contextlib import suppress
from dataclasses import replace

import pytest

from haidang.errors import HaidangError
from haidang.model.scope import Scope
from haidang.store.events.elastic import template
from haidang.store.events.elastic.client import Client, Rejected
from haidang.store.events.elastic.names import FAMILIES
from haidang.store.events.protocol import Clause, Filter, Range
from tests.support import elasticsearch
from tests.support.proxy import proxied

BARE = "bare"  # begins a prefix that never has streams, so its templates can be deleted


@pytest.fixture
def bare(elastic_connection):
    """A client whose prefix has neither template nor stream."""
    prefix = f"{BARE}-{elastic_connection.prefix}"
    client = Client.open(elastic_connection.__class__(elastic_connection.hosts, prefix=prefix))
    yield client
    with suppress(Rejected):  # a test need not have made one
        client.ask("DELETE", f"/_index_template/{prefix}-*")
    client.close()


@pytest.fixture
def client(elastic_connection):
    """A client of the prefix with streams; template and indices are as they must be again."""
    made = Client.open(elastic_connection)
    elasticsearch.empty(made)
    yield made
    elasticsearch.restore(made)
    made.close()


def body_of(client, **changes):
    """The template as it is on the server, ready to be put again."""
    found = dict(template._template(client))
    return {**{key: found[key] for key in found if not key.endswith("_millis")}, **changes}


def put(client, body, name="events"):
    """What somebody else does."""
    client.ask("PUT", f"/_index_template/{client.prefix}-{name}", body)


def change(client, *path, value):
    """Change one value below `template` as another client would, our mark left as it is."""
    body = body_of(client)
    place = body["template"]
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    put(client, body)


def stream_with_an_index(client):
    """A stream whose newest index is made by the template of now."""
    stream = f"{client.prefix}-linux-l3"
    line = b'{"create":{"_index":"%b"}}\n{"@timestamp":0}\n' % stream.encode()
    client.lines("/_bulk", line, {"require_data_stream": "true"})
    client.ask("POST", f"/{stream}/_rollover")
    return elasticsearch.streams(client)[stream][-1]


def test_missing_template_is_named_with_the_way_out(bare):
    """Nobody has to guess what to do first."""
    with pytest.raises(HaidangError, match=f"{bare.prefix}-events is missing: run `haidang store"):
        template.check(bare)


def test_init_twice_changes_nothing(bare):
    """What we put, read back, is what we want."""
    template.init(bare)
    first = body_of(bare)
    template.init(bare)
    assert first == body_of(bare)
    assert template.Findings() == template.find(bare)


# The server accepts the second only with the first.
NO_NUMBERS = {**template.settings(), "seq_no": {"index_options": "doc_values_only"}}
NO_NUMBERS["disable_sequence_numbers"] = True
CHANGES = [
    pytest.param(
        ("settings", "index", "mode"),
        "logsdb",
        "setting mode is logsdb, must be standard",
        id="mode",
    ),
    pytest.param(
        ("settings", "index"),
        NO_NUMBERS,
        "setting disable_sequence_numbers is true, must be false",
        id="no sequence numbers",
    ),
    pytest.param(
        ("settings", "index", "default_pipeline"),
        "theirs",
        "setting default_pipeline is theirs, must not be set",
        id="pipeline",
    ),
    pytest.param(
        ("settings", "index", "mapping", "source"),
        {"mode": "synthetic"},
        "setting mapping.source.mode is SYNTHETIC, must not be set",
        id="synthetic source",
    ),
    pytest.param(
        ("settings", "index", "translog"),
        {"durability": "async"},
        "setting translog.durability is async, must not be set",
        id="not durable",
    ),
    pytest.param(
        ("mappings", "dynamic"),
        "false",
        "mapping: dynamic is false, must be true",
        id="not dynamic",
    ),
    pytest.param(
        ("mappings", "runtime"),
        {"user.name": {"type": "keyword"}},
        "mapping: runtime.user.name.type is keyword, must be nothing",
        id="runtime field",
    ),
    pytest.param(
        ("mappings", "properties", "haidang.envelope.time"),
        {"type": "keyword"},
        "field haidang.envelope.time is type keyword, must be type long",
        id="envelope",
    ),
]


@pytest.mark.parametrize(("path", "value", "expected"), CHANGES)
def test_change_that_breaks_a_promise_is_refused(bare, path, value, expected):
    """The store does not work with it, and says what was changed."""
    template.init(bare)
    change(bare, *path, value=value)
    with pytest.raises(HaidangError) as raised:
        template.check(bare)
    assert expected.lower() in str(raised.value).lower()


def test_every_difference_is_told_at_once(bare):
    """One line each."""
    template.init(bare)
    change(bare, "settings", "index", value=NO_NUMBERS)
    change(bare, "mappings", "dynamic", value="false")
    breaks = template.find(bare).breaks
    assert 3 == len(breaks)
    with pytest.raises(HaidangError) as raised:
        template.check(bare)
    assert "\n".join(breaks) == str(raised.value)


def test_change_that_only_costs_is_shown_and_allowed(bare):
    """An administrator may refresh less often; the store works on."""
    template.init(bare)
    change(bare, "settings", "index", "refresh_interval", value="60s")
    template.check(bare)
    expected = f"template {bare.prefix}-events: setting refresh_interval is 60s, should be 30s"
    assert template.Findings((), (expected,)) == template.find(bare)


def test_init_keeps_what_somebody_else_changed_unless_forced(bare):
    """The change is named; `--force` replaces it."""
    template.init(bare)
    change(bare, "settings", "index", "refresh_interval", value="60s")
    with pytest.raises(HaidangError) as raised:
        template.init(bare)
    assert "changed by somebody else" in str(raised.value)
    assert "refresh_interval is 60s, should be 30s" in str(raised.value)
    assert "haidang store init --force" in str(raised.value)
    template.init(bare, force=True)
    assert template.Findings() == template.find(bare)


def test_foreign_template_of_our_name_is_not_replaced(bare):
    """It has no mark of ours."""
    put(bare, {"index_patterns": [f"{bare.prefix}-*"], "priority": 500})
    with pytest.raises(HaidangError, match="changed by somebody else"):
        template.init(bare)


def test_older_version_is_replaced_and_newer_one_kept(bare, monkeypatch):
    """A newer program may change what it wants; an older one does not undo it."""
    older = dict(template.settings(), refresh_interval="5s")
    with monkeypatch.context() as before:
        before.setattr(template, "settings", lambda: older)
        template.init(bare)
    template.init(bare)
    assert template.Findings() == template.find(bare)
    with monkeypatch.context() as after:
        after.setattr(template, "VERSION", template.VERSION + 1)
        template.init(bare)
    with pytest.raises(HaidangError, match="use the newer program"):
        template.init(bare)


def test_newer_version_makes_an_older_store_work(
    elastic_store, client, make_event, feed_of, monkeypatch
):
    """`init` begins new indices where the newest do not fit; the older ones are read as before."""
    settings = template.settings()
    mapping = template.mappings()
    del mapping["properties"]["haidang.envelope.stamped"]
    mapping["dynamic_templates"][0]["folded"]["mapping"] = {"type": "keyword"}
    with monkeypatch.context() as before:
        before.setattr(template, "mappings", lambda: mapping)
        before.setattr(template, "settings", lambda: dict(settings, refresh_interval="5s"))
        put(client, template._content(client.prefix))
    old = stream_with_an_index(client)
    elastic_store._is_checked = True  # as a program that has been running for long
    elastic_store.append([make_event(1, {"@timestamp": 1, "a": "ABC"})])
    template.init(client, force=True)
    new = elasticsearch.streams(client)[f"{client.prefix}-linux-l3"][-1]
    assert old != new
    assert () == template.find(client).breaks
    place = f"index {old}: setting refresh_interval is 5s, should be 30s"
    assert place in template.find(client).costs
    elastic_store.append([make_event(2, {"a": "abc"})])
    template.init(client)
    assert new == elasticsearch.streams(client)[f"{client.prefix}-linux-l3"][-1]
    wanted = Filter((Clause("a", "equals", "aBc"),))
    assert 2 == len(list(elastic_store.search(Scope.system(), wanted, Range())))
    assert 2 == len(feed_of(elastic_store))


def test_look_before_use_only_reads_and_is_small(elastic_store, elastic_connection, make_event):
    """Whoever may only write events can do it, and a thousand fields cost nothing."""
    elastic_store.append([make_event(1, {f"field-{n}": "x" for n in range(1000)})])
    answers = []
    with proxied(elastic_connection.hosts[0]) as proxy:

        def treat(line, ask):
            answers.append(ask())
            return answers[-1]

        proxy.treat = treat
        far = Client.open(replace(elastic_connection, hosts=(proxy.url,)))
        template.check(far)
        far.close()
    assert {"GET"} == {line.split()[0] for line in proxy.seen}
    assert not [one for one in answers if b"field-9" in one]


def test_rival_of_higher_priority_is_refused(bare):
    """Its settings would be those of our streams."""
    template.init(bare)
    pattern = f"{bare.prefix}-{FAMILIES[0]}-l3*"
    put(bare, {"index_patterns": [pattern], "priority": 501, "data_stream": {}}, "rival")
    with pytest.raises(HaidangError) as raised:
        template.check(bare)
    expected = f"-rival ({pattern}) has priority 501 and wins over ours (500)"
    assert expected in str(raised.value)


def test_rival_of_lower_priority_is_nobodys_business(bare):
    """Our template wins."""
    template.init(bare)
    put(bare, {"index_patterns": [f"{bare.prefix}-*"], "priority": 100}, "rival")
    template.check(bare)


def test_index_without_sequence_numbers_is_refused(client):
    """The template is right again, but an index was made in between."""
    change(client, "settings", "index", value=NO_NUMBERS)
    index = stream_with_an_index(client)
    with pytest.raises(HaidangError):
        template.init(client, force=True)
    expected = f"index {index}: setting disable_sequence_numbers is true, must be false"
    assert expected in template.find(client).breaks


def test_pipeline_on_an_index_is_refused_and_a_block_is_shown(client):
    """Settings that another client changes at run time are found at the next look."""
    index = stream_with_an_index(client)
    client.ask("PUT", f"/{index}/_settings", {"index.final_pipeline": "theirs"})
    client.ask("PUT", f"/{index}/_settings", {"index.blocks.write": True})
    found = template.find(client)
    assert (f"index {index}: setting final_pipeline is theirs, must not be set",) == found.breaks
    assert 1 == len([text for text in found.costs if "blocks.write is true" in text])
    client.ask("PUT", f"/{index}/_settings", {"index.blocks.write": None})


def test_field_that_another_client_mapped_only_costs(client):
    """It is found by a full look; searching loosens its clauses."""
    index = stream_with_an_index(client)
    mapping = {"properties": {"custom.n": {"type": "long"}, "custom.s": template.FOLDED}}
    client.ask("PUT", f"/{index}/_mapping", mapping)
    found = template.find(client)
    assert () == found.breaks
    expected = (
        f"index {index}: field custom.n is type long, only a full look finds its values, "
        "should be normalizer folded, type keyword"
    )
    assert (expected,) == found.costs
