import { first } from './0001-first.ts';

/** Forward only. A migration gets any database of the version before it and must work on both kinds. */
export interface Migration {
  name: string;
  /** `run` executes one statement of SQL: the schema of that day has no type in the code of today. */
  up(run: (statement: string) => Promise<void>, kind: 'sqlite' | 'postgres'): Promise<void>;
}

export const migrations: Migration[] = [first];
