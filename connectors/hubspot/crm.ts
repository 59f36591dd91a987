import type { Crm } from '#ports/crm';
import { changes } from './consent-changes.ts';
import { intake } from './intake.ts';
import { listDeals } from './list.ts';
import { prepare } from './prepare.ts';
import { readDeals } from './read.ts';
import { describe } from './schema.ts';
import { makeTask } from './task.ts';
import { write } from './write.ts';

export const crm: Crm = { prepare, describe, read: readDeals, list: listDeals, write, task: makeTask, intake, changes };
