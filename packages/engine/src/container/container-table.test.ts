import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import type { Container } from '../model.ts';
import { ContainerTable } from './container-table.ts';
import { sampleContainer, sampleTable } from './testing/sample-container.ts';

const web = sampleContainer({ id: `aaaa${'0'.repeat(60)}`, name: 'web' });
const db = sampleContainer({ id: `aabb${'0'.repeat(60)}`, name: 'db' });
/** Its name is the beginning of another one's id. */
const tricky = sampleContainer({ id: `cccc${'0'.repeat(60)}`, name: 'aabb' });

test('a container is found by id, by name, and by the beginning of its id, in this order', () => {
  const table = sampleTable(web, db, tricky);
  const cases: [string, Container][] = [
    [web.id, web],
    ['web', web],
    ['/web', web],
    ['aaa', web],
    ['aabb', tricky],
    ['aabb0', db],
    ['c', tricky],
  ];
  for (const [reference, wanted] of cases) assert.equal(table.find(reference).id, wanted.id, reference);
});

test('who waits for containers is told of each that is made, and at once of those that are there', () => {
  let told = 0;
  const hear = () => {
    told += 1;
  };
  const empty = sampleTable();
  empty.whenMade(hear);
  assert.equal(told, 0);
  empty.put(web);
  empty.setState(web.id, {});
  assert.equal(told, 1);
  empty.delete(web.id);
  empty.put(web);
  assert.equal(told, 2);
  sampleTable(db).whenMade(hear);
  assert.equal(told, 3);
});

test('what does not exist and what is ambiguous is said in Docker’s words', () => {
  const table = sampleTable(web, db);
  for (const reference of ['nobody', '/', 'AAAA', `${web.id}0`, 'we']) {
    assert.throws(() => table.find(reference), { code: 'not-found', message: `No such container: ${reference}` });
  }
  assert.throws(() => table.find(''), { code: 'invalid-argument', message: 'invalid name or ID supplied: ""' });
  const message = 'multiple IDs found with provided prefix: aa';
  assert.throws(() => table.find('aa'), { code: 'invalid-argument', message });
});

test('a name belongs to one container until that is renamed or removed', () => {
  const table = sampleTable(web);
  const message =
    `Conflict. The container name "/web" is already in use by container "${web.id}". ` +
    'You have to remove (or rename) that container to be able to reuse that name.';
  assert.throws(() => table.requireFreeName('web'), { code: 'conflict', message });
  table.put({ ...web, name: 'www' });
  assert.deepEqual([table.hasName('web'), table.hasName('www')], [false, true]);
  table.delete(web.id);
  assert.equal(table.hasName('www'), false);
  table.delete(web.id);
});

test('a state changes in part, and only where there is a container', () => {
  const table = sampleTable(web);
  table.setState(web.id, { exitCode: 3 });
  assert.deepEqual(table.find('web').state, { ...web.state, exitCode: 3 });
  assert.throws(() => table.setState(db.id, {}), { code: 'not-found' });
});

test('names are known again after a restart', () => {
  using store = Store.open(':memory:');
  new ContainerTable(store.collection<Container>('container')).put(web);
  assert.equal(new ContainerTable(store.collection<Container>('container')).find('web').id, web.id);
});
