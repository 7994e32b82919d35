/** Ask before something that cannot be undone, as docker does. */
export async function agreed(warning: string): Promise<boolean> {
  process.stdout.write(`WARNING! ${warning}\n`);
  return await answeredYes('Are you sure you want to continue?', process.stdout);
}

/** Ask a question; whatever is not a yes is a no, the end of the input as well. */
export async function answeredYes(question: string, output: NodeJS.WritableStream): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  using terminal = createInterface({ input: process.stdin, output });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  return /^y(es)?$/i.test(await Promise.race([terminal.question(`${question} [y/N] `), closed]));
}
