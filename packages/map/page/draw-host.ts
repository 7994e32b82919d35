import type { MapView, PortView, Rate, UplinkView } from '../src/model/map-view.ts';
import { make, setAttribute, setText } from './dom.ts';
import { type MapState, troubles } from './state.ts';
import { barLength, portText, rateText, socketsOf } from './text.ts';

/** Sockets beyond so many are shown by their numbers alone. */
const MANY = 14;

/** Draws what is left of the networks: the world outside, and the host with its interfaces and published ports. */
export class HostDrawing {
  readonly #outside: HTMLElement;
  readonly #host: HTMLElement;
  readonly #state: MapState;
  readonly #onSelect: (id: string) => void;
  readonly #buttons = new Map<string, HTMLButtonElement>();

  constructor(outside: HTMLElement, host: HTMLElement, state: MapState, onSelect: (id: string) => void) {
    this.#outside = outside;
    this.#host = host;
    this.#state = state;
    this.#onSelect = onSelect;
  }

  /** Draw everything. */
  draw(view: MapView): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['id'] : undefined;
    const hadFocus = focused !== undefined && this.#buttons.has(focused);
    this.#buttons.clear();
    const gateways = view.host.uplinks.flatMap((uplink) => uplink.gateways);
    const reached = gateways.length === 0 ? 'no default route' : `by ${gateways.join(', ')}`;
    this.#outside.replaceChildren(
      make('h2', {}, this.#button('outside', 'head', 'Outside')),
      make('p', { class: 'note' }, reached),
    );
    const sockets = socketsOf(view.ports);
    const hostFindings = troubles(view).filter(({ affects }) => affects.length === 0);
    const head = this.#button('host', 'head', view.host.name);
    setAttribute(head, 'data-findings', hostFindings.length > 0 ? 'warning' : undefined);
    this.#host.replaceChildren(
      make('h2', {}, head),
      make('h3', {}, 'Interfaces'),
      make('ul', { class: 'uplinks' }, ...view.host.uplinks.map((uplink) => make('li', {}, this.#uplink(uplink)))),
      make('h3', {}, sockets.length === 0 ? 'No published ports' : 'Published ports'),
      make(
        'ul',
        { class: sockets.length > MANY ? 'sockets many' : 'sockets' },
        ...sockets.map((port) => make('li', {}, this.#socket(port, sockets.length > MANY))),
      ),
    );
    if (hadFocus) this.#buttons.get(focused)?.focus();
    this.showRates(this.#state.rates);
  }

  /** Show rates that have changed. */
  showRates(rates: Iterable<readonly [string, Rate]>): void {
    for (const [id, [received, sent]] of rates) {
      const button = this.#buttons.get(id);
      if (button === undefined) continue;
      const [text, into, out] = ['.rates', '.in', '.out'].map((part) => button.querySelector<HTMLElement>(part));
      if (text) setText(text, `↓ ${rateText(received)}  ↑ ${rateText(sent)}`);
      if (into) into.style.transform = `scaleX(${barLength(received).toFixed(3)})`;
      if (out) out.style.transform = `scaleX(${barLength(sent).toFixed(3)})`;
    }
  }

  /** Mark what is selected, and hold back what is not looked for. */
  mark(selection: readonly string[], isSought: (id: string) => boolean): void {
    for (const [id, button] of this.#buttons) {
      setAttribute(button, 'aria-pressed', String(selection.includes(id)));
      setAttribute(button, 'data-dim', isSought(id) ? undefined : '');
    }
  }

  /** All buttons, by what they stand for. */
  get elements(): ReadonlyMap<string, HTMLElement> {
    return this.#buttons;
  }

  #button(id: string, className: string, ...children: readonly (Node | string)[]): HTMLButtonElement {
    const attributes = { type: 'button', 'data-id': id, 'aria-pressed': 'false' };
    const button = make('button', { class: className, attributes, onClick: () => this.#onSelect(id) }, ...children);
    this.#buttons.set(id, button);
    return button;
  }

  #uplink({ id, name, up, addresses }: UplinkView): HTMLButtonElement {
    const bars = make('span', { class: 'bars' }, make('i', { class: 'in' }), make('i', { class: 'out' }));
    const button = this.#button(
      id,
      'uplink',
      make('span', { class: 'name' }, name),
      make('span', { class: 'address' }, up ? (addresses[0] ?? '') : 'down'),
      make('span', { class: 'rates' }),
      bars,
    );
    setAttribute(button, 'aria-label', `interface ${name}, ${up ? 'up' : 'down'}, ${addresses.join(' and ')}`);
    setAttribute(button, 'data-state', up ? 'running' : 'unplugged');
    return button;
  }

  #socket(port: PortView, isNarrow: boolean): HTMLButtonElement {
    const { id, container, containerPorts, open, protocol } = port;
    const number = make('span', { class: 'number' }, portText(port));
    const target = make('span', { class: 'target' }, `${container}:${containerPorts}`);
    const button = isNarrow ? this.#button(id, 'socket', number) : this.#button(id, 'socket', number, target);
    const label = `published port ${portText(port)} to ${container} port ${containerPorts}, ${protocol}`;
    setAttribute(button, 'aria-label', open ? label : `${label}, closed`);
    setAttribute(button, 'title', `${portText(port)} → ${container}:${containerPorts}`);
    setAttribute(button, 'data-open', String(open));
    return button;
  }
}
