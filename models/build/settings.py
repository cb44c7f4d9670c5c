"""Places, sizes and seeds of the build. Every number that changes the model stands here."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "model-build"
TEACHERS = CACHE / "teachers"
EVALUATION = ROOT / "eval" / "embed"
OUTPUT = ROOT / "models" / "default"
PAIRS = Path(__file__).with_name("recruiting-pairs.tsv")
TOOLS = Path(__file__).with_name("tools.txt")

THREADS = int(os.environ.get("BUILD_THREADS", "2"))

NAME = "looma-zh-en"
DIM = 192
MAX_TOKENS = 512

# Vocabulary: whole English words, Chinese words of 2 to 4 characters, single characters, WordPiece tails.
ENGLISH_WORDS, CHINESE_WORDS, CHARACTERS, TAILS = 15500, 13000, 6500, 3000

# Common space: weight of the multilingual teacher beside the one-language teachers, and the least cosine of a mined anchor.
USE_WEIGHT, ANCHOR_COSINE = 0.8, 0.7

STEPS, BATCH, LEARNING_RATE, WARM_UP, TEMPERATURE = 2400, 1024, 0.01, 200, 0.05
SEED = 20
