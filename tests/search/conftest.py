"""What several tests of the search play on."""

import pytest
from toys import Toy

from portunus.evaluator.rotation_value import RotationValue, fit_rotation_value


@pytest.fixture(scope="session")
def toy() -> Toy:
    return Toy()


@pytest.fixture(scope="session")
def fitted(toy: Toy) -> RotationValue:
    return fit_rotation_value(toy, fights=2000, window_seconds=5.0)
