import { sha256 } from '#lib/hmac';
import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { id18, isId } from './ids.ts';
import { RefusedProblem } from './problem.ts';
import { sendJson } from './request.ts';
import { query } from './soql.ts';
import { textFrom } from './values.ts';

/** Lengths of Task's fields [D]. */
const SUBJECT = 255;
const DESCRIPTION = 32_000;
/** Newest tasks of an opportunity among which an earlier one is looked for. */
const MOST_TASKS = 200;
const HEADERS = { 'sforce-auto-assign': 'FALSE' };

type Asked = Parameters<Crm['task']>[1];

/**
 * Makes a task on an opportunity, unless one with the same key is there. Salesforce has no idempotency keys, and a task no field of ours, so a line of its
 * description carries a reference; that cannot be filtered by, so the opportunity's own tasks are read: one call more for something that happens when an
 * envelope is declined. Status and priority are left to the org, whose picklists may have other values than "Not Started" and "Normal".
 * @throws Problem `vendor.not-found` where the opportunity is gone
 */
export async function makeTask(call: Call, task: Asked): Promise<{ id: string }> {
  if (!isId(task.deal)) throw new Problem('vendor.not-found');
  const marker = `Countersign reference ${sha256(task.key).slice(0, 16)}`;
  const made = await findTask(call, id18(task.deal), marker);
  if (made !== null) return { id: made };
  const owner = task.owner !== null && isId(task.owner) ? id18(task.owner) : null;
  try {
    return await create(call, task, marker, owner);
  } catch (thrown) {
    // A colleague who left owns opportunities for long, and gets no tasks: it goes to the connected user, who is looked after.
    if (owner === null || !isAboutOwner(thrown)) throw thrown;
    return create(call, task, marker, null);
  }
}

async function findTask(call: Call, deal: string, marker: string): Promise<string | null> {
  const tasks = await query<Record<string, unknown>>(call, `SELECT Id, Description FROM Task WHERE WhatId = '${deal}' ORDER BY CreatedDate DESC, Id DESC LIMIT ${MOST_TASKS}`);
  const made = tasks.find(({ Description }) => textFrom(Description).includes(marker))?.Id;
  return isId(made) ? id18(made) : null;
}

async function create(call: Call, { deal, subject, body, dueAt }: Asked, marker: string, owner: string | null): Promise<{ id: string }> {
  const answer = await sendJson(
    call,
    'POST',
    '/sobjects/Task',
    {
      WhatId: id18(deal),
      Subject: subject.slice(0, SUBJECT),
      Description: `${body.slice(0, DESCRIPTION - marker.length - 2)}\n\n${marker}`,
      ActivityDate: new Date(dueAt).toISOString().slice(0, 10),
      ...(owner !== null && { OwnerId: owner }),
    },
    HEADERS,
  );
  if (!isObject(answer) || !isId(answer.id)) throw new Problem('vendor.odd-answer');
  return { id: id18(answer.id) };
}

const isAboutOwner = (thrown: unknown): boolean =>
  thrown instanceof RefusedProblem && thrown.refusal.errors.some(({ code, fields }) => code === 'INACTIVE_OWNER_OR_USER' || fields.includes('OwnerId'));
