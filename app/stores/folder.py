"""The folder `data_dir`, which others may not read: it holds logs, or the key of their masks."""

from pathlib import Path

from app.settings import Config
from haidang.errors import Unavailable


def data_folder(settings: Config) -> Path:
    """`data_dir`, made where it is absent. Raises Unavailable."""
    try:
        settings.data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{settings.data_dir}: cannot be made: {error.strerror}") from error
    return settings.data_dir
