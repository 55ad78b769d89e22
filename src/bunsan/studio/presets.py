"""Settings of the Playground: from ready templates, from and to files, and as code."""

import json
import shlex
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write, read_json
from bunsan.base.language import tr
from bunsan.studio.twins import command, quoted

_LARGEST = 1_000_000  # bytes of a preset
_KIND = "bunsan-preset"


@dataclass(frozen=True)
class Preset:
    """A prompt and how it is gone on with; see `bunsan.nn.generation.decoding.Decoding`.

    `stop` holds texts, as typed they stand one a line. `logprobs` : how many alternatives are told.
    """

    prompt: str = ""
    model: str = ""
    max_tokens: int = 64
    temperature: float = 0.8
    top_p: float = 0.95
    stop: tuple[str, ...] = ()
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logprobs: int = 5
    seed: int = 0

    def settings(self) -> dict[str, Any]:
        """As `TextGenerator.stream` takes them."""
        values = asdict(self)
        for name in ("prompt", "model"):
            del values[name]
        return values

    def save(self, path: Path) -> None:
        """Write a file that `read_preset` reads."""
        with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
            json.dump({"kind": _KIND, **asdict(self)}, file, ensure_ascii=False, indent=1)
            file.write("\n")


def read_preset(path: str | Path) -> Preset:
    """A preset from a file.

    Raises
    ------
    BadInput : it is no preset, or a value of it is of the wrong kind.
    """
    path = Path(path)
    if path.stat().st_size > _LARGEST:
        raise _no_preset(path, tr("it is too large", "大きすぎます"))
    values = read_json(path)
    if not isinstance(values, dict) or values.pop("kind", None) != _KIND:
        raise _no_preset(path, tr("it was not saved here", "ここで保存したものではありません"))
    plain = Preset()
    given: dict[str, Any] = {}
    for one in fields(Preset):
        if one.name not in values:
            continue
        value, usual = values[one.name], getattr(plain, one.name)
        if one.name == "stop":
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise _no_preset(path, one.name)
            given[one.name] = tuple(value)
        elif isinstance(usual, float):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise _no_preset(path, one.name)
            given[one.name] = float(value)
        elif type(value) is not type(usual):
            raise _no_preset(path, one.name)
        else:
            given[one.name] = value
    return Preset(**given)


def template_presets() -> list[tuple[str, str]]:
    """The ready templates: (what people read, name)."""
    from bunsan.tasks.prompting import list_prompts

    table = list_prompts()
    return list(zip(table["title"], table["name"], strict=True))


def from_template(name: str, preset: Preset) -> Preset:
    """The prompt of a ready template, its last example asked; settings it has none of stay."""
    from bunsan.tasks.prompting import open_prompt

    template = open_prompt(name)
    *before, last = template.examples or ({template.main: ""},)
    question = {k: v for k, v in last.items() if k != "answer"}
    prompt = template.render(question, before)
    known = {one.name for one in fields(Preset)}
    settings = {k: v for k, v in template.settings.items() if k in known}
    return replace(preset, prompt=prompt, stop=template.stop, **settings)


def stops(typed: str) -> tuple[str, ...]:
    """Stop texts, one a line, with \\n and \\t for what they stand for."""
    lines = [line.replace("\\n", "\n").replace("\\t", "\t") for line in (typed or "").split("\n")]
    return tuple(line for line in lines if line)


def typed_stops(given: tuple[str, ...]) -> str:
    """The same the other way."""
    return "\n".join(one.replace("\n", "\\n").replace("\t", "\\t") for one in given)


def as_code(preset: Preset) -> list[tuple[str, str]]:
    """The same request in other places: (title, code)."""
    model = preset.model or "MODEL"
    name = Path(model).name or model
    asked = {
        "model": name,
        "prompt": preset.prompt,
        "max_tokens": preset.max_tokens,
        "temperature": preset.temperature,
        "top_p": preset.top_p,
        "presence_penalty": preset.presence_penalty,
        "frequency_penalty": preset.frequency_penalty,
        "logprobs": preset.logprobs,
        "seed": preset.seed,
    }
    if preset.stop:
        asked["stop"] = list(preset.stop)
    serve = f"# bunsan serve {shlex.quote(model)}\n"
    body = json.dumps(asked, ensure_ascii=False, indent=1)
    curl = (
        f"{serve}curl http://127.0.0.1:8000/v1/completions \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    )
    arguments = "".join(f"    {key}={value!r},\n" for key, value in asked.items())
    client = (
        f"{serve}from openai import OpenAI\n\n"
        'client = OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="-")\n'
        f"answer = client.completions.create(\n{arguments})\nprint(answer.choices[0].text)"
    )
    usual = Preset()
    settings = "".join(
        f"    {key}={value!r},\n"
        for key, value in preset.settings().items()
        if value != getattr(usual, key) or key in ("max_tokens", "temperature", "top_p", "seed")
    )
    python = (
        f"import bunsan\n\nmodel = bunsan.open({model!r})\n"
        f"answer = model.complete(\n    {preset.prompt!r},\n{settings})\nprint(answer)"
    )
    line = command(
        "complete",
        preset.prompt,
        model=model,
        max_tokens=preset.max_tokens,
        temperature=preset.temperature,
        top_p=preset.top_p,
        repetition_penalty=_unless(preset.repetition_penalty, 1.0),
        presence_penalty=_unless(preset.presence_penalty, 0.0),
        frequency_penalty=_unless(preset.frequency_penalty, 0.0),
        seed=preset.seed,
        logprobs=preset.logprobs or None,
    )
    for one in preset.stop:
        line += f" --stop {quoted(typed_stops((one,)))}"
    title = tr("Command line", "コマンドライン")
    return [(title, line), ("Python", python), ("curl", curl), ("OpenAI", client)]


def _unless(value: float, usual: float) -> float | None:
    return None if value == usual else value


def _no_preset(path: Path, why: str) -> BadInput:
    return BadInput(
        tr(f"is no preset ({why}).", f"設定ファイルとして読めません({why})。"), file=path
    )
