import { ByteWriter, type ClassicInstruction } from '@fairlead/base';
import { addressOfBuffer, setsockopt } from '../system-call/syscalls.ts';

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

/** Let a socket get only the packets that a program keeps: struct sock_fprog with what it points to (socket(7)). */
export function attachFilter(descriptor: number, program: readonly ClassicInstruction[]): void {
  const instructions = new ByteWriter(program.length * 8);
  for (const { code, jt, jf, k } of program) instructions.u16(code).u8(jt).u8(jf).u32(k);
  const bytes = instructions.finish();
  const value = new ByteWriter().u16(program.length).zeros(6).u64(addressOfBuffer(bytes)).finish();
  setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, value, value.length);
}
