# Two commands do everything: make run, make test.
PYTHON ?= python3.11
VENV ?= .venv
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
# Where pip takes torch from; empty: where pip is set up to look.
TORCH_INDEX ?=
TORCH = torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Tests wait for processes half of their time: one job more than cores. A file is run by
# one job, so what its tests share is made once.
TEST_JOBS ?= $(shell expr $(JOBS) + 1)
CAMPAIGN ?= paper
ENGINE ?= chgnet

# What some tests need beside Python; without them they are skipped, and say so.
SYSTEM = slurm-wlm munge chromium
SYSTEM_PROGRAMS = slurmctld slurmd sbatch munged chromium

.PHONY: help run test check format setup setup-test system clean

help:
	@echo "make run     set up, relax the paper's nine compositions with CHGNet, write report.html"
	@echo "make test    set up, run the tests"
	@echo "make system  install what some tests need: Slurm, munge, Chromium (Debian; root)"
	@echo "make check   format, lint, types and import floors, as CI does"
	@echo "make format  format the code"
	@echo "make clean   remove the environment; results in lnmo-data/ stay"

run: $(VENV)/.chgnet
	@echo "== campaign $(CAMPAIGN), engine $(ENGINE): 12 relaxations, 5 to 10 minutes on 2 cores."
	@echo "   Stop it whenever you like: the same command goes on where it was."
	@$(VENV)/bin/lnmo run $(CAMPAIGN) --engine $(ENGINE) -j $(JOBS); code=$$?; \
	$(VENV)/bin/lnmo report $(CAMPAIGN) --engine $(ENGINE) -o report.html && exit $$code

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest -n $(TEST_JOBS) --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/.test
	$(VENV)/bin/ruff format --check . tests/fake_vasp/vasp_std
	$(VENV)/bin/ruff check . tests/fake_vasp/vasp_std
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.test
	$(VENV)/bin/ruff format . tests/fake_vasp/vasp_std
	$(VENV)/bin/ruff check --fix . tests/fake_vasp/vasp_std

setup: $(VENV)/.chgnet

setup-test: $(VENV)/.test

# Root, for apt-get alone; the tests themselves start a Slurm only when run by root.
system:
	@PATH="$$PATH:/usr/sbin:/sbin"; missing=; for program in $(SYSTEM_PROGRAMS); do \
	  command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	test -z "$$missing" && exit 0; echo "== missing:$$missing; installing $(SYSTEM)"; \
	test "$$(id -u)" = 0 || { command -v sudo >/dev/null && as="sudo"; } || \
	  { echo "apt-get needs root: run make system as root"; exit 2; }; \
	$$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
	  --no-install-recommends $(SYSTEM) >/dev/null

$(VENV)/.base: pyproject.toml constraints.txt
	@echo "== setting up $(VENV): about 250 MB of Python packages, 1 minute."
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11)' || \
	  { echo "Python 3.11 is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -e .
	@touch $@

$(VENV)/.chgnet: $(VENV)/.base
	@echo "== adding CHGNet: torch (CPU build 200 MB; where pip knows only the CUDA build,"
	@echo "   several GB: then say TORCH_INDEX=https://download.pytorch.org/whl/cpu) and chgnet"
	@echo "   with its weights, 1.5 GB on disk, 1 to 2 minutes. Nothing is fetched later."
	@$(PIP) $(TORCH)
	@$(PIP) -e '.[chgnet]'
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV)
