"""Hải Đăng: monitoring and log correlation for a provincial security operations centre."""

__version__ = "0.1.0"
