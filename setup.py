"""Installs PanoPose's packages and commands.

The requirements*.txt files say what is needed. A comment `# [name] ...` there begins the packages of the extra `name`;
those above the first are needed by all.
"""

import re
import sys
import tempfile
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "tools"))
from wheel_packages import BuildInsideFace, EditableAtTop, layout  # noqa: E402


def requirements() -> dict[str, list[str]]:
    """The packages by extra; under "" those that are always installed."""
    found: dict[str, list[str]] = {"": []}
    for file in ("requirements.txt", "requirements-dev.txt", "requirements-extras.txt"):
        section = "" if file == "requirements.txt" else "dev"
        for line in (HERE / file).read_text(encoding="utf-8").splitlines():
            if heading := re.match(r"# \[(\w+)\]", line):
                section = heading[1]
            elif line and not line.startswith(("#", "-r")):
                found.setdefault(section, []).append(line)
    del found["dev"]
    return found


packages, folders = layout()
extras = requirements()
always = extras.pop("")
version = re.search(r'^__version__ = "(.+)"$', (HERE / "panopose/__init__.py").read_text(encoding="utf-8"), re.M)
# Each build begins with an empty folder: files of an older one would enter the wheel.
with tempfile.TemporaryDirectory() as build:
    setup(
        name="panopose",
        version=version[1],
        description="Human pose estimation in TensorFlow and Keras 3, from Panoptic Studio sequences to a webcam",
        long_description=(HERE / "README.md").read_text(encoding="utf-8"),
        long_description_content_type="text/markdown",
        license="Apache-2.0",
        python_requires=">=3.11",
        packages=packages,
        package_dir=folders,
        install_requires=always,
        extras_require=extras | {"dask": [*extras["beam"], *extras["dask"]]},
        cmdclass={"build_py": BuildInsideFace, "editable_wheel": EditableAtTop},
        options={"build": {"build_base": build}},
        entry_points={
            "console_scripts": [
                "panopose = panopose.commands:main",
                "panopose-webcam = panopose.commands:webcam",
                "panopose-web = panopose.commands:web",
            ]
        },
    )
