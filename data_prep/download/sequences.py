"""Downloads sequences of CMU Panoptic Studio into the reader's layout."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from filelock import FileLock, Timeout

from data_prep.download.file_checks import check_calibration, check_mp4, check_tar
from data_prep.download.partial_download import PARTIAL, is_note
from data_prep.panoptic.poses import OLD_POSES, POSES
from pose.panoptic_cameras import read_cameras

if TYPE_CHECKING:
    from data_prep.download.parallel import ParallelDownloader
    from data_prep.download.transfer import RemoteFile

_SEQUENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class _Kind:
    """A kind of camera.

    Attributes:
        name: its name in the calibration.
        camera: the pattern of its cameras' names.
        example: an example of a name, for messages.
        poses: the name of the 3D poses at its frames; the kinds have different rates.
        old_poses: the name of the poses of 15 joints.
        folder: the folder of its videos on the servers.
    """

    name: str
    camera: re.Pattern
    example: str
    poses: str
    old_poses: str
    folder: str


_HD = _Kind("hd", re.compile(r"00_\d\d"), "00_03, or 3 for short", POSES, OLD_POSES, "hd_shared_crf20")
_VGA = _Kind(
    "vga", re.compile(r"[0-2]\d_[0-2]\d"), "01_14", "vgaPose3d_stage1_coco19", "vgaPose3d_stage1", "vga_shared_crf10"
)


@dataclass(frozen=True)
class Download:
    """Downloads sequences of CMU Panoptic Studio: calibration, 3D poses and the videos of some cameras.

    Files are written to OUT/SEQUENCE in the studio's own layout, and renamed only when they are complete and checked.
    Existing files stay as they are, and are named if their server has another version by now; a stopped download is
    resumed. Sequences without poses of 19 joints are downloaded with those of 15. The sequences are listed at
    http://domedb.perception.cs.cmu.edu/dataset.html; an HD video may take 3 GB. The data are free for non-commercial
    research. Exit code 1 if files are missing.

    Attributes:
        sequences: names of sequences, such as 171204_pose1.
        cameras: such as 00_03, or 3 for short; all calibrated ones by default.
        vga: download the VGA cameras, named 01_01 to 20_24, and the poses at their frames, instead of the HD ones.
        root: the studio's server.
        mirror: other servers of the same files, tried in this order if the first one fails or lacks a file.
        out: the folder for the sequences.
        parallel: files to download at once.
        timeout: seconds without a byte before a request times out.
        attempts: requests in a row without a byte before a server is given up.
    """

    sequences: tyro.conf.Positional[tuple[str, ...]]
    cameras: tuple[str, ...] = ()
    vga: bool = False
    root: str = "http://domedb.perception.cs.cmu.edu"
    mirror: tuple[str, ...] = ("http://vcl.snu.ac.kr/panoptic",)
    out: Path = Path("data/panoptic")
    parallel: int = 4
    timeout: float = 60.0
    attempts: int = 6

    def __post_init__(self) -> None:
        if not self.sequences:
            raise ValueError("at least one sequence must be named, got none; name one, such as 171204_pose1")
        for name in self.sequences:
            if not _SEQUENCE.fullmatch(name):
                raise ValueError(f"a sequence must be a name such as 171204_pose1, got {name!r}")
        for url in (self.root, *self.mirror):
            if not re.fullmatch(r"https?://[^/\s]+\S*", url):
                raise ValueError(f"root and mirror must begin with http:// or https:// and a host, got {url!r}")
        for name, lowest in (("parallel", 1), ("attempts", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        if not self.timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, got {self.timeout}")
        object.__setattr__(self, "sequences", tuple(dict.fromkeys(self.sequences)))
        object.__setattr__(self, "cameras", tuple(dict.fromkeys(self._camera(name) for name in self.cameras)))

    @property
    def _kind(self) -> _Kind:
        return _VGA if self.vga else _HD

    def _camera(self, name: str) -> str:
        full = f"00_{int(name):02d}" if name.isdecimal() and not self.vga else name
        if not self._kind.camera.fullmatch(full):
            raise ValueError(f"a camera must be named as {self._kind.example}, got {name!r}")
        return full

    def run(self) -> int:
        """Downloads, prints what is missing, and returns the exit code: 1 if files are missing.

        Raises:
            ValueError: another process is downloading one of the sequences.
            OSError: a file cannot be written.
        """
        lacking = self.download()
        for name, why in lacking.items():
            print(f"lacking: {self.out / name}: {why}", file=sys.stderr)
        following = "" if self.vga else f"; next: python -m data_prep panoptic --root {self.out} --out data/records"
        print(f"done: {self.out}{following}")
        return 1 if lacking else 0

    def download(self) -> dict[str, str]:
        """Downloads everything that is available.

        Returns:
            Missing files: their path below `out`, and the reason.

        Raises:
            ValueError: another process is downloading one of the sequences.
            OSError: a file cannot be written.
        """
        # Imported late, since other commands do not need requests.
        from data_prep.download.parallel import ParallelDownloader
        from data_prep.download.transfer import RetryPolicy, Servers

        with ExitStack() as locks:
            for name in self.sequences:
                locks.enter_context(_alone(self.out / name))
            policy = RetryPolicy(self.timeout, self.attempts)
            downloader = ParallelDownloader(self.out, Servers((self.root, *self.mirror)), policy, self.parallel)
            basics = {name: self._basics(name) for name in self.sequences}
            lacking = downloader.fetch([file for files in basics.values() for file in files])
            self._fetch_old_poses(downloader, basics, lacking)
            videos = []
            for name, files in basics.items():
                if absent := [downloader.name(file) for file in files if downloader.name(file) in lacking]:
                    # Gigabytes of video are of no use without the calibration and the poses.
                    lacking[absent[0]] += "; the videos of this sequence were left out"
                    continue
                cameras, broken = read_cameras(files[0].target, self._kind.name)
                # The calibration is untrusted: its cameras' names must be safe as file names.
                for camera in self.cameras or filter(self._kind.camera.fullmatch, cameras):
                    video = self._video(name, camera)
                    if camera in cameras:
                        videos.append(video)
                    else:
                        lacking[downloader.name(video)] = str(
                            broken.get(camera, "its camera is not in the calibration")
                        )
            return lacking | downloader.fetch(videos)

    def _fetch_old_poses(
        self, downloader: ParallelDownloader, basics: dict[str, list[RemoteFile]], lacking: dict[str, str]
    ) -> None:
        """Downloads the poses of 15 joints where no server has those of 19."""
        old = {
            name: self._poses(name, self._kind.old_poses)
            for name, (_, poses) in basics.items()
            if downloader.name(poses) in downloader.missing
        }
        still_lacking = downloader.fetch(list(old.values())) if old else {}
        for name, poses in old.items():
            if downloader.name(poses) not in still_lacking:
                calibration, replaced = basics[name]
                del lacking[downloader.name(replaced)]
                basics[name] = [calibration, poses]
                print(
                    f"note: {name} has no {replaced.target.name}; downloaded {poses.target.name}, of 15 joints",
                    file=sys.stderr,
                )

    def _basics(self, sequence: str) -> list[RemoteFile]:
        """The files that every use of a sequence needs: the calibration, then the poses."""
        calibration = f"calibration_{sequence}.json"
        return [
            self._file(sequence, calibration, calibration, check_calibration),
            self._poses(sequence, self._kind.poses),
        ]

    def _poses(self, sequence: str, poses: str) -> RemoteFile:
        return self._file(sequence, f"{poses}.tar", f"{poses}.tar", check_tar)

    def _video(self, sequence: str, camera: str) -> RemoteFile:
        kind, video = self._kind, f"{self._kind.name}_{camera}.mp4"
        return self._file(sequence, f"videos/{kind.folder}/{video}", f"{kind.name}Videos/{video}", check_mp4)

    def _file(self, sequence: str, remote: str, local: str, check: Callable[[Path], None]) -> RemoteFile:
        from data_prep.download.transfer import RemoteFile

        return RemoteFile(f"webdata/dataset/{sequence}/{remote}", self.out / sequence / local, check)


@contextmanager
def _alone(sequence: Path) -> Iterator[None]:
    """Locks a sequence against other processes, and removes the partial folder when everything is downloaded."""
    partial = sequence / PARTIAL
    partial.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(partial / "lock", blocking=False):
            yield
            if all(path.name == "lock" or is_note(path) for path in partial.iterdir()):
                shutil.rmtree(partial)
    except Timeout as error:
        raise ValueError(f"{sequence} is being downloaded by another process; let it end, or stop it") from error
    if not any(sequence.iterdir()):
        sequence.rmdir()
