"""`bunsan chat`: talk with a model in the terminal."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.errors import BunsanError
from bunsan.base.language import tr
from bunsan.cli import common, generating

if TYPE_CHECKING:
    from bunsan.tasks.chat import Chat

HELP = tr(
    "Talk with a model. Ctrl-C stops an answer, Ctrl-D or /quit ends. /help lists the commands. Lines "
    "from a pipe are answered one by one.",
    "モデルと会話する。Ctrl-C で回答を止め、Ctrl-D か /quit で終わる。/help でコマンドを一覧する。パイプから"
    "渡すと 1 行ずつ答える。",
)
EXAMPLES = [
    "bunsan chat --model rinna/japanese-gpt2-medium",
    'bunsan chat -m ./my-gpt2 --persona "本に詳しい図書館員のアキ" --name アキ',
    "bunsan chat -m ./my-gpt2 < questions.txt",
]
_HELP = tr(
    """/reset          forget the conversation
/undo           take the last turn back
/retry          answer the last message again
/system TEXT    who answers (the persona); alone: show it
/set NAME=VALUE a setting: temperature, top_p, max_tokens, seed ...
/save FILE      write the conversation (.json can be loaded again)
/load FILE.json go on with one
/quit           end""",
    """/reset          会話を忘れる
/undo           最後のやり取りを取り消す
/retry          最後の発言に答え直す
/system 文      答える人物の設定。文を省くと表示
/set 名前=値    設定: temperature、top_p、max_tokens、seed など
/save ファイル  会話を書き出す(.json は読み戻せる)
/load ファイル  .json の会話を続ける
/quit           終わる""",
)


def command(
    model: generating.Model = None,
    template: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "How turns are written: a template; the model's own, or dialogue, when left out.",
                "やり取りの書き方(テンプレート)。省略時はモデル自身のもの、なければ dialogue。",
            )
        ),
    ] = None,
    persona: Annotated[
        str | None, typer.Option(help=tr("Who answers.", "答える人物の設定。"))
    ] = None,
    name: Annotated[str | None, typer.Option(help=tr("Their name.", "その名前。"))] = None,
    shots: Annotated[
        int | None,
        typer.Option(min=0, help=tr("Ready turns put before.", "先に置く見本のやり取りの数。")),
    ] = None,
    max_tokens: generating.MaxTokens = None,
    temperature: generating.Temperature = None,
    top_k: generating.TopK = None,
    top_p: generating.TopP = None,
    min_p: generating.MinP = None,
    repetition_penalty: generating.RepetitionPenalty = None,
    seed: generating.Seed = None,
    precision: generating.Precision = "float32",
) -> None:
    generator = generating.open_generator(model, precision)
    from bunsan.tasks.chat import Chat

    chat = Chat(
        generator,
        template=template,
        persona=persona,
        name=name,
        shots=shots,
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        seed=seed,
    )
    _Talk(chat).run()


class _Talk:
    """The loop: a line, a command or an answer."""

    def __init__(self, chat: "Chat") -> None:
        self.chat = chat
        self.person = sys.stdin.isatty()
        self.told = 0  # turns that were told to be forgotten
        self.commands: dict[str, Callable[[str], None]] = {
            "help": lambda _: common.say(_HELP),
            "reset": self.reset,
            "undo": self.undo,
            "retry": self.retry,
            "system": self.system,
            "set": self.set,
            "save": self.save,
            "load": self.load,
        }

    def run(self) -> None:
        if self.person:
            who = self.chat.persona
            common.say(
                tr(f"{who}. " if who else "", f"{who}。" if who else "")
                + tr(
                    "/help lists commands; Ctrl-C stops an answer.",
                    "/help でコマンド一覧、Ctrl-C で回答を止めます。",
                )
            )
            with suppress(ImportError):  # arrow keys and history, where there is one
                import readline  # noqa: F401
        while True:
            try:
                line = input("> ") if self.person else sys.stdin.readline()
            except EOFError:
                break
            except KeyboardInterrupt:
                common.say(tr("\n/quit or Ctrl-D ends.", "\n終わるには /quit か Ctrl-D。"))
                continue
            if not self.person and not line:
                break
            line = line.strip()
            if line in ("/quit", "/exit"):
                break
            if line:
                self.take(line)

    def take(self, line: str) -> None:
        try:
            if line.startswith("/"):
                word, _, rest = line[1:].partition(" ")
                command = self.commands.get(word)
                if command is None:
                    common.say(
                        tr(f"There is no /{word}.", f"/{word} はありません。") + "\n" + _HELP
                    )
                else:
                    command(rest.strip())
            else:
                self.answer(line)
        except BunsanError as error:
            if not self.person:
                raise
            common.say(str(error))
        except OSError as error:
            if not self.person or isinstance(error, BrokenPipeError):
                raise
            common.say(f"{error.filename or ''}: {error.strerror or error}")

    def answer(self, message: str) -> None:
        stop = False

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            nonlocal stop
            if stop:  # asked twice: at once
                raise KeyboardInterrupt
            stop = True

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            reply = self.chat.say(message)
            self.tell(reply.cut)
            for piece in reply:
                sys.stdout.write(piece)
                sys.stdout.flush()
                if stop:
                    break
            reply.close()
        finally:
            signal.signal(signal.SIGINT, before)
        sys.stdout.write("\n")
        sys.stdout.flush()
        if stop:
            common.say(tr("(stopped)", "(止めました)"))

    def tell(self, cut: int) -> None:
        forgotten = self.chat.forgotten
        if forgotten > self.told:
            common.say(
                tr(
                    f"The model's context is full: the oldest {forgotten} turns are no longer seen.",
                    f"モデルの上限に達したため、古いやり取り {forgotten} 件を見せていません。",
                )
            )
        self.told = forgotten
        if cut:
            common.say(
                tr(
                    f"The message is too long: the first {cut} tokens were left out.",
                    f"発言が長すぎるため、先頭の {cut} トークンを省きました。",
                )
            )

    def reset(self, _: str) -> None:
        self.chat.reset()
        common.say(tr("Forgotten.", "会話を忘れました。"))

    def undo(self, _: str) -> None:
        turn = self.chat.undo()
        said = turn[0] if turn else tr("nothing", "なし")
        common.say(tr(f"Taken back: {said}", f"取り消し: {said}"))

    def retry(self, _: str) -> None:
        turn = self.chat.undo()
        if turn is None:
            common.say(tr("There is no message yet.", "まだ発言がありません。"))
            return
        self.chat.settings["seed"] = self.chat.settings.get("seed", 0) + 1000
        self.answer(turn[0])

    def system(self, text: str) -> None:
        if text:
            self.chat.persona = text
        common.say(self.chat.persona)

    def set(self, text: str) -> None:
        if text:
            pairs = common.parse_where([text]) or {}
            settings = {**self.chat.settings, **{k: _value(v) for k, v in pairs.items()}}
            self.chat.generator.decoding(**settings)  # refuses what cannot be
            self.chat.settings = settings
        shown = ", ".join(f"{k}={v}" for k, v in sorted(self.chat.settings.items()))
        common.say(shown)

    def save(self, text: str) -> None:
        path = Path(text or "chat.json").expanduser()
        self.chat.save(path)
        common.written(path)

    def load(self, text: str) -> None:
        self.chat.load(Path(text).expanduser())
        count = len(self.chat.turns)
        common.say(tr(f"{count} turns.", f"{count} 件のやり取りを読みました。"))


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
