/** An instruction of the packet filters of sockets: classic BPF, struct sock_filter (linux/filter.h). */
export interface ClassicInstruction {
  readonly code: number;
  /** Instructions to pass over when a comparison holds, and when it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** What such an instruction does: BPF_LD, BPF_LDX, BPF_ALU, BPF_JMP or BPF_RET with a size and a mode (linux/bpf_common.h). */
export const classicOpcode = {
  loadWord: 0x20,
  loadHalf: 0x28,
  loadByte: 0x30,
  /** The place is counted from the index register on. */
  loadHalfIndexed: 0x48,
  /** Into the index register: bytes of the IPv4 header that begins at the place (BPF_MSH). */
  loadHeaderLength: 0xb1,
  /** Bytes that the packet has, its link's header among them (BPF_LEN). */
  loadLength: 0x80,
  and: 0x54,
  ifEqual: 0x15,
  ifGreater: 0x25,
  ifAtLeast: 0x35,
  ifAnyBit: 0x45,
  /** How many bytes of the packet are taken; 0 for one that is not wanted. */
  return: 0x06,
} as const;

/** More bytes than a packet has: all of one is taken. */
export const wholePacket = 0x4_0000;
