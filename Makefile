# Three commands do everything: make run, make dft, make test.
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
# Modules are compiled once, not by each of a thousand processes; the order is that of
# tests/conftest.py, the longest first.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(VENV)/bin/python -m pytest -n $(TEST_JOBS) \
  --dist loadfile --no-loadscope-reorder
CAMPAIGN ?= paper
ENGINE ?= chgnet

# What GPAW and some tests need beside Python; without them those tests are skipped, and
# say so.
SYSTEM = slurm-wlm munge chromium gcc pkg-config libxc-dev libopenblas-dev libfftw3-dev \
  libopenmpi-dev openmpi-bin
SYSTEM_PROGRAMS = slurmctld slurmd sbatch munged chromium gcc pkg-config mpirun
SYSTEM_LIBRARIES = libxc openblas fftw3 ompi-c

define next
echo "== next:"; \
for verb in results status figures; do echo "   $(VENV)/bin/lnmo $$verb $(1)"; done; \
echo "   or, once in each shell: source $(VENV)/bin/activate, then lnmo --help"
endef

.PHONY: help docs run dft example test test-quick check format setup setup-gpaw setup-test system clean

help:
	@echo "make run     set up, relax the paper's nine compositions with CHGNet, write report.html"
	@echo "make dft     set up, compute the 14-atom cells with DFT+U (GPAW), write dft.html"
	@echo "make example write docs/example.html: the page of DFT+U results in the repository"
	@echo "make test    set up, run the tests"
	@echo "make test-quick  those without campaigns, processes and real files cut many times"
	@echo "make system  install what GPAW and some tests need: libxc, FFTW, OpenBLAS, MPI;"
	@echo "             Slurm, munge, Chromium (Debian; root)"
	@echo "make check   format, lint, types and import floors, as CI does"
	@echo "make format  format the code"
	@echo "make docs    build the docs site: site/index.html"
	@echo "make clean   remove the environment; results in lnmo-data/ stay"

run: $(VENV)/.chgnet
	@echo "== campaign $(CAMPAIGN), engine $(ENGINE): 12 relaxations, 5 to 10 minutes on 2 cores."
	@echo "   Stop it whenever you like: the same command goes on where it was."
	@$(VENV)/bin/lnmo run $(CAMPAIGN) --engine $(ENGINE) -j $(JOBS); code=$$?; \
	$(VENV)/bin/lnmo report $(CAMPAIGN) --engine $(ENGINE) && \
	$(call next,$(CAMPAIGN) --engine $(ENGINE)) && exit $$code

dft: $(VENV)/.chgnet $(VENV)/.gpaw
	@echo "== campaign dft: DFT+U with GPAW, geometry of CHGNet, about 45 minutes on 2 cores."
	@echo "   Stop it whenever you like: the same command goes on where it was."
	@$(VENV)/bin/lnmo run dft -j $(JOBS); code=$$?; \
	$(VENV)/bin/lnmo report dft -o dft.html && $(call next,dft) && exit $$code

example: $(VENV)/.base
	@$(VENV)/bin/python benchmarks/example_page.py

test: $(VENV)/.test
	$(PYTEST) $(PYTEST_ARGS)

test-quick: $(VENV)/.test
	$(PYTEST) -q -m "not slow" tests/structures tests/workflows $(PYTEST_ARGS)

check: $(VENV)/.test
	$(VENV)/bin/ruff format --check . tests/fake_vasp/vasp_std
	$(VENV)/bin/ruff check . tests/fake_vasp/vasp_std
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.test
	$(VENV)/bin/ruff format . tests/fake_vasp/vasp_std
	$(VENV)/bin/ruff check --fix . tests/fake_vasp/vasp_std

# Fetches nothing; a broken link is an error.
docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet
	@echo "== site/index.html"

setup: $(VENV)/.chgnet

setup-gpaw: $(VENV)/.gpaw

setup-test: $(VENV)/.test

# Root, for apt-get alone; the tests themselves start a Slurm only when run by root.
system:
	@PATH="$$PATH:/usr/sbin:/sbin"; missing=; for program in $(SYSTEM_PROGRAMS); do \
	  command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	for library in $(SYSTEM_LIBRARIES); do \
	  pkg-config --exists $$library 2>/dev/null || missing="$$missing $$library"; done; \
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

# Built here, so that it has FFTW; an installed build without it would be kept.
$(VENV)/.gpaw: $(VENV)/.base workflows/engines/gpaw/siteconfig.py
	@echo "== adding GPAW: built against libxc, FFTW, OpenBLAS and MPI (make system), 1 minute."
	@for library in $(SYSTEM_LIBRARIES); do pkg-config --exists $$library || \
	  { echo "$$library is missing: run make system as root"; exit 2; }; done
	@GPAW_CONFIG=$(CURDIR)/workflows/engines/gpaw/siteconfig.py $(PIP) -e '.[gpaw]'
	@$(VENV)/bin/gpaw info | grep 'FFTW *yes' >/dev/null || { echo "this GPAW was built without \
	FFTW: $(VENV)/bin/pip uninstall gpaw, then make setup-gpaw with PIP_NO_CACHE_DIR=1"; exit 2; }
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV)
