/** An instruction of the packet filters of sockets: classic BPF, struct sock_filter (linux/filter.h). */
export interface ClassicInstruction {
  readonly code: number;
  /** Instructions to pass over when a comparison holds, and when it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
