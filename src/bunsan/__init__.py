"""bunsan (分散): distributed representations of Japanese text, learned from your own data.

    import bunsan

    reviews = bunsan.learn("reviews.xlsx", text="comment", by=["area"], to="reviews.bunsan")
    reviews.search("部屋から海が見える")
    reviews.similar("朝食")
    reviews.features(by="area")
    reviews.network().save("network.html")

Names are loaded when first used, so that `import bunsan` takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bunsan._version import __version__

if TYPE_CHECKING:
    from bunsan.base.errors import BadInput, BunsanError, Interrupted, Missing
    from bunsan.serve.app import make_app
    from bunsan.serve.settings import ServeSettings
    from bunsan.studio.opening import open_studio
    from bunsan.tasks.antonyms import antonyms
    from bunsan.tasks.chat import Chat
    from bunsan.tasks.compare.curve import learning_curve
    from bunsan.tasks.compare.next_rows import label_next
    from bunsan.tasks.compare.running import compare
    from bunsan.tasks.complete import complete, open_generator
    from bunsan.tasks.encode import encode, open_encoder
    from bunsan.tasks.facade import Collection, demo, learn
    from bunsan.tasks.finetuning.entry import finetune, finetune_vectors, open_task
    from bunsan.tasks.labelling import classify, open_labeller
    from bunsan.tasks.models import describe_model, list_models, pull_model
    from bunsan.tasks.opening import Model
    from bunsan.tasks.opening import open_anything as open
    from bunsan.tasks.pretrain import pretrain
    from bunsan.tasks.prompting import ask as ask_prompt
    from bunsan.tasks.prompting import list_prompts, open_prompt
    from bunsan.tasks.senses import senses
    from bunsan.tasks.tokenizers import open_tokenizer, train_tokenizer
    from bunsan.tasks.training import train_words
    from bunsan.tasks.vectors import evaluate
    from bunsan.text.words import WordSettings
    from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
    from bunsan.words.vectors.wordvectors import WordVectors

_WHERE = {
    "BadInput": ("bunsan.base.errors", "BadInput"),
    "BunsanError": ("bunsan.base.errors", "BunsanError"),
    "Chat": ("bunsan.tasks.chat", "Chat"),
    "Collection": ("bunsan.tasks.facade", "Collection"),
    "Interrupted": ("bunsan.base.errors", "Interrupted"),
    "Missing": ("bunsan.base.errors", "Missing"),
    "Model": ("bunsan.tasks.opening", "Model"),
    "ServeSettings": ("bunsan.serve.settings", "ServeSettings"),
    "WordSettings": ("bunsan.text.words", "WordSettings"),
    "WordVectors": ("bunsan.words.vectors.wordvectors", "WordVectors"),
    "antonyms": ("bunsan.tasks.antonyms", "antonyms"),
    "ask_prompt": ("bunsan.tasks.prompting", "ask"),
    "classify": ("bunsan.tasks.labelling", "classify"),
    "compare": ("bunsan.tasks.compare.running", "compare"),
    "complete": ("bunsan.tasks.complete", "complete"),
    "demo": ("bunsan.tasks.facade", "demo"),
    "describe_model": ("bunsan.tasks.models", "describe_model"),
    "encode": ("bunsan.tasks.encode", "encode"),
    "evaluate": ("bunsan.tasks.vectors", "evaluate"),
    "label_next": ("bunsan.tasks.compare.next_rows", "label_next"),
    "finetune": ("bunsan.tasks.finetuning.entry", "finetune"),
    "finetune_vectors": ("bunsan.tasks.finetuning.entry", "finetune_vectors"),
    "learn": ("bunsan.tasks.facade", "learn"),
    "learning_curve": ("bunsan.tasks.compare.curve", "learning_curve"),
    "list_models": ("bunsan.tasks.models", "list_models"),
    "list_prompts": ("bunsan.tasks.prompting", "list_prompts"),
    "make_app": ("bunsan.serve.app", "make_app"),
    "open": ("bunsan.tasks.opening", "open_anything"),
    "open_encoder": ("bunsan.tasks.encode", "open_encoder"),
    "open_generator": ("bunsan.tasks.complete", "open_generator"),
    "open_labeller": ("bunsan.tasks.labelling", "open_labeller"),
    "open_prompt": ("bunsan.tasks.prompting", "open_prompt"),
    "open_task": ("bunsan.tasks.finetuning.entry", "open_task"),
    "open_studio": ("bunsan.studio.opening", "open_studio"),
    "open_tokenizer": ("bunsan.tasks.tokenizers", "open_tokenizer"),
    "open_vectors": ("bunsan.words.vectors.files.dispatch", "open_vectors"),
    "pretrain": ("bunsan.tasks.pretrain", "pretrain"),
    "pull_model": ("bunsan.tasks.models", "pull_model"),
    "save_vectors": ("bunsan.words.vectors.files.dispatch", "save_vectors"),
    "senses": ("bunsan.tasks.senses", "senses"),
    "train_tokenizer": ("bunsan.tasks.tokenizers", "train_tokenizer"),
    "train_words": ("bunsan.tasks.training", "train_words"),
}

__all__ = [
    "BadInput",
    "BunsanError",
    "Chat",
    "Collection",
    "Interrupted",
    "Missing",
    "Model",
    "ServeSettings",
    "WordSettings",
    "WordVectors",
    "__version__",
    "antonyms",
    "ask_prompt",
    "classify",
    "compare",
    "complete",
    "demo",
    "describe_model",
    "encode",
    "evaluate",
    "finetune",
    "finetune_vectors",
    "label_next",
    "learn",
    "learning_curve",
    "list_models",
    "list_prompts",
    "make_app",
    "open",
    "open_encoder",
    "open_generator",
    "open_labeller",
    "open_prompt",
    "open_studio",
    "open_task",
    "open_tokenizer",
    "open_vectors",
    "pretrain",
    "pull_model",
    "save_vectors",
    "senses",
    "train_tokenizer",
    "train_words",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'bunsan' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
