"""Everything that people read comes from the catalogue, in both languages."""

import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from alerts.names import LANGUAGES
from dashboards.words import catalogue, say
from haidang.model.alert import LEVEL_WORDS

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
TEMPLATES = sorted((DASHBOARDS / "templates").glob("*.html"))
SCRIPTS = sorted((DASHBOARDS / "static").glob("*.js"))
CODE = sorted(DASHBOARDS.rglob("*.py"))
READ_ALOUD = {"title", "alt", "placeholder", "aria-label", "label", "content"}
NO_WORDS = {"width=device-width, initial-scale=1", "light dark"}  # for the browser, not people
KEY = re.compile(r"""["']([a-z_]+\.[a-z0-9_]+)["']""")
PREFIX = re.compile(r"""["']([a-z_]+\.[a-z0-9_]*)["']\s*[~+]|f["']([a-z_]+\.[a-z0-9_]*)\{""")
ASKED = re.compile(r"""\bt\(\s*["']([^"']+)["']\s*[,)]""")


class Visible(HTMLParser):
    """Collects what a person sees or hears."""

    def __init__(self):
        super().__init__()
        self.texts = []

    def handle_starttag(self, tag, attrs):
        """Attributes that are read aloud or shown."""
        self.texts += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_data(self, data):
        """Text between the tags."""
        self.texts.append(data)


def visible(template):
    """The visible texts of a template, what Jinja fills in left out."""
    parser = Visible()
    parser.feed(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", template, flags=re.DOTALL))
    return [text.strip() for text in parser.texts if re.search(r"[^\W\d_]", text)]


def source(files):
    """The content of files as one text."""
    return "\n".join(file.read_text("utf-8") for file in files)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_text_stands_in_a_template(file):
    """A text outside of the catalogue would be in one language for ever; names of keys are none."""
    template = re.sub(r"<kbd>.*?</kbd>|(?<=block width %})\w+", "", file.read_text("utf-8"))

    assert [] == [text for text in visible(template) if text not in NO_WORDS]


def test_visible_text_would_be_found():
    """The test above sees texts and attributes, between what Jinja fills in."""
    assert ["Xin", "chào"] == visible('<p title="Xin">{{ t("a.b") }} chào</p>')


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_vietnamese_stands_in_a_script(file):
    """Scripts get their texts from the page."""
    assert file.read_text("utf-8").isascii()


def test_every_key_asked_for_is_there():
    """In templates by `t`; a key that is put together counts with its beginning."""
    text = source(TEMPLATES)
    begun = {one or other for one, other in PREFIX.findall(text)}

    assert set() == set(ASKED.findall(text)) - set(catalogue())
    assert [] == [one for one in begun if not any(key.startswith(one) for key in catalogue())]


def test_no_key_is_left_over():
    """A text that nobody asks for is found by nobody who changes it."""
    text = source([*TEMPLATES, *CODE])
    begun = tuple(one or other for one, other in PREFIX.findall(text))
    used = set(KEY.findall(text))

    assert [] == [key for key in catalogue() if key not in used and not key.startswith(begun)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_composed_and_trimmed(language):
    """NFC, as everything shown; no blanks around."""
    texts = [said[language] for said in catalogue().values()]

    assert [] == [one for one in texts if unicodedata.normalize("NFC", one) != one.strip()]
    assert all(texts)


def test_both_languages_are_filled_by_the_same_values():
    """A value that one language forgets would be lost for its readers."""
    fields = re.compile(r"\{(\w+)\}")
    uneven = [
        key
        for key, said in catalogue().items()
        if set(fields.findall(said["vi"])) != set(fields.findall(said["en"]))
    ]

    assert [] == uneven


def test_levels_are_named_as_everywhere():
    """The pages and the table of `haidang alerts` call a level the same."""
    assert LEVEL_WORDS == {level: say("vi", f"level.{level}") for level in LEVEL_WORDS}


def test_the_legal_term_is_never_a_level():
    """`nghiêm trọng` starts a legal deadline."""
    assert [] == [key for key, said in catalogue().items() if "nghiêm trọng" in said["vi"].lower()]
