"""`python -m bunsan` is the `bunsan` command."""

from bunsan.cli.main import run

if __name__ == "__main__":
    run()
