const { npm_lifecycle_event: script } = process.env;

/** How a command of ours is typed where this server runs, in the way in which it was itself begun: an image has no npm scripts that work. */
export const commandOf = (words: string): string => `${script === undefined ? 'node dist/src/main.js' : 'npm run countersign --'} ${words}`;
