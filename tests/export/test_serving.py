"""The SavedModel in TensorFlow Serving, which loads it into a session and feeds the inputs that a signature names.

The server itself is in no package registry. Here the session is TensorFlow's own loader, which the server calls too;
requests travel as JSON text, and as its own messages through a gRPC channel.
"""

import base64
import json
import re
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from export.keras_answers import encode_jpegs, model_answers
from export.trained_run import load_run

ROOT = Path(__file__).parents[2]


class Server:
    """A SavedModel in a session, as the server holds it."""

    def __init__(self, folder):
        with tf.Graph().as_default() as graph:
            self.session = tf.compat.v1.Session(graph=graph)
            loaded = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
        self.signatures = loaded.signature_def

    def run(self, name, inputs):
        signature = self.signatures[name]
        assert signature.method_name == "tensorflow/serving/predict"
        assert set(inputs) == set(signature.inputs)
        feeds = {signature.inputs[key].name: value for key, value in inputs.items()}
        return self.session.run({key: value.name for key, value in signature.outputs.items()}, feeds)

    def rest(self, body):
        """The body of POST /v1/models/MODEL:predict -> the answer, by the rules of the server's json_tensor.cc."""
        request = json.loads(body)
        name = request.get("signature_name", "serving_default")
        infos = self.signatures[name].inputs
        if not infos:
            raise ValueError(f"Failed to get input map for signature: {name}")
        if "instances" in request:
            rows = request["instances"]
            named = (
                rows
                if isinstance(rows[0], dict) and "b64" not in rows[0]
                else [{key: row} for row in rows for key in infos]
            )
            columns = {key: [row[key] for row in named] for key in infos}
        else:
            given = request["inputs"]
            columns = given if _is_named(given) else {key: given for key in infos}
        outputs = self.run(name, {key: _tensor(columns[key], infos[key]) for key in infos})
        if "inputs" in request:
            columns = {key: _plain(value) for key, value in outputs.items()}
            return json.dumps({"outputs": columns if len(columns) > 1 else next(iter(columns.values()))})
        # In rows, every output must have an entry for each instance.
        assert {len(value) for value in outputs.values()} == {len(rows)}
        predictions = [{key: _plain(value[i]) for key, value in outputs.items()} for i in range(len(rows))]
        return json.dumps({"predictions": predictions})


def _is_named(given):
    return isinstance(given, dict) and "b64" not in given


def _tensor(values, info):
    if info.dtype == tf.string.as_datatype_enum:
        return np.array([base64.b64decode(value["b64"]) for value in values], object)
    return np.array(values, tf.as_dtype(info.dtype).as_numpy_dtype)


def _plain(value):
    return value.decode() if isinstance(value, bytes) else value.tolist()


@pytest.fixture(scope="module")
def server(exported):
    return Server(exported)


@pytest.fixture(scope="module")
def pictures(moved_run):
    return np.load(moved_run / "samples.npy")[:2]


@pytest.fixture(scope="module")
def expected(moved_run, pictures):
    return model_answers(load_run(moved_run)[0], {"pictures": pictures})["joints_xy_px"]


def test_the_signatures_say_what_they_take_and_give(server):
    signatures = server.signatures
    assert {"serving_default", "jpeg", "describe"} <= set(signatures)
    for name, key, dtype, shape in (
        ("serving_default", "pictures", tf.uint8, [-1, 64, 64, 3]),
        ("jpeg", "jpeg", tf.string, [-1]),
    ):
        info = signatures[name].inputs[key]
        assert tf.as_dtype(info.dtype) == dtype
        assert [dim.size for dim in info.tensor_shape.dim] == shape
        outputs = signatures[name].outputs
        assert {key: [dim.size for dim in outputs[key].tensor_shape.dim] for key in outputs} == {
            "joints_xy_px": [-1, 14, 2],
            "scores": [-1, 14],
        }


def test_rest_takes_pictures_in_rows_and_in_columns(server, pictures, expected):
    rows = json.loads(server.rest(json.dumps({"instances": pictures.tolist()})))["predictions"]
    np.testing.assert_allclose([row["joints_xy_px"] for row in rows], expected, atol=1e-3)
    named = json.loads(server.rest(json.dumps({"instances": [{"pictures": one} for one in pictures.tolist()]})))
    assert named["predictions"] == rows
    columns = json.loads(server.rest(json.dumps({"inputs": {"pictures": pictures.tolist()}})))["outputs"]
    np.testing.assert_allclose(columns["joints_xy_px"], expected, atol=1e-3)
    assert [row["scores"] for row in rows] == columns["scores"]


def test_rest_takes_jpegs_in_base64(server, moved_run, pictures):
    jpegs, decoded = encode_jpegs(pictures)
    texts = [{"b64": base64.b64encode(jpeg).decode()} for jpeg in jpegs]
    rows = json.loads(server.rest(json.dumps({"signature_name": "jpeg", "instances": texts})))["predictions"]
    expected = model_answers(load_run(moved_run)[0], {"pictures": decoded})["joints_xy_px"]
    np.testing.assert_allclose([row["joints_xy_px"] for row in rows], expected, atol=0.5)
    columns = json.loads(server.rest(json.dumps({"signature_name": "jpeg", "inputs": {"jpeg": texts}})))["outputs"]
    assert columns["joints_xy_px"] == [row["joints_xy_px"] for row in rows]


@pytest.fixture
def http_port(server):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802, the base class's name
            assert self.path == "/v1/models/pose:predict"
            answer = server.rest(self.rfile.read(int(self.headers["Content-Length"]))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_port
        http.shutdown()


@pytest.fixture
def grpc_port(server):
    grpc = pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802, the service's own name
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            response = predict_pb2.PredictResponse(model_spec=request.model_spec)
            for key, value in server.run(request.model_spec.signature_name, inputs).items():
                response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            return response

    service = grpc.server(futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), service)
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    yield port
    service.stop(None).wait()


def test_grpc_carries_pictures_and_jpegs(grpc_port, pictures, expected):
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for signature, key, value, tolerance_px in (
            ("serving_default", "pictures", pictures, 1e-3),
            ("jpeg", "jpeg", encode_jpegs(pictures)[0], 8),
        ):
            request = predict_pb2.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = "pose", signature
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            outputs = stub.Predict(request, timeout=30).outputs
            np.testing.assert_allclose(tf.make_ndarray(outputs["joints_xy_px"]), expected, atol=tolerance_px)
            assert tf.make_ndarray(outputs["scores"]).shape == expected.shape[:2]


def test_the_programs_in_the_docs_run(http_port, grpc_port, moved_run, exported, tmp_path, monkeypatch):
    text = (ROOT / "docs" / "serving.md").read_text()
    rest, grpc = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for written, here in (
        ("http://localhost:8501/", f"http://127.0.0.1:{http_port}/"),
        ("localhost:8500", f"127.0.0.1:{grpc_port}"),
        ("from panopose.pose import", "from pose import"),
        ("size=224", "size=64"),
    ):
        assert written in rest + grpc
        rest, grpc = rest.replace(written, here), grpc.replace(written, here)
    image = np.random.default_rng(0).integers(0, 256, (700, 800, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "people.jpg"), cv2.GaussianBlur(image, (0, 0), 20))
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(rest, names)
    exec(grpc, names)
    crop = names["crop"]
    pixels = crop.cut(cv2.imread("people.jpg"))[None, :, :, ::-1]
    expected = model_answers(load_run(moved_run)[0], {"pictures": pixels})["joints_xy_px"]
    np.testing.assert_allclose(names["same"]["joints_xy_px"], expected, atol=1e-3)
    np.testing.assert_allclose(names["people"]["joints_xy_px"], expected, atol=8)
    np.testing.assert_allclose(names["joints"], crop.points_to_frame(names["people"]["joints_xy_px"][0]), atol=1e-3)
    assert names["scores"].shape == (14,)
    assert json.loads(names["description"]) == json.loads((exported / "pose.json").read_text())
