import { closeSync, openSync } from 'node:fs';
import { assemble, exit, set } from '../program/bpf-assembler.ts';
import { linkBpfProgram, loadBpfProgram } from '../program/bpf-call.ts';
import { controlGroupRoot } from '../program/control-group-program.ts';
import { type ControlGroupHook, controlGroupHooks } from '../program/control-group-query.ts';
import { close } from '../system-call/syscalls.ts';

/** BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_CGROUP_SOCK_ADDR. */
function typeOf(hook: ControlGroupHook): number {
  if (hook === 'cgroup_inet_ingress' || hook === 'cgroup_inet_egress') return 8;
  return hook === 'cgroup_inet_sock_create' ? 9 : 18;
}

/**
 * Let a control group ask a program that says the same to everything, until it is disposed of or this process ends.
 *
 * @throws RangeError for the root: every process of the machine is below it.
 */
export function attachToControlGroup(
  group: string,
  { hook, name, allows = false }: { readonly hook: ControlGroupHook; readonly name: string; readonly allows?: boolean },
): Disposable {
  if (!/^\/[^/]+/.test(group)) throw new RangeError(`not a control group of a test's own: "${group}"`);
  const instructions = assemble([set(0, allows ? 1 : 0), exit()]);
  const attachType = controlGroupHooks[hook];
  const program = loadBpfProgram({ type: typeOf(hook), name, instructions, attachType });
  const root = controlGroupRoot();
  const target = openSync(`/proc/self/fd/${root}${group}`, 'r');
  try {
    const link = linkBpfProgram(program, target, attachType);
    return { [Symbol.dispose]: () => close(link) };
  } finally {
    closeSync(target);
    for (const descriptor of [root, program]) close(descriptor);
  }
}
