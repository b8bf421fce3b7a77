"""One step of a transfer: pictures are augmented, the loss falls, the weights move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from recommender.embedding.training.own_network import augmented
from recommender.embedding.training.training_settings import TrainingSettings


def learning(model: Any, optimizer: Any, weights: list[Any], stage: TrainingSettings) -> Any:
    """A function of pictures uint8 [n, size, size, channels], labels [n] and the address of their
    draws.
    """
    descend = descent(model, optimizer, weights, stage.label_smoothing)
    return tf.function(
        lambda pictures, labels, address: descend(
            tf.cast(augmented_pictures(pictures, address, stage), tf.float32), labels
        )
    )


def descent(
    model: Any, optimizer: Any, weights: list[Any], smoothing: float
) -> Callable[[Any, Any], Any]:
    """One step of learning, from inputs of the model and labels [n] to the loss before it."""
    classes = model.output_shape[1][-1]

    def descend(inputs: Any, labels: Any) -> Any:
        wanted = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
        with tf.GradientTape() as tape:
            _, logits = model(inputs, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        return loss

    return descend


def augmented_pictures(pictures: Any, address: Any, stage: TrainingSettings) -> Any:
    """As for our own networks, whose pictures have a dark ground; that of colour pictures is
    light.
    """
    if pictures.shape[-1] == 1:
        return augmented(pictures, address, stage)
    return 255 - augmented(255 - pictures, address, stage)


def optimizer_of(stage: TrainingSettings, weights: list[Any]) -> Any:
    """AdamW at the rate of a stage, ready for these weights; biases do not decay."""
    found = keras.optimizers.AdamW(stage.rate, beta_2=0.99, weight_decay=stage.weight_decay)
    found.exclude_from_weight_decay(var_names=["bias"])
    found.build(weights)
    return found
