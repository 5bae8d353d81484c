#!/bin/sh
# The README's commands in a fresh clone, with a fresh home and a fresh environment, and how long they
# take: sh tests/fresh_clone.sh [test]   (with `test`, make test too)
# PYTHON names the interpreter: "python3 -S" has none of the machine's additions, /usr/bin/python3 is
# the distribution's. Without PYTHON, each of these that is there makes and imports an environment
# first; the whole tour then runs with python3 -S.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'test -z "${pid:-}" || kill "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
git clone --quiet "$here" "$folder/five-red"
cd "$folder/five-red"
export HOME="$folder/home" PORT=8765
mkdir "$HOME"
unset PYTHONPATH || true
now() { date +%s.%N; }
since() { echo "$1 $(now)" | awk '{ printf "%.1f s", $2 - $1 }'; }
answers() { until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT/v1"; do sleep 0.05; done; }

if [ -z "${PYTHON:-}" ]; then
    for python in /usr/bin/python3 python3.13; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        began=$(now)
        "$python" deploy/local/prepare.py run "$folder/venv-$(basename "$python")"
        "$folder/venv-$(basename "$python")/bin/fivered" --help > /dev/null
        echo "$python: environment made in $(since "$began")"
    done
    PYTHON="python3 -S"
fi
export PYTHON

began=$(now)
make run PORT="$PORT" > run.log 2>&1 &
pid=$!
answers
echo "make run, first time, to its first answer: $(since "$began")"
until grep -q 'make demo' run.log; do sleep 0.1; done
echo "  with the demonstration district loaded:  $(since "$began")"
began=$(now)
make demo > demo.log 2>&1
echo "make demo: $(since "$began")"
pkill -INT -f "fivered up --demo --data .fivered/data --port $PORT"
wait "$pid" || true
began=$(now)
make run PORT="$PORT" > again.log 2>&1 &
pid=$!
answers
echo "make run, second time, to its first answer: $(since "$began")"
pkill -INT -f "fivered up --demo --data .fivered/data --port $PORT"
wait "$pid" || true
pid=
if [ "${1:-}" = test ]; then
    began=$(now)
    make test < /dev/null
    echo "make test: $(since "$began")"
fi
