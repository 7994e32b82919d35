import { writeYaml } from '@fairlead/compose';
import type { Action } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import { filterText, printListing } from '../format/listing.ts';
import { listServices, showServices, withNode } from '../service/services.ts';
import type { Service } from '../service/wire.ts';
import { printTasks, type Task } from '../swarm/tasks.ts';
import { naturally } from '../swarm/words.ts';
import { checkStackName, ofStack, stackLabel } from './namespace.ts';
import { composeOf } from './stack-files.ts';

/** `fairlead stack ls`. */
export const list: Action = async (invocation) => {
  const query = { filters: JSON.stringify({ label: [stackLabel] }) };
  const services = await invocation.engine.ask<readonly Service[]>('GET', '/services', { query });
  const byStack = Map.groupBy(services, ({ Spec }) => Spec.Labels?.[stackLabel] ?? '');
  const rows = [...byStack].map(([name, own]) => ({ Name: name, Services: String(own.length) }));
  printListing(invocation, {
    rows: rows.sort((left, right) => naturally(left.Name, right.Name)),
    headings: { Name: 'NAME', Services: 'SERVICES' },
    columns: ['Name', 'Services'],
    identity: 'Name',
    raw: rows,
  });
  return 0;
};

/** `fairlead stack services`. */
export const services: Action = async (invocation) => {
  const {
    words: [stack = ''],
    options,
  } = invocation;
  checkStackName(stack);
  const found = await listServices(invocation, [...options.list('filter'), ofStack(stack)]);
  if (found.length > 0) showServices(invocation, found);
  else process.stderr.write(`Nothing found in stack: ${stack}\n`);
  return 0;
};

/** `fairlead stack ps`. */
export const processes: Action = async (invocation) => {
  const {
    words: [stack = ''],
    options,
    engine,
  } = invocation;
  checkStackName(stack);
  const filters = await withNode(engine, [...options.list('filter'), ofStack(stack)]);
  const tasks = await engine.ask<readonly Task[]>('GET', '/tasks', { query: { filters: filterText(filters) } });
  if (tasks.length === 0) throw refusal(`nothing found in stack: ${stack}`);
  await printTasks(invocation, tasks);
  return 0;
};

/** `fairlead stack config`. */
export const config: Action = ({ options, print }) => {
  print(writeYaml(composeOf(options, { fills: !options.flag('skip-interpolation') })).trimEnd());
  return Promise.resolve(0);
};
