"""Groups a stream of people into whole images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data_prep.reader import Item, LeftOut, Remark, Unlabeled
from records import BadInput, Frame, Person


def group_frames(items: Iterable[Item]) -> Iterator[Frame | BadInput | LeftOut | Remark]:
    """Makes a frame of the people and the unlabeled parts of each image, which follow one another.

    Other items pass, before the frame that they lie in.
    """
    frame: Frame | None = None
    try:
        for item in items:
            if not isinstance(item, Person | Unlabeled):
                yield item
                continue
            if frame is None or not _is_of(item, frame):
                if frame is not None:
                    yield frame
                frame = Frame(item.picture, [], [], item.dataset, item.sequence, item.camera, item.frame)
            if isinstance(item, Person):
                frame.people.append(item)
            elif item.region is not None:
                frame.unlabeled.append(item.region)
    except BadInput as bad:
        # The rest cannot be read; the frame before it is whole.
        yield bad
    if frame is not None:
        yield frame


def _is_of(item: Person | Unlabeled, frame: Frame) -> bool:
    source = item.dataset, item.sequence, item.camera, item.frame
    return item.picture is frame.picture and source == (frame.dataset, frame.sequence, frame.camera, frame.frame)
