import { FairleadError } from '@fairlead/base';
import type {
  ChainReference,
  Change,
  KernelObject,
  LinkObject,
  NamespaceName,
  RuleDefinition,
} from '@fairlead/netlink';
import { TRIED } from './cause/accept-fixes.ts';
import type { Fix, FixAction, TraceReport } from './model/report.ts';

/** What a fix is done with. */
export interface FixKernel {
  apply(changes: readonly Change[]): Promise<void>;
  observe(namespace: NamespaceName, kinds: readonly KernelObject['kind'][]): KernelObject[];
  insertRules(namespace: NamespaceName, chain: ChainReference, rules: readonly RuleDefinition[]): void;
}

/**
 * The fix that is asked for, of those that a trace has found.
 *
 * @throws FairleadError `invalid-argument` when there is no such number, `conflict` when it is not what was agreed to.
 */
export function chooseFix(
  { fixes, summary }: Pick<TraceReport, 'fixes' | 'summary'>,
  number: number,
  agreed?: readonly string[],
): Fix {
  const fix = fixes[number - 1];
  if (fix === undefined) throw new FairleadError('invalid-argument', `there is no fix ${number} for: ${summary}`);
  if (agreed !== undefined && agreed.join('\n') !== fix.commands.join('\n')) {
    throw new FairleadError(
      'conflict',
      `fix ${number} is another one by now: ${[fix.text, ...fix.commands].join('; ')}`,
    );
  }
  return fix;
}

/**
 * Do what a fix says.
 *
 * @throws FairleadError `not-implemented` for one that only a person can do, and what the kernel refuses.
 */
export async function tryFix(kernel: FixKernel, fix: Fix): Promise<void> {
  const { action, commands } = fix;
  if (action === undefined) {
    throw new FairleadError('not-implemented', `only a person can do this: ${[fix.text, ...commands].join('; ')}`);
  }
  if (action.kind === 'changes') await kernel.apply(action.changes);
  else if (action.kind === 'links') await kernel.apply(linkChanges(kernel, action));
  else insertRules(kernel, action);
}

function linkChanges(kernel: FixKernel, action: Extract<FixAction, { kind: 'links' }>): Change[] {
  const links = kernel.observe(action.namespace, ['link']);
  return action.names.map((name) => {
    const previous = links.find((object): object is LinkObject => object.kind === 'link' && object.name === name);
    if (previous === undefined) throw new FairleadError('not-found', `no interface ${name}`);
    return { action: 'change', object: { ...previous, ...action.change }, previous };
  });
}

function insertRules(kernel: FixKernel, action: Extract<FixAction, { kind: 'accept' }>): void {
  const { namespace, family, table, chain, rules } = action;
  kernel.insertRules(
    namespace,
    { table: { family, name: table }, chain },
    rules.map((matches) => ({ statements: [...matches, { verdict: 'accept' }], comment: TRIED })),
  );
}
