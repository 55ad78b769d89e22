"""Talking with a model: turns in the form of a template, the newest that the context holds.

A model that was trained on conversations has a template of its own (`bunsan.tasks.chat_template`).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object
from bunsan.tasks.chat_template import JinjaFormat, own_format
from bunsan.tasks.complete import TextGenerator, open_generator
from bunsan.tasks.prompting import PromptTemplate, fitted, open_prompt

if TYPE_CHECKING:
    from bunsan.tasks.streaming import Stream

Turn = tuple[str, str]  # what was said, and the answer

# What holds where a model has a template of its own: no ready turns, settings, stop strings.
OWN = PromptTemplate("own", "The model's own", "{message}{answer}", "{message}", "message")


class Chat:
    """A conversation.

    Parameters
    ----------
    model : a `TextGenerator`, or the folder or name of a model.
    template : how turns are written, a name or a TOML file; None: by the model's own chat template,
        or "dialogue" where it has none.
    persona, name : who answers; None: as the template has it. By a model's own template the persona is
        what the system says.
    shots : how many ready turns of the template stand before the first one; None: all.
    settings : of generation, in place of the template's; see `TextGenerator.complete`.

    Attributes
    ----------
    turns : what was said and answered so far.
    forgotten : how many of the oldest turns (and ready ones) the last prompt had no room for.

    Examples
    --------
    chat = Chat("./my-gpt2")
    for piece in chat.say("こんにちは。"):
        print(piece, end="", flush=True)
    """

    def __init__(
        self,
        model: "TextGenerator | str | Path",
        *,
        template: "str | Path | PromptTemplate | None" = None,
        persona: str | None = None,
        name: str | None = None,
        shots: int | None = None,
        **settings: Any,
    ) -> None:
        self.generator = model if isinstance(model, TextGenerator) else open_generator(model)
        self.format: JinjaFormat | None = None
        if template is None:
            self.format = own_format(self.generator.folder, self.generator.tokenizer)
            template = "dialogue" if self.format is None else OWN
        if not isinstance(template, PromptTemplate):
            template = open_prompt(template)
        given = {"persona": persona, "name": name}
        changed = {k: v for k, v in given.items() if v is not None}
        self.template = replace(template, defaults={**template.defaults, **changed})
        self.ready = list(template.examples)[: len(template.examples) if shots is None else shots]
        self.settings = {
            **template.settings,
            **{k: v for k, v in settings.items() if v is not None},
        }
        self.generator.decoding(**{k: v for k, v in self.settings.items() if k != "stop"})
        self.turns: list[Turn] = []
        self.forgotten = 0

    @property
    def persona(self) -> str:
        """Who answers."""
        return self.template.defaults.get("persona", "")

    @persona.setter
    def persona(self, value: str) -> None:
        self.template = replace(
            self.template, defaults={**self.template.defaults, "persona": value}
        )

    @property
    def name(self) -> str:
        """What the one who answers is called."""
        return self.template.defaults.get("name", "")

    def prompt(self, message: str) -> str:
        """What is sent for this message; sets `forgotten`."""
        if self.format is not None:
            return self._own_prompt(self.format, message)
        main = self.template.main
        past = [{main: said, "answer": answer} for said, answer in self.turns]
        most = self.settings.get("max_tokens")
        prompt, self.forgotten = fitted(
            self.template, message, [*self.ready, *past], self.generator, most
        )
        return prompt

    def _own_prompt(self, format: JinjaFormat, message: str) -> str:
        """By the model's own template, with as many of the last turns as the context holds."""
        head = [{"role": "system", "content": self.persona}] if self.persona else []
        last = {"role": "user", "content": message}
        room = self.generator.room(self.settings.get("max_tokens"))
        for forgotten in range(len(self.turns) + 1):
            past = [
                {"role": role, "content": text}
                for turn in self.turns[forgotten:]
                for role, text in zip(("user", "assistant"), turn, strict=True)
            ]
            prompt = format.prompt([*head, *past, last])
            if room is None or self.generator.count(prompt) <= room:
                break
        self.forgotten = forgotten
        return prompt

    def say(self, message: str) -> "Reply":
        """The answer, piece by piece; the turn is kept when the iterator ends or is closed."""
        settings = dict(self.settings)
        # Each turn draws its own numbers, so that the same words need not get the same answer.
        settings["seed"] = settings.get("seed", 0) + len(self.turns)
        stop = settings.pop("stop", None) or self.template.stop
        return Reply(
            self, message, self.generator.stream(self.prompt(message), stop=stop, **settings)
        )

    def answer(self, message: str) -> str:
        """The whole answer."""
        reply = self.say(message)
        for _ in reply:
            pass
        return reply.text

    def reset(self) -> None:
        """Forget all turns."""
        self.turns.clear()

    def undo(self) -> Turn | None:
        """Take the last turn back."""
        return self.turns.pop() if self.turns else None

    def save(self, path: str | Path) -> None:
        """Write the conversation: .json to load again, anything else as text to read."""
        path = Path(path)
        if path.suffix.lower() == ".json":
            turns = [{"message": said, "answer": answer} for said, answer in self.turns]
            text = json.dumps(
                {"persona": self.persona, "name": self.name, "turns": turns},
                ensure_ascii=False,
                indent=1,
            )
        else:
            text = "\n".join(f"> {said}\n{answer}\n" for said, answer in self.turns)
        with atomic_write(path) as file:
            file.write(text.encode())

    def load(self, path: str | Path) -> None:
        """Go on with a conversation that was saved as .json.

        Raises
        ------
        BadInput : the file is none.
        """
        values = read_object(path)
        turns = values.get("turns")
        if not isinstance(turns, list) or not all(_is_turn(turn) for turn in turns):
            raise BadInput(
                tr("is no saved conversation.", "保存された会話ではありません。"),
                remedy=tr("Save one with /save FILE.json.", "/save ファイル.json で保存できます。"),
                file=path,
            )
        self.turns = [(turn["message"], turn["answer"]) for turn in turns]
        for key in ("persona", "name"):
            if isinstance(values.get(key), str):
                defaults = {**self.template.defaults, key: values[key]}
                self.template = replace(self.template, defaults=defaults)


class Reply(Iterator[str]):
    """An answer on its way.

    Attributes
    ----------
    text : what was answered so far. cut : tokens of the prompt's beginning that did not fit.
    """

    def __init__(self, chat: Chat, message: str, stream: "Stream") -> None:
        self.chat, self.message, self._stream = chat, message, stream
        self.text, self.cut = "", stream.cut
        self._kept = False

    def __next__(self) -> str:
        while True:
            try:
                piece = next(self._stream)
            except StopIteration:
                self.close()
                raise
            if not self.text:
                piece = piece.lstrip()
            if piece:
                self.text += piece
                return piece

    def close(self) -> None:
        """Stop here; the turn is kept as far as it goes."""
        self._stream.close()
        if not self._kept:
            self._kept = True
            self.text = self.text.rstrip()
            self.chat.turns.append((self.message, self.text))


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) for key in ("message", "answer")
    )
