import { makeSvg, setText } from './dom.ts';
import { anchorOf, type Geometry, type Point, pathThrough, placeNote, wayBetween } from './geometry.ts';
import type { Stop } from './trace-path.ts';
import { beginsOf, LEG } from './way-times.ts';

/** CSS pixels, as in the style. */
const NOTE_WIDTH = 270;

/** Draws the way of a packet, leg by leg as it went, with a number at each stop and a cross where it died. */
export class WayDrawing {
  readonly #svg: SVGElement;
  readonly #note: HTMLElement;
  #stops: readonly Stop[] = [];
  /** When each leg begins to be drawn, on the page's clock: one that is seen early waits for those before it. */
  #begins: number[] = [];

  /** @param note shown beside the cross. */
  constructor(svg: SVGElement, note: HTMLElement) {
    this.#svg = svg;
    this.#note = note;
  }

  /** Forget the way. */
  clear(): void {
    this.#stops = [];
    this.#begins = [];
    this.#svg.replaceChildren();
    this.#note.hidden = true;
  }

  /**
   * Draw a way, as far as it is known; what has been drawn of it goes on.
   *
   * @param reason why it ended where it died.
   */
  draw(stops: readonly Stop[], reason: string, geometry: Geometry): void {
    this.#stops = stops;
    this.#begins = beginsOf(stops.length, this.#begins, performance.now());
    setText(this.#note, reason);
    this.#render(geometry, !matchMedia('(prefers-reduced-motion: reduce)').matches);
  }

  /** Draw it again where things are by now. */
  redraw(geometry: Geometry): void {
    if (this.#stops.length > 0) this.#render(geometry, false);
  }

  #render(geometry: Geometry, isMoving: boolean): void {
    const parts: SVGElement[] = [];
    const signs: SVGElement[] = [];
    this.#stops.forEach((stop, index) => {
      const before = this.#stops[index - 1];
      const points = before === undefined ? [] : wayBetween(before.at, stop.at, geometry);
      const leg = makeSvg('path', { class: 'leg', d: pathThrough(points), pathLength: 1 });
      const anchor = anchorOf(stop.at, geometry);
      if (points.length > 1) parts.push(leg);
      if (anchor === undefined) return;
      const sign = stop.died ? crossAt(anchor) : numberAt(anchor, index + 1);
      signs.push(sign);
      if (isMoving) appear(leg, sign, this.#delayOf(index), index === 0);
    });
    this.#svg.replaceChildren(...parts, ...signs);
    this.#showNote(geometry, isMoving);
  }

  /** Why it died, beside the cross. */
  #showNote(geometry: Geometry, isMoving: boolean): void {
    const index = this.#stops.findIndex(({ died }) => died);
    const stop = this.#stops[index];
    this.#note.hidden = stop === undefined;
    if (stop === undefined) return;
    const size = { width: NOTE_WIDTH, height: this.#note.offsetHeight };
    const { x, y, leader } = placeNote(stop.at, size, geometry, this.#svg.clientHeight);
    this.#note.style.left = `${x}px`;
    this.#note.style.top = `${y}px`;
    this.#svg.prepend(makeSvg('path', { class: 'leader', d: pathThrough(leader) }));
    if (!isMoving) return;
    const delay = this.#delayOf(index) + LEG;
    this.#note.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 160, delay, fill: 'backwards' });
  }

  /** Milliseconds; negative for what has begun already. */
  #delayOf(index: number): number {
    return (this.#begins[index] ?? 0) - performance.now();
  }
}

function appear(leg: SVGElement, sign: SVGElement, delay: number, isFirst: boolean): void {
  const options = { fill: 'backwards', easing: 'ease-in-out' } as const;
  leg.animate([{ strokeDashoffset: 1 }, { strokeDashoffset: 0 }], { ...options, duration: LEG, delay });
  const arrival = isFirst ? delay : delay + LEG * 0.8;
  sign.animate([{ opacity: 0 }, { opacity: 1 }], { ...options, duration: 120, delay: arrival });
}

function numberAt({ x, y }: Point, number: number): SVGElement {
  return makeSvg(
    'g',
    { class: 'stop', transform: `translate(${x} ${y})` },
    makeSvg('circle', { r: 9 }),
    makeSvg('text', { y: 3.5 }, String(number)),
  );
}

function crossAt({ x, y }: Point): SVGElement {
  return makeSvg(
    'g',
    { class: 'death', transform: `translate(${x} ${y})` },
    makeSvg('circle', { r: 11 }),
    makeSvg('path', { d: 'M-4.5 -4.5L4.5 4.5M4.5 -4.5L-4.5 4.5' }),
  );
}
