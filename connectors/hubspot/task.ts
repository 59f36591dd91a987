import type { AssociationSpecAssociationCategoryEnum } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import { sha256 } from '#lib/hmac';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { hubspotCall } from './client.ts';
import { readLinks, readObjects } from './objects.ts';

/** HubSpot's type of the association from a task to a deal [mem]. */
const TASK_TO_DEAL = 216;

/**
 * Makes a task on a deal, unless one with the same key is there. HubSpot has no idempotency keys and search lags behind writes, so the deal's own tasks are
 * read: two calls more for something that happens when an envelope is declined, and never two tasks.
 */
export async function makeTask(call: Call, task: Parameters<Crm['task']>[1]): Promise<{ id: string }> {
  const marker = `Countersign reference ${sha256(task.key).slice(0, 16)}`;
  const made = await findTask(call, task.deal, marker);
  if (made !== null) return { id: made };
  const { id } = await hubspotCall(call, (crm, bound) =>
    crm.objects.basicApi.create(
      'tasks',
      {
        properties: {
          hs_timestamp: new Date(task.dueAt).toISOString(),
          hs_task_subject: task.subject,
          hs_task_body: `${task.body}\n\n${marker}`,
          hs_task_status: 'NOT_STARTED',
          hs_task_type: 'TODO',
          ...(task.owner !== null && { hubspot_owner_id: task.owner }),
        },
        associations: [{ to: { id: task.deal }, types: [{ associationCategory: 'HUBSPOT_DEFINED' as AssociationSpecAssociationCategoryEnum, associationTypeId: TASK_TO_DEAL }] }],
      },
      bound,
    ),
  );
  return { id };
}

async function findTask(call: Call, deal: string, marker: string): Promise<string | null> {
  const links = (await readLinks(call, 'deals', 'tasks', [deal])).get(deal) ?? [];
  const tasks = await readObjects(
    call,
    'tasks',
    links.map((link) => link.to),
    ['hs_task_body'],
  );
  return tasks.find((task) => task.properties.hs_task_body?.includes(marker))?.id ?? null;
}
