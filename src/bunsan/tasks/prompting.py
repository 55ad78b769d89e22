"""Prompts from templates: an instruction, some examples, and the question in the same form."""

import json
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import language, tr
from bunsan.tasks.table import Table

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator

_FOLDER = Path(__file__).with_name("prompts")
_FIELD = re.compile(r"\{([A-Za-z_]\w*)\}", re.ASCII)
_LARGEST = 1_000_000  # bytes of a template
Fields = Mapping[str, str]


@dataclass(frozen=True)
class PromptTemplate:
    """How a task is put to a model that goes on with texts (Brown et al. 2020, §2).

    Attributes
    ----------
    name, title : what it is called, and what it is for.
    example : how an example looks; fields stand in braces, and one of them is {answer}.
    query : how the question looks: the example up to {answer}, unless given.
    instruction : stands before everything; may be empty, may have fields.
    between : stands between the parts.
    main : the field that a query alone fills.
    stop : texts that end an answer.
    answers : the only ones there are; the most probable is chosen. None: the model writes freely.
    by : how it is chosen: see `TextGenerator.choose`.
    json : whether answers are JSON.
    examples : fields of ready examples. defaults : of fields that need not be given.
    settings : of generation.
    """

    name: str
    title: str
    example: str
    query: str
    main: str
    instruction: str = ""
    between: str = "\n\n"
    stop: tuple[str, ...] = ()
    answers: tuple[str, ...] | None = None
    by: str = "total"
    json: bool = False
    examples: tuple[Fields, ...] = ()
    defaults: Fields = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields a question has, the main one last."""
        names = dict.fromkeys(_FIELD.findall(self.query + self.instruction))
        return (*(name for name in names if name != self.main), self.main)

    @property
    def lead(self) -> str:
        """What stands between the query and an answer in an example: a space, mostly."""
        before = self.example.partition("{answer}")[0]
        return before[len(before.rstrip()) :]

    def render(self, query: "str | Fields", examples: Sequence[Fields] = ()) -> str:
        """The prompt.

        Raises
        ------
        BadInput : a field is missing.
        """
        given = {**self.defaults, **self.asked(query)}
        parts = [_filled(self.instruction, given, self.name)] if self.instruction else []
        parts += [
            _filled(self.example, {**self.defaults, **example}, self.name) for example in examples
        ]
        return self.between.join([*parts, _filled(self.query, given, self.name)])

    def asked(self, query: "str | Fields") -> Fields:
        """The fields of a question, of which a text alone is the main one."""
        return {self.main: query} if isinstance(query, str) else query

    def shown(
        self, shots: int, query: "str | Fields", examples: "Examples | None" = None
    ) -> list[Fields]:
        """So many examples; none is the question itself.

        Raises
        ------
        BadInput : there are not so many.
        """
        asked = self.asked(query)
        source = examples or Examples(self.examples)
        return source.pick(shots, but=lambda one: one.get(self.main) == asked.get(self.main))


@dataclass(frozen=True)
class Examples:
    """Examples to choose from: in their order, or drawn by chance where there is a seed."""

    rows: Sequence[Fields]
    seed: int | None = None
    source: str = ""

    def pick(self, n: int, but: Any = lambda one: False) -> list[Fields]:
        """The first `n`, or `n` drawn, without those that `but` is true of."""
        order = list(self.rows)
        if self.seed is not None:
            random.Random(self.seed).shuffle(order)
        found = [row for row in order if not but(row)][:n]
        if len(found) < n:
            raise BadInput(
                tr(
                    f"{n} examples are wanted, and there are {len(found)}.",
                    f"例が {n} 件必要ですが、{len(found)} 件しかありません。",
                ),
                remedy=tr(
                    "Ask for fewer with --shots, or give more with --examples FILE.",
                    "--shots を減らすか、--examples でファイルを指定してください。",
                ),
                file=self.source or None,
            )
        return found


@dataclass(frozen=True)
class PromptAnswer:
    """What a model answered.

    Attributes
    ----------
    answer : the text, or the chosen one of the given answers.
    value : the parsed JSON, where answers are JSON; None if it is none.
    probabilities : of the given answers, the most probable first.
    prompt : what was sent. dropped : examples that did not fit into the context. cut : tokens of the
        prompt's beginning that did not fit either.
    """

    answer: str
    prompt: str
    value: Any = None
    probabilities: tuple[tuple[str, float], ...] = ()
    dropped: int = 0
    cut: int = 0

    def __str__(self) -> str:
        return self.answer

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        found: dict[str, Any] = {"answer": self.answer, "prompt": self.prompt}
        if self.value is not None:
            found["value"] = self.value
        if self.probabilities:
            found["probabilities"] = dict(self.probabilities)
        return (
            found
            | ({"dropped": self.dropped} if self.dropped else {})
            | ({"cut": self.cut} if self.cut else {})
        )


def list_prompts() -> Table:
    """The ready templates."""
    found = [open_prompt(path) for path in sorted(_FOLDER.glob("*.toml"))]
    return Table(
        {
            "name": [one.name for one in found],
            "title": [one.title for one in found],
            "fields": [", ".join(one.fields) for one in found],
            "examples": [len(one.examples) for one in found],
        },
        {
            "name": tr("name", "名前"),
            "title": tr("what it asks", "内容"),
            "fields": tr("fields", "項目"),
            "examples": tr("examples", "例の数"),
        },
    )


def open_prompt(name: str | Path) -> PromptTemplate:
    """A ready template by name ("sentiment", "sentiment.en"), or one from a TOML file.

    Raises
    ------
    Missing : there is none of this name. BadInput : the file is no template.
    """
    text, path = str(name), Path(name)
    if isinstance(name, str) and not text.endswith(".toml"):
        named = [_FOLDER / f"{text}.{language()}.toml", _FOLDER / f"{text}.toml"]
        named.append(_FOLDER / f"{text}.ja.toml")
        plain = re.fullmatch(r"[\w-]+(\.\w+)?", text) is not None
        found = next((one for one in named if plain and one.is_file()), None)
        if found is None:
            known = ", ".join(sorted({one.name.split(".")[0] for one in _FOLDER.glob("*.toml")}))
            raise Missing(
                tr(f"There is no prompt template {text}.", f"テンプレート {text} はありません。"),
                remedy=tr(
                    f"Ready ones: {known}; or give a .toml file.",
                    f"用意されたもの: {known}。.toml ファイルも指定できます。",
                ),
            )
        path = found
    if not path.is_file():
        raise Missing(tr("is not there.", "がありません。"), file=path)
    if path.stat().st_size > _LARGEST:
        raise BadInput(
            tr("is too large for a template.", "テンプレートには大きすぎます。"), file=path
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            tr(f"is no TOML file ({error}).", f"TOML として読めません({error})。"), file=path
        ) from error
    return _template(path.name.removesuffix(".toml"), values, path)


def examples_from(path: str | Path, template: PromptTemplate, *, seed: int | None = 0) -> Examples:
    """Examples from a table (csv, tsv, xlsx, jsonl ...) with a column for every field and "answer"."""
    wanted = [
        n for n in dict.fromkeys(_FIELD.findall(template.example)) if n not in template.defaults
    ]
    return Examples(_rows(path, wanted), seed, str(path))


def questions_from(path: Any, template: PromptTemplate) -> list[dict[str, str]]:
    """Questions from a table with a column for every field; "-" is standard input."""
    return _rows(path, [n for n in template.fields if n not in template.defaults])


def ask(
    template: PromptTemplate,
    queries: "Sequence[str | Fields]",
    generator: "TextGenerator",
    *,
    shots: int | None = None,
    examples: Examples | None = None,
    **settings: Any,
) -> list[PromptAnswer]:
    """Put questions to a model.

    Parameters
    ----------
    shots : how many examples each prompt shows; None: all of the template's own, or 5 of a file.
    examples : where they come from; None: the template's own.
    settings : of generation, in place of the template's; see `TextGenerator.complete`.
    """
    merged = {**template.settings, **{k: v for k, v in settings.items() if v is not None}}
    stop = merged.pop("stop", None) or template.stop
    if shots is None:
        shots = len(template.examples) if examples is None else min(5, len(examples.rows))
    most = merged.get("max_tokens") if template.answers is None else 16
    prompts, dropped = [], []
    for query in queries:
        prompt, left_out = fitted(
            template, query, template.shown(shots, query, examples), generator, most
        )
        prompts.append(prompt)
        dropped.append(left_out)
    if template.answers is not None:
        given = [template.lead + answer for answer in template.answers]
        choices = generator.choose_all(prompts, given, by=template.by)
        return [
            PromptAnswer(
                choice.best.strip(),
                choice.prompt,
                probabilities=tuple((a.answer.strip(), a.probability) for a in choice.answers),
                dropped=n,
            )
            for choice, n in zip(choices, dropped, strict=True)
        ]
    found = []
    completions = generator.complete_all(prompts, stop=stop, **merged)
    for completion, n in zip(completions, dropped, strict=True):
        text = completion.text.strip()
        value = _parsed(text) if template.json else None
        found.append(PromptAnswer(text, completion.prompt, value, dropped=n, cut=completion.cut))
    return found


def fitted(
    template: PromptTemplate,
    query: "str | Fields",
    examples: Sequence[Fields],
    generator: "TextGenerator",
    max_tokens: int | None,
) -> tuple[str, int]:
    """The prompt with as many of the last examples as the context holds, and how many were left out."""
    room = generator.room(max_tokens)
    kept = list(examples)
    while True:
        prompt = template.render(query, kept)
        if room is None or not kept or generator.count(prompt) <= room:
            return prompt, len(examples) - len(kept)
        kept.pop(0)


def answers_table(
    template: PromptTemplate, queries: "Sequence[str | Fields]", answers: Sequence[PromptAnswer]
) -> Table:
    """One row a question: its fields, the answer, probabilities or whether it was JSON."""
    asked = [template.asked(query) for query in queries]
    names = [n for n in template.fields if n not in template.defaults or any(n in a for a in asked)]
    columns: dict[str, list[Any]] = {
        n: [a.get(n, template.defaults.get(n)) for a in asked] for n in names
    }
    columns["answer"] = [a.answer for a in answers]
    if template.answers is not None:
        columns["probability"] = [a.probabilities[0][1] for a in answers]
    if template.json:
        columns["valid"] = [a.value is not None for a in answers]
    return Table(
        columns,
        {
            "answer": tr("answer", "答え"),
            "probability": tr("probability", "確率"),
            "valid": tr("valid JSON", "JSON として正しい"),
        },
    )


_KNOWN: Mapping[str, type | tuple[type, ...]] = {
    "title": str,
    "instruction": str,
    "example": str,
    "query": str,
    "between": str,
    "main": str,
    "stop": list,
    "answers": list,
    "by": str,
    "json": bool,
    "examples": list,
    "defaults": dict,
    "settings": dict,
}


def _template(name: str, values: Mapping[str, Any], path: Path) -> PromptTemplate:
    def wrong(en: str, ja: str) -> BadInput:
        return BadInput(
            tr(f"is no prompt template: {en}.", f"テンプレートとして使えません: {ja}。"),
            remedy=tr(
                "`bunsan prompt NAME --show` shows one.", "`bunsan prompt 名前 --show` が手本です。"
            ),
            file=path,
        )

    for key, value in values.items():
        if key not in _KNOWN or not isinstance(value, _KNOWN[key]):
            raise wrong(f"{key} = {value!r}", f"{key} = {value!r}")
    example = values.get("example", "")
    if example.count("{answer}") != 1:
        raise wrong("example needs {answer} once", "example に {answer} が 1 つ必要")
    query = values.get("query", example.partition("{answer}")[0].rstrip())
    names = list(dict.fromkeys(_FIELD.findall(query)))
    defaults = {str(k): str(v) for k, v in values.get("defaults", {}).items()}
    open_names = [n for n in names if n not in defaults]
    main = values.get("main", open_names[-1] if open_names else "")
    if main not in names:
        raise wrong(f"the query has no field {main!r}", f"query に項目 {main!r} がない")
    examples = values.get("examples", [])
    needed = [n for n in dict.fromkeys(_FIELD.findall(example)) if n not in defaults]
    for number, one in enumerate(examples, start=1):
        if not isinstance(one, dict) or any(n not in one for n in needed):
            raise wrong(f"example {number} lacks a field", f"例 {number} に項目が足りない")
    answers = values.get("answers")
    return PromptTemplate(
        name=name,
        title=values.get("title", name),
        example=example,
        query=query,
        main=main,
        instruction=values.get("instruction", ""),
        between=values.get("between", "\n\n"),
        stop=tuple(str(s) for s in values.get("stop", ())),
        answers=None if answers is None else tuple(str(a) for a in answers),
        by=values.get("by", "total"),
        json=values.get("json", False),
        examples=tuple({str(k): str(v) for k, v in one.items()} for one in examples),
        defaults=defaults,
        settings=values.get("settings", {}),
    )


def _filled(text: str, fields: Fields, name: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise BadInput(
                tr(
                    f"The prompt {name} needs the field {match[1]}.",
                    f"テンプレート {name} には項目 {match[1]} が必要です。",
                ),
                remedy=tr(
                    f"Give it with --set {match[1]}=...",
                    f"--set {match[1]}=... で指定してください。",
                ),
            )
        return fields[match[1]]

    return _FIELD.sub(value, text)


def _rows(path: Any, wanted: Sequence[str]) -> list[dict[str, str]]:
    from bunsan.text.documents import read_documents

    main, *others = wanted[::-1]
    documents = read_documents(path, text=main, by=(), keep=tuple(others), on_bad="refuse")
    return [
        {main: document.text, **{k: str(v or "") for k, v in document.fields.items()}}
        for document in documents
    ]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
