import { FairleadError } from '@fairlead/base';
import { sizeText } from '../format/quantity.ts';

/** A line of the progress of a pull or a load, as the engine writes it. */
export interface ProgressMessage {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

const barWidth = 50;

/**
 * Draws progress as docker does: on a terminal one line for each layer with a bar, redrawn in place; elsewhere each
 * message that is no mere step of a bar, once.
 */
export class ProgressDisplay {
  readonly #target: NodeJS.WriteStream | undefined;
  /** Layers in the order in which they appeared: their line on the terminal. */
  readonly #layers: string[] = [];

  constructor(target: NodeJS.WriteStream | undefined) {
    this.#target = target;
  }

  /** Draw one message. */
  show(message: ProgressMessage): void {
    const text = messageText(message, this.#target?.isTTY === true);
    if (this.#target === undefined || text === undefined) return;
    if (message.id === undefined || this.#target.isTTY !== true) this.#target.write(`${text}\n`);
    else this.#redraw(this.#target, message.id, text);
    // What follows a plain line starts below it.
    if (message.id === undefined) this.#layers.length = 0;
  }

  #redraw(target: NodeJS.WriteStream, id: string, text: string): void {
    if (!this.#layers.includes(id)) {
      this.#layers.push(id);
      target.write('\n');
    }
    const up = this.#layers.length - this.#layers.indexOf(id);
    target.write(`\x1b[${up}A\r\x1b[2K${text.slice(0, target.columns)}\r\x1b[${up}B`);
  }
}

/**
 * Draw the progress of an operation to its end.
 *
 * @param target nothing is drawn when it is absent.
 * @throws FairleadError with what the engine reported, even in the middle.
 */
export async function follow(
  messages: AsyncIterable<ProgressMessage>,
  target: NodeJS.WriteStream | undefined,
): Promise<void> {
  const display = new ProgressDisplay(target);
  for await (const message of messages) {
    if (message.error !== undefined) throw new FairleadError('internal', message.error);
    display.show(message);
  }
}

/** A message as a line; `undefined` for a step of a bar where there are no bars, and for what is for programs to read. */
function messageText({ id, status, stream, progressDetail }: ProgressMessage, bars: boolean): string | undefined {
  if (stream !== undefined) return stream.replace(/\n$/, '');
  if (status === undefined) return undefined;
  const { current, total } = progressDetail ?? {};
  const line = id === undefined ? status : `${id}: ${status}`;
  if (current === undefined) return line;
  return bars ? `${line} ${bar(current, total)}` : undefined;
}

function bar(current: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return sizeText(current);
  const filled = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const head = filled < barWidth ? '>' : '';
  return `[${`${'='.repeat(filled)}${head}`.padEnd(barWidth)}]  ${sizeText(current)}/${sizeText(total)}`;
}
