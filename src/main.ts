#!/usr/bin/env node
import { Command } from 'commander';
import { ConfigError, loadConfig } from './config.ts';
import { createWorld } from './world.ts';

const program = new Command('countersign').description('A connector server between CRMs, e-signature providers and marketing journeys.').showHelpAfterError();

program
  .command('serve', { isDefault: true })
  .description('Run the server (with the sandbox world unless live).')
  .action(async () => {
    const world = await createWorld(loadConfig(process.env));
    const address = await world.start();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void world.stop().then(() => process.exit(0)));
    console.log(`Sign in once with ${await world.link()}`);
    console.log(`Countersign is ready at ${address}`);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
