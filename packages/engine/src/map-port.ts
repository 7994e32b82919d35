import type { FindingView, ForwardingRow, KernelView, MapEvent, MapView } from '@fairlead/map';

/** Shows the network of this machine as a whole. */
export interface MapService {
  /** Everything, as it is now. */
  view(): MapView;
  /** Everything at first, then what changes, until the signal. Something runs only while somebody watches. */
  watch(signal: AbortSignal): AsyncIterable<MapEvent>;
  /** What the kernel has of one thing, and the commands that show it. @throws FairleadError `not-found`. */
  kernelView(id: string): KernelView;
  /** Who is behind which port of which bridge, by name. */
  forwarding(): readonly ForwardingRow[];
  /** Let the doctor look, and mark what it finds. */
  examine(): Promise<readonly FindingView[]>;
}
