import type { Rate } from '../src/model/map-view.ts';
import { find, setText } from './dom.ts';
import { HostDrawing } from './draw-host.ts';
import { NetworkDrawing } from './draw-networks.ts';
import { WayDrawing } from './draw-way.ts';
import { drawWires } from './draw-wires.ts';
import type { Geometry } from './geometry.ts';
import { type Box, CARD_HEAD } from './layout.ts';
import { isDirection, neighbourOf } from './neighbours.ts';
import { failureElements, findingElement, kernelElements, overview } from './panel.ts';
import { askExamination, askKernelView, askTrace, type ConnectionState, followMap } from './server.ts';
import { MapState, questionOf, type TraceQuestion, titleOf } from './state.ts';
import { countText, rateText, totalRate } from './text.ts';
import { type TraceState, traceElements } from './trace-panel.ts';
import { stopsOf, stopsSoFar, type TraceHop } from './trace-path.ts';

/** The page: what the engine says comes in, is drawn once a frame, and what the reader does goes out. */
class MapPage {
  readonly #state = new MapState();
  readonly #map = find('#map');
  readonly #panel = find('#panel');
  readonly #search = find<HTMLInputElement>('#search');
  readonly #networks = new NetworkDrawing(find('#networks'), this.#state, (id) => this.#select(id));
  readonly #host = new HostDrawing(find('#outside'), find('#host'), this.#state, (id) => this.#select(id));
  readonly #way = new WayDrawing(find<SVGElement>('#way'), find('#reason'));
  #geometry: Geometry | undefined;
  #changedRates = new Set<string>();
  #due: 'nothing' | 'rates' | 'view' = 'nothing';
  #isExamining = false;
  #trace: { readonly question: TraceQuestion; readonly state: TraceState } | undefined;

  start(): void {
    followMap(
      (event) => {
        if (event.type === 'rates') for (const id of Object.keys(event.rates)) this.#changedRates.add(id);
        this.#schedule(this.#state.take(event));
      },
      (state) => this.#showConnection(state),
    );
    new ResizeObserver(() => this.#schedule('view')).observe(this.#map);
    document.addEventListener('keydown', (event) => this.#onKey(event));
    this.#search.addEventListener('input', () => this.#mark());
  }

  /** However much happens, there is one drawing a frame. */
  #schedule(what: 'rates' | 'view'): void {
    if (this.#due === 'nothing') requestAnimationFrame(() => this.#draw());
    if (this.#due !== 'view') this.#due = what;
  }

  #draw(): void {
    const { view } = this.#state;
    const due = this.#due;
    this.#due = 'nothing';
    if (view === undefined) return;
    if (due === 'view') this.#drawView();
    const rates = this.#nextRates();
    this.#networks.showRates(rates);
    this.#host.showRates(rates);
    if (this.#changedRates.size > 0) this.#schedule('rates');
    const [received, sent] = totalRate(view, this.#state.rates);
    setText(find('#traffic'), `↓ ${rateText(received)}  ↑ ${rateText(sent)}`);
  }

  /** A few hundred at once would take longer than a frame: the rest is for the next one. */
  #nextRates(): (readonly [string, Rate])[] {
    const ids = [...this.#changedRates].slice(0, RATES_PER_FRAME);
    return ids.flatMap((id) => {
      this.#changedRates.delete(id);
      const rate = this.#state.rates.get(id);
      return rate === undefined ? [] : [[id, rate] as const];
    });
  }

  #drawView(): void {
    const { view } = this.#state;
    if (view === undefined) return;
    const first = this.#geometry === undefined;
    setText(find('#summary'), `${view.host.name} · ${countText(view)}`);
    document.title = `${view.host.name} · Fairlead map`;
    this.#host.draw(view);
    const area = find('#networks').getBoundingClientRect();
    const room = {
      width: Math.floor(area.width),
      height: Math.floor(this.#map.clientHeight - 2 * MARGIN) * screens(area),
    };
    const layout = this.#networks.draw(view, room);
    this.#geometry = this.#measure(layout);
    drawWires(find<SVGElement>('#wires'), view, this.#geometry);
    this.#way.redraw(this.#geometry);
    this.#networks.showRates(this.#state.rates);
    this.#mark();
    this.#showPanel();
    if (first && view.examined === undefined) void this.#examine();
  }

  /** Where everything is, read at once after everything was written. */
  #measure(layout: Geometry['layout']): Geometry {
    const map = this.#map.getBoundingClientRect();
    const [left, top] = [map.left - this.#map.scrollLeft, map.top - this.#map.scrollTop];
    const boxOf = (element: Element): Box => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x - left, y: y - top, width, height };
    };
    const networks = boxOf(find('#networks'));
    const buttons = [...this.#host.elements].filter(([id]) => id.startsWith('link:') || id.startsWith('port:'));
    for (const svg of [find<SVGElement>('#wires'), find<SVGElement>('#way')]) {
      svg.style.height = `${this.#map.scrollHeight}px`;
    }
    return {
      layout,
      origin: { x: networks.x, y: networks.y },
      outside: boxOf(find('#outside')),
      host: boxOf(find('#host')),
      sockets: new Map(buttons.map(([id, element]) => [id, boxOf(element)])),
    };
  }

  #select(id: string): void {
    const isPair = this.#state.toggle(id);
    const [from, to] = this.#state.selection;
    this.#trace = undefined;
    this.#way.clear();
    this.#mark();
    if (isPair && from !== undefined && to !== undefined) void this.#follow(questionOf(this.#state, from, to));
    else this.#showPanel();
    if (from === undefined) this.#say('nothing selected');
    else if (!isPair) this.#say(`${titleOf(this.#state, from)} selected`);
  }

  async #follow(question: TraceQuestion): Promise<void> {
    const asked = { question, state: { kind: 'asked' } } as const;
    this.#trace = asked;
    this.#way.clear();
    this.#showPanel();
    this.#say(`following a packet from ${question.from} to ${question.to}`);
    const hops: TraceHop[] = [];
    const onHop = (hop: TraceHop) => {
      hops.push(hop);
      if (this.#trace === asked) this.#drawSoFar(hops);
    };
    const state = await askTrace(question, onHop).then(
      (answer): TraceState => ({
        kind: 'answered',
        answer,
        stops: this.#state.view === undefined ? [] : stopsOf(answer, this.#state.view),
      }),
      (error: unknown): TraceState => ({ kind: 'failed', message: messageOf(error) }),
    );
    // Something else has been selected meanwhile.
    if (this.#trace !== asked) return;
    this.#trace = { question, state };
    this.#showPanel();
    if (state.kind === 'failed') this.#say(state.message);
    if (state.kind !== 'answered') return;
    const { summary, cause } = state.answer;
    if (this.#geometry !== undefined) this.#way.draw(state.stops, cause?.text ?? summary, this.#geometry);
    this.#say(cause === undefined ? summary : `${summary}. ${cause.text}`);
  }

  /** The packet's way while it is followed. */
  #drawSoFar(hops: readonly TraceHop[]): void {
    const { view } = this.#state;
    if (view !== undefined && this.#geometry !== undefined) this.#way.draw(stopsSoFar(hops, view), '', this.#geometry);
  }

  async #examine(): Promise<void> {
    if (this.#isExamining) return;
    this.#isExamining = true;
    this.#showPanel();
    await askExamination().catch((error: unknown) => this.#say(messageOf(error)));
    this.#isExamining = false;
    this.#showPanel();
  }

  /** Only what is meant to be read is made anew; what somebody types in stays. */
  #showPanel(): void {
    const { view, selection } = this.#state;
    const [from, to] = selection;
    if (view === undefined) return;
    const key = JSON.stringify([selection, this.#trace?.state, this.#isExamining, view.findings, view.examined]);
    if (this.#panel.dataset['shown'] === key) return;
    this.#panel.dataset['shown'] = key;
    if (from === undefined) this.#fill(overview(view, this.#isExamining, () => void this.#examine()));
    else if (to === undefined || this.#trace === undefined) void this.#showKernelView(from);
    else {
      const [source, target] = [titleOf(this.#state, from), titleOf(this.#state, to)];
      const onTrace = (question: TraceQuestion) => void this.#follow(question);
      this.#fill(traceElements({ from: source, to: target, ...this.#trace, onTrace }));
    }
  }

  async #showKernelView(id: string): Promise<void> {
    const shown = await askKernelView(id).then(kernelElements, (error: unknown) =>
      failureElements(titleOf(this.#state, id), messageOf(error)),
    );
    // Something else has been selected meanwhile.
    if (this.#state.selection[0] !== id || this.#state.selection.length > 1) return;
    const tile = this.#state.tile(id);
    const findings = tile === undefined ? [] : this.#state.findingsOf(tile);
    this.#fill([...shown, ...findings.map(findingElement)]);
  }

  #fill(children: readonly (Node | string | undefined)[]): void {
    this.#panel.replaceChildren(...children.filter((child) => child !== undefined));
  }

  #mark(): void {
    const words = this.#search.value.trim().toLowerCase();
    const isSought = (id: string) => words === '' || this.#textOf(id).includes(words);
    this.#networks.mark(this.#state.selection, isSought);
    this.#host.mark(this.#state.selection, isSought);
  }

  #textOf(id: string): string {
    const tile = this.#state.tile(id);
    const port = this.#state.view?.ports.find((each) => each.id === id);
    const parts = tile
      ? [tile.name, ...tile.addresses, tile.detail ?? '']
      : [titleOf(this.#state, id), port?.container ?? ''];
    return parts.join(' ').toLowerCase();
  }

  #onKey(event: KeyboardEvent): void {
    const { target, key } = event;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (key === 'Escape') this.#clear();
    else if (key === 'Enter' && target === this.#search) {
      // Else the key would go on to press what is focused by then.
      event.preventDefault();
      this.#focusFirstFound();
    }
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === '/') {
      event.preventDefault();
      this.#search.focus();
    } else if (key === 't' && this.#trace !== undefined) void this.#follow(this.#trace.question);
    else if (isDirection(key) && target instanceof HTMLElement && target.dataset['id'] !== undefined) {
      event.preventDefault();
      this.#focus(neighbourOf(target.dataset['id'], key, this.#boxes()));
    }
  }

  #clear(): void {
    this.#state.selection = [];
    this.#search.value = '';
    this.#trace = undefined;
    this.#way.clear();
    this.#mark();
    this.#showPanel();
  }

  #focusFirstFound(): void {
    const words = this.#search.value.trim().toLowerCase();
    this.#focus(this.#state.view?.tiles.find(({ id }) => this.#textOf(id).includes(words))?.id);
  }

  #focus(id: string | undefined): void {
    if (id === undefined) return;
    (this.#networks.elementOf(id) ?? this.#host.elements.get(id))?.focus();
  }

  /** Everything that arrows lead to. */
  #boxes(): ReadonlyMap<string, Box> {
    if (this.#geometry === undefined) return new Map();
    const { layout, origin, host, outside, sockets } = this.#geometry;
    const shifted = (box: Box): Box => ({ ...box, x: box.x + origin.x, y: box.y + origin.y });
    return new Map([
      ['outside', { ...outside, height: CARD_HEAD }],
      ['host', { ...host, height: CARD_HEAD }],
      ...sockets,
      ...layout.cards.map((card) => [card.id, { ...shifted(card), height: CARD_HEAD, width: 80 }] as const),
      ...[...layout.tiles].map(([id, box]) => [id, shifted(box)] as const),
    ]);
  }

  #showConnection(state: ConnectionState): void {
    const element = find('#connection');
    element.dataset['state'] = state;
    setText(element, { live: 'live', lost: 'connection lost: trying again', resting: 'resting' }[state]);
  }

  /** For those who listen. */
  #say(text: string): void {
    setText(find('#live'), text);
  }
}

const RATES_PER_FRAME = 120;

/** Around the map, in CSS pixels: as `--margin` in the style. */
const MARGIN = 14;

/** Networks that are below the host are scrolled to in any case: then they may be read as well. */
function screens(networks: DOMRect): number {
  return networks.top >= find('#host').getBoundingClientRect().bottom ? 2 : 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

new MapPage().start();
