"""The Playground: a prompt on the left, settings on the right, the text as it is written."""

from collections.abc import Iterator
from math import exp
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.presets import (
    Preset,
    as_code,
    from_template,
    read_preset,
    stops,
    template_presets,
    typed_stops,
)
from bunsan.studio.rooms.context import chosen_model, offer
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

if TYPE_CHECKING:
    from bunsan.tasks.completion import Completion

_SHOWN_TOKENS = 400


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            prompt = gr.Textbox(
                label=tr("Prompt", "プロンプト"),
                placeholder=tr("Once upon a time", "昔々、あるところに"),
                lines=8,
                max_lines=24,
                elem_id="b-prompt",
            )
            with gr.Row():
                go = gr.Button(
                    tr("Write", "生成する"), variant="primary", min_width=110, elem_id="b-write"
                )
                halt = gr.Button(tr("Stop", "中止"), min_width=110, elem_id="b-halt")
            written = markup(
                pieces.empty(
                    tr("Nothing is written yet", "まだ何も生成していません"),
                    tr(
                        "Choose a model, type the beginning of a text or take a template, and press "
                        "Write.",
                        "モデルを選び、書き出しを入力するかテンプレートを選んで、「生成する」を押してください。",
                    ),
                ),
                elem_id="b-written",
            )
            with gr.Accordion(tr("View as code", "コードで見る"), open=False, elem_id="b-as-code"):
                code = markup(_code(Preset()), elem_id="b-code")
        with gr.Column(scale=2, min_width=290):
            model = gr.Dropdown(
                list(desk.settings.models),
                value=desk.settings.models[0] if desk.settings.models else None,
                label=tr("Model: a folder or a name", "モデル(フォルダーか名前)"),
                info=tr("A GPT-2, T5, BART ...", "GPT-2・T5・BART など。"),
                allow_custom_value=True,
                elem_id="b-play-model",
            )
            template = gr.Dropdown(
                template_presets(),
                value=None,
                label=tr("Take a template", "テンプレートから"),
                elem_id="b-template",
            )
            length = gr.Slider(1, 1024, 64, step=1, label=tr("Maximum length", "最大の長さ"),
                               info=tr("in tokens", "トークン数"), elem_id="b-length")  # fmt: skip
            temperature = gr.Slider(
                0, 2, 0.8, step=0.05, label=tr("Temperature", "温度"),
                info=tr("0: always the likeliest", "0 なら常に最尤"), elem_id="b-temperature",
            )  # fmt: skip
            top_p = gr.Slider(0.05, 1, 0.95, step=0.05, label="Top-p")
            stop = gr.Textbox(
                label=tr("Stop at", "停止文字列"),
                info=tr(r"one a line; \n is a line break", r"1 行に 1 つ。\n は改行"),
                lines=2,
            )
            with gr.Accordion(
                tr("Penalties, alternatives, seed", "ペナルティ・候補・乱数"), open=False
            ):
                repetition = gr.Slider(
                    1, 2, 1, step=0.05, label=tr("Repetition penalty", "繰り返しペナルティ")
                )
                presence = gr.Slider(
                    -2, 2, 0, step=0.1, label=tr("Presence penalty", "出現ペナルティ")
                )
                frequency = gr.Slider(
                    -2, 2, 0, step=0.1, label=tr("Frequency penalty", "頻度ペナルティ")
                )
                alternatives = gr.Slider(
                    0, 10, 5, step=1, label=tr("Alternatives told", "表示する候補の数")
                )
                seed = gr.Number(0, minimum=0, precision=0, label=tr("Seed", "乱数の種"))
            with gr.Row():
                given = gr.UploadButton(
                    tr("Open a preset", "設定を開く"), size="sm", elem_id="b-preset-in"
                )
                kept = gr.Button(tr("Share as a file", "設定を保存"), size="sm", elem_id="b-preset")
            link = markup("", elem_id="b-preset-link")
    inputs = [
        *(prompt, model, length, temperature, top_p, stop, repetition, presence, frequency),
        *(alternatives, seed),
    ]

    offer(desk, model)

    def write(session: Session, *values: Any) -> Iterator[Any]:
        yield from _write(desk, session, _preset(*values))

    desk.stream(go.click, write, inputs, [written])
    desk.on(halt.click, lambda session: session.halted.set(), spinner="hidden")
    desk.on(
        [one.change for one in inputs],
        lambda session, *values: _code(_preset(*values)),
        inputs,
        [code],
        spinner="hidden",
        trigger_mode="always_last",
    )

    def take(session: Session, name: str | None, *values: Any) -> list[Any]:
        if not name:
            return ["", *(gr.skip() for _ in inputs)]
        return ["", *_values(from_template(name, _preset(*values)))]

    def read(session: Session, path: str | None, *values: Any) -> list[Any]:
        if path is None:
            return ["", *(gr.skip() for _ in inputs)]
        return ["", *_values(read_preset(path))]

    def share(session: Session, *values: Any) -> str:
        key = desk.sessions.publish(session, _preset(*values), "preset", desk.language)
        return pieces.downloads(desk.base, key, "preset", [("json", "preset.json")])

    desk.on(template.input, take, [template, *inputs], [link, *inputs])
    desk.on(given.upload, read, [given, *inputs], [link, *inputs])
    desk.on(kept.click, share, inputs, [link])


def _preset(*values: Any) -> Preset:
    (prompt, model, length, temperature, top_p, stop, repetition, presence, frequency,
     alternatives, seed) = values  # fmt: skip
    return Preset(
        prompt=prompt or "",
        model=(model or "").strip(),
        max_tokens=int(length),
        temperature=float(temperature),
        top_p=float(top_p),
        stop=stops(stop),
        repetition_penalty=float(repetition),
        presence_penalty=float(presence),
        frequency_penalty=float(frequency),
        logprobs=int(alternatives),
        seed=int(seed or 0),
    )


def _values(preset: Preset) -> list[Any]:
    return [
        *(preset.prompt, preset.model or gr.skip(), preset.max_tokens, preset.temperature),
        *(preset.top_p, typed_stops(preset.stop), preset.repetition_penalty),
        *(preset.presence_penalty, preset.frequency_penalty, preset.logprobs, preset.seed),
    ]


def _write(desk: Desk, session: Session, preset: Preset) -> Iterator[str]:
    name = chosen_model(desk, preset.model)
    session.halted.clear()
    yield pieces.notice(tr("Opening the model …", "モデルを開いています…"))
    opened = desk.sessions.model(name)
    if not opened.writes:
        raise BadInput(
            tr("This model writes no text.", "このモデルは文章を生成しません。"),
            remedy=tr(
                "The room Context is for it. Take a GPT-2, T5 or BART here.",
                "「文脈」で使えます。ここでは GPT-2・T5・BART などを選んでください。",
            ),
        )
    lock = desk.sessions.busy(name)
    with lock:
        stream = opened.stream(preset.prompt, **_asked(preset))
    text = ""
    try:
        while not session.halted.is_set():
            with lock:  # others may go on between two pieces
                piece = next(stream, None)
            if piece is None:
                break
            text += piece
            yield _growing(preset.prompt, text)
    finally:
        with lock:
            stream.close()
    yield _done(preset.prompt, stream.completion)


def _asked(preset: Preset) -> dict[str, Any]:
    settings = preset.settings()
    return {**settings, "stop": list(preset.stop)}


def _growing(prompt: str, text: str) -> str:
    given = pieces.element("span", pieces.words(_end(prompt)), class_="b-given")
    return pieces.div("b-written b-cursor", given, pieces.words(text))


def _end(prompt: str, most: int = 400) -> str:
    return prompt if len(prompt) <= most else "…" + prompt[-most:]


def _done(prompt: str, completion: "Completion") -> str:
    given = pieces.element("span", pieces.words(_end(prompt)), class_="b-given")
    choices = completion.choices[:_SHOWN_TOKENS]
    said = {
        "end": tr("The model ended the text.", "モデルが文を終えました。"),
        "stop": tr("Stopped.", "停止しました。"),
        "length": tr("The maximum length was reached.", "最大の長さに達しました。"),
        "context": tr("The model's context is full.", "モデルの文脈長がいっぱいです。"),
    }[completion.finish]
    cut = (
        tr(f" {completion.cut:,} tokens of the prompt did not fit.",
           f"プロンプトの {completion.cut:,} トークンは入りきりませんでした。")
        if completion.cut
        else ""
    )  # fmt: skip
    count = tr(f"{len(completion.tokens):,} tokens. ", f"{len(completion.tokens):,} トークン。")
    foot = pieces.element("p", pieces.words(count + said + cut), class_="b-soft")
    text = pieces.div("b-written", given, pieces.words(completion.text))
    if not any(choice.alternatives for choice in choices):
        return text + foot
    return text + foot + _alternatives(choices)


def _alternatives(choices: Any) -> str:
    """The tokens with their probabilities: the fainter the model's belief, the warmer."""
    tokens = []
    for choice in choices:
        share = exp(choice.logprob)
        others = "\n".join(f"{_visible(t)}  {exp(p):.1%}" for t, p in choice.alternatives)
        tokens.append(
            pieces.element(
                "span",
                pieces.words(choice.token),
                class_="b-piece",
                style=f"--a:{1 - share:.3f}",
                title=f"{_visible(choice.token)}  {share:.1%}\n—\n{others}",
            )
        )
    rows = [
        (
            _visible(choice.token),
            f"{exp(choice.logprob):.1%}",
            "   ".join(f"{_visible(t)} {exp(p):.1%}" for t, p in choice.alternatives),
        )
        for choice in choices
    ]
    columns = (
        tr("token", "トークン"),
        tr("probability", "確率"),
        tr("alternatives", "ほかの候補"),
    )
    title = pieces.heading(
        tr("Token by token", "トークンごとに"),
        tr("the warmer, the less likely; point at one for the alternatives",
           "色が濃いほど確率が低い。指すと候補が出ます"),
    )  # fmt: skip
    listed = pieces.element(
        "details",
        pieces.element("summary", pieces.words(tr("As a table", "表で見る"))),
        pieces.sheet(columns, rows, range(1, len(rows) + 1)),
        class_="b-problems",
    )
    return title + pieces.div("b-written", *tokens) + listed


def _visible(token: str) -> str:
    return token.replace("\n", "⏎").replace(" ", "␣") or "∅"


def _code(preset: Preset) -> str:
    return twins.code(as_code(preset))
