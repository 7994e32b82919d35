import { type Contender, contenders, isMet, type Measurement, mediansOf } from './measurement.ts';
import type { Summary } from './statistics.ts';

/** Heads of the columns. */
const titles: Readonly<Record<Contender, string>> = {
  floor: 'floor',
  fairlead: 'Fairlead',
  dockerd: 'dockerd 20.10',
  cni: 'CNI plugins',
};

/** Rows of cells, the first being the head; columns of contenders that took no part are left out. */
function cellsOf(measurements: readonly Measurement[]): string[][] {
  const present = contenders.filter((contender) =>
    measurements.some(({ results }) => results[contender] !== undefined),
  );
  const head = ['', 'unit', ...present.map((contender) => titles[contender]), 'ratio', 'goal', ''];
  return [head, ...measurements.map((measurement) => rowOf(measurement, present))];
}

function rowOf(measurement: Measurement, present: readonly Contender[]): string[] {
  const { what, unit, results, goal } = measurement;
  const values = present.map((contender) => {
    const result = results[contender];
    return result === undefined ? '' : formatSummary(result);
  });
  const verdict = isMet(measurement);
  const mark = verdict === undefined ? '' : verdict ? 'met' : 'missed';
  return [what, unit, ...values, ratioOf(measurement), goal?.text ?? '', mark];
}

/** Fairlead's median by that of each other: `1.8 × floor, 0.3 × dockerd`; of pairs with their spread. */
function ratioOf(measurement: Measurement): string {
  const { ratios } = measurement;
  if (ratios !== undefined) return contenders.flatMap((each) => pairRatio(each, ratios[each])).join(', ');
  const medians = mediansOf(measurement);
  const ours = medians.fairlead;
  if (ours === undefined) return '';
  return contenders
    .flatMap((contender) => {
      const its = medians[contender];
      return contender === 'fairlead' || its === undefined || its === 0
        ? []
        : [`${formatNumber(ours / its)} × ${contender}`];
    })
    .join(', ');
}

/** Pairs tell smaller differences apart than other ratios do. */
function pairRatio(contender: Contender, ratio: Summary | undefined): string[] {
  if (ratio === undefined) return [];
  const [median, low, high] = [ratio.median, ratio.low, ratio.high].map((value) => value.toFixed(2));
  return [`${median} (${low}–${high}) × ${contender}`];
}

/** Median and spread: `83 (71–95)`; a single sample, and samples that are all the same, have none. */
export function formatSummary({ median, low, high }: Summary): string {
  const spread = formatNumber(low) === formatNumber(high) ? '' : ` (${formatNumber(low)}–${formatNumber(high)})`;
  return `${formatNumber(median)}${spread}`;
}

/** Three digits that count, thousands set apart. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
}

/** A table for a terminal, columns lined up, under the headings of its subjects. */
export function terminalTable(measurements: readonly Measurement[]): string {
  const cells = cellsOf(measurements);
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return underHeadings(measurements, lines, (subject) => [subject]).join('\n');
}

/** The same as Markdown. */
export function markdownTable(measurements: readonly Measurement[]): string {
  const lines = cellsOf(measurements).map(markdownRow);
  const columns = cellsOf(measurements)[0]?.length ?? 0;
  const [head = '', ...rest] = underHeadings(measurements, lines, (subject) => [
    markdownRow([`**${subject}**`, ...Array<string>(columns - 1).fill('')]),
  ]);
  return [head, markdownRow(Array<string>(columns).fill('---')), ...rest].join('\n');
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Lines of measurements with a heading wherever the subject changes; the head of the table stays first. */
function underHeadings(
  measurements: readonly Measurement[],
  [head = '', ...lines]: readonly string[],
  heading: (subject: string) => readonly string[],
): string[] {
  const headed = lines.flatMap((line, index) => {
    const subject = measurements[index]?.subject ?? '';
    return subject === measurements[index - 1]?.subject ? [line] : [...heading(subject), line];
  });
  return [head, ...headed];
}
