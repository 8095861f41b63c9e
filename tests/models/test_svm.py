"""The machine against scikit-learn, whose decisions it must have."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.svm import SVC

from hwcli.checkpoint import load_weights, save_onnx, save_weights
from hwcli.classify import Classifier
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.svm import Svm
from hwcli.models.table import options_of, parameter_count
from hwcli.training.svm import as_machine

SIZE = 8


def random_glyphs(classes: int, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise around one image a class, so much of it that the classes overlap; uneven counts."""
    rng = np.random.default_rng(seed)
    targets = np.sort(rng.integers(0, classes, rows) * rng.integers(0, 2, rows) % classes)
    targets[:classes] = np.arange(classes)
    middles = np.random.default_rng(0).integers(60, 200, (classes, SIZE, SIZE))
    noise = rng.normal(0, 70, (rows, SIZE, SIZE))
    return (middles[targets] + noise).clip(0, 255).astype(np.uint8), targets


def vectors(glyphs: np.ndarray) -> np.ndarray:
    return (glyphs.reshape(len(glyphs), -1).astype(np.float32) / np.float32(255)).astype(float)


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly"])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_onnx_gives_the_scores_of_scikit_learn(classes: int, kernel: str, tmp_path: Path) -> None:
    glyphs, targets = random_glyphs(classes, 150, 1)
    svc = SVC(C=2.0, kernel=kernel, gamma=0.4, degree=3).fit(vectors(glyphs), targets)
    options = Svm(kernel=kernel, c=2.0, gamma=0.4)
    machine, fitted = as_machine(svc, glyphs, options, classes=classes)
    names = tuple("0123456789"[:classes])
    info = ModelInfo(
        "svm",
        options_of(fitted),
        "char",
        names,
        ("Latn",) * classes,
        Normalisation(SIZE, 6, stroke=1.5),
    )
    new, _ = random_glyphs(classes, 400, 2)
    save_onnx(tmp_path / "model.onnx", machine, info, torch.from_numpy(new))
    found = Classifier(tmp_path / "model.onnx").logits(new)
    expected = svc.decision_function(vectors(new))
    if classes == 2:  # one number, positive for the second class
        expected = np.stack([-expected, expected], 1)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)
    assert (found.argmax(1) == svc.predict(vectors(new))).mean() > 0.99  # ties of votes aside
    assert len(set(found.argmax(1))) > 1

    save_weights(tmp_path / "model.safetensors", machine, info)
    again, info_again = load_weights(tmp_path / "model.safetensors")
    images = torch.from_numpy(new).unsqueeze(1) / 255
    assert info_again.options == info.options and info.options["kernel"] == kernel
    assert torch.equal(again(images), machine(images))
    assert parameter_count(again) >= svc.support_vectors_.size


def test_a_class_without_glyphs_is_never_the_likeliest() -> None:
    glyphs, targets = random_glyphs(3, 60, 3)
    svc = SVC(gamma=0.4).fit(vectors(glyphs), targets * 2)  # classes 0, 2, 4 of 6
    machine, fitted = as_machine(svc, glyphs, Svm(gamma=0.4), classes=6)
    scores = machine(torch.from_numpy(glyphs).unsqueeze(1) / 255)
    assert fitted.fitted == 3 and scores.shape == (60, 6)
    np.testing.assert_allclose(
        scores[:, ::2].numpy(), svc.decision_function(vectors(glyphs)), atol=1e-5
    )
    assert (scores[:, 1::2].amax(1) < scores[:, ::2].amin(1)).all()


@pytest.mark.parametrize(
    "options",
    [{"kernel": "sigmoid"}, {"c": 0.0}, {"c": float("nan")}, {"gamma": -1.0}, {"max_glyphs": 1},
     {"fitted": -1}, {"supports": 10**9}],
)  # fmt: skip
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Svm(**options)  # type: ignore[arg-type]
