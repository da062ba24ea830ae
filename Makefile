# make demo    what genrelens does, in a minute (MUSIC=~/Music for your own files)
# make test    everything that must hold, as in CI: lint, then all tests
# make fast    lint, and the tests without slow ones and real data
# make lint    ruff, mypy, and which room imports which
# make bench   how fast it is, beside decoding alone and the usual way
# make clean   remove the virtual environments and what was built
# Each makes the virtual environment that it needs, from pinned requirements.
SHELL := /bin/bash
PYTHON ?= python3
MUSIC ?=
HEARD = $(patsubst ~/%,$(HOME)/%,$(MUSIC))
PIP_FLAGS := --quiet --disable-pip-version-check
LIGHT := .venv-light
DEV := .venv

.PHONY: demo test fast lint bench help clean

help:
	@sed -n 's/^# \(make \|Each\)/\1/p' Makefile

$(LIGHT)/ready: requirements/light.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genrelens needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip install $(PIP_FLAGS) -r requirements/light.txt
	$(LIGHT)/bin/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	touch $@

$(DEV)/ready: requirements/dev.txt requirements/torch.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genrelens needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) -r requirements/torch.txt
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) -r requirements/dev.txt -c requirements/torch.txt
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	touch $@

demo: $(LIGHT)/ready
	@mkdir -p demo
ifeq ($(strip $(MUSIC)),)
	@echo "No MUSIC=FOLDER given: making ten short pieces by rule, one a style. They are no real music, and the model"
	@echo "should say of each that it does not know it. For genres and timelines try make demo MUSIC=~/Music."
	@$(LIGHT)/bin/genrelens synthesise demo/music --per-style 1 --duration 12
	@$(LIGHT)/bin/genrelens predict demo/music --html demo/report.html
else
	@# 1: some files could not be read; the others are answered, and the page says which
	@$(LIGHT)/bin/genrelens predict "$(HEARD)" --html demo/report.html || test $$? -eq 1
endif
	@echo; echo "Timelines: open demo/report.html in a browser."

lint: $(DEV)/ready
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

# One thread a process: two test processes fill two cores.
test: lint
	OMP_NUM_THREADS=1 $(DEV)/bin/python -m pytest --numprocesses 2 --dist worksteal

fast: lint
	OMP_NUM_THREADS=1 $(DEV)/bin/python -m pytest --numprocesses 2 --dist worksteal -m "not slow and not real_data"

bench: $(DEV)/ready
	$(DEV)/bin/python tools/bench.py --markdown

clean:
	rm -rf $(LIGHT) $(DEV) demo build dist
