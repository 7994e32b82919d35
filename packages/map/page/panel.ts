import type { KernelView } from '../src/model/kernel-view.ts';
import type { FindingView, MapView } from '../src/model/map-view.ts';
import { type Child, make } from './dom.ts';
import { troubles } from './state.ts';
import { plural } from './text.ts';

/** What the panel shows when nothing is selected: what is wrong, if anything. */
export function overview(view: MapView, isExamining: boolean, onExamine: () => void): Child[] {
  const found = troubles(view);
  const button = make(
    'button',
    { class: 'action', attributes: { type: 'button', ...(isExamining && { disabled: '' }) }, onClick: onExamine },
    isExamining ? 'Looking…' : view.examined === undefined ? 'Look for faults' : 'Look again',
  );
  return [
    make('h2', {}, found.length === 0 ? 'Findings' : `${found.length} ${plural(found.length, 'finding')}`),
    make('p', { class: 'note' }, examinationText(view, found.length)),
    ...found.map(findingElement),
    make('p', {}, button),
  ];
}

function examinationText({ examined }: MapView, count: number): string {
  if (examined === undefined) return 'The doctor has not looked yet. It sends a few packets to prove what it says.';
  const time = new Date(examined).toLocaleTimeString();
  return count === 0 ? `Nothing is wrong, as of ${time}.` : `As of ${time}.`;
}

/** A finding with what comes of it and what to do. */
export function findingElement({ severity, text, consequences = [], affects, fixes }: FindingView): HTMLElement {
  const whom = affects.length === 0 ? undefined : make('p', { class: 'note' }, `For ${affects.join(', ')}`);
  return make(
    'article',
    { class: 'finding', attributes: { 'data-severity': severity } },
    make('p', {}, make('span', { class: 'unseen' }, `${severity}: `), text),
    ...consequences.map((line) => make('p', { class: 'note' }, line)),
    whom,
    ...fixes.flatMap(fixElements),
  );
}

/** What can be done, with the commands. */
export function fixElements(fix: { readonly text: string; readonly commands: readonly string[] }): HTMLElement[] {
  return [make('p', { class: 'fix' }, `${fix.text}:`), ...fix.commands.map((command) => commandElement(command))];
}

/** What the kernel has of a thing. */
export function kernelElements({ title, facts, commands }: KernelView): Child[] {
  return [
    make('h2', {}, title),
    make('dl', {}, ...facts.flatMap(([label, value]) => [make('dt', {}, label), make('dd', {}, value)])),
    make('h3', {}, 'In the kernel'),
    ...commands.map(({ command, shows }) => commandElement(command, shows)),
  ];
}

/** A thing of which the engine could not be asked, so that nobody takes what was shown before for it. */
export function failureElements(title: string, message: string): Child[] {
  return [make('h2', {}, title), make('p', { class: 'verdict', attributes: { 'data-verdict': 'unknown' } }, message)];
}

function commandElement(command: string, shows?: string): HTMLElement {
  const copy = make(
    'button',
    {
      class: 'copy',
      attributes: { type: 'button', 'aria-label': `copy ${command}` },
      onClick: () => {
        void navigator.clipboard.writeText(command).then(() => {
          copy.textContent = 'copied';
          setTimeout(() => {
            copy.textContent = 'copy';
          }, 1500);
        });
      },
    },
    'copy',
  );
  const note = shows === undefined ? undefined : make('span', { class: 'note' }, shows);
  return make('div', { class: 'command' }, note, make('div', {}, make('code', {}, command), copy));
}
