import { createHash } from 'node:crypto';
import { dateOf, stamp } from './moments.ts';
import { fault, type Fault } from './faults.ts';
import type { Values } from './metadata.ts';
import type { Row } from './state.ts';
import type { Store } from './store.ts';

export interface Saving {
  store: Store;
  now: number;
  /** As it is about to be saved; may be added to. */
  next: Values;
  set: Values;
  previous: Row | null;
}

/** What the org works out by itself before it saves a record of each type. */
export const beforeSave: Record<string, (saving: Saving) => Fault[]> = {
  Contact: named,
  Lead: named,
  Individual: named,
  Opportunity: opportunity,
  OpportunityLineItem: lineItem,
  CampaignMember: campaignMember,
  ContentVersion: contentVersion,
  ContentDocumentLink: documentLink,
  Task: ({ next }) => {
    next.IsClosed = next.Status === 'Completed';
    next.IsHighPriority = next.Priority === 'High';
    return [];
  },
};

function named({ next }: Saving): Fault[] {
  next.Name = [next.FirstName, next.LastName].filter(Boolean).join(' ');
  return [];
}

function opportunity(saving: Saving): Fault[] {
  const { store, next, previous } = saving;
  if (previous?.values.StageName !== next.StageName) enterStage(saving);
  next.RecordTypeId ??= store.all('RecordType').find((row) => row.values.SobjectType === 'Opportunity')?.id ?? null;
  next.ExpectedRevenue = typeof next.Amount === 'number' ? (next.Amount * Number(next.Probability ?? 0)) / 100 : null;
  if (typeof next.CloseDate === 'string') {
    next.FiscalYear = Number(next.CloseDate.slice(0, 4));
    next.FiscalQuarter = Math.ceil(Number(next.CloseDate.slice(5, 7)) / 3);
  }
  return [];
}

/** The stage brings the rest with it. A new opportunity has not changed its stage yet, and yet Salesforce dates it. */
function enterStage({ store, now, next, set }: Saving): void {
  const stage = store.all('OpportunityStage').find((row) => row.values.ApiName === next.StageName)?.values;
  if (!stage) return;
  const { DefaultProbability = null, ForecastCategory = null, ForecastCategoryName = null, IsClosed = false, IsWon = false } = stage;
  Object.assign(next, { ForecastCategory, IsClosed, IsWon, LastStageChangeDate: stamp(now) });
  if (!('Probability' in set)) next.Probability = DefaultProbability;
  if (!('ForecastCategoryName' in set)) next.ForecastCategoryName = ForecastCategoryName;
}

function lineItem({ store, next }: Saving): Fault[] {
  const product = store.find('Product2', String(next.Product2Id))?.values;
  const deal = store.find('Opportunity', String(next.OpportunityId))?.values;
  next.Name = `${String(deal?.Name ?? '')} ${String(product?.Name ?? '')}`.trim();
  next.ProductCode = product?.ProductCode ?? null;
  next.ListPrice ??= next.UnitPrice ?? null;
  next.TotalPrice = Number(next.Quantity ?? 0) * Number(next.UnitPrice ?? 0) * (1 - Number(next.Discount ?? 0) / 100);
  return [];
}

function campaignMember(saving: Saving): Fault[] {
  const { store, next } = saving;
  // With both, only the contact is kept.
  if (next.ContactId != null) next.LeadId = null;
  const type = next.ContactId == null ? 'Lead' : 'Contact';
  const person = next[`${type}Id`] ?? null;
  if (person === null) return [fault('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LeadId or ContactId]', ['LeadId', 'ContactId'])];
  const faults = memberStatus(saving);
  if (faults.length > 0) return faults;
  const twin = siblings(saving, 'CampaignMember', `${type}Id`).find((row) => row.values.CampaignId === next.CampaignId);
  if (twin) return [fault('DUPLICATE_VALUE', `This entity is already a member of this campaign: ${twin.id}`)];
  const { Name = null, Email = null } = store.find(type, String(person))?.values ?? {};
  Object.assign(next, { Name, Email, Type: type });
  return [];
}

/** The status is one of the campaign's own, which says whether it counts as a response. */
function memberStatus({ store, now, next }: Saving): Fault[] {
  const statuses = (store.by('CampaignMemberStatus', 'CampaignId', next.CampaignId ?? null) ?? []).filter((row) => !row.deleted).map((row) => row.values);
  next.Status ??= statuses.find((status) => status.IsDefault === true)?.Label ?? null;
  const status = statuses.find((known) => known.Label === next.Status);
  if (!status) return [fault('INVALID_STATUS', `Status: ${String(next.Status)} is not a status of this campaign`, ['Status'])];
  next.HasResponded = status.HasResponded ?? false;
  if (next.HasResponded) next.FirstRespondedDate ??= dateOf(now);
  return [];
}

/** Other live records of the type with the same value of a reference. */
function siblings({ store, next, previous }: Saving, type: string, field: string): Row[] {
  return (store.by(type, field, next[field] ?? null) ?? []).filter((row) => !row.deleted && row.id !== previous?.id);
}

function contentVersion({ next, set, previous }: Saving): Fault[] {
  if (previous)
    return 'VersionData' in set
      ? [fault('INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields: VersionData. The data of a version cannot be changed.', ['VersionData'])]
      : [];
  const path = typeof next.PathOnClient === 'string' ? next.PathOnClient : null;
  if (path === null || next.VersionData == null) {
    const names = [...(path === null ? ['PathOnClient'] : []), ...(next.VersionData == null ? ['VersionData'] : [])];
    return [fault('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names)];
  }
  const bytes = Buffer.from(String(next.VersionData), 'base64');
  const extension = /\.([^./\\]+)$/.exec(path)?.[1] ?? null;
  next.Title ??= path.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  next.Checksum = createHash('md5').update(bytes).digest('hex');
  next.ContentSize = bytes.length;
  next.FileExtension = extension;
  next.FileType = extension?.toUpperCase() ?? 'UNKNOWN';
  next.IsLatest = true;
  next.VersionNumber ??= '1';
  return [];
}

function documentLink(saving: Saving): Fault[] {
  const { next } = saving;
  next.ShareType ??= 'V';
  next.Visibility ??= 'AllUsers';
  const twin = siblings(saving, 'ContentDocumentLink', 'ContentDocumentId').find((row) => row.values.LinkedEntityId === next.LinkedEntityId);
  return twin ? [fault('DUPLICATE_VALUE', `duplicate value found: ContentDocumentId duplicates value on record with id: ${twin.id}`)] : [];
}
