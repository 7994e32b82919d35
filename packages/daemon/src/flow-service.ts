import type { EnginePort } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';
import type { Collection } from '@fairlead/store';
import { accountingKey, FlowLog } from '@fairlead/trace/flows';
import { type BorrowedSysctl, borrowSysctl } from './borrowed-sysctl.ts';
import { readDirectory } from './place-directory.ts';

/** What the flow log stands on. */
export interface FlowParts {
  readonly engine: EnginePort;
  readonly kernel: Kernel;
  readonly borrowed: Collection<BorrowedSysctl>;
  /** Flows that are kept when they have ended. */
  readonly history: number;
}

/** As `explain` names what is done for it. */
const operation = 'watch flows';

/** The log of who talks to whom; it listens to nothing until it is asked. */
export function makeFlowLog({ engine, kernel, borrowed, history }: FlowParts): FlowLog {
  return new FlowLog({
    history,
    directory: () => readDirectory(engine),
    onChange: (work) => onChange(engine, work),
    async count(namespace) {
      if (namespace === '') return await borrowSysctl(kernel, borrowed, { operation, key: accountingKey, value: '1' });
      // A container's namespace is the engine's own, and ends with it.
      if (kernel.readSysctl(namespace, accountingKey) === '0') {
        const object = { kind: 'sysctl', namespace, key: accountingKey, value: '1' } as const;
        await kernel.recorder.operation(operation, () => kernel.apply([{ action: 'add', object }]));
      }
      return { [Symbol.asyncDispose]: async () => undefined };
    },
  });
}

/** Whatever containers and networks do may give an address to somebody else. */
function onChange(engine: EnginePort, work: () => void): Disposable {
  const end = new AbortController();
  const events = engine.events({ signal: end.signal });
  void (async () => {
    for await (const { type } of events) if (type === 'container' || type === 'network') work();
  })();
  return { [Symbol.dispose]: () => end.abort() };
}
