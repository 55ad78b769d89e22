"""The `bunsan` command: puts the verbs together and turns errors into exit codes.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 model or data missing, 130 interrupted.
Results go to stdout, everything else to stderr.
"""

import os
import sys
from typing import Any

from bunsan.base.errors import BunsanError
from bunsan.base.language import tr, use_language

# Flags that hold for every verb may stand anywhere on the line, not just before the verb.
_EVERYWHERE = ("--quiet", "-q", "--offline")


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(main(sys.argv[1:] if arguments is None else arguments))


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    _prepare_streams()
    arguments = _common_flags(arguments)
    # The language is known now: only then may the verbs, whose help texts are bilingual, be loaded.
    import typer

    from bunsan.cli.verbs import app

    # Typer has click inside or beside it, depending on its version; its own names reach both.
    usage_error: Any = typer.BadParameter.__mro__[1]
    command_error: Any = typer.BadParameter.__mro__[2]
    try:
        code = app(args=arguments, prog_name="bunsan", standalone_mode=False)
        sys.stdout.flush()
    except BunsanError as error:
        _complain(str(error))
        return error.exit_code
    except typer.Exit as stop:
        return int(stop.exit_code)
    except usage_error as error:
        error.show(sys.stderr)
        return 2
    except command_error as error:
        error.show(sys.stderr)
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _complain(tr("Interrupted.", "中断しました。"))
        return 130
    except BrokenPipeError:
        return _reader_has_left()
    except SystemExit as stop:  # the library answers a closed pipe with 1
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        return _reader_has_left()
    except MemoryError:
        _complain(tr("Out of memory.", "メモリーが足りません。"))
        return 1
    except OSError as error:
        _complain(f"{error.filename or ''}: {error.strerror or error}")
        return (
            2 if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError)) else 1
        )
    return code if isinstance(code, int) else 0


def _prepare_streams() -> None:
    """Never die of a character the terminal lacks: it shows as "?" (an old Windows code page)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _reader_has_left() -> int:
    """`bunsan ... | head` has read all it wants: no error, and nothing more to flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _common_flags(arguments: list[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept: list[str] = []
    i = 0
    while i < end:
        argument = arguments[i]
        name, equals, value = argument.partition("=")
        if argument in _EVERYWHERE:
            if argument == "--offline":
                os.environ["BUNSAN_OFFLINE"] = "1"
            else:
                from bunsan.base.progress import be_quiet

                be_quiet()
        elif name == "--lang":
            if not equals:
                i += 1
                value = arguments[i] if i < end else ""
            if value not in ("ja", "en"):
                _complain(tr("--lang takes ja or en.", "--lang には ja か en を指定してください。"))
                sys.exit(2)
            use_language("ja" if value == "ja" else "en")
        else:
            kept.append(argument)
        i += 1
    return kept + arguments[end:]


def _complain(message: str) -> None:
    print(f"bunsan: {message}", file=sys.stderr)
