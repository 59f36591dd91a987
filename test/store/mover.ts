import { move } from '#src/move';

/** A move in a process of its own, for whoever wants to end it: this file is its program. It says each step, and a word at the end. */
const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('Two databases are needed.');
await move(from, to, (what, done) => process.stdout.write(`${what} ${done}\n`));
process.stdout.write('moved\n');
