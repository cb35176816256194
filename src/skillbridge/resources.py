"""Where the bundled data folders are: inside the wheel, or at the root of a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The bundled root folder `name` (`taxonomies`, `datasets`, `solver/objectives`, `api`).

    Raises `FileNotFoundError` if the installation lacks it.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parents[1]):
        found = root / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"bundled folder {name!r} is missing from this installation of skillbridge")
