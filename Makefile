# Every target sets up what it needs: a virtual environment in .venv, and the pinned packages in it.

.PHONY: serve test check bench screenshots provision deploy undeploy lock clean

# A Python that was upgraded or moved away leaves an environment that does not run: make it anew.
runs = .venv/bin/python -c '' 2>/dev/null || { rm -rf .venv && $(MAKE) --no-print-directory

serve: .venv/serve
	@$(runs) .venv/serve; }
	@exec .venv/bin/python manage.py serve

# The gate, then every test, then that no branch of the pure rooms went untested.
PURE = packages/errors.py,packages/distributions.py,packages/archives.py,packages/metadata.py,packages/simple_api.py,packages/json_api.py,packages/access.py,packages/trusted/claims/*.py

test: check
	@sh bin/chromium >/dev/null
	.venv/bin/python -m pytest --numprocesses=2 --dist=loadgroup --cov --cov-report=term-missing:skip-covered
	@printf 'pure rooms covered, in percent: '
	@.venv/bin/coverage report --include=$(PURE) --fail-under=100 --format=total

check: .venv/dev
	@$(runs) .venv/dev; }
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

bench: .venv/dev
	@$(runs) .venv/dev; }
	.venv/bin/python -m benchmarks

# Makes the pictures in docs/pictures anew, of an index with real projects of the public registry.
screenshots: .venv/dev
	@$(runs) .venv/dev; }
	.venv/bin/python -m tests.browser.screenshots

# Makes the table and the bucket that TABLE and BUCKET name.
provision: .venv/serve
	@$(runs) .venv/serve; }
	@.venv/bin/python manage.py provision

# Puts the index on AWS, or brings it up to date there: make deploy STAGE=dev
deploy: .venv/serve
	@$(runs) .venv/serve; }
	@exec .venv/bin/python -m deployment deploy "$(STAGE)"

# Takes it off again, but for what was published.
undeploy: .venv/serve
	@$(runs) .venv/serve; }
	@exec .venv/bin/python -m deployment undeploy "$(STAGE)"

# Pins the newest versions that requirements*.in allow.
lock: .venv/dev
	for name in requirements requirements-dev; do \
	  .venv/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url \
	    --no-annotate $$name.in -o $$name.txt; \
	done

clean:
	rm -rf .venv .cache build .mypy_cache .ruff_cache .pytest_cache .coverage

.venv/serve: requirements.txt
	@sh bin/venv requirements.txt
	@touch $@

.venv/dev: requirements.txt requirements-dev.txt
	@sh bin/venv requirements.txt requirements-dev.txt
	@touch .venv/serve $@
