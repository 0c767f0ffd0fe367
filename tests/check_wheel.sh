#!/usr/bin/env bash
# Builds the wheel and uses it as a stranger would: in a clean virtual environment, without torch, from another
# folder, with a home that holds nothing.
set -euo pipefail
python=$1
root=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"$python" -m pip --quiet --disable-pip-version-check wheel --no-deps --wheel-dir "$room/dist" "$root"
"$python" -m venv "$room/venv"
"$room/venv/bin/python" -m pip --quiet --disable-pip-version-check install "$room"/dist/claimclf-*.whl
cd "$room"
export HOME="$room"

"$room/venv/bin/python" - <<'PY'
import importlib.util
import socket
import sys


def refuse(*_: object) -> None:
    raise AssertionError("the network was used")


socket.socket.connect = refuse  # type: ignore[method-assign]
for package in ("torch", "transformers", "sklearn", "training"):
    assert importlib.util.find_spec(package) is None, f"{package} must not be installed here"

import claimclf

assert "/venv/" in claimclf.__file__, claimclf.__file__
assert claimclf.predict("She accused Serbia of buying votes.").label is claimclf.Label.ACCUSATION
assert claimclf.predict("The minister denied the allegations.").label is claimclf.Label.DENIAL
assert "onnxruntime" in sys.modules
try:
    claimclf.ClaimClassifier.from_pretrained(backend="torch")
except ImportError as error:
    assert "pip install 'claimclf[torch]'" in str(error), error
else:
    raise AssertionError("the torch backend must say how to install it")
PY
"$room/venv/bin/claimclf" --version
"$room/venv/bin/claimclf" demo > demo.txt
grep -q accusation demo.txt && grep -q denial demo.txt && grep -q call_to_action demo.txt
"$room/venv/bin/python" - "$room"/dist/*.whl "$root" <<'PY'
import sys
import zipfile
from pathlib import Path

names = zipfile.ZipFile(sys.argv[1]).namelist()
foreign = [n for n in names if not n.startswith(("claimclf/", "claimclf-"))]
assert not foreign, foreign
assert "claimclf/py.typed" in names
assert any(n.endswith("/licenses/LICENSE") for n in names), names
shipped = {p.relative_to(sys.argv[2]).as_posix() for p in Path(sys.argv[2], "claimclf").rglob("*") if p.is_file()}
missing = {n for n in shipped if "__pycache__" not in n} - set(names)
assert not missing, missing
PY
echo "wheel: $(du -h "$room"/dist/*.whl | cut -f1), installed with its dependencies: $(du -sh "$room/venv" | cut -f1)"
