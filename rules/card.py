"""The card of a rule: what people are shown of it, and the hash of its whole document.

Source: Sigma specification 2.1.0, metadata attributes. Our own key is
`haidang: {sentence: {vi: …, en: …}, first_steps: {vi: […], en: […]}, falsepositives: {vi: […]}}`;
any other unknown key is a custom field and allowed.
"""

import json
from collections.abc import Iterable
from typing import Any

from haidang.model.detection import LEVELS, Card
from haidang.model.ids import make_id
from haidang.yamldoc import Checker, YamlPath

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
# `level` is optional in Sigma; in the middle nothing is paged and nothing is hidden.
DEFAULT_LEVEL = "medium"
_LANGUAGES = ("vi", "en")


def parse(checker: Checker) -> Card:
    """The card of a document; problems go to the checker."""
    title = checker.take(("title",), str, ...) or ""
    _check_taxonomy(checker)
    content = content_hash(checker.document.value)
    identity = checker.take(("id",), str, "") or make_id(title, content)
    return Card(
        id=identity,
        name=checker.take(("name",), str, "") or identity,
        hash=content,
        title=title,
        level=_one_of(checker, "level", LEVELS, DEFAULT_LEVEL),
        status=_one_of(checker, "status", STATUSES, ""),
        author=checker.take(("author",), str, ""),
        tags=_texts(checker, "tags"),
        falsepositives=_falsepositives(checker),
        sentences=_sentences(checker),
        first_steps=_first_steps(checker),
    )


def content_hash(document: dict[Any, Any]) -> str:
    """An id of everything the document says; the order of its keys does not count."""
    return make_id(json.dumps(_text_keys(document), sort_keys=True, default=str))


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _text_keys(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_text_keys(inner) for inner in value]
    return value


def _check_taxonomy(checker: Checker) -> None:
    taxonomy = checker.take(("taxonomy",), str, "sigma")
    if taxonomy not in ("sigma", "ecs"):
        what = f"{taxonomy!r} is not supported; use Sigma's names, or ECS names with a dot"
        checker.add(("taxonomy",), what)


def check_names(checker: Checker, names: Iterable[str]) -> None:
    """A problem for each name that `taxonomy: ecs` means, and that would be read as Sigma's."""
    if checker.document.value.get("taxonomy") == "ecs":
        for name in names:
            if "." not in name and "@" not in name:
                what = f"ecs: {name!r} has no dot and would be read as a name of Sigma's"
                checker.add(("taxonomy",), what)


def _one_of(checker: Checker, key: str, known: tuple[str, ...], default: str) -> str:
    value: str = checker.take((key,), str, default)
    if value not in known and value != default:
        checker.add((key,), f"must be one of {', '.join(known)}")
    return value


def _texts(checker: Checker, key: str) -> tuple[str, ...]:
    value = checker.take((key,), (list, str, type(None)), None)
    values = value if isinstance(value, list) else [value] if value else []
    if not all(isinstance(one, str) for one in values):
        checker.add((key,), "must be a list of texts")
        return ()
    return tuple(values)


def _sentences(checker: Checker) -> dict[str, str]:
    ours = checker.take(("haidang",), dict, {})
    checker.unknown_keys(("haidang",), ours, ("sentence", "first_steps", "falsepositives"))
    path: YamlPath = ("haidang", "sentence")
    written = checker.take(path, dict, {}) if "sentence" in ours else {}
    checker.unknown_keys(path, written, _LANGUAGES)
    sentences = {language: checker.take((*path, language), str, "") for language in written}
    return {language: text for language, text in sentences.items() if text}


def _falsepositives(checker: Checker) -> dict[str, tuple[str, ...]]:
    """Sigma's are in English; ours say the same in Vietnamese, one for each."""
    texts = {"en": _texts(checker, "falsepositives")}
    path: YamlPath = ("haidang", "falsepositives")
    ours = checker.document.value.get("haidang")
    if isinstance(ours, dict) and "falsepositives" in ours:
        checker.unknown_keys(path, checker.take(path, dict, {}), ("vi",))
        texts["vi"] = _said(checker, (*path, "vi"))
        if len(texts["vi"]) != len(texts["en"]):
            checker.add((*path, "vi"), "must be as many as the rule's own falsepositives")
    return {language: some for language, some in texts.items() if some}


def _first_steps(checker: Checker) -> dict[str, tuple[str, ...]]:
    """By language; whoever reads only one of them needs the steps as well, so none may lack."""
    path: YamlPath = ("haidang", "first_steps")
    ours = checker.document.value.get("haidang")
    if not isinstance(ours, dict) or "first_steps" not in ours:
        return {}
    checker.unknown_keys(path, checker.take(path, dict, {}), _LANGUAGES)
    steps = {language: _said(checker, (*path, language)) for language in _LANGUAGES}
    if all(steps.values()) and len({len(texts) for texts in steps.values()}) > 1:
        checker.add(path, "must have as many steps in each language")
    return steps


def _said(checker: Checker, path: YamlPath) -> tuple[str, ...]:
    texts = checker.take(path, list, ...) or []
    if not all(isinstance(text, str) and text.strip() for text in texts):
        checker.add(path, "must be a list of texts")
    return tuple(map(str, texts))
