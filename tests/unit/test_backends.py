from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from claimclf.backends import BACKENDS, load_backend
from claimclf.backends.onnx import OnnxBackend
from claimclf.errors import MissingExtraError, ModelFileMissingError, OptionError
from claimclf.model_dir import ONNX, ModelDir

WINDOWS = [[2, 30, 3], [2, 8, 9, 10, 11, 3], [2, 31, 32, 3], [2, 9, 3], [2, 5, 5, 5, 5, 5, 5, 3]] * 9


@pytest.fixture
def model_dir(tiny_dir):
    return ModelDir.open(tiny_dir)


@pytest.fixture
def counting_model(tmp_path, model_dir):
    """A graph that answers the largest token id four times, and as a second output the number of tokens."""
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["ids", "axis"], ["largest"], keepdims=1),
        helper.make_node("Expand", ["largest", "four"], ["logits"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "axis"], ["tokens"], keepdims=1),
    ]
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("four", TensorProto.INT64, [2], [1, 4]),
    ]
    graph = helper.make_graph(
        nodes,
        "counting",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, [1, None])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 4]),
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, 1]),
        ],
        constants,
    )
    (tmp_path / ONNX).parent.mkdir()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, tmp_path / ONNX)
    return ModelDir(tmp_path, model_dir.metadata, {ONNX: "not looked at"})


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_onnx_rows_come_in_the_order_of_the_windows(counting_model, threads):
    windows = [[i] * (i % 5 + 1) for i in range(200)]
    outputs = OnnxBackend(counting_model, threads).run(iter(windows))
    assert outputs["logits"].tolist() == [[i] * 4 for i in range(200)]


def test_onnx_returns_every_named_output(counting_model):
    outputs = OnnxBackend(counting_model, 2).run([[7], [7, 8, 9], [7, 8]])
    assert set(outputs) == {"logits", "tokens"}
    assert outputs["tokens"].tolist() == [[1], [3], [2]]


def test_onnx_feeds_only_the_inputs_the_graph_has(counting_model):
    assert OnnxBackend(counting_model, 1).run([[4, 5]])["logits"].tolist() == [[5, 5, 5, 5]]


def test_onnx_takes_windows_while_it_computes(counting_model):
    backend = OnnxBackend(counting_model, 1)
    taken = []

    def windows():
        for i in range(50):
            taken.append(i)
            yield [i]

    computed_after = []
    run_one = backend._run_one
    backend._run_one = lambda ids: computed_after.append(len(taken)) or run_one(ids)
    backend.run(windows())
    assert computed_after[0] < len(taken)


def test_onnx_is_safe_to_call_from_many_threads(counting_model):
    backend = OnnxBackend(counting_model, 3)

    def rows(offset):
        return backend.run([[offset + i] for i in range(40)])["logits"][:, 0].tolist()

    with ThreadPoolExecutor(8) as pool:
        for offset, got in enumerate(pool.map(rows, range(40))):
            assert got == [offset + i for i in range(40)]


def test_onnx_makes_its_pool_only_when_there_is_work_for_two(counting_model):
    backend = OnnxBackend(counting_model, 4)
    backend.run([[1]])
    assert not backend._pools
    backend.run([[1], [2]])
    assert backend._pools


@pytest.mark.parametrize("name", BACKENDS)
def test_no_windows_give_no_rows(model_dir, name):
    logits = load_backend(name, model_dir, 1).run([])["logits"]
    assert (logits.shape, logits.dtype) == ((0, 4), np.float32)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_row_of_four_finite_logits_a_window(model_dir, name):
    logits = load_backend(name, model_dir, 1).run(iter(WINDOWS))["logits"]
    assert (logits.shape, logits.dtype) == ((len(WINDOWS), 4), np.float32)
    assert np.isfinite(logits).all()


def test_onnx_gives_a_window_the_same_bits_alone_and_in_company(model_dir):
    backend = load_backend("onnx", model_dir, 2)
    together = backend.run(WINDOWS)["logits"]
    alone = np.concatenate([backend.run([ids])["logits"] for ids in WINDOWS])
    assert together.tobytes() == alone.tobytes()


def test_torch_gives_a_window_the_same_numbers_alone_and_in_a_padded_batch(model_dir):
    backend = load_backend("torch", model_dir, 1)
    together = backend.run(WINDOWS)["logits"]
    alone = np.concatenate([backend.run([ids])["logits"] for ids in WINDOWS])
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)
    assert len(np.unique(alone.round(3), axis=0)) == 5


def test_torch_computes_in_float32_without_dropout(model_dir):
    backend = load_backend("torch", model_dir, 1)
    assert not any(module.training for module in backend._model.modules())
    assert {parameter.dtype for parameter in backend._model.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["", "ONNX", "tensorflow", None, 1])
def test_an_unknown_backend_is_refused_with_the_known_ones(model_dir, name):
    with pytest.raises(OptionError, match="Use 'onnx' or 'torch'"):
        load_backend(name, model_dir, 1)


@pytest.mark.parametrize("threads", [True, 0, -1, 1.5, "2", float("nan")])
def test_an_impossible_number_of_threads_is_refused(model_dir, threads):
    with pytest.raises(OptionError, match="threads="):
        load_backend("onnx", model_dir, threads)


def test_without_a_number_every_available_core_works(model_dir, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 3, 5}, raising=False)
    assert load_backend("onnx", model_dir, None)._threads == 3


def test_torch_missing_is_an_error_with_the_command_that_installs_it(model_dir, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "claimclf.backends.torch", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'claimclf\[torch\]'"):
        load_backend("torch", model_dir, 1)


@pytest.mark.parametrize(("name", "file"), [("onnx", ONNX), ("torch", "model.safetensors")])
def test_a_weights_file_that_nobody_vouches_for_is_not_loaded(model_dir, name, file):
    vouched = {known: digest for known, digest in model_dir.sha256.items() if known != file}
    with pytest.raises(ModelFileMissingError, match=file):
        load_backend(name, ModelDir(model_dir.path, model_dir.metadata, vouched), 1)


def test_a_configuration_that_nobody_vouches_for_is_not_loaded(model_dir):
    vouched = {known: digest for known, digest in model_dir.sha256.items() if known != "config.json"}
    with pytest.raises(ModelFileMissingError, match=r"config\.json"):
        load_backend("torch", ModelDir(model_dir.path, model_dir.metadata, vouched), 1)


def test_torch_keeps_its_threads_unless_told_otherwise(model_dir):
    torch.set_num_threads(3)
    load_backend("torch", model_dir, None)
    assert torch.get_num_threads() == 3
    load_backend("torch", model_dir, 1)
    assert torch.get_num_threads() == 1
