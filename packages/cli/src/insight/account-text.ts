/** What an operation does to the kernel, as the engine tells it. */
export interface Account {
  readonly groups: readonly {
    readonly reason: string;
    readonly microseconds: number;
    readonly commands: readonly string[];
  }[];
  readonly undo: readonly string[];
}

/** Lines that can be pasted into a root shell: what they are for and what undoes them stands in comments. */
export function accountText({ groups, undo }: Account): string[] {
  const steps = groups.flatMap(({ reason, microseconds, commands }) => [
    `# ${reason} (${(microseconds / 1000).toFixed(2)} ms)`,
    ...commands,
  ]);
  if (undo.length === 0) return steps;
  return [...steps, '# To undo it:', ...undo.map((line) => `#   ${line}`)];
}
