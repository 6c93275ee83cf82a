"""Published models: what goes in comes out, and nothing damaged, foreign or hostile gets in or does anything."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from training_toy import ToySpec, random_features, random_weights

from portunus.errors import PortunusError
from portunus.evaluator.archive import ArchiveError, read_archive
from portunus.evaluator.mlp import forward
from portunus.evaluator.model_file import TENSORS, load_model, seal
from portunus.evaluator.model_file import forward as plain_forward
from portunus.evaluator.torchscript import BATCH, ILLEGAL, TorchScriptEvaluator, open_evaluator, to_torchscript
from portunus.train.publish import publish_model, state_judgement


def refused(path: Path, compiled: ToySpec) -> PortunusError:
    """The error a model is refused with; its folder must be left as it was."""
    before = sorted((file.name, file.read_bytes()) for file in path.parent.iterdir())
    with pytest.raises(PortunusError) as caught:
        load_model(path, compiled)
    assert sorted((file.name, file.read_bytes()) for file in path.parent.iterdir()) == before
    assert caught.value.exit_code == 2 and caught.value.hint and "\n" not in caught.value.message
    return caught.value


def replace_model(path: Path, raw: bytes, change: Callable[[dict], None] = lambda manifest: None) -> None:
    """Put other bytes in place of a model and a manifest that vouches for them."""
    path.write_bytes(raw)
    manifest = json.loads(path.with_suffix(".json").read_bytes())
    manifest["sha256"] = hashlib.sha256(raw).hexdigest()
    change(manifest)
    path.with_suffix(".json").write_bytes(seal(manifest))


def repacked(raw: bytes, change: Callable[[str, bytes], bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The archive with its entries changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(buffer, "w", compression) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return buffer.getvalue()


def test_round_trip(published: Path, toy: ToySpec) -> None:
    model = load_model(published, toy)
    for name in TENSORS:
        assert np.array_equal(getattr(model.weights, name), getattr(random_weights(), name))
    assert model.unit == toy.reference_dps * toy.gcd_seconds
    assert published.with_suffix(".md").read_text().startswith("# Toy: a network for `toy`")
    assert not list(published.parent.glob("*.next"))


def test_the_file_is_real_torchscript(published: Path, toy: ToySpec) -> None:
    import torch

    extra = {"metadata.json": ""}
    network = torch.jit.load(str(published), _extra_files=extra)
    features = random_features(40)
    logits, values = network(torch.from_numpy(features))
    ours = plain_forward(load_model(published, toy).weights, features)
    assert np.allclose(logits.numpy(), ours[0], atol=1e-5) and np.allclose(values.numpy(), ours[1], atol=1e-5)
    assert json.loads(extra["metadata.json"])["layout_hash"] == toy.layout_hash


def test_all_forms_of_a_network_agree(published: Path, toy: ToySpec) -> None:
    model = load_model(published, toy)
    evaluator = open_evaluator(model, lambda features: forward(model.weights, features))
    features, mask = random_features(100, seed=3), np.ones((100, 5), np.uint8)
    mask[:, 2] = 0
    logits, values = evaluator.evaluate(features, mask)
    fast = forward(model.weights, features)
    assert np.all(logits[:, 2] == ILLEGAL)
    legal = mask[0] == 1
    assert np.max(np.abs(logits[:, legal] - fast[0][:, legal])) <= 1e-5 and np.max(np.abs(values - fast[1])) <= 1e-5


def test_a_wrong_form_of_a_network_is_refused(published: Path, toy: ToySpec) -> None:
    with pytest.raises(PortunusError, match="compiled network"):
        open_evaluator(load_model(published, toy), lambda features: forward(random_weights(seed=9), features))


@pytest.mark.parametrize("count", [1, 3, BATCH - 1, BATCH, BATCH + 7])
def test_rows_do_not_depend_on_their_batch(count: int) -> None:
    evaluator = TorchScriptEvaluator(random_weights(hidden=128))
    features, mask = random_features(64), np.ones((64, 5), np.uint8)
    whole, part = evaluator.evaluate(features, mask), evaluator.evaluate(features[:count], mask[:count])
    assert np.array_equal(whole[0][:count], part[0]) and np.array_equal(whole[1][:count], part[1])


def test_every_bit_flip_is_refused(published: Path, toy: ToySpec) -> None:
    raw = published.read_bytes()
    rng = np.random.default_rng(5)
    for position in rng.integers(0, 8 * len(raw), 300):
        damaged = bytearray(raw)
        damaged[position // 8] ^= 1 << (position % 8)
        published.write_bytes(damaged)
        with pytest.raises(PortunusError, match="damaged or was changed"):
            load_model(published, toy)
    published.write_bytes(raw)
    load_model(published, toy)


def test_every_bit_flip_of_a_manifest_is_refused(published: Path, toy: ToySpec) -> None:
    file = published.with_suffix(".json")
    raw = file.read_bytes()
    for position in np.random.default_rng(6).integers(0, 8 * len(raw), 300):
        damaged = bytearray(raw)
        damaged[position // 8] ^= 1 << (position % 8)
        file.write_bytes(damaged)
        with pytest.raises(PortunusError, match="manifest"):
            load_model(published, toy)


def test_the_tensor_reader_survives_damage_the_hash_would_catch(published: Path) -> None:
    """Even without the hash: any damage ends in plain tensors or an ArchiveError, nothing else."""
    raw = published.read_bytes()
    rng = np.random.default_rng(7)
    outcomes = set()
    for position in rng.integers(0, 8 * len(raw), 1000):
        damaged = bytearray(raw)
        damaged[position // 8] ^= 1 << (position % 8)
        try:
            read_archive(bytes(damaged))
            outcomes.add("read")
        except ArchiveError:
            outcomes.add("refused")
    assert outcomes >= {"refused"}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated(published: Path, toy: ToySpec, share: float) -> None:
    raw = published.read_bytes()
    published.write_bytes(raw[: int(share * len(raw))])
    assert "damaged" in refused(published, toy).message
    replace_model(published, raw[: int(share * len(raw))])
    assert "cannot be read" in refused(published, toy).message


def test_missing_pieces(published: Path, toy: ToySpec, tmp_path: Path) -> None:
    with pytest.raises(PortunusError, match=r"cannot read the model .*none\.pt"):
        load_model(tmp_path / "none.pt", toy)
    published.with_suffix(".json").unlink()
    assert "has no manifest toy.json" in refused(published, toy).message


def test_too_large(published: Path, toy: ToySpec) -> None:
    with open(published, "r+b") as handle:
        handle.truncate(65 * 1024 * 1024)
    with pytest.raises(PortunusError, match="larger than 64 MiB"):
        load_model(published, toy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "toy_two"}, "the spec 'toy', not 'toy_two'"),
        ({"behaviour": 2}, "behaviour 1, and toy has 2"),
        ({"layout_hash": "another"}, "layout_hash toy-layout-1, and toy has another"),
    ],
)
def test_a_model_of_something_else_names_the_difference(published: Path, change: dict, message: str) -> None:
    assert message in refused(published, ToySpec(**change)).message


def test_other_actions_are_named(published: Path) -> None:
    other = ToySpec()
    other.actions = (*other.actions[:3], other.actions[4])
    assert "other actions (burst)" in refused(published, other).message


def test_compressed_entries(published: Path, toy: ToySpec) -> None:
    replace_model(published, repacked(published.read_bytes(), lambda name, data: data, zipfile.ZIP_DEFLATED))
    assert "compressed entry" in refused(published, toy).message


class Hostile:
    """Unpickling this would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return Path.touch, (self.target,)


def test_hostile_pickle_is_not_executed(published: Path, toy: ToySpec, tmp_path: Path) -> None:
    target = tmp_path / "written"
    for protocol in (0, 2, 4):
        program = pickle.dumps(Hostile(target), protocol)
        replace_model(published, repacked(published.read_bytes(), lambda name, data, p=program: p if name.endswith("data.pkl") else data))
        assert "data.pkl" in refused(published, toy).message
        assert not target.exists()


def test_hostile_code_is_not_executed(published: Path, toy: ToySpec, tmp_path: Path) -> None:
    """A module whose __setstate__ would run while torch loads it: its tensors may be read, its code is never looked at."""
    poisoned = b"def __setstate__(self, state): open('x', 'w')"
    raw = repacked(published.read_bytes(), lambda name, data: poisoned if "/code/" in name else data)
    replace_model(published, raw)
    assert np.array_equal(load_model(published, toy).weights.w1, random_weights().w1)
    assert [file.name for file in tmp_path.iterdir()] == ["models"]


def test_memory_bomb_in_the_program(published: Path, toy: ToySpec) -> None:
    bombs = {
        "far memo": b"\x80\x02N" + b"r\xff\xff\xff\x7f" + b".",
        "long": b"\x80\x02" + b"\x8b\xff\xff\xff\x7f" + b".",
        "nested": b"\x80\x02(" + b")\x85" * 20000 + b".",
        "endless": b"\x80\x02" + b"}" * 60000 + b".",
    }
    for program in bombs.values():
        replace_model(published, repacked(published.read_bytes(), lambda name, data, p=program: p if name.endswith("data.pkl") else data))
        assert "data.pkl" in refused(published, toy).message


def test_another_shape_and_not_finite(published: Path, toy: ToySpec) -> None:
    import dataclasses

    weights = random_weights()
    metadata = json.loads(published.with_suffix(".json").read_bytes())["model"]
    wide = random_weights(hidden=32)
    replace_model(published, to_torchscript(wide, metadata))
    assert "has w1 of shape [32, 5], this spec needs [16, 5]" in refused(published, toy).message
    spoiled = dataclasses.replace(weights, b2=weights.b2.copy())
    spoiled.b2[3] = np.inf
    replace_model(published, to_torchscript(spoiled, metadata))
    assert "not finite" in refused(published, toy).message


def test_changed_weights_fail_the_test_vectors(published: Path, toy: ToySpec) -> None:
    metadata = json.loads(published.with_suffix(".json").read_bytes())["model"]
    replace_model(published, to_torchscript(random_weights(seed=1), metadata))
    assert "test vectors" in refused(published, toy).message


def test_metadata_inside_must_agree(published: Path, toy: ToySpec) -> None:
    metadata = json.loads(published.with_suffix(".json").read_bytes())["model"]
    replace_model(published, to_torchscript(random_weights(), {**metadata, "behaviour": 7}))
    assert "something else inside" in refused(published, toy).message


@pytest.mark.parametrize("key", ["units", "tensors", "test_vectors", "network", "model"])
def test_incomplete_manifests(published: Path, toy: ToySpec, key: str) -> None:
    raw = published.read_bytes()
    replace_model(published, raw, lambda manifest: manifest.pop(key))
    assert key in refused(published, toy).message
    for value in ([], {}, "x", 3, None):
        replace_model(published, raw, lambda manifest, value=value: manifest.update({key: value}))
        refused(published, toy)


def test_publishing_that_is_cut_short_leaves_a_readable_model(published: Path, toy: ToySpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after any of its writes: a reader gets the old network or the new one."""
    import portunus.train.publish as module

    new, real = random_weights(seed=2), module.write_atomic
    for survived in range(3):
        publish_model(published, random_weights(), toy, samples=random_features(40), training={})
        calls = []

        def dying(path: Path, data: bytes | str, survived: int = survived, calls: list = calls) -> Path:
            if len(calls) == survived:
                raise KeyboardInterrupt
            calls.append(path)
            return real(path, data)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(module, "write_atomic", dying)
            publish_model(published, new, toy, samples=random_features(40), training={})
        expected = new if survived >= 2 else random_weights()
        assert np.array_equal(load_model(published, toy).weights.w1, expected.w1)


def test_what_a_networks_values_are_wrong_by_is_stated_beside_it(published: Path, toy: ToySpec) -> None:
    assert load_model(published, toy).doubt == 0.0
    raw = published.read_bytes()
    model = state_judgement(published, toy, {"error": 0.6, "spread": 0.3, "states": 10})
    assert published.read_bytes() == raw
    assert model.doubt == pytest.approx(0.6 * np.hypot(0.6, 0.3) / (1.702 * 0.3))
    assert open_evaluator(model).doubt == model.doubt
    assert "how wrong its values are" in published.with_suffix(".md").read_text()
    for wrong in ({"error": -0.6, "spread": 0.3}, {"error": 0.6}, {"error": "much", "spread": 0.3}):
        replace_model(published, raw, lambda manifest, wrong=wrong: manifest.update(judgement=wrong))
        assert "incomplete manifest" in refused(published, toy).message
