"""Starting must stay light: no numpy for `import bunsan` or `bunsan --help`."""

import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "scipy",
    "numba",
    "pyarrow",
    "matplotlib",
    "plotly",
    "networkx",
    "sudachipy",
    "torch",
}


def modules_after(code: str) -> set[str]:
    code += (
        "\nimport sys; print('\\n'.join(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import bunsan; bunsan.__version__; dir(bunsan)",
        "from bunsan.cli.main import main; assert main(['--help']) == 0",
        "from bunsan.cli.main import main; assert main(['search', '--help']) == 0",
        "from bunsan.cli.main import main; assert main(['--version']) == 0",
    ],
)
def test_start_imports_nothing_heavy(code: str) -> None:
    assert not modules_after(code) & HEAVY


def test_public_names_are_all_there() -> None:
    import bunsan

    for name in bunsan.__all__:
        assert getattr(bunsan, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = bunsan.nonsense
