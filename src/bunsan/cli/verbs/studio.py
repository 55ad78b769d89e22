"""`bunsan studio`: everything in the browser."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Open the studio: see and try everything in the browser, on this machine only. Ctrl-C ends it.",
    "スタジオを開く: すべてをブラウザーで見て試す(この計算機の中だけで動く)。終了は Ctrl-C。",
)
EXAMPLES = ["bunsan studio", "bunsan studio reviews.bunsan --port 8080"]


def command(
    collection: Annotated[
        Path | None,
        typer.Argument(help=tr("A collection to begin with.", "はじめに開くコレクション。")),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help=tr("A model to offer (repeatable).", "使うモデル(複数可)。")
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=tr(
                "The port; left out, the first free one from 7870.",
                "ポート番号。省略時は 7870 から空いているもの。",
            ),
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "The address to bind to; 0.0.0.0 lets other machines in.",
                "待ち受けるアドレス。0.0.0.0 で他の計算機からも使える。",
            )
        ),
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help=tr("Do not open a browser.", "ブラウザーを開かない。")),
    ] = False,
) -> None:
    from bunsan.studio.opening import Studio, show_in_browser, studio_settings
    from bunsan.studio.settings import LOOPBACK

    common.say(tr("Opening the studio …", "スタジオを起動しています…"))
    settings = studio_settings(collection, tuple(model or ()), host, None)
    studio = Studio(settings, host, port)
    if host not in LOOPBACK:
        common.say(
            tr(
                "Everybody who reaches this address can use the studio.",
                "このアドレスに届く人は誰でもスタジオを使えます。",
            )
        )
    print(studio.url)
    sys.stdout.flush()
    if not no_browser:
        show_in_browser(studio.url)
    studio.run()
