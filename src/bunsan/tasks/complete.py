"""Going on with texts: a model and its tokenizer, for completion, choice, scores."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.optional import needs_models
from bunsan.base.progress import progress
from bunsan.tasks.completion import Choice, Completion, ScoredText, TokenChoice

if TYPE_CHECKING:
    from bunsan.models.generating import Habits
    from bunsan.nn.generation.decoding import Decoding, Request, Row
    from bunsan.nn.generation.model import LanguageModel
    from bunsan.nn.generation.prefix import PrefixStore
    from bunsan.nn.generation.stream import TextStream
    from bunsan.tasks.streaming import Stream
    from bunsan.text.subwords.tokenizer import Tokenizer

ROWS = 16  # prompts that run at once
PRECISIONS = ("float32", "bfloat16", "float16", "int8")


def open_generator(
    model: str | Path,
    *,
    precision: str = "float32",
    device: str | None = None,
) -> "TextGenerator":
    """A model that writes text (GPT-2, T5, BART, translation), from a folder or by name.

    Parameters
    ----------
    precision : "float32"; "bfloat16", half the memory, for processors made for it; on any CPU
        "float16", weights in half the bytes, and "int8", in a quarter, each the faster for it:
        what is computed differs a little from float32, with int8 more, and there a little with what
        runs beside it.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    BadInput : the model writes no text, or a file of it is damaged.
    """
    needs_models(en="Generating text", ja="文章の生成")
    from bunsan.models.generating import habits, language_model, weights_for
    from bunsan.models.open import open_model
    from bunsan.text.subwords.opening import open_tokenizer

    if precision not in PRECISIONS:
        raise BadInput(
            tr(f"There is no precision {precision}.", f"精度 {precision} はありません。"),
            remedy=tr(
                "Use one of: " + ", ".join(PRECISIONS), "使える精度: " + "、".join(PRECISIONS)
            ),
        )
    dtype, weights = weights_for(precision, device)
    opened = open_model(model, dtype=dtype, device=device)
    language = language_model(opened)
    try:
        language.prepare(weights)
    except ValueError as error:
        raise BadInput(
            tr(
                f"{precision} cannot be used here: {error}.",
                f"ここでは {precision} を使えません({error})。",
            ),
            remedy=tr("Use float32 or bfloat16.", "float32 か bfloat16 を使ってください。"),
        ) from error
    assert opened.folder is not None
    tokenizer = open_tokenizer(opened.folder)
    return TextGenerator(language, tokenizer, habits(opened), str(model), opened.folder)


def complete(prompt: str, *, model: "str | Path | TextGenerator", **settings: Any) -> Completion:
    """Go on with a text; see `TextGenerator.complete`. To ask often, open the model once."""
    generator = model if isinstance(model, TextGenerator) else open_generator(model)
    return generator.complete(prompt, **settings)


class TextGenerator:
    """A model and its tokenizer. Made by `open_generator`.

    Attributes
    ----------
    model, tokenizer : what it consists of.
    habits : the maker's settings, which those given replace one by one.
    folder : its files; None: it has none.
    store : beginnings that were read before, shared by all prompts; decoders only.
    """

    def __init__(
        self,
        model: "LanguageModel",
        tokenizer: "Tokenizer",
        habits: "Habits",
        name: str = "",
        folder: Path | None = None,
    ) -> None:
        self.model, self.tokenizer, self.habits = model, tokenizer, habits
        self.name, self.folder = name, folder

    def __repr__(self) -> str:
        return f"TextGenerator({self.name})"

    @cached_property
    def store(self) -> "PrefixStore":
        from bunsan.nn.generation.prefix import PrefixStore

        return PrefixStore()

    # Completing

    def complete(
        self, prompt: str, *, stop: str | Sequence[str] = (), samples: int = 1, **settings: Any
    ) -> Completion:
        """Go on with a text (decoders), or answer it (encoder-decoders).

        Parameters
        ----------
        stop : texts that end the answer.
        samples : how many answers; with `beams`, so many of the best.
        settings : see `bunsan.nn.generation.decoding.Decoding`; what is not given is as the model's
            maker set it.

        Raises
        ------
        BadInput : a setting that does not exist or has no such value, or an empty prompt for a model
            that cannot begin with nothing.
        """
        return self.complete_all([prompt], stop=stop, samples=samples, **settings)[0]

    def complete_all(
        self,
        prompts: Sequence[str],
        *,
        stop: str | Sequence[str] = (),
        samples: int = 1,
        rows: int = ROWS,
        **settings: Any,
    ) -> list[Completion]:
        """The same for many prompts, `rows` at a time; the order is kept."""
        decoding, samples = self.decoding(samples=samples, **settings)
        ends = _texts(stop)
        prepared = [self.request(prompt, decoding) for prompt in prompts]
        if decoding.beams > 1:
            return self._search(prompts, prepared, ends, samples)
        requests = [
            replace(request, sample=sample) for request, _ in prepared for sample in range(samples)
        ]
        from bunsan.nn.generation.loop import stream
        from bunsan.tasks.streaming import Watch

        watch = Watch(self, ends) if ends else None
        done: dict[int, Row] = {}
        with progress(tr("Writing", "生成中"), len(requests)) as bar:
            running = stream(self.model, requests, store=self.store, rows=rows, watch=watch)
            for i, row in running:
                done[i] = row
                bar.advance()
        found = []
        for p, (prompt, (_, cut)) in enumerate(zip(prompts, prepared, strict=True)):
            some = [
                self.completion(prompt, done[p * samples + i], cut, ends) for i in range(samples)
            ]
            found.append(replace(some[0], others=tuple(some[1:])))
        return found

    def stream(self, prompt: str, *, stop: str | Sequence[str] = (), **settings: Any) -> "Stream":
        """Go on with a text, piece by piece: an iterator of texts, and afterwards its `completion`."""
        decoding, _ = self.decoding(**settings)
        request, cut = self.request(prompt, replace(decoding, beams=1))
        from bunsan.tasks.streaming import Stream

        return Stream(self, prompt, request, cut, _texts(stop))

    # Probabilities

    def choose(
        self,
        prompt: str,
        answers: Sequence[str],
        *,
        by: str = "total",
    ) -> Choice:
        """Which of given answers follows the prompt most probably.

        Parameters
        ----------
        by : "total", the probability of the whole answer; "mean", that of a token of it on
            (geometric) average, which does not favour short answers.

        Raises
        ------
        BadInput : there are no answers, or they do not fit into the context.
        """
        return self.choose_all([prompt], answers, by=by)[0]

    def choose_all(
        self, prompts: Sequence[str], answers: Sequence[str], *, by: str = "total"
    ) -> list[Choice]:
        """The same for many prompts."""
        from bunsan.tasks.choosing import choose_all

        return choose_all(self, prompts, answers, by)

    def score(self, text: str, *, given: str = "") -> ScoredText:
        """Log-probabilities of the tokens of a text, after `given`.

        Raises
        ------
        BadInput : the text is longer than the model's context.
        """
        from bunsan.tasks.choosing import score_text

        return score_text(self, text, given)

    # Settings

    def decoding(self, *, samples: int = 1, **settings: Any) -> tuple["Decoding", int]:
        """The maker's settings with those given in their place, and how many answers are wanted."""
        from bunsan.tasks.decoding_settings import merged

        return merged(self, samples, settings)

    def count(self, text: str) -> int:
        """How many tokens a prompt has for this model."""
        return len(self.source_ids(text) if self.model.encodes else self.decoder_ids(text))

    def room(self, max_tokens: int | None = None) -> int | None:
        """How many tokens a prompt may have, if all of it is to be read; None: any number."""
        if self.model.encodes:
            return self.model.max_source
        most = self.model.max_positions
        wanted = self.habits.decoding.max_tokens if max_tokens is None else max_tokens
        # A long answer gives way before the prompt does, but not all of it.
        return None if most is None else most - min(wanted, max(1, most // 4))

    def request(self, prompt: str, decoding: "Decoding") -> tuple["Request", int]:
        """What `Running` takes, and how many tokens of the prompt were left out."""
        if self.model.encodes:
            request, cut = self.source(prompt)
            return replace(request, decoding=decoding), cut
        ids, cut = self.decoder_ids(prompt), 0
        room = self.room(decoding.max_tokens)
        if room is not None and len(ids) > room:
            cut = len(ids) - room
            ids = ids[cut:]
        return replace(self.bare(ids), decoding=decoding), cut

    # Prompts

    def bare(self, ids: Sequence[int]) -> "Request":
        """A prompt of ids, without settings."""
        from bunsan.nn.generation.decoding import Request

        return Request(ids)

    def source(self, text: str) -> tuple["Request", int]:
        """What an encoder reads, and how many tokens of it were left out."""
        from bunsan.nn.generation.decoding import Request

        assert self.habits.start is not None
        ids = self.source_ids(text)
        most = self.model.max_source
        cut = 0 if most is None else max(0, len(ids) - most)
        if cut:
            ids = self.tokenizer.encode(text, max_length=most).ids.tolist()
        if not ids:
            raise _no_prompt()
        return Request([self.habits.start], source=ids), cut

    def source_ids(self, text: str) -> list[int]:
        """A text as an encoder reads it."""
        return self.tokenizer.encode(text).ids.tolist()

    def plain(self, text: str) -> list[int]:
        """A text without special tokens."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids.tolist()

    def decoder_ids(self, text: str) -> list[int]:
        """A prompt: special tokens before it are kept, those that would end it are not."""
        encoding = self.tokenizer.encode(text)
        special, ids = encoding.special.tolist(), encoding.ids.tolist()
        while ids and special[len(ids) - 1] and not all(special[: len(ids)]):
            ids.pop()
        if not text:
            ids = (
                ids[:1]
                or [
                    i
                    for i in (self.habits.begin, self.tokenizer.bos_id, self.tokenizer.eos_id)
                    if i is not None
                ][:1]
            )
            if not ids:
                raise _no_prompt()
        return ids

    def _search(
        self,
        prompts: Sequence[str],
        prepared: Sequence[tuple["Request", int]],
        stop: Sequence[str],
        samples: int,
    ) -> list[Completion]:
        from bunsan.nn.generation.beams import beam_search

        found: list[Completion] = []
        size = max(1, 2 * ROWS // prepared[0][0].decoding.beams) if prepared else 1
        with progress(tr("Writing", "生成中"), len(prompts)) as bar:
            for at in range(0, len(prompts), size):
                part = prepared[at : at + size]
                searched = beam_search(self.model, [r for r, _ in part], store=self.store)
                for i, hypotheses in enumerate(searched):
                    request, cut = part[i]
                    some = []
                    for hypothesis in hypotheses[:samples]:
                        ended = hypothesis.tokens[-1:] and (
                            hypothesis.tokens[-1] in request.decoding.end
                        )
                        row = _row(request, hypothesis.tokens, "end" if ended else "length")
                        one = self.completion(prompts[at + i], row, cut, stop)
                        some.append(replace(one, score=hypothesis.score))
                    found.append(replace(some[0], others=tuple(some[1:])))
                    bar.advance()
        return found

    def completion(self, prompt: str, row: "Row", cut: int, stop: Sequence[str]) -> Completion:
        """The result of a finished row; `cut` tokens of its prompt were left out."""
        stream = self.text_stream(row.request, stop)
        tokens = row.tokens[:-1] if row.finish == "end" else row.tokens
        stream.extend(tokens)
        stream.finish()
        choices: tuple[TokenChoice, ...] = ()
        if row.logprobs:
            choices = tuple(
                TokenChoice(
                    self.spell(token),
                    token,
                    value,
                    tuple((self.spell(i), logprob) for i, logprob in others),
                )
                for token, value, others in zip(
                    row.tokens, row.logprobs, row.alternatives, strict=True
                )
            )
        finish = "stop" if stream.stopped is not None else row.finish
        assert finish is not None
        return Completion(stream.text, prompt, finish, tuple(row.tokens), choices, None, cut)

    def text_stream(self, request: "Request", stop: Sequence[str] = ()) -> "TextStream":
        """Turns tokens of an answer into text: a `bunsan.nn.generation.stream.TextStream`."""
        from bunsan.nn.generation.stream import TextStream

        before = () if self.model.encodes else request.ids
        return TextStream(self.tokenizer.decode, before, stop)

    def spell(self, token: int) -> str:
        """The text of one token, or how the vocabulary spells it where it is part of a character."""
        text = self.tokenizer.decode([token], skip_special_tokens=False)
        if "�" in text or not text:
            return self.tokenizer.id_to_token(token) if token < self.tokenizer.vocab_size else ""
        return text


def _row(request: "Request", tokens: list[int], finish: Any) -> "Row":
    from bunsan.nn.generation.decoding import Row

    return Row(request, len(tokens), tokens, finish=finish)


def _texts(stop: str | Sequence[str]) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) and stop else tuple(s for s in stop if s)


def _no_prompt() -> BadInput:
    return BadInput(
        tr("The prompt is empty.", "入力が空です。"),
        remedy=tr("Give it a beginning.", "書き出しを指定してください。"),
    )
