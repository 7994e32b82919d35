/**
 * Reader and writer of protobuf's wire format. The package's own door for them (`@bufbuild/protobuf/wire`) also shows text
 * formats and size-delimited streams, and so loads 19 modules where these four do, at every start of the daemon: the file is
 * named by where it lies, which the lock file says.
 */
export {
  BinaryReader,
  BinaryWriter,
  WireType,
} from '../../../node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js';
