#!/usr/bin/env bash
# Whole-system checks, short: `kill -9` on servers, workers and PostgreSQL must change no result.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m benchmarks.kill --kills 2 --rows 80 --files 2
# With this seed a worker is killed, and then PostgreSQL.
.venv/bin/python -m benchmarks.tagging_kill --kills 2 --entries 40 --seed 2
