"""Which formats a run can be exported to, and what each one needs."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One way to write a model.

    Attributes:
        path: where the file to load lies in the export's folder.
        runtimes: those of `export.alone` that run it, the exact one first.
        packages: what must be installed to write and check it, beyond TensorFlow.
        reduced: whether it computes with 8 bits, and so may err by more.
        by_name: whether it is written only where it is asked for by its name, and is not among "all".
    """

    path: str
    runtimes: tuple[str, ...]
    packages: tuple[str, ...] = ()
    reduced: bool = False
    by_name: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed here."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)


FORMATS = {
    "saved-model": Format(".", ("saved-model",)),
    "frozen": Format("frozen.pb", ("frozen",)),
    "litert": Format("model.tflite", ("litert",)),
    "litert-fp16": Format("model-fp16.tflite", ("litert",)),
    "litert-int8": Format("model-int8.tflite", ("litert",), reduced=True),
    "litert-int8-static": Format("model-int8-static.tflite", ("litert",), reduced=True, by_name=True),
    "onnx": Format("model.onnx", ("onnx",), ("onnx", "tf2onnx", "onnxruntime")),
    "openvino": Format("openvino/model.xml", ("openvino", "openvino-bf16"), ("openvino",)),
}


def chosen_formats(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Which formats to write, and which of those meant by "all" cannot be written here.

    Args:
        names: of formats; "all" stands for each one whose packages are installed, less those `by_name`.

    Returns:
        Names of formats to write, in the table's order, and names of those left out.

    Raises:
        ValueError: a format that was named needs a package that is not installed.
    """
    for name in names:
        if name != "all" and FORMATS[name].missing:
            raise ValueError(f"the format {name} needs {install(name)}")
    wanted = [name for name in FORMATS if name in names or ("all" in names and not FORMATS[name].by_name)]
    left_out = [name for name in wanted if FORMATS[name].missing]
    return [name for name in wanted if name not in left_out], left_out


def install(name: str) -> str:
    """The command that installs what a format still needs."""
    packages = " ".join(FORMATS[name].missing)
    return f"`pip install {packages}` (for every format: `pip install '.[runtimes]'` in the project's folder)"
