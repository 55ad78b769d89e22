"""Chat templates as the transformers library renders them; and the plain form without one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers
from serve_models import writer, writer_folder

from bunsan.base.errors import BadInput
from bunsan.tasks.chat import Chat
from bunsan.tasks.chat_template import JinjaFormat, PromptFormat, chat_format
from bunsan.tasks.complete import open_generator
from bunsan.tasks.prompting import open_prompt

MESSAGES = [
    {"role": "system", "content": "親切に答える。"},
    {"role": "user", "content": " 春とは?\n"},
    {"role": "assistant", "content": 'あけぼの <b>"です"</b>'},
    {"role": "user", "content": "なぜ?"},
]
TEMPLATES = [
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% endif %}"
    "{% for m in loop_messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{{ '[INST] ' + m['content'].strip() + ' [/INST]' if m['role'] == 'user' else m['content'] + eos_token }}"
    "{% endfor %}",
    """
    {%- for m in messages %}
        {%- if m.role == 'system' %}{% continue %}{% endif %}
        {%- if loop.index0 > 2 %}
            {%- break %}
        {%- endif %}
        {{- m | tojson }}
        {% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}
    {%- endfor %}
    {{ messages | tojson(indent=2) }}
    {{ '%d turns' % messages|length }}
    """,
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}"
    "{{ tools is none }}{{ documents is none }}{{ messages[-1].content | upper | trim }}",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_as_transformers(template: str) -> None:
    peer = transformers.AutoTokenizer.from_pretrained(writer_folder())
    wanted = peer.apply_chat_template(
        MESSAGES, chat_template=template, tokenize=False, add_generation_prompt=True
    )
    format = JinjaFormat(template, {"bos_token": peer.bos_token, "eos_token": peer.eos_token})
    assert format.prompt(MESSAGES) == wanted
    assert len(wanted) > 3


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.append(1) }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__init__.__globals__ }}",
        "{% for i in range(10000000) %}x{% endfor %}",
        "{{ raise_exception('no') }}",
        "{{ messages[99].content }}",
        "{{ 1 // 0 }}",
        "{% include 'x' %}",
    ],
)
def test_a_stranger_s_program_stays_in_the_sandbox(template: str) -> None:
    with pytest.raises(BadInput):
        JinjaFormat(template, {}).prompt(MESSAGES)


def test_no_template() -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        JinjaFormat("{% for %}", {}, "x.json")


def test_where_it_is_found(tmp_path: Path) -> None:
    tokenizer = writer().tokenizer
    assert isinstance(chat_format(tmp_path, tokenizer), PromptFormat)

    def config(value: Any) -> None:
        text = json.dumps({"chat_template": value})
        (tmp_path / "tokenizer_config.json").write_text(text, encoding="utf-8")

    config("a{{ bos_token }}")
    assert chat_format(tmp_path, tokenizer).prompt([]) == "a<|endoftext|>"
    config([{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}])
    assert chat_format(tmp_path, tokenizer).prompt([]) == "d"
    (tmp_path / "chat_template.jinja").write_text("j", encoding="utf-8")
    assert chat_format(tmp_path, tokenizer).prompt([]) == "j"
    other = tmp_path / "other.jinja"
    other.write_text("o", encoding="utf-8")
    assert chat_format(tmp_path, tokenizer, other).prompt([]) == "o"
    assert chat_format(None, tokenizer, "dialogue.en").name == "dialogue.en"


def test_the_plain_form() -> None:
    plain = PromptFormat()
    assert plain.prompt(MESSAGES) == (
        '親切に答える。\n\nUser:  春とは?\n\nAssistant: あけぼの <b>"です"</b>\n\n'
        "User: なぜ?\nAssistant:"
    )
    assert plain.prompt([{"role": "user", "content": "{answer}{system}"}]) == (
        "User: {answer}{system}\nAssistant:"
    )
    begun = [{"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Yes?"}]
    assert plain.prompt(begun) == "User: \nAssistant: Hi.\n\nUser: Yes?\nAssistant:"
    assert plain.prompt(begun[:1]).endswith("Assistant: Hi.\n\nUser: \nAssistant:")
    with pytest.raises(BadInput, match="tool"):
        plain.prompt([{"role": "tool", "content": "x"}])


def test_a_prompt_template_in_its_place() -> None:
    format = PromptFormat(open_prompt("dialogue.en"))
    prompt = format.prompt(MESSAGES)
    assert prompt.startswith("This is a conversation between a person and Haru")
    assert "\n親切に答える。\nPerson:  春とは?\n\nHaru: あけぼの" in prompt
    assert prompt.endswith("\nPerson: なぜ?\nHaru:")
    assert format.stop == ("\nPerson:",)


def test_bunsan_chat_takes_the_model_s_own(tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(writer_folder(), place)
    assert Chat(open_generator(place)).template.name.startswith("dialogue")
    template = (
        "{% for m in messages %}{{ m.role|capitalize }}: {{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    (place / "chat_template.jinja").write_text(template, encoding="utf-8")
    chat = Chat(open_generator(place), max_tokens=40)
    assert chat.prompt("Hello.") == "User: Hello.\nAssistant:"
    assert chat.answer("Hello.") == "Good morning."
    chat.persona = "Polite."
    assert chat.prompt("Again?") == (
        "System: Polite.\nUser: Hello.\nAssistant: Good morning.\nUser: Again?\nAssistant:"
    )
    assert chat.forgotten == 0
    chat.turns = [("long " * 300, "yes")] * 3
    assert chat.prompt("Short?").count("long") == 0
    assert chat.forgotten == 3
    assert Chat(chat.generator, template="dialogue.en").prompt("x").endswith("Haru:")
