"""The fictional names that worlds are drawn from; none is a real unit, person or domain."""

from typing import Final

DOMAIN: Final = "tinhmau.example"

# id, name, English name, code in host names
DEPARTMENTS: Final = (
    ("snnmt", "Sở Nông nghiệp và Môi trường", "Department of Agriculture and Environment", "NNMT"),
    ("sxd", "Sở Xây dựng", "Department of Construction", "XD"),
    ("syt", "Sở Y tế", "Department of Health", "YT"),
    ("snv", "Sở Nội vụ", "Department of Home Affairs", "NV"),
    ("sgddt", "Sở Giáo dục và Đào tạo", "Department of Education and Training", "GDDT"),
    ("sct", "Sở Công Thương", "Department of Industry and Trade", "CT"),
    ("stp", "Sở Tư pháp", "Department of Justice", "TP"),
)

# name, path of the section, path of its form, folder of what people attach
SECTIONS: Final = (
    ("Hỏi đáp", "/hoi-dap", "/hoi-dap/gui-cau-hoi", "/uploads/hoi-dap"),
    ("Góp ý", "/gop-y", "/gop-y/gui-gop-y", "/uploads/gop-y"),
    ("Phản ánh kiến nghị", "/phan-anh", "/phan-anh/gui-phan-anh", "/upload/phan-anh"),
    ("Liên hệ", "/lien-he", "/lien-he/gui-lien-he", "/userfiles/lien-he"),
)

SCRIPT_NAMES: Final = (
    "gop-y.phtml",
    "anh-the.phtml",
    "to-khai.php",
    "don-de-nghi.php5",
    "cau-hoi.php7",
    "mau-don.pht",
)

# code in host names, backup account
FILE_SERVERS: Final = (
    ("TTDL", "svc_saoluu"),
    ("VPUB", "svc_backup"),
    ("KHCN", "svc_luutru"),
    ("TTHC", "svc_dongbo"),
)

AGENTS: Final = (
    # Cốc Cốc, Windows 10
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " coc_coc_browser/131.0.268 Chrome/125.0.6422.268 Safari/537.36"
    ),
    # Cốc Cốc, Windows 7
    (
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " coc_coc_browser/109.0.186 Chrome/103.0.5060.186 Safari/537.36"
    ),
    # Zalo's in-app browser
    (
        "Mozilla/5.0 (Linux; Android 13; SM-A145F Build/TP1A.220624.014; wv) AppleWebKit/537.36"
        " (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.107 Mobile Safari/537.36"
        " Zalo android/12241056 ZaloTheme/light ZaloLanguage/vi"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Mobile/15E148 Zalo iOS/610 ZaloTheme/light ZaloLanguage/vn"
    ),
    # Windows 7's last Chrome, and Internet Explorer 11
    (
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/109.0.0.0 Safari/537.36"
    ),
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/142.0.0.0 Safari/537.36"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
    ),
)
CRAWLER: Final = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1;"
    " +http://www.google.com/bot.html) Chrome/142.0.0.0 Safari/537.36"
)
MONITOR: Final = "Uptime-Kuma/1.23.15"
ATTACKER_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/128.0.0.0 Safari/537.36"
)

# Titles of pages and files, as people type them; encoded when they become paths.
ARTICLES: Final = (
    "/tin-tuc/lich-tiep-cong-dan-thang-11",
    "/tin-tuc/huong-dan-ke-khai-truc-tuyen",
    "/van-ban/quyet-dinh-ban-hanh-quy-che",
    "/thu-tuc-hanh-chinh/cap-giay-phep-khai-thac-nuoc",
    "/thu-tuc-hanh-chinh/dang-ky-bien-dong-dat-dai",
    "/gioi-thieu/co-cau-to-chuc",
    "/lich-cong-tac",
    "/tim-kiem?q=%C4%91%E1%BA%A5t+%C4%91ai",
    "/tim-kiem?q=gi%E1%BA%A5y+ph%C3%A9p",
)
DOCUMENTS: Final = (
    "Quyết định 1245 về quy chế làm việc.pdf",
    "Mẫu đơn đề nghị.docx",
    "Kế hoạch kiểm tra cuối năm.pdf",
    "Thông báo lịch tiếp dân.pdf",
    "Ảnh hội nghị tổng kết.jpg",
    "Danh mục thủ tục hành chính.xlsx",
)
CLERKS: Final = ("vanthu", "lanhdao", "ketoan", "motcua", "tonghop")

# id, name, English name, code in host names; the first draws of seed 1 are the demo's own
COMMUNES: Final = (
    ("xbm", "UBND xã Bản Mẫu", "People's Committee of Bản Mẫu Commune", "BM"),
    ("xtm", "UBND xã Thác Mẫu", "People's Committee of Thác Mẫu Commune", "TM"),
    ("xkm", "UBND xã Khe Mẫu", "People's Committee of Khe Mẫu Commune", "KM"),
    ("xlm", "UBND xã Lũng Mẫu", "People's Committee of Lũng Mẫu Commune", "LM"),
    ("xvm", "UBND xã Vạn Mẫu", "People's Committee of Vạn Mẫu Commune", "VM"),
)
# The commune that sends no logs.
UNSEEN_COMMUNE: Final = ("xdm", "UBND xã Đồi Mẫu", "People's Committee of Đồi Mẫu Commune")

# What computers of a commune ask for, and how often against each other.
LOOKED_UP: Final = (
    (f"dichvucong.{DOMAIN}", 9),
    (f"vanban.{DOMAIN}", 9),
    (f"mail.{DOMAIN}", 6),
    (f"www.{DOMAIN}", 4),
    ("chat.zalo.example", 6),
    ("trinhduyet.coccoc.example", 4),
    ("baomau.example", 4),
    ("kekhai.bhxh.example", 3),
    ("ketoan.example", 3),
    ("thue.example", 2),
    ("capnhat.unikey.example", 1),
    ("windowsupdate.example", 2),
    ("thoitiet.example", 1),
    ("tracuu.luat.example", 2),
)
