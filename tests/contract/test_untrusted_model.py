"""A model directory comes from anywhere: whatever stands in it, it loads or is refused with a coded error."""

from __future__ import annotations

import contextlib
import json
import os
import shutil

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from claimclf import ClaimClassifier
from claimclf.errors import ClaimclfError, UnsafeModelFileError, UnusableModelError
from claimclf.metadata import Metadata
from claimclf.model_dir import METADATA, ModelDir, seal
from claimclf.onnx_file import onnx_facts
from tests.conftest import reseal

ONNX = "onnx/model_quantized.onnx"
TEXTS = ["Osmani accused Kesh of fraud .", "x" * 500, "مرحبا 😀", ""]


def refused(path, error=UnusableModelError, match=None, backend="onnx"):
    with pytest.raises(error, match=match):
        ClaimClassifier.from_pretrained(path, threads=1, backend=backend).predict(TEXTS)


def rewrite(path, change):
    """Changes the ONNX model in place."""
    model = onnx.load(path / ONNX)
    change(model)
    onnx.save(model, path / ONNX)
    return reseal(path)


def classifier_graph(*, outputs=4, inputs=("input_ids",), output="logits", domain=""):
    """A small graph of the right or a wrong form."""
    weight = numpy_helper.from_array(np.zeros((1, outputs), np.float32), "weight")
    nodes = [
        helper.make_node("Cast", [inputs[0]], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floats"], ["sum"], keepdims=1),
        helper.make_node("MatMul", ["sum", "weight"], [output], domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["b", outputs])],
        [weight],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ({"outputs": 3}, "4 numbers"),
        ({"inputs": ("pixels",)}, "inputs and outputs"),
        ({"output": "scores"}, "inputs and outputs"),
        ({"domain": "evil.example"}, "evil.example"),
    ],
)
def test_a_graph_of_another_form_is_refused(model_copy, graph, said):
    onnx.save(classifier_graph(**graph), model_copy / ONNX)
    refused(reseal(model_copy), match=said)


def test_tensors_in_other_files_are_refused_before_anything_opens_them(model_copy):
    model = onnx.load(model_copy / ONNX)
    onnx.save(model, model_copy / ONNX, save_as_external_data=True, location="weights", size_threshold=0)
    refused(reseal(model_copy), UnsafeModelFileError, "names itself")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "weights"])
def test_a_tensor_that_names_a_file_is_found_wherever_it_stands(target):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=target)
    then = helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "then", [], [])
    nested = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=then)
    for graph in (
        helper.make_graph([], "g", [], [], initializer=[tensor]),
        helper.make_graph([nested], "g", [], []),
    ):
        assert onnx_facts(helper.make_model(graph).SerializeToString()).has_external_data
    assert not onnx_facts(classifier_graph().SerializeToString()).has_external_data


def test_the_files_that_are_shipped_and_made_refer_to_no_other(tiny_dir):
    assert not onnx_facts((tiny_dir / ONNX).read_bytes()).has_external_data
    assert not onnx_facts(ModelDir.open("claimclf-en-small").file(ONNX).read_bytes()).has_external_data


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_not_onnx(content):
    with contextlib.suppress(ValueError):
        assert onnx_facts(content).has_external_data in (True, False)


def test_weights_that_are_no_numbers_are_found_when_they_count(model_copy):
    def spoil(model):
        for tensor in model.graph.initializer:
            if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 1:
                values = numpy_helper.to_array(tensor).copy()
                values[:] = np.nan
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    refused(rewrite(model_copy, spoil), match="gives no number")


def test_a_vocabulary_larger_than_the_model_is_found_when_it_counts(model_copy):
    tokenizer = json.loads((model_copy / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {word: number * 1000 for word, number in vocabulary.items()}
    (model_copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    refused(reseal(model_copy))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x00" * 50, b"not ONNX", b"\x0a" * 1000])
@pytest.mark.parametrize("name", [ONNX, "tokenizer.json"])
def test_what_is_no_such_file_is_refused(model_copy, name, content):
    (model_copy / name).write_bytes(content)
    refused(reseal(model_copy))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_torch_refuses_what_is_no_such_file(model_copy, name):
    (model_copy / name).write_bytes(b"{}")
    refused(reseal(model_copy), ClaimclfError, backend="torch")


def test_torch_refuses_weights_of_another_shape(model_copy):
    weights = {
        name: np.concatenate([w, w]) for name, w in load_file(model_copy / "model.safetensors").items()
    }
    save_file(weights, model_copy / "model.safetensors")
    refused(reseal(model_copy), backend="torch")


def test_a_link_out_of_the_directory_is_refused(model_copy, tmp_path):
    outside = tmp_path / "outside.json"
    shutil.move(model_copy / "tokenizer.json", outside)
    (model_copy / "tokenizer.json").symlink_to(outside)
    refused(model_copy, UnsafeModelFileError, "leads out")


def test_a_link_within_the_directory_is_taken(model_copy):
    (model_copy / "tokenizer.json").rename(model_copy / "same.json")
    (model_copy / "tokenizer.json").symlink_to("same.json")
    assert ClaimClassifier.from_pretrained(model_copy, threads=1).predict(TEXTS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_that_nobody_writes_to_does_not_hang(model_copy):
    (model_copy / "config.json").unlink()
    os.mkfifo(model_copy / "config.json")
    refused(model_copy, UnsafeModelFileError, "neither a file nor a folder")


@pytest.mark.parametrize("name", [METADATA, "config.json"])
def test_json_of_a_size_to_fill_the_memory_with_is_not_read(model_copy, name):
    with (model_copy / name).open("r+b") as file:
        file.truncate(1 << 30)  # a hole in the file, no gigabyte on the disk
    refused(model_copy, UnsafeModelFileError, "larger than")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a\\b", "C:x", "a\0b", ""])
def test_paths_out_of_the_directory_are_refused(model_copy, name):
    document = json.loads((model_copy / METADATA).read_text())
    document["sha256"][name] = "0" * 64
    (model_copy / METADATA).write_text(json.dumps(document))
    refused(model_copy, ClaimclfError)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_anywhere_loads_or_is_refused(tiny_dir, tmp_path_factory, data):
    name = data.draw(st.sampled_from([ONNX, "tokenizer.json", METADATA, "config.json"]))
    content = bytearray((tiny_dir / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "model"
    shutil.copytree(tiny_dir, path)
    (path / name).write_bytes(content)
    try:
        if name != METADATA:
            reseal(path)
        predictions = ClaimClassifier.from_pretrained(path, threads=1).predict(TEXTS)
        assert all(0 <= score <= 1 for p in predictions for score in p.scores.values())
    except ClaimclfError:
        pass
    finally:
        shutil.rmtree(path)


def test_a_description_that_was_sealed_anew_is_what_open_reads(model_copy):
    metadata: Metadata = ModelDir.open(model_copy).metadata
    (model_copy / METADATA).unlink()
    seal(model_copy, metadata)
    assert ModelDir.open(model_copy).metadata == metadata
