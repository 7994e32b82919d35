import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { type KernelLayout, readKernelLayout } from '../program/kernel-layout.ts';
import { layoutText, parseLayout } from '../program/layout-text.ts';

/** Where the kernel describes its own types: five megabytes, of which the first reading takes some 30 ms. */
const TYPES = '/sys/kernel/btf/vmlinux';
/** Where it says which build it is. */
const NOTES = '/sys/kernel/notes';

let known: KernelLayout | undefined;
let kept: string | undefined;

/** Keep the layout in a file from now on, for the next process. */
export function keepKernelLayout(path: string): void {
  kept = path;
}

/**
 * The layout of this machine's kernel, found once: in the file that an earlier process has kept, or in the types.
 *
 * @throws Error where the kernel was built without BTF.
 */
export function kernelLayout(): KernelLayout {
  known ??= kept === undefined ? readKernelLayout(readFileSync(TYPES)) : layoutFrom(kept);
  return known;
}

/** The layout in a file, if it is that of this kernel; else the file has it afterwards. @throws as {@link kernelLayout}. */
export function layoutFrom(path: string): KernelLayout {
  const kernel = kernelIdentity();
  const before = kernel && parseLayout(readOr(path), kernel);
  if (before) return before;
  const layout = readKernelLayout(readFileSync(TYPES));
  if (kernel !== undefined) keep(path, layoutText(layout, kernel));
  return layout;
}

/** `undefined` where two kernels could not be told apart. */
function kernelIdentity(): string | undefined {
  try {
    return `${readFileSync(NOTES).toString('base64')} ${statSync(TYPES).size}`;
  } catch {
    return undefined;
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A disk that cannot be written to costs the next process some time. */
function keep(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // As it was before.
  }
}
