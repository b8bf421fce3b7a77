"""What trains an embedding to tell any picture from any other, not only the classes it was given
names for.

Two lessons beside each other. Every picture is turned by a quarter, a half, three quarters or not
at all, and class and turn are named together (Lee, Hwang, Shin 2020, "Self-supervised label
augmentation via input transformations"): four times the classes, so less of a picture can be thrown
away. And two views of a picture, moved and faded, must find each other among all views of the batch
(Chen et al. 2020, "A simple framework for contrastive learning of visual representations").
"""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from recommender.embedding.training.training_settings import Contrast

TURNS = 4
"""Quarters of a whole turn."""

TURN, MIRROR, STRETCH, TILT, DRIFT, FADE, DIM = range(60, 67)
"""Purposes of draws, folded into the address of a step."""


HIDDEN = 128
ROOM = 64
"""Numbers of the layer between an embedding and the room in which its views must find each
other.
"""


def projector(dim: int, *, seed: int) -> Any:
    """A Keras model from embeddings [n, dim] to unit rows [n, ROOM], thrown away after the
    training.

    What the loss of views makes it forget, the embedding before it may keep.
    """
    starts = [keras.initializers.GlorotUniform(seed=seed + k) for k in (0, 1)]
    embeddings = keras.Input((dim,))
    hidden = layers.Dense(HIDDEN, "relu", kernel_initializer=starts[0], name="hidden")(embeddings)
    room = layers.Dense(ROOM, kernel_initializer=starts[1], name="room")(hidden)
    return keras.Model(embeddings, layers.UnitNormalization()(room))


def turned(pictures: Any, address: Any) -> tuple[Any, Any]:
    """Square pictures float32 [n, size, size, 1], each turned by its own draw; the quarters int32
    [n].
    """
    pictures = tf.cast(
        pictures, tf.float32
    )  # of whole numbers oneDNN would complain on the terminal
    seed = tf.random.fold_in(address, TURN)
    quarters = tf.random.stateless_uniform([tf.shape(pictures)[0]], seed, 0, TURNS, tf.int32)
    every = tf.stack([tf.image.rot90(pictures, k) for k in range(TURNS)], axis=1)
    return tf.gather(every, quarters, batch_dims=1), quarters


def viewed(pictures: Any, address: Any, settings: Contrast) -> Any:
    """Views of grey levels float32 [n, size, size, 1]: mirrored, stretched, tilted, moved,
    faded.
    """
    n = tf.shape(pictures)[0]
    size = pictures.shape[1]

    def draw(purpose: int, least: float, most: float) -> Any:
        return tf.random.stateless_uniform([n], tf.random.fold_in(address, purpose), least, most)

    wide, high = (
        tf.exp(draw(STRETCH * 10 + k, -settings.stretch, settings.stretch)) for k in (0, 1)
    )
    wide *= tf.sign(draw(MIRROR, -1.0, 1.0) + 1e-9)
    angle = draw(TILT, -settings.tilt, settings.tilt) * (math.pi / 180)
    right, down = (draw(DRIFT * 10 + k, -settings.drift, settings.drift) for k in (0, 1))
    cos = tf.cos(angle)
    sin = tf.sin(angle)
    middle = (size - 1) / 2
    across = [cos * wide, -sin * high]
    along = [sin * wide, cos * high]
    rows = [
        *(*across, middle + right - middle * (across[0] + across[1])),
        *(*along, middle + down - middle * (along[0] + along[1])),
        *(tf.zeros([n]), tf.zeros([n])),
    ]
    light = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures / 255.0,
        transforms=tf.stack(rows, axis=1),
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    gamma = tf.exp(draw(FADE, -settings.fade, settings.fade))[:, None, None, None]
    kept = draw(DIM, settings.dim, 1.0)[:, None, None, None]
    return 255.0 * kept * tf.pow(tf.maximum(light, 1e-6), gamma)


def contrastive_loss(views: Any, temperature: float) -> Any:
    """Mean loss of views [2n, ROOM], unit rows, that must find their twin n rows away among all
    others.
    """
    n = tf.shape(views)[0] // 2
    cosines = tf.matmul(views, views, transpose_b=True) / temperature
    others = tf.linalg.set_diag(cosines, tf.fill([2 * n], -1e9))
    twins = tf.concat([tf.range(n) + n, tf.range(n)], axis=0)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(twins, others))
