"""fold: the one comparison of text, the same on every Python and in both stores."""

import sys
import unicodedata
from importlib import util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haidang.model import fold_table
from haidang.model.fold import fold, nfc, plain

ROOT = Path(__file__).parents[3]


def generator():
    """Load the script that wrote the table."""
    spec = util.spec_from_file_location("generate_fold", ROOT / "scripts" / "generate_fold.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("hỏi đáp", "HỎI ĐÁP", id="vietnamese"),
        pytest.param("hỏi đáp", unicodedata.normalize("NFD", "Hỏi Đáp"), id="vietnamese-nfd"),
        pytest.param("nguyễn", "NGUYE\u0302\u0303N", id="two-marks"),
        pytest.param("i", "\u0130", id="dotted-capital-i"),
        pytest.param("í", "\u0130\u0301", id="composed-after-lowering"),
        pytest.param("ı", "ı", id="dotless-i-stays"),
        pytest.param("straße", "STRAßE", id="sharp-s-stays"),
        pytest.param("ß", "\u1e9e", id="capital-sharp-s"),
        pytest.param("οδοσ", "ΟΔΟΣ", id="capital-sigma-is-never-final"),
        pytest.param("οδος", "οδος", id="final-sigma-stays"),
        pytest.param("k", "\u212a", id="kelvin"),
        pytest.param("đ", "\u0110", id="d-with-stroke"),
        pytest.param("ð", "\u00d0", id="eth-is-another-letter"),
        pytest.param("\U00010428", "\U00010400", id="beyond-the-basic-plane"),
        pytest.param("c:\\windows", "C:\\Windows", id="ascii"),
        pytest.param("", "", id="empty"),
    ],
)
def test_fold_lowers_code_point_by_code_point(expected, text):
    """Vietnamese in either form compares equal; no letter becomes two."""
    assert expected == fold(text)


@given(st.text())
def test_fold_is_idempotent(text):
    """A folded value compares with a folded rule, however often either was folded."""
    assert fold(text) == fold(fold(text))


@given(st.text())
def test_fold_does_not_see_the_way_accents_are_written(text):
    """NFC and NFD of one text fold alike."""
    assert fold(text) == fold(unicodedata.normalize("NFD", text))


@given(st.text(alphabet="aĂÂđĐêÔơƯ ỄếỘI\u0130\u0300\u0301\u0303\u0309\u0323"))
def test_long_text_folds_as_its_short_parts_do(text):
    """The memo for short text gives what the long way gives."""
    line = f"{text}\n"
    assert fold(line) * 300 == fold(line * 300)


def test_ascii_folds_as_the_table_says():
    """The short way for ASCII is the table's way."""
    table = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
    text = "".join(map(chr, range(128)))
    assert text.translate(table) == fold(text)


def test_nfc_returns_the_same_object_where_nothing_changes():
    """Most values are composed already and are not copied."""
    text = "Hỏi đáp"
    assert nfc(text) is text
    assert "Hỏi" == nfc("Ho\u0309i")


@pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0", reason="the table is made by Python 3.11 (Unicode 14)"
)
def test_table_in_the_repository_is_what_the_script_writes():
    """Nobody edited the table by hand."""
    script = generator()
    lines = [
        f"    (0x{first:X}, 0x{last:X}, {step}, {distance}),\n"
        for first, last, step, distance in script.runs(script.lower_pairs())
    ]
    written = Path(fold_table.__file__).read_text(encoding="utf-8")
    assert script.HEADER + "".join(lines) + ")\n" == written


@pytest.mark.skipif(sys.version_info < (3, 12), reason="compares a newer Unicode with the table")
def test_newer_python_changes_no_letter_of_the_table():
    """Unicode only adds: what the table lowers, a newer Python lowers alike."""
    script = generator()
    newer = dict(script.lower_pairs())
    known = [
        (code, code + distance)
        for first, last, step, distance in fold_table.RUNS
        for code in range(first, last + 1, step)
    ]
    assert [] == [pair for pair in known if newer.get(pair[0]) != pair[1]]


def test_the_fast_way_is_the_table_for_every_code_point_it_is_taken_for():
    """Where `TABLE_ONLY` does not match, Python's lower-casing of the letter is the table's."""
    module = sys.modules[fold.__module__]
    fast = [chr(code) for code in range(sys.maxunicode + 1)]
    fast = [char for char in fast if not module.TABLE_ONLY.match(char)]

    assert len(fast) > 7000
    assert [] == [char for char in fast if char.lower() != char.translate(module._LOWER)]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("cua hau", "Cửa hậu", id="vietnamese"),
        pytest.param("cua hau", unicodedata.normalize("NFD", "CỬA HẬU"), id="nfd-capitals"),
        pytest.param("dang ky o dau", "Đăng ký Ở ĐÂU", id="d-with-stroke"),
        pytest.param("svc_saoluu 10.20.9.41", "SVC_saoluu 10.20.9.41", id="ascii"),
        pytest.param("ア", "ア", id="other-scripts-stay"),
    ],
)
def test_plain_text_has_no_accents(expected, text):
    """A search without accents finds text with them, however both were typed."""
    assert expected == plain(text)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_plain_again_changes_nothing(text):
    """What was stored plain compares with what is asked plain."""
    assert plain(text) == plain(plain(text))
