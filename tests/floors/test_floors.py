"""The house has floors: a file imports only from its own package or from one below it."""

import ast
from pathlib import Path

import pytest

FLOORS = [
    "base",
    "text",
    "measure",
    "nn",
    "words",
    "models",
    "training",
    "collection",
    "figures",
    "tasks",
    "serve",
    "studio",
    "cli",
]
SOURCE = Path(__file__).resolve().parents[2] / "src" / "bunsan"
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor they reach"
            names.append(node.module or "")
            if node.module == "bunsan":
                names += [f"bunsan.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] == "bunsan"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    own = FLOORS.index(path.relative_to(SOURCE).parts[0])
    for name in imported(path):
        if name in ("bunsan", "bunsan._version"):
            assert name != "bunsan", f"{path} imports the package's own __init__"
            continue
        floor = FLOORS.index(name.split(".")[1])
        assert floor <= own, f"{path} imports {name}, which lies above it"


def test_every_floor_is_known() -> None:
    packages = {p.name for p in SOURCE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert packages == set(FLOORS)


def test_no_public_name_is_also_a_module() -> None:
    """Importing `bunsan.x.y` puts the module `x` in the package, in the place of a function `x`."""
    import bunsan

    modules = {path.stem for path in SOURCE.iterdir() if path.suffix in ("", ".py")}
    assert not modules & set(bunsan.__all__)
