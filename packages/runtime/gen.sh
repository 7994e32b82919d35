#!/bin/sh
# Regenerate src/gen from proto/. Needs protoc on the PATH; the plugin comes through npx and is not a dependency.
# Nothing of this runs when Fairlead runs: the output is committed.
set -eu
cd "$(dirname "$0")"
# Later ones count how deep messages lie in each other, by a property that no type knows; none of ours contains itself.
plugin="$(npx --yes --package ts-proto@2.11.8 -c 'command -v protoc-gen-ts_proto')"

# Methods, but no client: the channel is ours. No JSON either.
options=outputServices=generic-definitions,outputJsonMethods=false
# What Node strips and our compiler settings take.
options=$options,importSuffix=.ts,enumsAsLiterals=true,unrecognizedEnum=false,useExactTypes=false
# Exact numbers and times; a message inside another may be left out; an Any needs the name of what is in it.
options=$options,forceLong=bigint,useDate=false,useOptionals=messages,outputTypeAnnotations=static-only

rm -rf src/gen
mkdir -p src/gen
protoc --plugin="protoc-gen-ts_proto=$plugin" --proto_path=proto \
  --ts_proto_out=src/gen --ts_proto_opt="$options" proto/*.proto

# Keys of maps are texts, and so they are not to be taken for anything; an enumeration has a type.
find src/gen -name '*.ts' -exec sed -E -i \
  -e 's/\{ key: key as any, value \}/{ key, value }/' \
  -e 's/(message\.[a-z]+) = reader\.int32\(\) as any;/\1 = reader.int32() as typeof \1;/' {} +

# Reader and writer come by a door of ours, which loads less.
for file in src/gen/*.ts; do sed -i 's|"@bufbuild/protobuf/wire"|"../wire.ts"|' "$file"; done
for file in src/gen/google/protobuf/*.ts; do sed -i 's|"@bufbuild/protobuf/wire"|"../../../wire.ts"|' "$file"; done
