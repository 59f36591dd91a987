import { parseArgs, type ParseArgsConfig } from 'node:util';

/** What a script was told. `--help` prints `usage` and ends; what the script does not know is told beside it, and is exit 2. */
export function readUsage<Config extends ParseArgsConfig>(usage: string, config: Config): ReturnType<typeof parseArgs<Config>> {
  const told = process.argv.slice(2);
  if (told.includes('--help') || told.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    // Node goes on to say how such a thing could be said after all.
    return refuse((error as Error).message.split('. ')[0] ?? '', usage);
  }
}

/** @returns the number that an option was given, or what it is without one */
export function numberOf(name: string, text: string | undefined, otherwise: number, usage: string): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : refuse(`--${name} takes a whole number, not "${text}".`, usage);
}

/** Says what is wrong, and how it is done. */
export function refuse(say: string, usage: string): never {
  console.error(`${say}\n\n${usage}`);
  process.exit(2);
}
