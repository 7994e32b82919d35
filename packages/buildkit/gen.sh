#!/bin/sh
# Regenerate src/gen from proto/. Needs protoc on the PATH; the plugin comes through npx and is not a dependency.
# Nothing of this runs when Fairlead runs: the output is committed.
set -eu
cd "$(dirname "$0")"
plugin="$(npx --yes --package ts-proto@2.18.0 -c 'command -v protoc-gen-ts_proto')"

# Methods, but no client: the channel is ours. No JSON either.
options=outputServices=generic-definitions,outputJsonMethods=false
# What Node strips and our compiler settings take.
options=$options,importSuffix=.ts,enumsAsLiterals=true,unrecognizedEnum=false,useExactTypes=false
# What is not named in proto/ goes on as it came.
options=$options,unknownFields=true
# Exact numbers and times; a message inside another may be left out.
options=$options,forceLong=bigint,useDate=false,useOptionals=messages,outputTypeAnnotations=static-only

rm -rf src/gen
mkdir -p src/gen
protoc --plugin="protoc-gen-ts_proto=$plugin" --proto_path=proto \
  --ts_proto_out=src/gen --ts_proto_opt="$options" proto/*.proto
