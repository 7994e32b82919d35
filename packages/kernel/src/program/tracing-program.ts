import { close } from '../system-call/syscalls.ts';
import { attachBpfProgram, closeAll, loadBpfProgram, runBpfProgram } from './bpf-call.ts';
import { linkToAllProcesses } from './control-group-program.ts';

/** BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, BPF_PROG_TYPE_SCHED_CLS. */
const TRACING = 26;
const RAW_TRACEPOINT = 23;
/** BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL. */
const SYSCTL = 23;
const SYSCTL_HOOK = 18;
const CLASSIFIER = 3;

/** A program for a tracepoint of the kernel. */
export interface TracingProgram {
  readonly name: string;
  readonly instructions: Uint8Array;
  /** Number of the typedef `btf_trace_<tracepoint>` in the kernel's type information. */
  readonly tracepointTypeId: number;
}

/** A program that is ready to run, and costs nothing until it does. */
export interface LoadedProgram extends Disposable {
  /** Let it run at its tracepoint until that is disposed of, or this process ends in any way. @throws SystemCallError */
  attach(): Disposable;
}

/**
 * Have a program verified and compiled, which takes some milliseconds.
 *
 * @throws SystemCallError when the kernel refuses: without BPF, without the right to use it, or the program is wrong.
 */
export function loadTracingProgram({ name, instructions, tracepointTypeId }: TracingProgram): LoadedProgram {
  const request = { type: TRACING, name, instructions, attachType: RAW_TRACEPOINT, attachTypeId: tracepointTypeId };
  const program = loadBpfProgram(request);
  return {
    attach() {
      const link = attachBpfProgram(program);
      return { [Symbol.dispose]: () => close(link) };
    },
    [Symbol.dispose]: () => close(program),
  };
}

/**
 * Load a program and let it run at its tracepoint until it is disposed of, or this process ends in any way.
 *
 * @throws as {@link loadTracingProgram}.
 */
export function attachTracingProgram(program: TracingProgram): Disposable {
  using loaded = loadTracingProgram(program);
  return loaded.attach();
}

/**
 * Load a program that is asked whenever any process reads or writes a file below /proc/sys (Linux 5.2), until it is disposed
 * of, or this process ends in any way. With 1 it says that this may be.
 *
 * @throws as {@link attachTracingProgram}.
 */
export function attachSysctlProgram(name: string, instructions: Uint8Array): Disposable {
  const link = linkToAllProcesses({ type: SYSCTL, name, instructions, attachType: SYSCTL_HOOK });
  return { [Symbol.dispose]: () => close(link) };
}

/**
 * Run a classifier once on a frame that we made, in the network namespace that this thread is in. With
 * `bpf_clone_redirect` it can let the frame arrive at an interface as if the wire had brought it.
 *
 * @throws SystemCallError when the kernel refuses.
 */
export function runClassifier(instructions: Uint8Array, frame: Uint8Array): void {
  const program = loadBpfProgram({ type: CLASSIFIER, name: 'fl_arrival', instructions });
  try {
    runBpfProgram(program, frame);
  } finally {
    closeAll([program]);
  }
}
