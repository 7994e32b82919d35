#!/bin/sh
# Regenerate src/gen from proto/. Needs protoc on the PATH; the plugin comes through npx and is not a dependency.
# Nothing of this runs when Fairlead runs: the output is committed.
set -eu
cd "$(dirname "$0")"
plugin="$(npx --yes --package @bufbuild/protoc-gen-es@2.17.0 -c 'command -v protoc-gen-es')"
rm -rf src/gen
mkdir -p src/gen
protoc --plugin="protoc-gen-es=$plugin" --proto_path=proto \
  --es_out=src/gen --es_opt=target=ts,import_extension=ts,erasable_syntax=true proto/*.proto
