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
        "pose",
        "records",
        "data_prep",
        "data_prep.dome",
        "data_prep.dome.body",
        "data_prep.dome.dress",
        "data_prep.dome.moves",
        "data_prep.dome.place",
        "data_prep.dome.view",
        "models",
        "train",
        "evaluate",
        "export",
        "demo",
    ],
    package_data={"data_prep.dome.body": ["assets/*"], "data_prep.dome.moves": ["assets/*"]},
    install_requires=[
        line
        for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ],
    # For `python -m data_prep ... --runner beam`.
    extras_require={"beam": ["apache-beam>=2.77,<3"]},
    entry_points={"console_scripts": ["panopose-webcam = demo.webcam:main"]},
)
