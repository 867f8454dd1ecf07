"""What DVC sees of users' own code, and that it sees all that builds their networks."""

from __future__ import annotations

from pathlib import Path

from lorvp.code_digest import syntax_now
from lorvp.errors import InputError
from lorvp.files.whole import to_json, write_whole
from lorvp.networks.libraries.own_code import INSTALLED, files_of
from lorvp.networks.sources.python import PythonConfig
from tasks.errors import naming
from tasks.paths import CODE
from tasks.settings import RunParams


def note_code(name: str, params: RunParams) -> None:
    """Write data/code/NAME: a hash of each file's syntax, so that a comment changes nothing.

    Raises:
        InputError: there is no Python, or some that cannot be read as such.
    """
    with naming(f"code.{name}"):
        place = Path(params.code[name])
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        if not files:
            raise InputError(f"{place} holds no file of Python's")
        found = {file.as_posix(): _syntax(file) for file in files}
    CODE.mkdir(parents=True, exist_ok=True)
    write_whole(CODE / name, to_json(found))


def _syntax(file: Path) -> str:
    try:
        return syntax_now(file)
    except (SyntaxError, ValueError, OSError) as error:
        raise InputError(f"{file} cannot be read as Python: {error}") from error


def require_seen(config: object, params: RunParams) -> None:
    """Refuse a network whose code DVC does not look at, since it would miss an edit.

    Installed packages are excepted, which have versions in place of edits.

    Raises:
        InputError: a file that builds it is below no path of ``code``.
    """
    if not isinstance(config, PythonConfig):
        return
    seen = [Path(place).resolve() for place in params.code.values()]
    for module, file in files_of(config.build).items():
        path = file.resolve()
        if INSTALLED.isdisjoint(path.parts) and not any(map(path.is_relative_to, seen)):
            top = module.partition(".")[0]
            place = top if "." in module or path.name == "__init__.py" else f"{top}.py"
            raise InputError(
                f"DVC would not see an edit of {module}; name its place beside `checkpoints`, from "
                f"the project's folder: `code: {{{top}: {place}}}`"
            )
