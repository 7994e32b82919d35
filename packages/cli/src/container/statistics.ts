import { isNotFound } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { printListing, type Row } from '../format/listing.ts';
import { binarySizeText, sizeText } from '../format/quantity.ts';
import { type UsageAnswer, usageOf } from './usage.ts';

const headings = {
  Container: 'CONTAINER',
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
};
const columns = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
/** Cursor to the top, and everything below it away. */
const clearScreen = '\x1b[H\x1b[J';

/** `fairlead stats`: again and again, each sample of the engine's takes a second. */
export const statistics: Action = async (invocation) => {
  const { options } = invocation;
  const once = options.flag('no-stream');
  for (;;) {
    const answers = await sample(invocation);
    if (!once && process.stdout.isTTY) process.stdout.write(clearScreen);
    const rows = answers.map(([name, answer]) => row(name, answer, options.flag('no-trunc')));
    printListing(invocation, { rows, headings, columns, identity: 'ID', raw: answers.map(([, answer]) => answer) });
    if (once) return 0;
  }
};

/** One sample of each container; those that go meanwhile are left out, unless they were asked for by name. */
async function sample({ words, options, engine }: Invocation): Promise<(readonly [string, UsageAnswer])[]> {
  const query = { all: options.flag('all') || undefined };
  const listed = async () =>
    (await engine.ask<{ Id: string }[]>('GET', '/containers/json', { query })).map(({ Id }) => Id);
  const names = words.length > 0 ? words : await listed();
  const answers = await Promise.all(
    names.map(async (name) => {
      try {
        const answer = await engine.ask<UsageAnswer>('GET', `/containers/${name}/stats`, { query: { stream: false } });
        return [[name, answer] as const];
      } catch (error) {
        if (words.length === 0 && isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  // Without containers nothing would take its time.
  if (names.length === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  return answers.flat();
}

function row(container: string, answer: UsageAnswer, full: boolean): Row {
  const usage = usageOf(answer);
  const id = answer.id ?? container;
  return {
    Container: container,
    ID: full ? id : id.slice(0, 12),
    Name: (answer.name ?? '--').replace(/^\//, ''),
    CPUPerc: `${usage.processor.toFixed(2)}%`,
    MemUsage: `${binarySizeText(usage.memory)} / ${binarySizeText(usage.memoryLimit)}`,
    MemPerc: `${usage.memoryShare.toFixed(2)}%`,
    NetIO: `${sizeText(usage.received)} / ${sizeText(usage.sent)}`,
    BlockIO: `${sizeText(usage.read)} / ${sizeText(usage.written)}`,
    PIDs: String(usage.processes),
  };
}
