import { agreed } from '../command/agreement.ts';
import type { Action } from '../command/command.ts';
import { filterText } from '../format/listing.ts';
import { sizeText } from '../format/quantity.ts';
import { restartPolicy } from './create-request.ts';
import { forEachName } from './for-each-name.ts';
import { resourceLimits } from './resource-limits.ts';

/** `fairlead update`. */
export const update: Action = (invocation) => {
  const { options, engine } = invocation;
  const policy = options.text('restart');
  const body = {
    ...resourceLimits(options),
    ...(policy === undefined ? {} : { RestartPolicy: restartPolicy(policy) }),
  };
  return forEachName(invocation, (name) => engine.ask('POST', `/containers/${name}/update`, { body }));
};

/** `fairlead container prune`. */
export const prune: Action = async ({ options, engine, print }) => {
  if (!options.flag('force') && !(await agreed('This will remove all stopped containers.'))) return 0;
  const query = { filters: filterText(options.list('filter')) };
  const report = await engine.ask<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>(
    'POST',
    '/containers/prune',
    { query },
  );
  if (report.ContainersDeleted !== null) {
    print('Deleted Containers:');
    for (const id of report.ContainersDeleted) print(id);
    print('');
  }
  print(`Total reclaimed space: ${sizeText(report.SpaceReclaimed)}`);
  return 0;
};
