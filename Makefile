# `make run` and `make test` set up what is missing first; a second call finds it done and starts at once.
PYTHON ?= python3
PYTHON38 ?= python3.8
VENV := .venv
BIN := $(VENV)/bin
SOURCES := edge_common modules bench tests standalone.py

.PHONY: setup bench-setup azurite run run-edge test soak vpu-check image-arm64 lint check format docs words screenshots lock clean

setup: $(VENV)/installed zoo/index.json

# For `bench.fewshot --compare` and `bench.curve` only; nothing else needs it.
bench-setup: setup $(VENV)/installed-bench

# Azure Blob Storage for the tests of what goes there; apart, as it is larger than all else that npm brings.
azurite: build/azurite/node_modules/.package-lock.json

run: setup
	@$(BIN)/python standalone.py

# The same as modules of IoT Edge, with the tests' hub in place of Azure; see docs/operations.md.
run-edge: setup
	@$(BIN)/python -m tests.edge.tour

# One more than processors, as tests wait for much beside them; at most four.
PROCESSES ?= $(shell n=$$(nproc); echo $$((n < 3 ? n + 1 : 4)))

# Real processes on a busy machine: what fails is tried once more, and both tries are told. Twice is a failure.
RERUNS ?= 1

# Tests start hundreds of processes; each begins a third sooner with what the first one compiled.
test soak: export PYTHONDONTWRITEBYTECODE :=
test: setup azurite
	$(BIN)/python -m pytest --numprocesses=$(PROCESSES) --dist=worksteal --reruns=$(RERUNS) -rR

soak: setup azurite
	$(BIN)/python -m pytest -m soak

# Compiles a trained model (MODEL=..., several too) for the Myriad X by azure-percept's tools, under emulation, without
# a device; see docs/vpu.md. PYTHON38 names the Python that its converter needs.
vpu-check: setup build/vpu-check/ready
	$(BIN)/python -m bench.vpu_blob build/vpu-check $(MODEL)

# Nothing is installed on the machine: Debian's packages are only unpacked there.
build/vpu-check/ready: requirements-vpu.txt
	rm -rf build/vpu-check
	mkdir -p build/vpu-check/debs
	$(PYTHON38) -m venv build/vpu-check/venv
	build/vpu-check/venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-vpu.txt
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest build/vpu-check --only-binary :all: \
		--platform manylinux_2_24_aarch64 --python-version 3.9 --implementation cp azure-percept==0.0.13
	$(BIN)/python -m zipfile -e build/vpu-check/azure_percept-0.0.13-*.whl build/vpu-check/azure-percept
	chmod +x build/vpu-check/azure-percept/azure/iot/percept/assets/myriad_compile
	cd build/vpu-check/debs && apt-get download \
		qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross
	mkdir build/vpu-check/root
	for package in build/vpu-check/debs/lib*.deb; do dpkg-deb -x $$package build/vpu-check/root || exit 1; done
	dpkg-deb --fsys-tarfile build/vpu-check/debs/qemu-user-static_*.deb \
		| tar -x -C build/vpu-check/root ./usr/bin/qemu-aarch64-static
	rm -r build/vpu-check/debs build/vpu-check/azure_percept-*.whl
	touch $@

# Builds the arm64 image under emulation and tries it; needs root and what it names. See docs/operations.md.
image-arm64: setup
	@$(BIN)/python -m bench.arm64_image

lint: setup
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

check: lint test

format: setup
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

# Both lists hold every package that is needed, so pip looks for no other: openvino would bring one that sends usage
# data and that running models does not need.
$(VENV)/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer expected; PYTHON=... names one")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt -r requirements-dev.txt
	touch $@

$(VENV)/installed-bench: $(VENV)/installed requirements-bench.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-bench.txt
	touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

build/azurite/node_modules/.package-lock.json: tests/azurite/package.json tests/azurite/package-lock.json
	mkdir -p build/azurite
	cp tests/azurite/package.json tests/azurite/package-lock.json build/azurite
	npm ci --prefix build/azurite --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

zoo/index.json: $(VENV)/installed node_modules/.package-lock.json edge_common/zoo_setup.py edge_common/ssd_backbone.py edge_common/lite0.py
	$(BIN)/python -m edge_common.zoo_setup node_modules zoo
	touch $@

docs: setup
	$(BIN)/python -m edge_common.twin_docs > docs/twin.md
	$(BIN)/python -m edge_common.skill_docs > docs/skill.schema.json
	$(BIN)/python -m edge_common.telemetry_schemas docs/telemetry

# Brings the catalogues in line with what the page says; see CONTRIBUTING.md.
words: setup
	$(BIN)/python -m modules.trainer_agent.words

screenshots: setup
	$(BIN)/python -m bench.page_pictures docs/pages

lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check -r requirements.in
	(grep '^#' requirements.txt; build/lock/bin/pip freeze | grep -v openvino-telemetry) > build/requirements.txt
	build/lock/bin/pip install --quiet --disable-pip-version-check -r requirements.in -r requirements-dev.in
	(grep '^#' requirements-dev.txt; build/lock/bin/pip freeze | grep -v -x -F -f build/requirements.txt \
		| grep -v openvino-telemetry) > build/requirements-dev.txt
	build/lock/bin/pip install --quiet --disable-pip-version-check -r requirements.in -r requirements-dev.in \
		-r requirements-bench.in
	(grep '^#' requirements-bench.txt; build/lock/bin/pip freeze | grep -v openvino-telemetry \
		| grep -v -x -F -f build/requirements.txt -f build/requirements-dev.txt) > build/requirements-bench.txt
	mv build/requirements.txt build/requirements-dev.txt build/requirements-bench.txt .

clean:
	rm -rf $(VENV) node_modules zoo build .pytest_cache .mypy_cache .ruff_cache
