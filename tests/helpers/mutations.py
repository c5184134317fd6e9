"""Hypothesis strategies that damage valid files."""

import copy
import json

from hypothesis import strategies as st

# Written verbatim instead of a value: JSON that Python's own writer would not write.
_RAW = {
    "<deep list>": "[" * 100_000,
    "<nested list>": "[" * 5_000 + "]" * 5_000,
    "<nested object>": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "<long number>": "9" * 400,
    "<longer number>": "9" * 5_000,
    "<beyond floats>": "1e999",
}
_ODD = st.one_of(
    st.sampled_from([None, True, False, "", "nan", "x" * 5_000, "\ud800", "\0", "../../outside", "/outside"]),
    st.sampled_from([0, -1, 1, 0.5, -0.0, 1e-310, 1e30, 3.4e38, 1e200, 1.7e308, 2**31, 2**63, -(2**63) - 1, 2**64]),
    st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    st.sampled_from(sorted(_RAW)),
    st.sampled_from([[], {}, [0] * 5_000, [[]] * 3, [[[1]]], {"a": {"b": []}}, ["a", 1, None]]).map(copy.deepcopy),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
)


def _place(draw, value):
    """The path to a value; a step down is as likely into any branch, so that long lists do not draw all."""
    path = []
    while isinstance(value, dict | list) and value and (not path or draw(st.integers(0, 3))):
        path.append(draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value)))))
        value = value[path[-1]]
    return path, value


@st.composite
def damaged_json(draw, valid):
    """Valid JSON with up to three values replaced, removed, duplicated or exchanged."""
    value = json.loads(valid)
    for _ in range(draw(st.integers(1, 3))):
        path, found = _place(draw, value)
        if not path:
            break
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        how = draw(st.sampled_from(["odd", "gone", "twice", "another's", "whole"]))
        if how == "gone":
            del holder[path[-1]]
        elif how == "twice" and isinstance(holder, list):
            holder.insert(path[-1], copy.deepcopy(found))
        elif how == "another's":
            holder[path[-1]] = copy.deepcopy(_place(draw, value)[1])
        elif how == "whole" and draw(st.integers(0, 9)) == 0:
            value = draw(_ODD)
        else:
            holder[path[-1]] = draw(_ODD)
    text = json.dumps(value)
    for name, raw in _RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text.encode()


@st.composite
def damaged_bytes(draw, valid, words=()):
    """Valid bytes, up to four times cut, overwritten, doubled or mixed with others; `words` are put in as well."""
    data = bytearray(valid)
    pieces = st.one_of(st.binary(min_size=1, max_size=8), *([st.sampled_from(words)] if words else []))
    for _ in range(draw(st.integers(1, 4))):
        place, length = draw(st.integers(0, len(data))), draw(st.integers(1, 64))
        how = draw(st.sampled_from(["overwrite", "insert", "remove", "double", "cut"]))
        if how == "overwrite":
            piece = draw(pieces)
            data[place : place + len(piece)] = piece
        elif how == "insert":
            data[place:place] = draw(pieces)
        elif how == "remove":
            del data[place : place + length]
        elif how == "double":
            data[place:place] = data[place : place + length]
        elif draw(st.booleans()):
            del data[place:]
    return bytes(data)
