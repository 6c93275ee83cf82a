"""The toy spec and small published models of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_toy import ToySpec, load_toy, random_features, random_weights

from portunus.train.publish import publish_model


@pytest.fixture(scope="session")
def toy() -> ToySpec:
    return load_toy()


@pytest.fixture
def published(tmp_path: Path, toy: ToySpec) -> Path:
    """A model file with manifest and card in a fresh folder."""
    path = tmp_path / "models" / "toy.pt"
    publish_model(path, random_weights(), toy, samples=random_features(40), training={"seed": 0})
    return path
