# Every target is one verb of tools/; `make` alone says what there is.
PYTHON ?= python3
NAME ?=
ARGS ?=

.PHONY: help demo test unit check bench serve stop setup

help:
	@$(PYTHON) -m tools help
demo:
	@$(PYTHON) -m tools demo
test:
	@$(PYTHON) -m tools test $(ARGS)
unit:
	@$(PYTHON) -m tools unit $(ARGS)
check:
	@$(PYTHON) -m tools check
bench:
	@$(PYTHON) -m tools bench $(NAME) $(ARGS)
serve:
	@$(PYTHON) -m tools serve
stop:
	@$(PYTHON) -m tools stop
setup:
	@$(PYTHON) -m tools setup
