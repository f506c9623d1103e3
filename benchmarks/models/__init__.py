"""Models on published data sets: `python -m benchmarks.models TASK …`; one file a task, found by its name."""
