"""`bunsan serve`: models and collections over HTTP."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.serve.served import Service

HELP = tr(
    "Serve models and collections over HTTP, by the API that OpenAI's clients speak: completions, chat, "
    "embeddings, reranking, and bunsan's own. Without a model, small untrained ones show how it works.",
    "モデルとコレクションを HTTP で提供する。OpenAI のクライアントがそのまま使える API(続きの生成、会話、"
    "埋め込み、並べ替え)と bunsan 独自の API がある。モデルを指定しなければ、未学習の小さなモデルで試せる。",
)
EXAMPLES = [
    "bunsan serve ./my-gpt2 ./my-bert reviews.bunsan",
    "bunsan serve writer=./my-gpt2 --port 0",
    "bunsan serve ./my-gpt2 --host 0.0.0.0 --api-key SECRET --precision int8",
    "bunsan serve",
]


def command(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help=tr(
                "Folders or names of models, folders of collections; NAME=FOLDER names one.",
                "モデルのフォルダーか名前、コレクションのフォルダー。名前=フォルダー で名前を付ける。",
            ),
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "Address to listen on; 0.0.0.0 lets other machines in.",
                "待ち受けるアドレス。0.0.0.0 でほかの機械からも使える。",
            )
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help=tr("0 takes one that is free.", "0 なら空いているポート。")
        ),
    ] = 8000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key",
            metavar="KEY",
            help=tr(
                "Only who sends this key is answered; repeatable; or BUNSAN_API_KEY.",
                "このキーを送る相手だけに答える(くり返し指定可)。環境変数 BUNSAN_API_KEY でもよい。",
            ),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "float32, bfloat16, float16, int8 (fastest, coarser).",
                "float32、bfloat16、float16、int8(最速だが粗い)。",
            )
        ),
    ] = None,
    device: common.Device = None,
    threads: common.Threads = None,
    chat_template: Annotated[
        str | None,
        typer.Option(
            "--chat-template",
            help=tr(
                "How conversations are written where a model does not say: a template or a .jinja file.",
                "モデルに会話の書き方の指定がないときのテンプレート名、または .jinja ファイル。",
            ),
        ),
    ] = None,
    rows: Annotated[
        int,
        typer.Option(
            min=1, help=tr("Answers a model writes at once.", "1 モデルが同時に書く答えの数。")
        ),
    ] = 16,
    queue: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Answers that may wait; beyond, requests get 429.",
                "待てる答えの数。超えると 429 を返す。",
            ),
        ),
    ] = 256,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help=tr("Longest answer.", "最長の答え。"))
    ] = 1024,
    max_prompt: Annotated[
        int,
        typer.Option(
            "--max-prompt",
            min=1,
            help=tr(
                "Longest prompt or text, in tokens, where the model takes as much.",
                "最長の入力(トークン)。モデルの上限が低ければそちら。",
            ),
        ),
    ] = 8192,
    max_answers: Annotated[
        int,
        typer.Option(
            "--max-answers", min=1, help=tr("Largest n and best_of.", "n と best_of の最大値。")
        ),
    ] = 8,
    max_beams: Annotated[
        int,
        typer.Option(
            "--max-beams", min=1, help=tr("Widest beam search.", "ビームサーチの最大幅。")
        ),
    ] = 8,
    max_texts: Annotated[
        int,
        typer.Option(
            "--max-texts",
            min=1,
            help=tr("Texts of one request.", "1 リクエストのテキスト数。"),
        ),
    ] = 2048,
    max_body: Annotated[
        float,
        typer.Option(
            "--max-body", min=0.001, help=tr("Megabytes of a request.", "リクエストの最大 MB。")
        ),
    ] = 4.0,
    prefix_cache: Annotated[
        int,
        typer.Option(
            "--prefix-cache",
            min=0,
            help=tr(
                "Megabytes a decoder keeps of beginnings of prompts; 0: none.",
                "プロンプトの先頭を共有するためのメモリー(MB)。0 で使わない。",
            ),
        ),
    ] = 256,
    piece_tokens: Annotated[
        int,
        typer.Option(
            "--piece-tokens",
            min=1,
            help=tr(
                "Tokens of a prompt read before the other answers go on.",
                "長いプロンプトを読む単位(トークン)。その合間にほかの答えが進む。",
            ),
        ),
    ] = 128,
    batch_tokens: Annotated[
        int,
        typer.Option(
            "--batch-tokens",
            min=1,
            help=tr("Tokens encoded in one pass.", "一度に埋め込むトークン数。"),
        ),
    ] = 4096,
    body_seconds: Annotated[
        float,
        typer.Option(
            "--body-seconds",
            min=0.1,
            help=tr("For a request to arrive.", "リクエストが届くまで待つ秒数。"),
        ),
    ] = 30.0,
    send_seconds: Annotated[
        float,
        typer.Option(
            "--send-seconds",
            min=0.1,
            help=tr(
                "For a reader to take what was sent.", "送ったものを相手が受け取るまで待つ秒数。"
            ),
        ),
    ] = 60.0,
    grace: Annotated[
        float,
        typer.Option(
            min=0,
            help=tr(
                "Seconds that requests have to finish after Ctrl-C.",
                "Ctrl-C の後、実行中の処理を待つ秒数。",
            ),
        ),
    ] = 20.0,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help=tr(
                "A web page that may ask, e.g. https://example.org; repeatable.",
                "ブラウザーから使うページ。例: https://example.org(くり返し指定可)。",
            ),
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help=tr(
                "A further name the server is called by, behind a proxy; repeatable.",
                "プロキシ越しなどで呼ばれる別のホスト名(くり返し指定可)。",
            ),
        ),
    ] = None,
) -> None:
    from bunsan.serve.app import make_app
    from bunsan.serve.settings import ServeSettings

    keys = [*(api_key or []), *filter(None, [os.environ.get("BUNSAN_API_KEY")])]
    local = host in ("127.0.0.1", "localhost", "::1")
    hosts = {"127.0.0.1", "localhost", "::1", host} if local or allow_host else set()
    from bunsan.base.progress import be_quiet, quiet

    settings = ServeSettings(
        models=tuple(models or ()),
        precision=precision,
        device=device,
        threads=threads,
        chat_template=chat_template,
        keys=tuple(dict.fromkeys(keys)),
        hosts=tuple(sorted(hosts | {name.lower() for name in allow_host or ()})),
        origins=tuple(cors or ()),
        rows=rows,
        queue=queue,
        prefix_bytes=prefix_cache << 20,
        piece_tokens=piece_tokens,
        batch_tokens=batch_tokens,
        body_seconds=body_seconds,
        send_seconds=send_seconds,
        max_body=max(1, int(max_body * (1 << 20))),
        max_prompt=max_prompt,
        max_tokens=max_tokens,
        max_answers=max_answers,
        max_beams=max_beams,
        max_texts=max_texts,
        grace_seconds=grace,
        log=not quiet(),
    )
    from bunsan.base.optional import optional

    optional("uvicorn", "uvicorn", "serve", en="The server", ja="サーバー")
    from bunsan.serve.running import address_of, listen, run

    sock = listen(host, port)  # before models are opened, which takes longer
    try:
        app = make_app(settings)
        address = address_of(sock)
        said = _about(app.state.service, address, bool(keys))
        if not local and not keys:
            said += "\n" + tr(
                "Warning: without --api-key, everybody who reaches this port may ask.",
                "注意: --api-key がないため、このポートに届く人は誰でも使えます。",
            )

        def ready() -> None:
            print(address, flush=True)
            if settings.log:
                print(said, file=sys.stderr, flush=True)

        be_quiet()  # no bars beside the log
        try:
            run(app, sock, grace_seconds=grace, ready=ready)
        finally:
            app.state.service.close()
    finally:
        sock.close()
    if settings.log:
        print(tr("Stopped.", "終了しました。"), file=sys.stderr)


def _about(service: "Service", address: str, keys: bool) -> str:
    """What is served, and a line to try it."""
    lines = []
    for one in service.found.values():
        mark = "" if one.trained else tr(" (untrained, random weights)", "(未学習、乱数の重み)")
        lines.append(f"  {one.name}: {one.kind}{mark}")
    first = next(iter(service.found.values()))
    bodies = {
        "/v1/completions": f'{{"model": "{first.name}", "prompt": "春は", "max_tokens": 20}}',
        "/v1/embeddings": f'{{"model": "{first.name}", "input": "春は"}}',
        "/v1/rerank": f'{{"model": "{first.name}", "query": "春", "documents": ["桜", "雪"]}}',
        "/bunsan/search": '{"query": "春"}',
    }
    endpoint = first.endpoints[0]
    key = ' -H "Authorization: Bearer KEY"' if keys else ""
    kind = '-H "Content-Type: application/json"'
    lines.append(
        tr("Try:", "例:") + f" curl {address}{endpoint} {kind}{key} -d '{bodies[endpoint]}'"
    )
    return tr("Serving (Ctrl-C stops):", "提供中(Ctrl-C で終了):") + "\n" + "\n".join(lines)
