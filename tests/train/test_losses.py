import keras
import numpy as np
import pytest

from train.losses import score_loss, visible_l1


def test_l1_by_hand_leaves_unlabelled_joints_out():
    true = np.array([[[0.0, 0.0], [1.0, 1.0]], [[0.5, 0.5], [np.nan, np.nan]]], np.float32)
    predicted = np.array([[[0.1, -0.3], [9.0, 9.0]], [[0.5, 0.7], [3.0, 3.0]]], np.float32)
    visible = np.array([[2, 0], [1, 0]])
    # (0.1 + 0.3 + 0 + 0.2) / 4 coordinates of 2 labelled joints
    assert float(visible_l1(true, predicted, visible)) == pytest.approx(0.15)
    assert float(visible_l1(true, predicted, np.zeros((2, 2), int))) == 0


def test_score_loss_by_hand():
    true = np.zeros((1, 3, 2), np.float32)
    predicted = np.array([[[0.06, 0.08], [0.07, 0.08], [5.0, 5.0]]], np.float32)
    logits = np.array([[0.0, 2.0, -30.0]], np.float32)
    # The first is within the radius of 0.1, the second is not, the third is not labelled.
    expected = (np.log(2) + np.log1p(np.exp(2.0))) / 2
    loss = score_loss(true, predicted, logits, np.array([[2, 1, 0]]), radius=0.1001)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_scores_do_not_pull_at_the_coordinates():
    import tensorflow as tf

    predicted, logits = tf.Variable(np.full((1, 1, 2), 0.3, np.float32)), tf.Variable(np.zeros((1, 1), np.float32))
    with tf.GradientTape() as tape:
        loss = score_loss(np.zeros((1, 1, 2), np.float32), predicted, logits, np.array([[2]]), 0.1)
    to_predicted, to_logits = tape.gradient(loss, [predicted, logits])
    assert to_predicted is None
    # The miss pulls the logit down with sigmoid(0) = 0.5.
    assert keras.ops.convert_to_numpy(to_logits)[0, 0] == pytest.approx(0.5)
