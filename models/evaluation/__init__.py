"""How good a model is: splits, intervals, scores. One idea a file; nothing here knows of a task or an estimator."""
