/** Somebody else takes for his own what is ours: what the journal tells of it. */
export interface Claim {
  /** The program, or the machine by its hardware address, as far as that is known. */
  readonly program?: string;
  readonly machine?: string;
  /** What it does: `uses 192.0.2.9, the address of web on network lan`. */
  readonly name: string;
  /** What comes of it, and what can be done, a sentence each. */
  readonly details: readonly string[];
}
