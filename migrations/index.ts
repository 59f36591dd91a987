import { first } from './0001-first.ts';
import { consent } from './0002-consent.ts';
import { endpoints } from './0003-endpoints.ts';
import { attribution } from './0004-attribution.ts';
import { proof } from './0005-proof.ts';
import { capture } from './0006-capture.ts';
import { callbacks } from './0007-callbacks.ts';
import { brakes } from './0009-brakes.ts';
import { leases } from './0010-leases.ts';
import { budgets } from './0011-budgets.ts';
import { keys } from './0013-keys.ts';
import { growth } from './0014-growth.ts';
import { security } from './0020-row-security.ts';

/** Forward only. A migration gets any database of the version before it and must work on both kinds. */
export interface Migration {
  name: string;
  /** `run` executes one statement of SQL: the schema of that day has no type in the code of today. */
  up(run: (statement: string) => Promise<void>, kind: 'sqlite' | 'postgres'): Promise<void>;
}

export const migrations: Migration[] = [first, consent, endpoints, attribution, proof, capture, callbacks, brakes, leases, budgets, keys, growth, security];
