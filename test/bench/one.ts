import { measure, fresh, forged, repeated } from './ingest.ts';
import { pinLoad } from './servers.ts';
pinLoad();
const [kind = 'paused', n = '64', what = 'fresh'] = process.argv.slice(2);
let cpu = 0;
const r = await measure(kind as 'paused', Number(n), { fresh, forged, repeated }[what] ?? fresh, (server) => { cpu = server.cpuMs() - 0; });
const all = Object.values(r.statuses).reduce((a, b) => a + b, 0);
console.log(kind, n, what, Math.round(r.perSecond) + '/s p50', r.p50Ms.toFixed(1), 'p99', r.p99Ms.toFixed(1), 'n', all, 'cpu', cpu, 'us/req incl start', Math.round((cpu * 1000) / all));
process.exit(0);
