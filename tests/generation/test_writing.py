"""Texts: completion, streams, choice, scores, templates, conversation."""

import json
from pathlib import Path

import pytest
import torch
import transformers
from generation_models import checkpoint
from writing_models import END, KNOWN, POSITIONS, folder, writer

import bunsan
from bunsan.base.errors import BadInput, Missing
from bunsan.models.generating import habits
from bunsan.models.open import open_model
from bunsan.tasks.chat import Chat
from bunsan.tasks.completion import completions_table
from bunsan.tasks.prompting import (
    Examples,
    answers_table,
    ask,
    examples_from,
    fitted,
    list_prompts,
    open_prompt,
    questions_from,
)


def test_it_knows_its_text() -> None:
    found = writer().complete("春")
    assert found.text == KNOWN[0].removeprefix("春")
    assert found.finish == "end"
    assert str(found) == found.text
    assert bunsan.complete("春", model=writer(), max_tokens=3).finish == "length"


def test_one_object_writes_and_reads() -> None:
    model = bunsan.open(folder())
    assert model.writes
    assert model.complete("春").text == writer().complete("春").text
    assert "".join(model.stream("夏は", max_tokens=5)) == model.complete("夏は", max_tokens=5).text
    assert model.choose("感想: よい\n判定:", [" 肯定", " 否定"]).best == " 肯定"
    assert model.encode(["春", "夏"]).shape == (2, model.dim) == (2, 64)
    assert bunsan.open(folder(), precision="int8").complete("春").text == model.complete("春").text


def test_as_transformers_writes() -> None:
    peer = transformers.GPT2LMHeadModel.from_pretrained(folder()).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder())
    prompts = ["春", "吉野家の", "感想: わる"]
    texts = [c.text for c in writer().complete_all(prompts, max_tokens=30, beams=3)]
    for prompt, text in zip(prompts, texts, strict=True):
        ids = tokenizer(prompt, return_tensors="pt")
        out = peer.generate(**ids, max_new_tokens=30, num_beams=3, do_sample=False, pad_token_id=0)
        assert (
            tokenizer.decode(out[0][ids["input_ids"].shape[1] :], skip_special_tokens=True) == text
        )


def test_stop_strings() -> None:
    found = writer().complete("春", stop=["秋は夕", "冬"])
    assert found.text == "はあけぼの。夏は夜。"
    assert found.finish == "stop"
    assert len(found.tokens) < len(writer().complete("春").tokens)
    assert writer().complete("春", stop="夏").text == "はあけぼの。"
    assert writer().complete("春", stop="無い").finish == "end"


def test_pieces_as_they_are_written() -> None:
    stream = writer().stream("吉野家の", stop=["jumps"])
    pieces = list(stream)
    assert len(pieces) > 8
    assert "".join(pieces) == KNOWN[-1].removeprefix("吉野家の").split("jumps")[0]
    assert stream.completion.text == "".join(pieces)
    assert stream.completion.finish == "stop"
    again = writer().stream("春")
    first = next(again)
    again.close()
    assert KNOWN[0].removeprefix("春").startswith(again.completion.text)
    assert again.completion.text.startswith(first)
    assert list(again) == []


def test_samples_come_again_and_differ() -> None:
    settings = {"samples": 4, "seed": 3, "temperature": 3.0, "max_tokens": 12}
    found = writer().complete("夏", **settings)
    assert len(found.all) == 4
    assert len({one.tokens for one in found.all}) > 1
    assert [c.tokens for c in writer().complete("夏", **settings).all] == [
        c.tokens for c in found.all
    ]
    both = writer().complete_all(["春", "夏"], **settings)
    assert [c.tokens for c in both[1].all] == [c.tokens for c in found.all]
    assert writer().complete("夏", **{**settings, "seed": 4}).tokens != found.tokens


def test_log_probabilities() -> None:
    found = writer().complete("春", logprobs=2, max_tokens=8)
    assert len(found.choices) == len(found.tokens) == 8
    assert "".join(c.token for c in found.choices if "\ufffd" not in c.token)
    first = found.choices[0]
    assert first.alternatives[0] == (first.token, first.logprob)
    assert first.logprob > -0.5
    scored = writer().score(found.text, given="春")
    assert [c.logprob for c in scored.choices][:7] == pytest.approx(
        [c.logprob for c in found.choices][:7], abs=1e-3
    )
    assert writer().score(KNOWN[0]).perplexity < 1.5 < writer().score("夜は夏春冬。").perplexity


def test_choice_is_as_scored_one_by_one() -> None:
    prompt, answers = "感想: わるい\n判定:", [" 肯定", " 否定", " 猫"]
    choice = writer().choose(prompt, answers)
    assert choice.best == " 否定"
    assert sum(a.probability for a in choice.answers) == pytest.approx(1)
    for answer in choice.answers:
        alone = writer().score(answer.answer, given=prompt)
        assert answer.logprob == pytest.approx(alone.logprob, abs=1e-3)
    by_mean = writer().choose(prompt, answers, by="mean")
    means = [a.mean for a in by_mean.answers]
    assert means == sorted(means, reverse=True)
    assert choice.table()["answer"][0] == " 否定"


def test_context_is_respected_and_told() -> None:
    long = "春" * 200
    found = writer().complete(long, max_tokens=8)
    assert found.cut == writer().count(long) - (POSITIONS - 8)
    assert len(found.tokens) <= 8
    assert writer().complete("春").cut == 0
    short = writer().complete("春" * 40, max_tokens=5000, temperature=0, banned=_end())
    assert short.finish == "context"
    with pytest.raises(BadInput, match="does not fit"):
        writer().score(long)


def _end() -> tuple[int, ...]:
    end = writer().tokenizer.token_to_id(END)
    assert end is not None
    return (end,)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"temperature": -1}, "temperature"),
        ({"nonsense": 1}, "nonsense"),
        ({"samples": 0}, "samples"),
        ({"beams": 2, "samples": 3}, "beams"),
        ({"banned": (99999,)}, "99999"),
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        writer().complete("春", **wrong)


def test_what_cannot_write() -> None:
    with pytest.raises(BadInput, match="precision"):
        bunsan.open_generator(folder(), precision="int3")
    with pytest.raises((BadInput, Missing)):
        bunsan.open_generator(folder() / "nothing")
    opened = open_model(folder(), head="base")
    from bunsan.models.generating import language_model

    with pytest.raises(BadInput, match="writes no text"):
        language_model(opened)


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8"])
def test_other_precisions_write_the_same_here(precision: str) -> None:
    model = bunsan.open_generator(folder(), precision=precision)
    assert model.complete("春").text == KNOWN[0].removeprefix("春")


def test_an_empty_prompt_begins_a_text() -> None:
    assert writer().complete("", max_tokens=4).tokens


def test_the_makers_settings(tmp_path: Path) -> None:
    _, place = checkpoint("bart")
    opened = open_model(place)
    config = {
        "num_beams": 4, "length_penalty": 2.0, "no_repeat_ngram_size": 3, "min_length": 5,
        "max_length": 30, "early_stopping": True, "forced_bos_token_id": 0,
        "forced_eos_token_id": [2], "eos_token_id": [2, 3], "bad_words_ids": [[7], [8, 9]],
        "decoder_start_token_id": 2, "is_encoder_decoder": True,
    }  # fmt: skip
    opened.folder = tmp_path
    path = tmp_path / "generation_config.json"
    path.write_text(json.dumps(config))
    found = habits(opened)
    assert found.start == 2
    wanted = {
        "beams": 4, "length_penalty": 2.0, "no_repeat_ngram": 3, "min_tokens": 4, "max_tokens": 29,
        "early_stopping": True, "first": 0, "last": (2,), "end": (2, 3), "banned": (7,),
        "temperature": 0.0,
    }  # fmt: skip
    for name, value in wanted.items():
        assert getattr(found.decoding, name) == value
    for bad in ({"num_beams": "many"}, {"eos_token_id": "x"}, {"do_sample": True, "top_p": 7}):
        path.write_text(json.dumps({**config, **bad}))
        with pytest.raises(BadInput, match="generation"):
            habits(opened)
    path.write_text(json.dumps({**config, "do_sample": True, "temperature": 0.6, "top_k": 5}))
    assert (habits(opened).decoding.temperature, habits(opened).decoding.top_k) == (0.6, 5)


def test_tables_of_completions() -> None:
    found = writer().complete_all(["春", "夏"], samples=2, max_tokens=3, temperature=1.0)
    table = completions_table(found)
    assert len(table) == 4
    assert table["prompt"] == ["春", "春", "夏", "夏"]
    assert table["sample"] == [1, 2, 1, 2]


# Templates


def test_every_ready_template_renders() -> None:
    names = list_prompts()["name"]
    assert len(names) == 14
    for name in names:
        template = open_prompt(name)
        fields = {one: f"〈{one}〉" for one in template.fields}
        for shots in (0, 1, len(template.examples)):
            prompt = template.render(fields, template.shown(shots, fields))
            assert all(f"〈{one}〉" in prompt for one in template.fields)
            assert "{" not in prompt.replace('{"', "")
            assert prompt.rstrip() == prompt
            assert all(stop not in template.lead for stop in template.stop)
        if template.answers:
            assert {one["answer"] for one in template.examples} == set(template.answers)
        if template.json:
            assert all(json.loads(one["answer"]) for one in template.examples)


def test_a_prompt_by_hand() -> None:
    template = open_prompt("era.ja")
    assert template.render("1964年", template.shown(1, "1964年")) == (
        "西暦を和暦に直す。\n\n西暦: 1995年\n和暦: 平成7年\n\n西暦: 1964年\n和暦:"
    )
    shown = template.shown(2, "1995年")  # the question itself is no example
    assert [one["year"] for one in shown] == ["1970年", "2021年"]
    with pytest.raises(BadInput, match="examples"):
        template.shown(7, "x")


def own_template(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


SENTIMENT = (
    'example = "感想: {text}\\n判定: {answer}"\nanswers = ["肯定", "否定"]\n'
    '[[examples]]\ntext = "よい"\nanswer = "肯定"\n[[examples]]\ntext = "わるい"\nanswer = "否定"\n'
)


def test_choice_among_answers(tmp_path: Path) -> None:
    template = open_prompt(own_template(tmp_path, SENTIMENT))
    found = ask(template, ["わるい", "よい"], writer(), shots=0)
    assert [a.answer for a in found] == ["否定", "肯定"]
    assert found[0].probabilities[0][0] == "否定"
    table = answers_table(template, ["わるい", "よい"], found)
    assert table["text"] == ["わるい", "よい"]
    assert table["answer"] == ["否定", "肯定"]
    free = open_prompt(
        own_template(tmp_path, SENTIMENT.replace('answers = ["肯定", "否定"]', 'stop = ["\\n"]'))
    )
    assert ask(free, ["わるい"], writer(), shots=1)[0].answer == "否定"


def test_examples_from_a_file(tmp_path: Path) -> None:
    template = open_prompt(own_template(tmp_path, SENTIMENT))
    for name, text in (
        ("x.csv", "answer,text\n肯定,甲\n否定,乙\n肯定,丙\n"),
        (
            "x.jsonl",
            '{"text":"甲","answer":"肯定"}\n{"text":"乙","answer":"否定"}\n{"text":"丙","answer":"肯定"}\n',
        ),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        examples = examples_from(path, template, seed=5)
        assert sorted(one["text"] for one in examples.rows) == sorted("甲乙丙")
        assert examples.rows[0] == {"text": "甲", "answer": "肯定"}
        drawn = {
            tuple(one["text"] for one in Examples(examples.rows, seed).pick(2))
            for seed in range(20)
        }
        assert len(drawn) > 3
        assert examples.pick(2) == examples.pick(2)
        assert [q["text"] for q in questions_from(path, template)] == ["甲", "乙", "丙"]
    (tmp_path / "y.csv").write_text("text\n甲\n", encoding="utf-8")
    with pytest.raises(BadInput, match="answer"):
        examples_from(tmp_path / "y.csv", template)


def test_the_oldest_examples_go_first(tmp_path: Path) -> None:
    template = open_prompt(own_template(tmp_path, SENTIMENT))
    many = [{"text": f"感想{i}", "answer": "肯定"} for i in range(30)]
    prompt, dropped = fitted(template, "よい", many, writer(), 8)
    assert 0 < dropped < 30
    assert f"感想{dropped}" in prompt
    assert f"感想{dropped - 1}\n" not in prompt
    assert writer().count(prompt) <= POSITIONS - 8
    longer = template.render("よい", many[dropped - 1 :])
    assert writer().count(longer) > POSITIONS - 8
    found = ask(template, ["よい"], writer(), shots=30, examples=Examples(many))
    assert found[0].dropped > 0


@pytest.mark.parametrize(
    "text",
    ['example = "no answer"', 'example = "{answer}"', "x = 1", "=", 'example = "{a} {answer}"\nmain = "b"',
     'example = "{a} {answer}"\n[[examples]]\na = "1"', 'example = "{a} {answer}"\nstop = 3'],
)  # fmt: skip
def test_what_is_no_template(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        open_prompt(own_template(tmp_path, text))


def test_no_such_template() -> None:
    with pytest.raises(Missing, match="sentiment"):
        open_prompt("nothing")
    with pytest.raises(Missing):
        open_prompt("../prompts/era.ja")
    with pytest.raises(BadInput, match="passage"):
        open_prompt("question.ja").render("何ですか。")


def test_braces_in_values_are_values(tmp_path: Path) -> None:
    template = open_prompt(own_template(tmp_path, 'example = "{a}: {answer}"'))
    assert template.render('{"x": {answer}} {a}') == '{"x": {answer}} {a}:'


# Conversation


def chat(**settings: object) -> Chat:
    return Chat(
        writer(), template="dialogue.ja", shots=0, max_tokens=10, temperature=0.0, **settings
    )


def test_turns_are_kept_and_sent() -> None:
    talk = chat(persona="猫", name="タマ")
    reply = talk.say("春は")
    pieces = list(reply)
    assert "".join(pieces).rstrip() == reply.text == talk.turns[0][1]
    prompt = talk.prompt("夏は")
    assert prompt.startswith("以下は、猫と人との会話です。\n人: 春は\nタマ: ")
    assert prompt.endswith("人: 夏は\nタマ:")
    talk.persona = "犬"
    assert "犬" in talk.prompt("x")
    assert talk.undo() == ("春は", reply.text)
    assert talk.undo() is None


def test_an_answer_that_is_stopped_is_kept_so_far() -> None:
    talk = chat()
    reply = talk.say("春は")
    first = next(reply)
    reply.close()
    reply.close()
    assert talk.turns == [("春は", reply.text)]
    assert reply.text.startswith(first.strip()[:1])


def test_old_turns_are_forgotten_first() -> None:
    talk = chat(persona="猫")
    talk.turns = [(f"発言{i}", "はい") for i in range(20)]
    prompt = talk.prompt("今は")
    assert talk.forgotten > 0
    assert f"発言{talk.forgotten}" in prompt
    assert "発言0\n" not in prompt
    assert prompt.startswith("以下は、")
    assert writer().count(prompt) <= POSITIONS - 10


def test_conversations_are_saved_and_loaded(tmp_path: Path) -> None:
    talk = chat(persona="猫")
    talk.turns = [("あ", "い"), ("う", "え")]
    talk.save(tmp_path / "talk.json")
    talk.save(tmp_path / "talk.txt")
    assert (tmp_path / "talk.txt").read_text(encoding="utf-8") == "> あ\nい\n\n> う\nえ\n"
    other = chat()
    other.load(tmp_path / "talk.json")
    assert other.turns == talk.turns
    assert other.persona == "猫"
    other.reset()
    assert other.turns == []
    (tmp_path / "bad.json").write_text('{"turns": [1]}')
    with pytest.raises(BadInput, match="conversation"):
        other.load(tmp_path / "bad.json")


def test_models_with_an_encoder_answer(tmp_path: Path) -> None:
    """A tiny T5 with a tokenizer of its own: reads the prompt, writes from its start token."""
    from bunsan.models.open import new_model
    from bunsan.text.subwords.training import train_tokenizer

    tokenizer = train_tokenizer(KNOWN * 9, "unigram", 120)
    changes = {"d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 1, "num_decoder_layers": 1,
               "num_heads": 2, "eos_token_id": tokenizer.eos_id, "pad_token_id": tokenizer.pad_id,
               "decoder_start_token_id": tokenizer.pad_id}  # fmt: skip
    opened = new_model("t5-small", vocabulary=tokenizer.vocab_size, changes=changes, seed=3)
    with torch.no_grad():
        for weight in opened.module.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    opened.save(tmp_path)
    tokenizer.save(tmp_path)
    model = bunsan.open_generator(tmp_path)
    peer = transformers.T5ForConditionalGeneration.from_pretrained(tmp_path).eval()
    ids = tokenizer.encode("春はあけぼの。").ids.tolist()
    assert ids[-1] == tokenizer.eos_id
    out = peer.generate(torch.tensor([ids]), max_new_tokens=7, do_sample=False)
    wanted = tokenizer.decode(out[0].tolist())
    assert model.complete("春はあけぼの。", max_tokens=7).text == wanted
    assert model.complete("春はあけぼの。", max_tokens=7, beams=3).score is not None
    assert model.choose("春", ["夏", "冬の"]).best in ("夏", "冬の")
    assert "".join(model.stream("春はあけぼの。", max_tokens=7)) == wanted
