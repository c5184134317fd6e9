# TensorFlow Serving with one exported model; docs/serving.md says how to ask it. The last word is the export's folder:
#   docker build -t pose-server -f Dockerfile runs/mine/export
#   docker run --rm -p 8500:8500 -p 8501:8501 pose-server
ARG SERVING=latest
FROM tensorflow/serving:${SERVING}
ENV MODEL_NAME=pose
# The server loads the folder with the highest number.
COPY saved_model.pb fingerprint.pb /models/pose/1/
COPY variables /models/pose/1/variables
