import { ByteWriter, type ClassicInstruction } from '@fairlead/base';
import type { SocketProgram } from '../program/socket-program.ts';
import { addressOfBuffer, setsockopt } from '../system-call/syscalls.ts';

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_BPF = 50;

/** Let a socket get only the packets that a program keeps: struct sock_fprog with what it points to (socket(7)). */
export function attachFilter(descriptor: number, program: readonly ClassicInstruction[]): void {
  const instructions = new ByteWriter(program.length * 8);
  for (const { code, jt, jf, k } of program) instructions.u16(code).u8(jt).u8(jf).u32(k);
  const bytes = instructions.finish();
  const value = new ByteWriter().u16(program.length).zeros(6).u64(addressOfBuffer(bytes)).finish();
  setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, value, value.length);
}

/** The same by a program that was loaded before. */
export function attachProgram(descriptor: number, program: SocketProgram): void {
  const value = new ByteWriter().u32(program.descriptor).finish();
  setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_BPF, value, value.length);
}
