import { close, fsconfig, fsmount, fsopen } from '../system-call/syscalls.ts';
import { type BpfProgramRequest, linkBpfProgram, loadBpfProgram } from './bpf-call.ts';

/** The same numbers on every architecture (include/uapi/asm-generic/unistd.h); since Linux 5.2. */
const FSOPEN = 430;
const FSCONFIG = 431;
const FSMOUNT = 432;
const CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

/**
 * Load a program that control groups ask, and let it be asked for every process of the machine.
 *
 * @returns a descriptor: it is so for as long as that is open.
 * @throws SystemCallError when the kernel refuses.
 */
export function linkToAllProcesses(request: BpfProgramRequest & { readonly attachType: number }): number {
  const program = loadBpfProgram(request);
  try {
    const root = controlGroupRoot();
    try {
      return linkBpfProgram(program, root, request.attachType);
    } finally {
      close(root);
    }
  } finally {
    close(program);
  }
}

/** A descriptor of the root of the control groups of version 2, wherever that is mounted, or not: every process is below it. */
export function controlGroupRoot(): number {
  const context = fsopen(FSOPEN, 'cgroup2', CLOEXEC);
  try {
    fsconfig(FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0);
    return fsmount(FSMOUNT, context, CLOEXEC, 0);
  } finally {
    close(context);
  }
}
