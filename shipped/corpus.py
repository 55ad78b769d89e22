"""The texts that the shipped models are trained on, in one file, a document a line.

    python shipped/corpus.py DATA -o corpus.jsonl [--literature CHARACTERS]

DATA is the folder of open data, whose README names sources and licences. Parts meant for testing are
left out: of every set only what its makers call training, of texts for questions only those of the
training questions. Literature is thinned out, since there is more of it than of everything else and
today's texts are what people bring.
"""

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OLD_SPELLING = re.compile("[覺數來國學會氣當變發經聲應讀實繪寫體對]")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a .jsonl.gz file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def kyoto(data: Path) -> Iterator[str]:
    """Encyclopedia articles, under their titles."""
    for article in lines(data / "kyoto_wiki" / "articles.jsonl.gz"):
        if article["split"] == "train":
            yield f"{article['title']}\n{article['text']}"


def questions(data: Path) -> Iterator[str]:
    """Passages that training questions are asked about."""
    with gzip.open(data / "jaquad" / "train.json.gz", "rt", encoding="utf-8") as file:
        articles = json.load(file)["data"]
    for article in articles:
        yield "\n".join(dict.fromkeys(p["context"] for p in article["paragraphs"]))


def dialogues(data: Path) -> Iterator[str]:
    """What people say when they look for a place to stay."""
    for dialogue in lines(data / "accommodation_dialogues" / "dialogues.jsonl.gz"):
        yield "\n".join(turn["text"] for turn in dialogue["utterances"])


def news(data: Path) -> Iterator[str]:
    """News, whose words stand apart in the source."""
    with gzip.open(data / "wikinews_headlines" / "short.tsv.gz", "rt", encoding="utf-8") as file:
        for line in file:
            _, article, headline = line.rstrip("\n").split("\t")
            if article != "article":
                yield f"{headline.replace(' ', '')}\n{article.replace(' ', '')}"


def sentences(data: Path) -> Iterator[str]:
    """Single sentences of the training parts of labelled sets, without their labels."""
    for name in ("jsts", "jsick"):
        for pair in lines(data / name / "train.jsonl.gz"):
            yield pair["sentence1"]
            yield pair["sentence2"]
    for row in lines(data / "commonsense_morality" / "train.jsonl.gz"):
        yield row["text"]
    for row in lines(data / "jcommonsenseqa" / "train.jsonl.gz"):
        yield f"{row['question']}{row['choice' + str(row['label'])]}。"


def literature(data: Path, characters: int, seed: int = 0) -> Iterator[str]:
    """Works in today's spelling, a random choice of this many characters."""
    works = [
        work["text"]
        for work in lines(data / "aozora" / "works.jsonl.gz")
        if work["split"] == "train" and len(OLD_SPELLING.findall(work["text"][:20_000])) < 5
    ]
    random.Random(seed).shuffle(works)
    for work in works:
        if characters <= 0:
            return
        part = work[:60_000]  # many hands rather than few
        characters -= len(part)
        yield part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("corpus.jsonl"))
    parser.add_argument("--literature", type=int, default=12_000_000, metavar="CHARACTERS")
    options = parser.parse_args()
    sources = {
        "kyoto": kyoto(options.data),
        "questions": questions(options.data),
        "dialogues": dialogues(options.data),
        "news": news(options.data),
        "sentences": sentences(options.data),
        "literature": literature(options.data, options.literature),
    }
    with options.output.open("w", encoding="utf-8") as out:
        for name, texts in sources.items():
            documents = characters = 0
            seen: set[str] = set()
            for text in texts:
                text = text.strip()
                if text in seen or not text:
                    continue
                seen.add(text)
                documents, characters = documents + 1, characters + len(text)
                out.write(json.dumps({"text": text, "source": name}, ensure_ascii=False) + "\n")
            print(f"{name}\t{documents:,} documents\t{characters:,} characters")


if __name__ == "__main__":
    main()
