"""Embedding without TensorFlow: a network written as an ONNX graph, and what runs it."""
