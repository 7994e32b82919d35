import type { MapView, NetworkView, Rate } from '../src/model/map-view.ts';
import { make, setAttribute, setText } from './dom.ts';
import { type Area, type CardPlace, type Layout, layOut } from './layout.ts';
import type { MapState } from './state.ts';
import { TileElement } from './tile-element.ts';

/** A network on the page. */
interface CardElement {
  readonly element: HTMLElement;
  readonly head: HTMLButtonElement;
  readonly note: HTMLElement;
  readonly tiles: HTMLElement;
}

/** Draws networks as cards and containers as tiles in them, and keeps what is there already. */
export class NetworkDrawing {
  readonly #root: HTMLElement;
  readonly #state: MapState;
  readonly #onSelect: (id: string) => void;
  readonly #cards = new Map<string, CardElement>();
  readonly #tiles = new Map<string, TileElement>();
  #made = 0;
  layout: Layout | undefined;

  constructor(root: HTMLElement, state: MapState, onSelect: (id: string) => void) {
    this.#root = root;
    this.#state = state;
    this.#onSelect = onSelect;
    // In each card one tile is reached by Tab: the one that was there last.
    root.addEventListener('focusin', ({ target }) => {
      if (!(target instanceof HTMLElement) || !target.classList.contains('tile')) return;
      for (const other of target.parentElement?.querySelectorAll<HTMLElement>('.tile[tabindex="0"]') ?? []) {
        other.tabIndex = -1;
      }
      target.tabIndex = 0;
    });
  }

  /** Draw everything into an area. */
  draw(view: MapView, area: Area): Layout {
    const contents = view.networks.map(({ id }) => ({
      id,
      tiles: view.tiles.filter(({ network }) => network === id).map((tile) => tile.id),
    }));
    const layout = layOut(contents, area, this.layout);
    this.layout = layout;
    this.#removeGone(view);
    const { width, height, level } = layout.size;
    this.#root.dataset['level'] = level;
    this.#root.style.setProperty('--tile-width', `${width}px`);
    this.#root.style.setProperty('--tile-height', `${height}px`);
    this.#root.style.height = `${Math.max(0, ...layout.cards.map((card) => card.y + card.height))}px`;
    view.networks.forEach((network, index) => {
      const place = layout.cards[index];
      if (place !== undefined) this.#drawCard(network, place);
    });
    this.#drawTiles(view, layout);
    return layout;
  }

  /** Show rates that have changed. */
  showRates(rates: Iterable<readonly [string, Rate]>): void {
    for (const [id, rate] of rates) this.#tiles.get(id)?.showRate(rate);
  }

  /** Mark what is selected, and hold everything back that does not fit what is looked for. */
  mark(selection: readonly string[], isSought: (id: string) => boolean): void {
    for (const [id, { element }] of this.#tiles) {
      setAttribute(element, 'aria-pressed', String(selection.includes(id)));
      setAttribute(element, 'data-dim', isSought(id) ? undefined : '');
    }
    for (const [id, { head }] of this.#cards) setAttribute(head, 'aria-pressed', String(selection.includes(id)));
  }

  /** The button that stands for a tile or a network. */
  elementOf(id: string): HTMLElement | undefined {
    return this.#tiles.get(id)?.element ?? this.#cards.get(id)?.head;
  }

  #removeGone({ tiles, networks }: MapView): void {
    const present = new Set([...tiles, ...networks].map(({ id }) => id));
    for (const [id, { element }] of [...this.#tiles, ...this.#cards]) if (!present.has(id)) element.remove();
    for (const id of [...this.#tiles.keys()]) if (!present.has(id)) this.#tiles.delete(id);
    for (const id of [...this.#cards.keys()]) if (!present.has(id)) this.#cards.delete(id);
  }

  #drawCard(network: NetworkView, place: CardPlace): void {
    const card = this.#cards.get(network.id) ?? this.#makeCard(network.id);
    const { element, head, note } = card;
    setText(head, network.name);
    const what = network.owner === 'other' && network.driver === 'bridge' ? 'another engine’s bridge' : network.driver;
    const parts = [...(network.up ? [] : ['down']), ...network.traits, ...network.subnets, what];
    setText(note, parts.join(' · '));
    setAttribute(note, 'title', parts.join('\n'));
    setAttribute(element, 'data-owner', network.owner);
    setAttribute(element, 'data-up', String(network.up));
    setAttribute(element, 'data-empty', place.seats.every((seat) => seat === undefined) ? '' : undefined);
    Object.assign(element.style, boxStyle(place));
  }

  #makeCard(id: string): CardElement {
    const head = make('button', {
      class: 'head',
      attributes: { type: 'button', 'data-id': id, 'aria-pressed': 'false' },
      onClick: () => this.#onSelect(id),
    });
    const note = make('p', { class: 'note' });
    const tiles = make('div', { class: 'tiles', attributes: { role: 'group' } });
    const title = make('h2', {}, head);
    const label = `card-${this.#made++}`;
    title.id = label;
    tiles.setAttribute('aria-labelledby', label);
    const top = make('div', { class: 'top' }, title, note);
    const element = make('section', { class: 'card', attributes: { 'aria-labelledby': label } }, top, tiles);
    const card = { element, head, note, tiles };
    this.#cards.set(id, card);
    this.#root.append(element);
    return card;
  }

  #drawTiles(view: MapView, layout: Layout): void {
    const networks = new Map(view.networks.map((network) => [network.id, network.name]));
    const places = new Map(layout.cards.map((card) => [card.id, card]));
    for (const tile of view.tiles) {
      const [box, place, card] = [layout.tiles.get(tile.id), places.get(tile.network), this.#cards.get(tile.network)];
      if (box === undefined || place === undefined || card === undefined) continue;
      const shown = this.#tiles.get(tile.id) ?? this.#makeTile(tile.id, card.tiles);
      const [findings, ports] = [this.#state.findingsOf(tile), this.#state.portsOf(tile)];
      shown.show(tile, { network: networks.get(tile.network) ?? '', findings, ports });
      const { style } = shown.element;
      style.left = `${box.x - place.x}px`;
      style.top = `${box.y - place.y}px`;
    }
    for (const { tiles } of this.#cards.values()) {
      if (tiles.querySelector('[tabindex="0"]') === null) tiles.firstElementChild?.setAttribute('tabindex', '0');
    }
  }

  #makeTile(id: string, parent: HTMLElement): TileElement {
    const tile = new TileElement(id, () => this.#onSelect(id));
    this.#tiles.set(id, tile);
    parent.append(tile.element);
    return tile;
  }
}

function boxStyle({ x, y, width, height }: CardPlace): Partial<CSSStyleDeclaration> {
  return { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
}
