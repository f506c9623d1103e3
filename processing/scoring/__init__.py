"""Compiled scoring: models as files of arrays, read, verified and scored without scikit-learn."""
