import type { FlowLine } from '@fairlead/trace';
import type { Action } from '../command/command.ts';
import { momentText } from '../container/logs.ts';
import { flowText } from './flow-text.ts';

/** `fairlead flows`: who talks to whom. What has to be known about it goes to standard error. */
export const flows: Action = async ({ options, engine, print }) => {
  const query = {
    container: options.text('container'),
    network: options.text('network'),
    port: options.integer('port'),
    since: momentText(options.text('since')),
    follow: options.flag('follow') || undefined,
    all: options.flag('all') || undefined,
  };
  for await (const line of engine.lines<FlowLine>('GET', '/fairlead/flows', { query })) {
    if (options.flag('json')) print(JSON.stringify(line));
    else if ('notice' in line) process.stderr.write(`note: ${line.notice}\n`);
    else print(flowText(line));
  }
  return 0;
};
