"""Where parts of `hwcli train` meet: starts that are refused, flags and models together."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from conftest import Result
from hwcli.checkpoint import save_weights
from hwcli.errors import FetchError, ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models import weights as published
from hwcli.models.table import find_entry, options_of
from hwcli.models.transfer import Torchvision, Transfer
from hwcli.progress import silent
from hwcli.shards import Split
from hwcli.training.initial import start_from
from hwcli.training.options import Init, TrainOptions
from hwcli.training.runs import CONFIG, ONNX, STATE, WEIGHTS
from hwcli.training.train import train
from small_datasets import Row, dataset_of
from synthetic import make_dataset

Hwcli = Callable[..., Result]
SHORT = ("--epochs", "1", "--batch-size", "32", "--threads", "1")


@pytest.fixture
def data() -> Path:
    return make_dataset(Path("d"), rows=100).folder


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_: object) -> None:
        raise FetchError("its weights cannot be had")

    monkeypatch.setattr(published, "_fetched", fetched)


# A start that is refused leaves nothing behind.

REFUSED: dict[str, tuple[tuple[str, ...], int]] = {
    "no such initial weights": (("lenet", "--init", "nothing"), 7),
    "no published weights": (("vgg19", "--input-size", "32"), 5),
    "a file of weights that is not there": (("vgg19", "--weights", "w.pth"), 7),
    "a dataset without rows": (("lenet", "--data", "empty"), 6),
    "several models on it": (("lenet", "mlp", "--data", "empty"), 6),
    "a search on it": (("lenet", "--data", "empty", "--search", "lr=1,2"), 6),
    "weights that a search would fetch": (("vgg19", "--search", "lr=1,2"), 5),
    "larger than memory": (("perceptron", "--hidden", ",".join(["65536"] * 16)), 7),
}


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("out", [(), ("--out", "new/below"), ("--out", "runs", "--tensorboard")])
@pytest.mark.parametrize(("args", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refused_start_leaves_no_folder(
    args: tuple[str, ...], code: int, out: tuple[str, ...], data: Path, hwcli: Hwcli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if "--tensorboard" in out:
        pytest.importorskip("tensorboard")
    if "--hidden" in args:  # machines that promise more memory than they have would try it
        monkeypatch.setattr("hwcli.models.mlp.initialised", _no_memory)
    make_dataset(Path("empty"), rows=10, splits=(Split.test,))
    before = sorted(Path().rglob("*"))
    result = hwcli("train", *(() if "--data" in args else ("--data", data)), *args, *out)
    assert result.code == code, result.err
    assert "Traceback" not in result.err and result.err.count("error:") == 1
    assert sorted(Path().rglob("*")) == before


def _no_memory(*_: object) -> None:
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to\n…")


def test_a_refused_start_keeps_the_run_that_it_was_to_replace(data: Path, hwcli: Hwcli) -> None:
    args = ("train", "lenet", "--data", data, "--out", "run", *SHORT)
    assert hwcli(*args).code == 0
    before = {p.name: p.read_bytes() for p in Path("run").iterdir()}
    assert hwcli(*args, "--force", "--init", "nothing").code == 7
    assert {p.name: p.read_bytes() for p in Path("run").iterdir()} == before


def test_an_empty_folder_that_was_there_stays(data: Path, hwcli: Hwcli) -> None:
    Path("mine").mkdir()
    assert hwcli("train", "lenet", "--data", data, "--out", "mine", "--init", "no").code == 7
    assert Path("mine").is_dir()


def test_a_model_that_fails_leaves_no_folder_among_the_compared(hwcli: Hwcli) -> None:
    make_dataset(Path("small"), size=10, rows=100)
    result = hwcli("train", "lenet", "perceptron", "--data", "small", "--out", "c", *SHORT)
    assert result.code == 8
    assert {p.name for p in Path("c").iterdir()} == {"perceptron", "compare.csv", "compare.png"}


# Going on.


def unfinished(run: Path, *without: str) -> None:
    for name in without:
        (run / name).unlink(missing_ok=True)
    told = json.loads((run / CONFIG).read_text()) | {"finished": False}
    (run / CONFIG).write_text(json.dumps(told))


def test_a_run_goes_on_without_the_weights_that_it_began_with(data: Path, hwcli: Hwcli) -> None:
    assert hwcli("train", "lenet", "--data", data, "--out", "one", *SHORT).code == 0
    assert (
        hwcli("train", "lenet", "--data", data, "--out", "two", "--init", "one", *SHORT).code == 0
    )
    shutil.rmtree("one")
    more = hwcli("train", "--resume", "two", "--epochs", "2")
    assert more.code == 0, more.err


def test_one_stopped_in_its_first_epoch_begins_with_published_weights_again(
    data: Path, hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def begin(model: torch.nn.Module, architecture: object, name: str, weights: str) -> None:
        assert isinstance(model, Transfer)
        begun.append(name)

    monkeypatch.setattr("hwcli.training.train.begin_with", begin)
    args = ("train", "vgg19", "--input-size", "32", "--data", data, "--out", "run")
    assert hwcli(*args, "--ema", "0.9", "--weight-decay", "0.1", *SHORT).code == 0
    unfinished(Path("run"), STATE, WEIGHTS, ONNX)
    assert hwcli("train", "--resume", "run").code == 0
    assert begun == ["vgg19", "vgg19"]
    assert hwcli("train", "--resume", "run", "--epochs", "2").code == 0
    assert len(begun) == 2, "what is in state.pt is not fetched again"


def test_a_state_whose_best_weights_are_anothers_costs_no_model(data: Path, hwcli: Hwcli) -> None:
    args = ("--epochs", "3", "--batch-size", "32", "--threads", "1", "--lr", "0.01")
    assert hwcli("train", "lenet", "--data", data, "--out", "run", *args).code == 0
    raw = torch.load("run/state.pt", weights_only=True)
    torch.save(raw | {"best": {"x": torch.zeros(2)}}, "run/state.pt")
    before = {p.name: p.read_bytes() for p in Path("run").iterdir()}
    result = hwcli("train", "--resume", "run", "--epochs", "4")
    assert result.code == 7 and "state.pt" in result.err
    assert {p.name: p.read_bytes() for p in Path("run").iterdir()} == before


@pytest.mark.parametrize("what", ["meta", "sparse", "whole numbers"])
@pytest.mark.parametrize("part", ["model", "best", "optimizer"])
def test_tensors_of_an_odd_kind_are_refused(part: str, what: str, data: Path, hwcli: Hwcli) -> None:
    args = ("--epochs", "3", "--batch-size", "32", "--threads", "1", "--lr", "0.01")
    assert hwcli("train", "perceptron", "--data", data, "--out", "run", *args).code == 0
    raw = torch.load("run/state.pt", weights_only=True)
    odd: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "meta": lambda t: t.to("meta"),
        "sparse": lambda t: t.to_sparse(),
        "whole numbers": lambda t: t.long(),
    }
    old = raw["model"] if part == "best" else raw[part]
    raw[part] = {
        k: {n: odd[what](t) for n, t in v.items()} if isinstance(v, dict) else odd[what](v)
        for k, v in old.items()
    }
    torch.save(raw, "run/state.pt")
    result = hwcli("train", "--resume", "run", "--epochs", "4")
    assert result.code == 7 and "state.pt" in result.err, result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "change",
    [
        {"model": "lenett"},
        {"model": "torchvision:nothing"},
        {"model": "svm", "model_options": {"fitted": 1_000_000, "supports": 1_000_000}},
        {"model": "cnn", "model_options": {"channels": "1,1,1,1,1,1,1,1"}},
        {"model": "lenet", "model_options": {"hidden": "3"}},
    ],
)
def test_a_config_of_what_cannot_be_exits_7(
    change: dict[str, object], data: Path, hwcli: Hwcli
) -> None:
    assert hwcli("train", "lenet", "--data", data, "--out", "run", *SHORT).code == 0
    unfinished(Path("run"))
    told = json.loads(Path("run/config.json").read_text())
    Path("run/config.json").write_text(json.dumps(told | change))
    result = hwcli("train", "--resume", "run")
    assert result.code == 7, result.err
    assert result.err.count("error:") == 1 and "Traceback" not in result.err


@pytest.mark.parametrize(
    "args",
    [
        ("--resume",),
        ("lenet", "--init"),
        ("lenet", "--search", "lr=1,2", "--out"),
        ("vgg19", "--input-size", "32", "--weights"),
    ],
)
def test_names_that_no_system_takes_are_told(
    args: tuple[str, ...], data: Path, hwcli: Hwcli
) -> None:
    result = hwcli("train", "--data", data, *args, "x" * 300)
    assert result.code == 7 and result.err.count("error:") == 1, result.err


def test_a_folder_of_data_that_cannot_be_looked_at_is_looked_for_elsewhere(hwcli: Hwcli) -> None:
    make_dataset(Path("data/d"), rows=100)
    assert hwcli("train", "perceptron", "--out", "run", *SHORT).code == 0
    told = json.loads(Path("run/config.json").read_text())
    told["dataset"]["folder"] = "x" * 300
    Path("run/config.json").write_text(json.dumps(told))
    result = hwcli("train", "--resume", "run", "--epochs", "2")
    assert result.code == 0, result.err


@pytest.mark.parametrize("flags", [("--trials", "3"), ("--init-classes", "map")])
def test_flags_that_a_resumed_run_would_not_read_are_refused(
    flags: tuple[str, ...], data: Path, hwcli: Hwcli
) -> None:
    assert hwcli("train", "lenet", "--data", data, "--out", "run", *SHORT).code == 0
    result = hwcli("train", "--resume", "run", *flags)
    assert result.code == 2 and flags[0] in result.err


def test_the_folder_of_a_comparison_or_search_says_how_to_go_on(data: Path, hwcli: Hwcli) -> None:
    Path("c").mkdir()
    Path("c/compare.csv").touch()
    told = hwcli("train", "--resume", "c")
    assert told.code == 7 and "one of the runs in it" in told.err
    Path("s").mkdir()
    Path("s/search.journal").touch()
    told = hwcli("train", "--resume", "s")
    assert told.code == 7 and "--search" in told.err


def test_the_others_of_several_processes_are_silent_of_a_finished_run(
    data: Path, hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hwcli("train", "lenet", "--data", data, "--out", "run", *SHORT).code == 0
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    other = hwcli("train", "--resume", "run")
    assert (other.code, other.out, other.err) == (0, "", "")
    other = hwcli("train", "--list")
    assert (other.code, other.out) == (0, "")
    assert hwcli("train", "lenet", "--data", data, "--preview-augment", "x.png").code == 0
    assert not Path("x.png").exists()


def test_the_others_of_several_processes_leave_errors_to_the_first(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert hwcli("train", "lenett").code == 2
    assert len(waited) == 1


# Beginning with other weights.


def test_weights_for_a_model_that_has_none_are_refused_before_all_training(
    data: Path, hwcli: Hwcli
) -> None:
    args = ("train", "perceptron", "lenet", "--data", data, "--weights", "w.pth", *SHORT)
    result = hwcli(*args)
    assert result.code == 2 and "--weights" in result.err
    assert not Path("runs").exists()


def test_a_network_that_asks_for_versions_takes_initial_weights(tmp_path: Path) -> None:
    architecture = Torchvision("mnasnet0_5", input_size=32)
    model = architecture.build(classes=2, size=28)
    info = ModelInfo(
        architecture="torchvision:mnasnet0_5", options=options_of(architecture), target="char",
        classes=("a", "b"), scripts=("Latn", "Latn"), normalisation=Normalisation(),
    )  # fmt: skip
    save_weights(tmp_path / WEIGHTS, model, info)
    other = architecture.build(classes=2, size=28)
    start_from(Init(tmp_path / WEIGHTS), other, info, torch.zeros(1, 28, 28, dtype=torch.uint8))
    pairs = zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)


@pytest.mark.usefixtures("_no_network")
def test_initial_weights_take_the_place_of_published_ones(data: Path, hwcli: Hwcli) -> None:
    args = ("train", "vgg19", "--input-size", "32", "--data", data, *SHORT)
    assert hwcli(*args, "--out", "one", "--weights", "none").code == 0
    again = hwcli(*args, "--out", "two", "--init", "one", "--no-freeze", "--dropout", "0.1")
    assert again.code == 0, again.err
    Path("w.pth").touch()
    both = hwcli(*args, "--out", "three", "--init", "one", "--weights", "w.pth")
    assert both.code == 2 and "--init and --weights" in both.err


def test_what_goes_with_initial_weights_is_said(data: Path, hwcli: Hwcli) -> None:
    alone = hwcli("train", "lenet", "--data", data, "--init-classes", "map")
    assert alone.code == 2 and "--init-classes" in alone.err
    fitted = hwcli("train", "svm", "--data", data, "--init", "run")
    assert fitted.code == 2 and "--init" in fitted.err
    several = hwcli("train", "lenet", "mlp", "--data", data, "--init", "run")
    assert several.code == 2 and "--init" in several.err


# The svm among the others.


def test_an_svm_is_not_told_of_flags_that_it_follows_or_was_not_given(
    data: Path, hwcli: Hwcli
) -> None:
    args = ("train", "perceptron", "svm", "--data", data, "--out", "c", "--threads", "1")
    result = hwcli(*args, "--time", "1s", "--stream", "always", "--deterministic", "--loss", "bce")
    assert result.code == 0, result.err
    assert "without effect: --time, --loss" in result.err
    assert not torch.are_deterministic_algorithms_enabled()


def test_an_svm_that_cannot_be_fitted_is_a_row_and_the_others_go_on(hwcli: Hwcli) -> None:
    one = [Row(k, "A", Split.val if k < 5 else Split.train) for k in range(30)]
    folder = dataset_of(one, Path("one")).folder
    result = hwcli("train", "svm", "perceptron", "--data", folder, "--out", "c", *SHORT)
    assert result.code == 8, result.err
    assert "svm: an svm wants glyphs of two classes" in result.err
    assert Path("c/perceptron/model.onnx").exists()


def test_an_svm_is_refused_by_torchrun_before_there_is_a_folder(
    data: Path, hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    result = hwcli("train", "svm", "--data", data)
    assert result.code == 2 and "torchrun" in result.err
    assert not Path("runs").exists()


def test_an_svm_that_was_fitted_does_not_go_on(data: Path, hwcli: Hwcli) -> None:
    args = ("--kernel", "linear", "--max-glyphs", "50")
    assert hwcli("train", "svm", "--data", data, "--out", "run", *args).code == 0
    before = {p.name: p.read_bytes() for p in Path("run").iterdir()}
    again = hwcli("train", "--resume", "run")
    assert again.code == 0 and "--epochs" not in again.err
    longer = hwcli("train", "--resume", "run", "--epochs", "5")
    assert longer.code == 2 and "--epochs" in longer.err
    assert {p.name: p.read_bytes() for p in Path("run").iterdir()} == before
    unfinished(Path("run"), WEIGHTS, ONNX)
    assert hwcli("train", "--resume", "run").code == 0
    kept = json.loads(Path("run/config.json").read_text())["model_options"]
    assert (kept["kernel"], kept["max_glyphs"]) == ("linear", 50)


# What is searched.


@pytest.mark.parametrize(
    ("model", "space", "said"),
    [
        ("lenet", "weights=none,x.pth", "--search weights"),
        ("vgg19", "weights=none,x.pth", "--search weights"),
        ("lenet", "device=cpu,cuda", "--search device"),
        ("lenet", "compile=true,false", "--search compile"),
        ("lenet", "stream=always,never", "--search stream"),
        ("svm", "lr=1e-3,1e-2", "--search lr"),
        ("svm", "supports=1,2", "--search supports"),
        ("lenet", "hidden=3", "--search hidden"),
        ("perceptron", "hidden=3,x", "--hidden x"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    model: str, space: str, said: str, data: Path, hwcli: Hwcli
) -> None:
    result = hwcli("train", model, "--data", data, "--search", space)
    assert result.code == 2 and said in result.err, result.err
    assert not Path("runs").exists()


def test_options_of_the_network_and_the_loss_are_searched(data: Path, hwcli: Hwcli) -> None:
    space = ("hidden=8,8+4", "loss=bce,cross-entropy", "activation=relu", "clip=0,1", "dropout=0.1")
    flags = [part for text in space for part in ("--search", text)]
    args = ("train", "perceptron", "--data", data, "--out", "s", *SHORT, *flags)
    result = hwcli(*args, "--trials", "8", "--hidden", "16")
    assert result.code == 0, result.err
    assert result.out.count("%") == 8 and "failed" not in result.out
    best = json.loads(Path("s/config.json").read_text())
    assert best["model_options"]["hidden"] in ("8", "8,4")
    more = hwcli("train", "--resume", "s", "--epochs", "2")
    assert more.code == 0, more.err


def test_too_little_memory_is_a_trial_that_failed(
    data: Path, hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate …\nSee …")

    monkeypatch.setattr("hwcli.training.loop.Run.fit", full)
    args = ("train", "lenet", "--data", data)
    single = hwcli(*args)
    assert single.code == 7 and "memory" in single.err and "--batch-size" in single.err
    searched = hwcli(*args, "--search", "batch-size=16,32", "--out", "s")
    assert searched.code == 7 and searched.err.count("failed: out of the GPU's memory") == 2


JOURNALS = {
    "no JSON": b"\xff\n",
    "a number": b"1\n",
    "a list": b"[]\n",
    "no operation": b"{}\n",
    "an unknown operation": b'{"op_code": 99, "worker_id": "x"}\n',
}


@pytest.mark.parametrize("content", JOURNALS.values(), ids=JOURNALS)
def test_a_hostile_journal_exits_7(content: bytes, data: Path, hwcli: Hwcli) -> None:
    Path("s").mkdir()
    Path("s/search.journal").write_bytes(content)
    result = hwcli("train", "lenet", "--data", data, "--search", "lr=1,2", "--out", "s")
    assert result.code == 7 and "search.journal: damaged" in result.err, result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"searched":{', '"searched":3, "x":{'),
        ('"trained":[', '"trained":5, "x": ['),
        ('"trained":[1,', '"trained":["a", "b"], "x": ['),
        ('"param_name":"lr"', '"param_name":"rl"'),
        ('"state":1', '"state":77'),
    ],
)
def test_a_journal_of_odd_records_exits_7(old: str, new: str, data: Path, hwcli: Hwcli) -> None:
    args = ("train", "lenet", "--data", data, "--search", "lr=0.01", "--out", "s", *SHORT)
    assert hwcli(*args).code == 0
    text = Path("s/search.journal").read_text()
    assert old in text, text
    Path("s/search.journal").write_text(text.replace(old, new))
    result = hwcli(*args)
    assert result.code == 7 and "search.journal: damaged" in result.err, result.err


def test_a_disk_that_is_full_for_the_journal_is_told(
    data: Path, hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optuna.create_study", full)
    result = hwcli("train", "lenet", "--data", data, "--search", "lr=1,2", "--out", "s")
    assert result.code == 7 and "cannot be written" in result.err
    assert not Path("s").exists()


def test_a_run_gives_the_threads_back(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d", rows=60)
    (tmp_path / "run").mkdir()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        options = TrainOptions(epochs=1, threads=1, device="cpu")
        train(
            "perceptron", data, options, tmp_path / "run", progress=silent, on_epoch=lambda e: None
        )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_device_that_does_not_exist_names_the_flag(data: Path, hwcli: Hwcli) -> None:
    assert "--device" in hwcli("train", "lenet", "--data", data, "--device", "tpu").err


def test_a_name_with_a_colon_is_no_name_of_a_folder(data: Path, hwcli: Hwcli) -> None:
    name = "torchvision:squeezenet1_1"
    args = ("train", name, "perceptron", "--data", data, "--out", "c", "--weights", "none")
    assert hwcli(*args, *SHORT, "--input-size", "32").code in (0, 8)
    assert find_entry(name).name == name
    assert Path("c/torchvision-squeezenet1_1").is_dir()


def test_a_model_error_of_building_names_the_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="perceptron"):
        data = make_dataset(tmp_path / "d", rows=60)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hwcli.models.mlp.initialised", _no_memory)
            train("perceptron", data, TrainOptions(), tmp_path, progress=silent,
                  on_epoch=lambda e: None)  # fmt: skip
