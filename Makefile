# Portunus. `make demo` shows everything, `make test` proves it; both set up what they need on a fresh machine.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)

# On Linux the ordinary torch package brings gigabytes of CUDA. Unless pip was told where to look, its CPU build is preferred.
# `make demo TORCH_INDEX=` takes the ordinary one.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# Processes of `make test` and of `make fuzz`.
TEST_WORKERS ?= 2
FUZZ_WORKERS ?= 2

# Runs apt as far as this user may: as root, or with a sudo that asks nothing. $(1) = packages, $(2) = what they are for.
define apt_install
	echo "$(2) needs system packages: $(1)"; \
	if command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then \
		run=; [ "$$(id -u)" = 0 ] || run="sudo -n"; \
		$$run apt-get update -q && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(1); \
	else \
		echo "They cannot be installed from here. Run:  sudo apt-get install $(1)"; \
		echo "(or your system's packages of the same content), then run make again."; exit 1; \
	fi
endef

.PHONY: help demo test test-all fuzz docs lint wheel wheel-test venv display browser clean

help:
	@echo "make demo        set up and run the whole chain on the fire mage (about 10 minutes)"
	@echo "make test        set up and run the tests"
	@echo "make test-all    the tests with the slow ones"
	@echo "make fuzz        a million broken specs; about an hour on two cores"
	@echo "make docs        the documents as a site in out/docs"
	@echo "make lint        ruff and mypy"
	@echo "make wheel       build dist/*.whl;  make wheel-test  install it in an empty environment and use it from another folder"
	@echo "make venv        only the virtual environment .venv;  make clean  remove it and everything built"

demo: venv display
	$(BIN)/portunus demo --out out/demo

test: venv display browser
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

test-all: venv display browser
	$(BIN)/python -m pytest -m "slow or not slow"

fuzz: venv
	$(BIN)/python tests/language/fuzz.py --count 1000000 --workers $(FUZZ_WORKERS)

docs: venv
	$(BIN)/sphinx-build -q -W -b html docs out/docs
	@echo "open out/docs/index.html"

lint: venv
	$(BIN)/ruff check .
	$(BIN)/mypy

venv: $(STAMP)

# In a checkout the overlay's package name is a link to its folder; a wheel carries the folder under that name.
$(STAMP): pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python3 if it is not on the PATH."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call apt_install,python3-venv,A virtual environment); }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@index=; if [ "$$(uname -s)" = Linux ] && [ -n "$(TORCH_INDEX)" ] && ! $(BIN)/pip config list | grep -E 'index-url|find-links' >/dev/null; then \
		index="--extra-index-url $(TORCH_INDEX)"; fi; \
	set -x; $(BIN)/pip install --disable-pip-version-check -q $$index -e '.[dev]'
	ln -sfn "$(CURDIR)/overlay" "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/portunus_overlay"
	@touch $@

display: venv
	@missing="$$($(BIN)/python -m portunus.display)"; if [ -n "$$missing" ]; then $(call apt_install,$$missing,A window); fi

browser: venv
	@missing="$$($(BIN)/python tests/simulation/browser.py)"; if [ -n "$$missing" ]; then $(call apt_install,$$missing,A browser for the tests of the report); fi

wheel: venv
	rm -rf dist
	$(BIN)/python -m build --no-isolation --wheel --outdir dist

wheel-test: wheel
	rm -rf build/wheel-test
	$(PYTHON) -m venv build/wheel-test/venv
	build/wheel-test/venv/bin/pip install --disable-pip-version-check -q dist/*.whl
	mkdir -p build/wheel-test/elsewhere
	cd build/wheel-test/elsewhere && ../venv/bin/portunus check specs/wotlk/mage_fire.spec
	cd build/wheel-test/elsewhere && ../venv/bin/portunus sim specs/wotlk/mage_fire.spec --iterations 100

clean:
	rm -rf $(VENV) build dist out
