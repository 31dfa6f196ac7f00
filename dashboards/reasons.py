"""Why a rule is on, in trial or off, and whether it can fire: `rules.modes` in Vietnamese.

The reasons are kept in English, as the command line shows them; a test compares the two modules.
What a person wrote stays as it is.
"""

import re

_PATTERNS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"chosen: ", "do người chọn: "),
        (r"\bits status is not said", "không ghi trạng thái"),
        (r"\bits status is ", "trạng thái của luật là "),
        (r"\bits level is ", "mức của luật là "),
        (r"\bin the pack ", "trong gói "),
        (r"\ba rule of ours", "luật của Hải Đăng"),
        (r"\ba rule of this site", "luật của nơi này"),
        (r", status experimental", ", đang thử nghiệm"),
        (r"\bnot tried on stored events; see ", "chưa chạy thử trên sự kiện đã lưu; xem "),
        (
            r"(\d+) alerts in (\d+) days of backtest, at most (\d+) a day",
            r"chạy thử: \1 cảnh báo trong \2 ngày, nhiều nhất \3 một ngày",
        ),
        (r": over the budget of (\d+)", r": vượt hạn mức \1"),
        (r": at least (\d+) days are needed", r": cần ít nhất \1 ngày"),
        (r"\bit stands on (.+), which is off", r"dựa trên \1 đang tắt"),
        (r", but read by ", ", nhưng được luật sau dùng: "),
        (r", but ", ", nhưng "),
        (r"\bcan fire on ", "có thể kích hoạt trên "),
        (r"\bno source has its log source", "không nguồn nào có loại nhật ký của luật"),
        (r"\bno source fills a field it needs", "không nguồn nào có trường mà luật cần"),
        (r"\ba rule it stands on can never fire", "luật mà nó dựa vào không thể kích hoạt"),
    )
)


def reason(text: str, language: str) -> str:
    """A reason of `rules.modes` or `rules.reach` in a language."""
    if language != "vi":
        return text
    if text.startswith("chosen: "):
        return _PATTERNS[0][1] + text.removeprefix("chosen: ")
    for pattern, vietnamese in _PATTERNS:
        text = pattern.sub(vietnamese, text)
    return text
