"""The learner: gradient steps on a network, and its state as plain arrays.

Inputs are standardised with a fixed mean and scale taken from the first decisions seen; an exported network has them folded into its
first layer, so nobody else has to know. The exported weights are a running average of the trained ones (Polyak and Juditsky 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from portunus.evaluator.model_file import TENSORS
from portunus.evaluator.protocol import NetworkWeights
from portunus.evaluator.torchscript import ILLEGAL, FusedNetwork


@dataclass(frozen=True)
class LearnerSettings:
    """How the network is fitted.

    Attributes:
        hidden: Width of both hidden layers.
        batch: Decisions in one gradient step.
        learning_rate: Of Adam (Kingma and Ba 2015), at the start of training; falls to a tenth along a cosine.
        value_weight: Weight of the value's Huber loss against the policy's cross-entropy.
        average: Decay of the running average of the weights, per step.
    """

    hidden: int = 128
    batch: int = 512
    learning_rate: float = 5e-4
    value_weight: float = 0.5
    average: float = 0.998


class Learner:
    """A network under training. F features, A actions.

    Args:
        features: F.
        actions: A.
        settings: How to fit.
        seed: Of the initial weights.
    """

    def __init__(self, features: int, actions: int, settings: LearnerSettings, *, seed: int) -> None:
        torch.set_num_threads(1)
        self.settings = settings
        self.network = FusedNetwork(features, settings.hidden, actions)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            for name in ("w1", "w2", "w3"):
                tensor = getattr(self.network, name)
                spread = (0.1 if name == "w3" else np.sqrt(2)) / np.sqrt(tensor.shape[1])
                tensor.copy_(torch.from_numpy(rng.normal(0, spread, tuple(tensor.shape)).astype(np.float32)))
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self._average = {name: getattr(self.network, name).detach().clone() for name in TENSORS}
        self.mean = np.zeros(features, np.float32)
        self.scale = np.ones(features, np.float32)
        self.steps = 0

    def standardise(self, features: np.ndarray) -> None:
        """Fix mean and scale of the inputs from decisions float32[N, F]; to be called once, before the first step."""
        self.mean = features.mean(axis=0).astype(np.float32)
        spread = features.std(axis=0)
        self.scale = np.where(spread > 1e-3, spread, 1).astype(np.float32)

    def step(
        self, features: np.ndarray, mask: np.ndarray, policy: np.ndarray, policy_weight: np.ndarray, value: np.ndarray, value_weight: np.ndarray, *, progress: float
    ) -> tuple[float, float]:
        """One gradient step.

        Args:
            features: float32[B, F].
            mask: uint8[B, A], 1 = legal.
            policy: Target probabilities, float32[B, A].
            policy_weight: float32[B], 0 = this decision says nothing about the policy.
            value: Target values, float32[B].
            value_weight: float32[B], 0 = this decision says nothing about the value.
            progress: Share of the training that is over, 0 to 1; sets the learning rate.

        Returns:
            Cross-entropy of the policy and Huber loss of the value before the step.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * (0.1 + 0.45 * (1 + np.cos(np.pi * min(progress, 1.0))))
        inputs = torch.from_numpy(np.clip((features - self.mean) / self.scale, -10, 10))
        logits, values = self.network(inputs)
        logits = logits.masked_fill(torch.from_numpy(mask) == 0, ILLEGAL)
        weight, weight_value = torch.from_numpy(policy_weight), torch.from_numpy(value_weight)
        surprise = -(torch.from_numpy(policy) * torch.log_softmax(logits, dim=1)).sum(dim=1)
        policy_loss = (surprise * weight).sum() / weight.sum().clamp(min=1)
        error = torch.nn.functional.huber_loss(values, torch.from_numpy(value), reduction="none")
        value_loss = (error * weight_value).sum() / weight_value.sum().clamp(min=1)
        self._optimiser.zero_grad()
        (policy_loss + self.settings.value_weight * value_loss).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        self.steps += 1
        decay = min(self.settings.average, self.steps / (self.steps + 10))
        with torch.no_grad():
            for name in TENSORS:
                self._average[name].lerp_(getattr(self.network, name), 1 - decay)
        return policy_loss.item(), value_loss.item()

    def weights(self) -> NetworkWeights:
        """The averaged network, the standardisation of the inputs folded into its first layer."""
        plain = {name: tensor.numpy().copy() for name, tensor in self._average.items()}
        plain["b1"] = (plain["b1"] - (plain["w1"] / self.scale) @ self.mean).astype(np.float32)
        plain["w1"] = (plain["w1"] / self.scale).astype(np.float32)
        return NetworkWeights(**plain)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that training changes, as plain arrays: weights, their average, Adam's moments, standardisation, step count."""
        found = {"mean": self.mean, "scale": self.scale, "steps": np.array(self.steps)}
        for name in TENSORS:
            parameter = getattr(self.network, name)
            found[f"network.{name}"] = parameter.detach().numpy().copy()
            found[f"average.{name}"] = self._average[name].numpy().copy()
            for key, value in self._optimiser.state.get(parameter, {}).items():
                found[f"adam.{key}.{name}"] = value.numpy().copy()
        return found

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Continue exactly where `arrays` was taken.

        Raises:
            KeyError, RuntimeError: The arrays belong to another network.
        """
        self.mean, self.scale, self.steps = arrays["mean"], arrays["scale"], int(arrays["steps"])
        with torch.no_grad():
            for name in TENSORS:
                parameter = getattr(self.network, name)
                parameter.copy_(torch.from_numpy(arrays[f"network.{name}"]))
                self._average[name].copy_(torch.from_numpy(arrays[f"average.{name}"]))
                if self.steps:
                    keys = ("step", "exp_avg", "exp_avg_sq")
                    self._optimiser.state[parameter] = {key: torch.from_numpy(np.array(arrays[f"adam.{key}.{name}"])) for key in keys}
