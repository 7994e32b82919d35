import type { KernelLayout } from './kernel-layout.ts';

/** Another one for each form that a layout has had. */
const SCHEMA = 'fairlead.kernel-layout/4';

/** A layout as text, for the next process on the same kernel. @param kernel what tells kernels apart. */
export function layoutText(layout: KernelLayout, kernel: string): string {
  return JSON.stringify({ schema: SCHEMA, kernel, layout: { ...layout, reasons: [...layout.reasons] } });
}

/** The layout that {@link layoutText} has written; `undefined` for that of another kernel, and for anything else. */
export function parseLayout(text: string, kernel: string): KernelLayout | undefined {
  try {
    const kept: Kept = JSON.parse(text);
    if (kept.schema !== SCHEMA || kept.kernel !== kernel) return undefined;
    return { ...kept.layout, reasons: new Map(kept.layout.reasons) };
  } catch {
    return undefined;
  }
}

interface Kept {
  readonly schema: string;
  readonly kernel: string;
  readonly layout: Omit<KernelLayout, 'reasons'> & { readonly reasons: readonly [number, string][] };
}
