"""How the messages of a conversation become one prompt: by the model's own template, or by a plain one.

A model that was trained on conversations says in `chat_template` (of tokenizer_config.json, or
chat_template.jinja) how they were written. That is a program in Jinja by a stranger: it is run in
Jinja's sandbox, whose values cannot be changed and whose loops end. Any other model gets a
`PromptTemplate` with a field for what a person says, the same that `Chat` writes turns by.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object
from bunsan.tasks.prompting import PromptTemplate, open_prompt

if TYPE_CHECKING:
    from bunsan.text.subwords.tokenizer import Tokenizer

_FIELD = re.compile(r"\{([A-Za-z_]\w*)\}", re.ASCII)
Message = Mapping[str, Any]  # {"role": ..., "content": text}

_LARGEST = 1_000_000  # bytes of a template
_TOKENS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)

PLAIN = PromptTemplate(
    name="plain",
    title="Roles and what they said, a line each",
    example="User: {message}\nAssistant: {answer}",
    query="User: {message}\nAssistant:",
    main="message",
    instruction="{system}",
    between="\n\n",
    stop=("\nUser:",),
)


class ChatFormat(Protocol):
    """Makes a prompt of messages.

    Attributes
    ----------
    name : where it comes from. stop : texts that end an answer.
    special : whether special tokens are put around the prompt; a model's own template has them.
    strips : whether space at the beginning of an answer belongs to the format.
    """

    @property
    def name(self) -> str: ...
    @property
    def stop(self) -> tuple[str, ...]: ...
    @property
    def special(self) -> bool: ...
    @property
    def strips(self) -> bool: ...

    def prompt(self, messages: Sequence[Message]) -> str:
        """What the model goes on with.

        Raises
        ------
        BadInput : the format has no place for these roles, or refuses their order.
        """
        ...


@dataclass(frozen=True)
class PromptFormat:
    """Messages by a prompt template: each question with its answer as an example, the last as the query.

    What the system says stands where the instruction does; a template whose instruction has no field
    {system} keeps its own before it.
    """

    template: PromptTemplate = PLAIN
    special: bool = True
    strips: bool = True

    @property
    def name(self) -> str:
        """Of the template."""
        return self.template.name

    @property
    def stop(self) -> tuple[str, ...]:
        """What ends an answer."""
        return self.template.stop

    def prompt(self, messages: Sequence[Message]) -> str:
        """See `ChatFormat`."""
        template = self.template
        system = "\n".join(m["content"] for m in messages if m["role"] in ("system", "developer"))
        turns = [m for m in messages if m["role"] not in ("system", "developer")]
        for message in turns:
            if message["role"] not in ("user", "assistant"):
                raise BadInput(
                    tr(
                        f"This model's conversations have no role {message['role']!r}.",
                        f"このモデルの会話に役割 {message['role']!r} はありません。",
                    )
                )
        pairs: list[list[str | None]] = []
        for message in turns:
            if message["role"] == "user":
                pairs.append([message["content"], None])
            elif pairs and pairs[-1][1] is None:
                pairs[-1][1] = message["content"]
            else:  # an answer to nothing: what one who begins a conversation says
                pairs.append(["", message["content"]])
        if not pairs or pairs[-1][1] is not None:
            pairs.append(["", None])
        given = dict(template.defaults)
        parts = []
        if "{system}" in template.instruction:
            parts.append(template.instruction.replace("{system}", system))
        else:
            parts += [_fill(template.instruction, given), system]
        for said, answer in pairs[:-1]:
            parts.append(
                _fill(template.example, given | {template.main: said or "", "answer": answer or ""})
            )
        parts.append(_fill(template.query, given | {template.main: pairs[-1][0] or ""}))
        return template.between.join(part for part in parts if part)


class JinjaFormat:
    """Messages by a model's own template.

    Parameters
    ----------
    source : the template. tokens : its variables bos_token, eos_token, ...

    Raises
    ------
    BadInput : it is no template.
    """

    special = False
    strips = False
    stop: tuple[str, ...] = ()

    def __init__(self, source: str, tokens: Mapping[str, str], file: str | Path = "") -> None:
        from jinja2 import TemplateError

        self.name, self.tokens, self.file = str(file) or "chat_template", dict(tokens), file
        try:
            self._template = _environment().from_string(source)
        except (TemplateError, RecursionError) as error:
            raise BadInput(
                tr(
                    f"has a chat template that cannot be read ({error}).",
                    f"会話のテンプレートを読めません({error})。",
                ),
                remedy=tr(
                    "Correct it, or name another with --chat-template.",
                    "直すか、--chat-template でほかのものを指定してください。",
                ),
                file=file,
            ) from error

    def prompt(self, messages: Sequence[Message]) -> str:
        """See `ChatFormat`."""
        try:
            found: str = self._template.render(
                messages=[dict(message) for message in messages],
                add_generation_prompt=True,
                tools=None,
                documents=None,
                **self.tokens,
            )
        except Exception as error:  # a stranger's program may raise anything
            raise BadInput(
                tr(
                    f"The model's chat template refuses these messages: {error}.",
                    f"モデルの会話テンプレートがこのメッセージを受け付けません: {error}。",
                )
            ) from error
        return found


def chat_format(
    folder: Path | None, tokenizer: "Tokenizer", template: str | Path | None = None
) -> ChatFormat:
    """How conversations with a model are written.

    Parameters
    ----------
    folder : of the model, whose own template is taken if it has one.
    template : what is taken where it has none: the name of a prompt template or a TOML file; a .jinja
        file is taken in any case. None: `PLAIN`.

    Raises
    ------
    BadInput : a template is none. Missing : there is none of this name.
    """
    tokens = _named_tokens(tokenizer)
    if template is not None and str(template).endswith((".jinja", ".jinja2")):
        path = Path(template)
        return JinjaFormat(_text(path), tokens, path)
    own = own_format(folder, tokenizer)
    if own is not None:
        return own
    return PromptFormat(PLAIN if template is None else open_prompt(template))


def own_format(folder: Path | None, tokenizer: "Tokenizer") -> JinjaFormat | None:
    """The chat template of a model itself; None: it has none.

    Raises
    ------
    BadInput : what it has is no template.
    """
    own = None if folder is None else _own(folder)
    return None if own is None else JinjaFormat(own[0], _named_tokens(tokenizer), own[1])


def _own(folder: Path) -> tuple[str, Path] | None:
    """The template of a model's folder, and the file it is in."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return _text(path), path
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return None
    value = read_object(path).get("chat_template")
    if isinstance(value, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in value if isinstance(one, dict)}
        value = named.get("default")
    return (value, path) if isinstance(value, str) and value else None


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise BadInput(tr("is no chat template.", "会話のテンプレートではありません。"), file=path)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(tr("is not UTF-8.", "UTF-8 ではありません。"), file=path) from error


def _named_tokens(tokenizer: "Tokenizer") -> dict[str, str]:
    roles = {name.removesuffix("_token"): name for name in _TOKENS}
    return {roles[role]: token for role, token in tokenizer.special.roles.items() if role in roles}


@cache
def _environment() -> Any:
    """Jinja as the transformers library sets it up for these templates."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what the assistant says, for training; here it changes nothing."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(
            value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
            sort_keys=sort_keys,
        )  # fmt: skip

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _fill(text: str, fields: Mapping[str, str]) -> str:
    """Fields in braces by their values; what the values contain is not looked at."""
    return _FIELD.sub(lambda match: fields.get(match[1], ""), text)
