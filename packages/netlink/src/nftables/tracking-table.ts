import type { BatchRequest } from '../connection.ts';
import { messageFlag } from '../message.ts';
import type { TableDefinition } from './definition.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { encodeTable, tableFlag } from './table-encoder.ts';
import { encodeComment } from './userdata.ts';

/**
 * The requests that make a table whose only effect is that its namespace tracks connections: one rule asks for their
 * state, in a chain that nothing leads to. The table is owned by the socket that sends them and goes with it, also when
 * its process is killed (Linux 5.12).
 */
export function encodeTrackingTable(name: string): BatchRequest[] {
  const rule = { statements: [{ match: ['ct state'], with: { value: 'established' } }] } as const;
  const table: TableDefinition = {
    family: 'inet',
    name,
    sets: [],
    chains: [{ name: 'unused', rules: [rule], comment: 'connections are tracked while this is here' }],
  };
  const comment = encodeComment('flows are being watched: made by fairlead');
  const owned = nftMessage(nftType.newTable, messageFlag.create | messageFlag.exclusive, table.family, (writer) => {
    writer.text(1, name).u32be(2, tableFlag.owner).bytes(6, comment);
  });
  const [, ...contents] = encodeTable(table);
  return [{ operation: `add table inet ${name}`, message: owned }, ...contents];
}
