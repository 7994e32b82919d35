import type { FindingView, PortView, Rate, TileView } from '../src/model/map-view.ts';
import { make, setAttribute, setText } from './dom.ts';
import { barLength, plural, rateText, tileLabel } from './text.ts';

const still: Rate = [0, 0, 0];

/** What surrounds a tile. */
export interface TileContext {
  readonly network: string;
  readonly findings: readonly FindingView[];
  readonly ports: readonly PortView[];
}

/** A container on the page: a real button, so that keyboards and screen readers know what it is. */
export class TileElement {
  readonly element: HTMLButtonElement;
  readonly #text = make('bdi');
  readonly #name = make('span', { class: 'name' }, this.#text);
  readonly #address = make('span', { class: 'address' });
  readonly #rates = make('span', { class: 'rates' });
  readonly #in = make('i', { class: 'in' });
  readonly #out = make('i', { class: 'out' });
  #rate: Rate = still;

  constructor(id: string, onSelect: () => void) {
    const bars = make('span', { class: 'bars' }, this.#in, this.#out);
    const dot = make('span', { class: 'dot' });
    const attributes = { type: 'button', 'data-id': id, 'aria-pressed': 'false', tabindex: '-1' };
    this.element = make(
      'button',
      { class: 'tile', attributes, onClick: onSelect },
      this.#name,
      this.#address,
      this.#rates,
      bars,
      dot,
    );
    // Said when it is asked for: as a part of the label it would be read out with every change.
    this.element.addEventListener('focus', () => this.#describe());
    this.showRate(still);
  }

  /** Show what it is. */
  show(tile: TileView, context: TileContext): void {
    const { element } = this;
    setText(this.#text, tile.name);
    setText(this.#address, tile.connected ? (tile.addresses[0] ?? tile.state) : 'not connected');
    setAttribute(element, 'aria-label', tileLabel(tile, context.network, context.findings, context.ports));
    setAttribute(element, 'data-owner', tile.owner);
    setAttribute(element, 'data-state', tile.connected ? tile.state : 'unplugged');
    setAttribute(element, 'data-findings', context.findings.length > 0 ? worst(context.findings) : undefined);
    setAttribute(
      element,
      'title',
      [tile.name, ...tile.addresses, tile.detail].filter((part) => part !== undefined).join('\n'),
    );
  }

  /** Show what moves. Bars are scaled, not resized: nothing has to be laid out again. */
  showRate(rate: Rate): void {
    const [received, sent, dropped] = rate;
    this.#rate = rate;
    this.#in.style.transform = `scaleX(${barLength(received).toFixed(3)})`;
    this.#out.style.transform = `scaleX(${barLength(sent).toFixed(3)})`;
    setText(this.#rates, received + sent === 0 ? '' : `↓ ${rateText(received)}  ↑ ${rateText(sent)}`);
    setAttribute(this.element, 'data-drops', dropped > 0 ? String(dropped) : undefined);
  }

  #describe(): void {
    const [received, sent, dropped] = this.#rate;
    const drops = dropped === 0 ? '' : `, ${dropped} ${plural(dropped, 'packet')} dropped`;
    setAttribute(this.element, 'aria-description', `receives ${rateText(received)}, sends ${rateText(sent)}${drops}`);
  }
}

function worst(findings: readonly FindingView[]): string {
  return findings.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
}
