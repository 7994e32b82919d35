import type { Page } from 'playwright-core';

/** A text that is hard to read. */
export interface PoorContrast {
  readonly text: string;
  readonly ratio: number;
}

/** Texts on the page whose contrast with what is behind them is below WCAG's AA (1.4.3): 4.5, or 3 for large ones. */
export function poorContrasts(page: Page): Promise<PoorContrast[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const channels = (color: string): number[] => {
      if (canvas === null) return [0, 0, 0, 0];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (rgb: number[]): number => {
      const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = channels(getComputedStyle(at).backgroundColor);
        if (color[3] === 255) return color;
      }
      return [255, 255, 255];
    };
    const isShown = (element: Element): boolean =>
      element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) &&
      !element.closest('.unseen, .skip, svg, :disabled');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const poor: { text: string; ratio: number }[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      const element = node.parentElement;
      if (text === '' || element === null || !isShown(element)) continue;
      const style = getComputedStyle(element);
      const [one, other] = [luminance(channels(style.color)), luminance(groundOf(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const isLarge = Number.parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5)) poor.push({ text: text.slice(0, 40), ratio });
    }
    return poor;
  });
}

/** What sticks out: of the window, or of what holds it. */
export function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const holders = [
      'html',
      'header',
      'footer',
      '#map',
      '#panel',
      '#outside',
      '#host',
      '.card',
      '.tile',
      '.socket',
      '.uplink',
    ];
    return holders.flatMap((selector) =>
      [...document.querySelectorAll<HTMLElement>(selector)].flatMap((holder) => {
        const outer = holder.getBoundingClientRect();
        return [...holder.children].flatMap((child) => {
          const inner = child.getBoundingClientRect();
          const isHidden = inner.width === 0 || child.matches('.skip, .unseen, svg, #reason') || inner.width === 1;
          const sticksOut = inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
          return isHidden || !sticksOut
            ? []
            : [`${selector} < ${child.tagName}.${child.className} ${child.textContent?.slice(0, 30)}`];
        });
      }),
    );
  });
}

/** Names of everything that can be pressed, as assistive technology gets them; an empty one is a fault. */
export function buttonNames(page: Page): Promise<string[]> {
  return page
    .getByRole('button')
    .evaluateAll((buttons) => buttons.map((button) => button.ariaLabel ?? button.textContent?.trim() ?? ''));
}

/** What the browser did while the work went on; each of these is to be done once a frame at most. */
export interface FrameCount {
  /** All that were drawn, those before and after the work among them: between two questions a slow machine draws some. */
  readonly frames: number;
  readonly layouts: number;
  readonly styleRecalculations: number;
}

/** Give the page new rates in each of `count` frames, and count what that takes. */
export async function countFrames(page: Page, ids: readonly string[], count: number): Promise<FrameCount> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metric = async (wanted: string) => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  };
  const counter = await page.evaluateHandle(() => {
    const drawn = { frames: 0 };
    const countFrame = () => {
      drawn.frames += 1;
      requestAnimationFrame(countFrame);
    };
    requestAnimationFrame(countFrame);
    return drawn;
  });
  const drawn = () => counter.evaluate(({ frames }) => frames);
  const start = await drawn();
  const before = [await metric('LayoutCount'), await metric('RecalcStyleCount')] as const;
  await page.evaluate(
    async ({ ids, count }) => {
      for (let frame = 0; frame < count; frame++) {
        const rates = ids.map((id, index) => [id, [10 ** ((index + frame) % 9), 10 ** (frame % 9), 0]] as const);
        const detail = { type: 'rates', rates: Object.fromEntries(rates) };
        dispatchEvent(new CustomEvent('fake-map-event', { detail }));
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    },
    { ids, count },
  );
  const layouts = (await metric('LayoutCount')) - before[0];
  const styleRecalculations = (await metric('RecalcStyleCount')) - before[1];
  return { frames: (await drawn()) - start, layouts, styleRecalculations };
}

/** Let a page follow what tests make up instead of the engine: `fake-map-event`s. */
export async function fakeEvents(page: Page): Promise<void> {
  await page.addInitScript(() => {
    class FakeEventSource {
      onopen: (() => void) | undefined;
      onmessage: ((event: { readonly data: string }) => void) | undefined;

      constructor() {
        addEventListener('fake-map-event', (event) => {
          this.onopen?.();
          this.onmessage?.({ data: JSON.stringify((event as CustomEvent).detail) });
        });
      }

      close(): void {}
    }
    Object.assign(window, { EventSource: FakeEventSource });
  });
}
