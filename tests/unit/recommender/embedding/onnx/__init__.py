"""Tests of recommender/embedding/onnx."""
