/** Ask before something that cannot be undone, as docker does. */
export async function agreed(warning: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  using terminal = createInterface({ input: process.stdin, output: process.stdout });
  process.stdout.write(`WARNING! ${warning}\n`);
  return /^y(es)?$/i.test(await terminal.question('Are you sure you want to continue? [y/N] '));
}
