// The peer: a decider that renames a workspace, run by Emmett's DeciderCommandHandler on its PostgreSQL event store.
// One process serves the whole benchmark, so that the JIT stays warm from round to round.
//
//   node commands.mjs SOCKET_FOLDER PORT DATABASE POOL
//
// Reads one JSON object a line: {"round": "r1", "seconds": 3, "concurrency": 32, "streams": 1000, "append_only": false}
// append_only leaves out reading and deciding: the event and the version that the stream must have are simply given.
// Answers one JSON object a line: {"commands", "seconds", "conflicts", "p50_us", "p99_us", "events"}, or {"error"}.
// End of input ends it.
import { DeciderCommandHandler } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import readline from 'node:readline';

const [socketFolder, port, database, poolSize] = process.argv.slice(2);
const pool = new pg.Pool({ host: socketFolder, port: Number(port), database, user: 'bench', max: Number(poolSize) });
const store = getPostgreSQLEventStore(`postgresql://bench@localhost:${port}/${database}`, {
  connectionOptions: { pool },
  schema: { autoMigration: 'None' }, // once below, as in production: else every session looks whether it has to
});
await store.schema.migrate();

const initialState = () => ({ name: null, renames: 0 });

const evolve = (state, { type, data }) => {
  switch (type) {
    case 'WorkspaceCreated':
      return { ...state, name: data.name };
    case 'WorkspaceRenamed':
      return { name: data.name, renames: state.renames + 1 };
    default:
      return state;
  }
};

const decide = ({ type, data }, state) => {
  if (type === 'CreateWorkspace') return { type: 'WorkspaceCreated', data };
  if (state.name === null) throw new Error('the workspace does not exist');
  if (state.name === data.name) return [];
  return { type: 'WorkspaceRenamed', data };
};

let conflicts = 0;
const retry = {
  retries: 10,
  minTimeout: 1,
  factor: 1.5,
  shouldRetryError: (error) => {
    const conflict = error?.errorCode === 412 || error?.name === 'ExpectedVersionConflictError';
    if (conflict) conflicts += 1;
    return conflict;
  },
};
const handle = DeciderCommandHandler({ decide, evolve, initialState, retry });

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** `workers` promises call `step` one after the other until it returns false. */
const inParallel = (workers, step) =>
  Promise.all(Array.from({ length: workers }, async () => { while (await step()); }));

/** Streams of their own for every round: Emmett folds a stream from its first event, so long streams would slow it. */
async function createStreams(round, streams) {
  let next = 0;
  await inParallel(32, async () => {
    const i = next++;
    if (i >= streams) return false;
    await handle(store, `workspace-${round}-${i}`, { type: 'CreateWorkspace', data: { name: `workspace ${i}` } });
    return true;
  });
}

const rename = (round, i) => ({ name: `bench ${round} ${String(i).padStart(10, '0')}`, key: `bench-${round}-${i}` });

const decideAndAppend = (stream, data) => handle(store, stream, { type: 'RenameWorkspace', data });

const appendOnly = (stream, data, version) =>
  store.appendToStream(stream, [{ type: 'WorkspaceRenamed', data }], { expectedStreamVersion: BigInt(version) });

async function measure({ round, seconds, concurrency, streams, append_only }) {
  const execute = append_only ? appendOnly : decideAndAppend;
  await createStreams(round, streams);
  conflicts = 0;
  const latencies = [];
  let next = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await inParallel(concurrency, async () => {
    const before = performance.now();
    if (before >= end) return false;
    const i = next++;
    const version = 1 + Math.floor(i / streams); // one event made the stream, each turn added one
    await execute(`workspace-${round}-${i % streams}`, rename(round, i), version);
    latencies.push(performance.now() - before);
    return true;
  });
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const micros = (share) => Math.round(at(latencies, share) * 1000);
  return {
    commands: latencies.length, seconds: elapsed, conflicts,
    p50_us: micros(0.5), p99_us: micros(0.99), events: latencies.length + streams,
  };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  }
}
await store.close();
await pool.end();
