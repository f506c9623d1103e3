# The README's commands. Nothing is needed beforehand but Python 3.11 or newer with venv (and apt or the servers for `test`).
PYTHON ?= python3
UV_VERSION := 0.13.*
UV := .build/uv/bin/uv
BIN := .venv/bin
DEMO ?=
PYTEST ?=
BENCH ?=
ARGS ?= --list
STACK ?=
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Images of Python often set it; each process of the tests, and there are hundreds, would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE
SYNC := $(UV) sync --frozen --no-progress

.PHONY: demo test warm check bench bench-models stack format lock docs servers clean

demo: .venv/.run ## a plant and a farm, live, in this terminal
	$(BIN)/fieldline demo $(DEMO)

# Kernels are compiled before two workers want them at once. `PYTEST="-n 0 PATH"` runs a part in one process.
test: warm servers ## everything, with Mosquitto, Kafka and InfluxDB really running
	$(BIN)/python -m pytest -n 2 $(PYTEST)

warm: .venv/.dev ## kernels compiled, once for all checkouts that have the same
	$(BIN)/fieldline warmup

check: .venv/.dev ## style, types, and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev servers ## the table of docs/performance.md
	$(BIN)/python -m benchmarks $(BENCH)

# Such as ARGS="--all FOLDER", for every data set in a folder, or ARGS="rul --train FILE --test FILE --rul FILE".
bench-models: .venv/.dev ## the table of docs/models.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.models $(ARGS)

stack: .venv/.dev servers ## the image and docker-compose.yml on a real engine: built, started, used, killed, taken down
	deploy/docker/install
	$(BIN)/python -m deploy.docker $(STACK)

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.run ## pages that are generated
	$(BIN)/python -m fieldline.catalogue > docs/metrics.md

lock: $(UV)
	$(UV) lock --default-index https://pypi.org/simple

# The servers that the tests start: from the system where it has them, else by apt; Kafka's jars by Maven.
servers:
	deploy/native/install

$(UV):
	$(PYTHON) -m venv .build/uv
	.build/uv/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

# With the development environment there already, `make demo` must not take its extras away: hence --inexact.
.venv/.run: $(UV) pyproject.toml uv.lock
	$(SYNC) --python $(PYTHON) --inexact
	@touch $@

.venv/.dev: $(UV) pyproject.toml uv.lock
	$(SYNC) --python $(PYTHON) --all-extras
	@touch $@ .venv/.run

clean:
	rm -rf .venv .build build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
