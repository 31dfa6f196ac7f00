"""The kinds of systems and hosts, in the words that alert sentences use."""

# A kind's words in Vietnamese and English.
KINDS = {
    "antivirus-server": ("Máy chủ phòng, chống mã độc", "Antivirus server"),
    "application-server": ("Máy chủ ứng dụng", "Application server"),
    "backup-server": ("Máy chủ sao lưu", "Backup server"),
    "database-server": ("Máy chủ cơ sở dữ liệu", "Database server"),
    "dhcp-server": ("Máy chủ cấp địa chỉ mạng", "DHCP server"),
    "digital-signing": ("Máy chủ ký số", "Digital signing server"),
    "dns-server": ("Máy chủ phân giải tên miền", "DNS server"),
    "document-management": ("Máy chủ quản lý văn bản", "Document management server"),
    "domain-controller": ("Máy chủ quản lý miền", "Domain controller"),
    "file-server": ("Máy chủ tệp", "File server"),
    "firewall": ("Tường lửa", "Firewall"),
    "lgsp": ("Máy chủ LGSP", "LGSP server"),
    "log-server": ("Máy chủ nhật ký", "Log server"),
    "mail-server": ("Máy chủ thư", "Mail server"),
    "network-device": ("Thiết bị mạng", "Network device"),
    "network-sensor": ("Cảm biến giám sát mạng", "Network sensor"),
    "office-pc": ("Máy tính", "Computer"),
    "one-stop": ("Máy chủ Một cửa", "One-stop-shop server"),
    "proxy-server": ("Máy chủ trung gian", "Proxy server"),
    "router": ("Bộ định tuyến", "Router"),
    "video-conference": ("Máy chủ họp trực tuyến", "Video conference server"),
    "virtualisation-host": ("Máy chủ ảo hóa", "Virtualisation host"),
    "vpn-gateway": ("Cổng VPN", "VPN gateway"),
    "web-portal": ("Cổng thông tin điện tử", "Web portal"),
    "web-server": ("Máy chủ web", "Web server"),
}

_UNKNOWN = ("Máy", "Host")


def word(kind: str, language: str) -> str:
    """Return the word for a kind in `vi` or (any other language) `en`; unknown: a machine."""
    return KINDS.get(kind, _UNKNOWN)[0 if language == "vi" else 1]
