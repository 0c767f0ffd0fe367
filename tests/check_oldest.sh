#!/usr/bin/env bash
# The oldest versions that pyproject.toml allows must give the labels that the newest give, and so must the torch
# extra. Each stands in a virtual environment of its own; torch, which is large, is the one that tests use.
set -euo pipefail
python=$1
torch=$2
root=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

oldest() {
    "$python" - "$1" "$root/pyproject.toml" <<'PY'
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[2]).read_text())["project"]
wanted = project["dependencies"] if sys.argv[1] == "base" else project["optional-dependencies"][sys.argv[1]]
print("\n".join(one.replace(">=", "==") for one in wanted if not one.startswith("torch>")))
PY
}

"$python" - > "$room/sentences.txt" <<'PY'
from training.suite import suite

print("\n".join(suite(seed=13).texts()[:400]))
PY
"$(dirname "$python")/claimclf" predict "$room/sentences.txt" --input-format lines -o "$room/newest.jsonl"

"$python" -m venv "$room/venv"
pip=("$room/venv/bin/python" -m pip --quiet --disable-pip-version-check install)
oldest base > "$room/base.txt"
"${pip[@]}" -r "$room/base.txt"
"${pip[@]}" --no-deps "$root"
cd "$room"
"$room/venv/bin/claimclf" predict sentences.txt --input-format lines -o oldest.jsonl
"$room/venv/bin/claimclf" demo > /dev/null

# The torch extra, whose tokenizers may be newer.
oldest torch > torch.txt
"${pip[@]}" "$torch" -r torch.txt
"$room/venv/bin/python" - <<'PY'
import json
from pathlib import Path

from claimclf import ClaimClassifier

texts = Path("sentences.txt").read_text().splitlines()
predictions = ClaimClassifier.from_pretrained(backend="torch").predict(texts)
Path("torch.jsonl").write_text("".join(json.dumps(p.to_dict()) + "\n" for p in predictions))
PY

"$room/venv/bin/python" - <<'PY'
import json
from pathlib import Path


def read(name):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


newest = read("newest.jsonl")
assert len(newest) == 400
# Rounding differs between versions, and float32 is not int8: now and then a label at a threshold may, too.
for name, may_differ in (("oldest.jsonl", 2), ("torch.jsonl", 8)):
    other = read(name)
    differ = sum(a["label"] != b["label"] for a, b in zip(newest, other, strict=True))
    print(f"{name}: {differ} of {len(newest)} labels differ")
    assert differ <= may_differ, name
PY
"$room/venv/bin/python" -m pip list --disable-pip-version-check 2>/dev/null |
    grep -E "^(numpy|onnxruntime|tokenizers|sentencex|typer|rich|transformers|safetensors|torch) " | tr -s ' \n' ' '
echo
