# make lab        open the course in JupyterLab
# make mine       a copy of the course to work in, with blanks in place of solutions: notebooks/mine
# make test       all tests, then every notebook, strictly
# make notebooks  build the notebooks from notebooks/scripts (ONLY="03" builds one)
# make lint       style and types
# make bench      measure this machine
# Each sets up .venv on its first run. PYTHON=python3.12 chooses the Python, LAB_ARGS goes to JupyterLab.

ifndef PYTHON
PYTHON := $(shell for p in python3 python python3.11 python3.12 python3.13 python3.14; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
endif

bin := .venv/bin
ready := .venv/ready

export JUPYTER_PREFER_ENV_PATH = 1# the kernel "python3" is the one of .venv, whatever else is installed
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export GOMP_SPINCOUNT ?= 10000# as in cnnlab/__init__.py, for notebooks that import torch first

.PHONY: help setup lab mine test notebooks lint bench

help:
	@sed -n 's/^# //p' Makefile

setup: $(ready)

$(ready): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
	    echo "cnnlab needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("cnnlab needs Python 3.11 or newer; $(PYTHON) is %d.%d. Name another: make PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	@echo "Setting up .venv with $$($(PYTHON) --version): a few minutes, once."
	@if [ -e .venv ] && ! $(bin)/python -c '' 2>/dev/null; then again=--clear; fi; $(PYTHON) -m venv $$again .venv || { \
	    echo "$(PYTHON) -m venv failed. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@$(bin)/python -m pip install --quiet -c constraints.txt -e ".[test]"
	@touch $@

lab: $(ready)
	@$(bin)/jupyter lab --notebook-dir=notebooks --LabApp.news_url=None \
	    --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(LAB_ARGS)

mine: $(ready)
	@$(bin)/cnnlab release notebooks/mine

test: $(ready)
	@$(bin)/python -m pytest
	@$(bin)/python -m pytest --nbval notebooks

notebooks: $(ready)
	@$(bin)/python -m tools.build_notebooks $(ONLY)

lint: $(ready)
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy

bench: $(ready)
	@$(bin)/cnnlab bench --out benchmarks/results.md
