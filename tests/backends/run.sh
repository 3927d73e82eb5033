#!/usr/bin/env bash
# Runs the tests against real servers: installs them, starts them on loopback, ends them again.
#
#   tests/backends/run.sh            # all tests
#   tests/backends/run.sh phoenix    # those whose name holds "phoenix"
#
# The servers come from PyPI, each into an environment of its own below $TRACING_LLM_BACKENDS
# (default: target/backends). What is there in the right version is not installed again.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=${TRACING_LLM_BACKENDS:-$PWD/target/backends}
run=$(mktemp -d)
pids=()

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "NOT RUN: the tests against real servers need python3 with venv."
  exit 0
fi

stop() {
  for pid in "${pids[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null || true
    for _ in $(seq 40); do
      kill -0 -- "-$pid" 2>/dev/null || break
      sleep 0.25
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
  done
  rm -rf "$run"
}
trap stop EXIT

# server NAME VERSION: the package of that name, in an environment of its own.
server() {
  if [ "$(cat "$home/$1/version" 2>/dev/null)" != "$2" ]; then
    rm -rf "${home:?}/$1"
    python3 -m venv "$home/$1"
    "$home/$1/bin/pip" install --quiet --disable-pip-version-check "$1==$2"
    echo "$2" >"$home/$1/version"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME URL COMMAND…: in a process group of its own, until it answers.
start() {
  local name=$1 url=$2
  shift 2
  setsid "$@" >"$run/$name.log" 2>&1 </dev/null &
  pids+=("$!")
  for _ in $(seq 480); do
    if python3 "$PWD/tests/backends/answers.py" "$url"; then
      echo "$name answers at $url"
      return
    fi
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.25
  done
  echo "$name did not start:" >&2
  tail -30 "$run/$name.log" >&2
  exit 1
}

server arize-phoenix 20.26.1
server rotel 0.0.1a15
server oteltap 1.0.0
server wandb 0.31.0
server aim 3.29.1

phoenix=$(free_port)
phoenix_grpc=$(free_port)
start phoenix "http://127.0.0.1:$phoenix/healthz" env \
  PHOENIX_WORKING_DIR="$run" PHOENIX_HOST=127.0.0.1 PHOENIX_PORT="$phoenix" \
  PHOENIX_GRPC_PORT="$phoenix_grpc" PHOENIX_TELEMETRY_ENABLED=false \
  PHOENIX_ALLOW_EXTERNAL_RESOURCES=false "$home/arize-phoenix/bin/phoenix" serve

collector=$(free_port)
start rotel "http://127.0.0.1:$collector/" \
  "$(echo "$home"/rotel/lib/python3.*/site-packages/rotel/rotel-agent)" start \
  --otlp-http-endpoint "127.0.0.1:$collector" --otlp-grpc-endpoint "127.0.0.1:$(free_port)" \
  --exporter otlp --otlp-exporter-endpoint "http://127.0.0.1:$phoenix" \
  --otlp-exporter-protocol http

wandb=$(free_port)
start wandb_server "http://127.0.0.1:$wandb/" python3 tests/backends/wandb_server.py "$wandb"

aim=$(free_port)
export __AIM_TELEMETRY_DISABLED__=1 AIM_UI_TELEMETRY_ENABLED=0
mkdir "$run/aim"
env HOME="$run" "$home/aim/bin/aim" init --repo "$run/aim" >/dev/null
start aim "http://127.0.0.1:$aim/status/" env HOME="$run" "$home/aim/bin/aim" server \
  --repo "$run/aim" --host 127.0.0.1 --port "$aim"

# The example with all handlers: Aim gets every value, and there are some.
cargo build --locked -p tracing-llm-examples --example rag
rag=${CARGO_TARGET_DIR:-$PWD/target}/debug/examples/rag
(cd "$run" && env -u OPENAI_API_KEY -u OPENAI_BASE_URL AIM_REPO="aim://127.0.0.1:$aim" WANDB_MODE=offline \
  "$rag" --all -q "What is a span?") |
  tee "$run/rag.out"
if ! grep -Eq "^aim +aim://127\.0\.0\.1:$aim: ([1-9][0-9]*) of \1 values\$" "$run/rag.out"; then
  echo "rag --all: Aim did not get all values" >&2
  exit 1
fi

TRACING_LLM_TEST_PHOENIX="http://127.0.0.1:$phoenix" \
TRACING_LLM_TEST_PHOENIX_GRPC="http://127.0.0.1:$phoenix_grpc" \
TRACING_LLM_TEST_COLLECTOR="http://127.0.0.1:$collector" \
TRACING_LLM_TEST_OTELTAP="$home/oteltap/bin/oteltap" \
TRACING_LLM_TEST_WANDB="$home/wandb/bin/wandb" \
TRACING_LLM_TEST_WANDB_SERVER="http://127.0.0.1:$wandb" \
TRACING_LLM_TEST_AIM="$home/aim/bin/aim" \
  cargo test --locked -p tracing-llm-tests --test backends -- --include-ignored "$@"
