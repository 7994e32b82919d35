import { setImmediate as endOfTurn } from 'node:timers/promises';

/** Turns of the event loop in which somebody who has waited is heard: the connection, the request, and the answer. */
const TURNS = 3;

/** Let those who have waited for a start be answered before what it leaves for later begins. */
export async function clientsFirst(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await endOfTurn();
}
