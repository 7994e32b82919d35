import { existsSync } from 'node:fs';
import { deleteNamespace, listNamespaces } from '../namespace/namespace.ts';

/**
 * How the namespaces of a test are to begin. Other runs on the machine, at the same time, have names of their own; what
 * processes that are no more have left behind is removed.
 *
 * @param topic letters that say which test it is.
 * @example const host = `${testNames('stage')}host`;
 */
export function testNames(topic: string): string {
  for (const name of listNamespaces()) {
    const [, pid] = /^fl-test-[a-z]+-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) deleteNamespace(name);
  }
  return `fl-test-${topic}-${process.pid}-`;
}
