import { type Child, make } from './dom.ts';
import { fixElements } from './panel.ts';
import type { TraceQuestion } from './state.ts';
import type { Stop, TraceAnswer, TraceHop } from './trace-path.ts';

/** How a trace that was asked for stands. */
export type TraceState =
  | { readonly kind: 'asked' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answered'; readonly answer: TraceAnswer; readonly stops: readonly Stop[] };

/** What the panel needs to show a trace. */
export interface TracePanel {
  readonly from: string;
  readonly to: string;
  readonly question: TraceQuestion;
  readonly state: TraceState;
  readonly onTrace: (question: TraceQuestion) => void;
}

/** A trace with its question, which can be asked another way, and its answer. */
export function traceElements({ from, to, question, state, onTrace }: TracePanel): Child[] {
  return [
    make('h2', {}, `${from} → ${to}`),
    questionForm(question, onTrace),
    ...(state.kind === 'asked' ? [make('p', { class: 'note' }, 'Following a packet…')] : []),
    ...(state.kind === 'failed'
      ? [make('p', { class: 'verdict', attributes: { 'data-verdict': 'unknown' } }, state.message)]
      : []),
    ...(state.kind === 'answered' ? answerElements(state.answer, state.stops) : []),
  ];
}

function questionForm(question: TraceQuestion, onTrace: (question: TraceQuestion) => void): HTMLElement {
  const port = /:(\d+)$/.exec(question.to.replace(/^\[.*\]/, ''))?.[1];
  const place = port === undefined ? question.to : question.to.slice(0, -port.length - 1).replace(/^\[(.*)\]$/, '$1');
  const protocols = ['icmp', 'tcp', 'udp'] as const;
  const chosen = question.protocol ?? (hasPort(question) ? 'tcp' : 'icmp');
  const protocol = make(
    'select',
    { attributes: { 'aria-label': 'protocol' } },
    ...protocols.map((name) =>
      make(
        'option',
        { attributes: { value: name, ...(name === chosen && { selected: '' }) } },
        name === 'icmp' ? 'ping' : name,
      ),
    ),
  );
  const number = make('input', {
    attributes: {
      type: 'number',
      min: '1',
      max: '65535',
      'aria-label': 'port',
      placeholder: 'port',
      value: hasPort(question) ? port : undefined,
    },
  });
  const settle = () => {
    number.disabled = protocol.value === 'icmp';
  };
  protocol.addEventListener('change', settle);
  settle();
  const form = make('form', { class: 'question' }, protocol, number, make('button', { class: 'action' }, 'Trace'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = protocols.find((each) => each === protocol.value) ?? 'icmp';
    const target = hasPort(question) ? place : question.to;
    if (name === 'icmp') onTrace({ from: question.from, to: target, protocol: name });
    else onTrace({ from: question.from, to: withPort(target, number.value || '80'), protocol: name });
  });
  return form;
}

/** An IPv6 address alone has colons and no port. */
function hasPort({ to }: TraceQuestion): boolean {
  return /^(\[.*\]|[^:]*):\d+$/.test(to);
}

function withPort(place: string, port: string): string {
  return place.includes(':') ? `[${place}]:${port}` : `${place}:${port}`;
}

/** What nobody has seen the end of has not failed. */
const signs: Readonly<Record<TraceAnswer['verdict'], string>> = {
  ...{ delivered: '✓', refused: '✕', dropped: '✕' },
  ...{ lost: '?', unknown: '?' },
};

function answerElements(answer: TraceAnswer, stops: readonly Stop[]): Child[] {
  const { verdict, summary, cause, fixes, capabilities } = answer;
  return [
    make('p', { class: 'verdict', attributes: { 'data-verdict': verdict } }, `${signs[verdict]} ${summary}`),
    ...(cause === undefined
      ? []
      : [
          make('h3', {}, 'Why'),
          make('p', {}, cause.text),
          ...cause.evidence.map((line) => make('p', { class: 'note' }, line)),
        ]),
    ...(fixes.length === 0
      ? []
      : [make('h3', {}, fixes.length === 1 ? 'What to do' : 'What can be done'), ...fixes.flatMap(fixElements)]),
    stops.length === 0 ? undefined : make('h3', {}, 'The way'),
    make('ol', { class: 'stops' }, ...stops.map(stopElement)),
    ...capabilities.missing.map((line) => make('p', { class: 'note' }, `Not seen here: ${line}`)),
  ];
}

function stopElement({ at, hops, died }: Stop): HTMLElement {
  const attributes = died ? { 'data-died': '' } : {};
  if (hops.length === 0) return make('li', { attributes }, at);
  return make('li', { attributes }, ...hops.flatMap(hopElements));
}

const doings = { received: 'in', sent: 'out', dropped: 'dropped', used: 'taken' } as const;

function hopElements({
  place,
  device,
  event,
  microseconds,
  rewrites,
  rules,
  reason,
  inferred,
}: TraceHop): HTMLElement[] {
  const where = device === undefined ? place : `${place} ${device}`;
  const seen = inferred === true ? ' (inferred)' : ` ${microseconds.toFixed(0)} µs`;
  const deciding = rules.filter(({ verdict }) => /drop|reject/.test(verdict));
  return [
    make('p', {}, make('strong', {}, where), ` ${doings[event]}`, make('span', { class: 'note' }, seen)),
    ...rewrites.map(({ field, from, to }) => make('p', { class: 'note' }, `${field}: ${from} ⇒ ${to}`)),
    ...deciding.map(({ table, chain, text }) => make('p', { class: 'note' }, `${table} ${chain}: ${text}`)),
    ...(reason === undefined ? [] : [make('p', { class: 'note' }, reason)]),
  ];
}
