import type { Values } from './metadata.ts';
import type { Row } from './state.ts';
import type { Store } from './store.ts';

export interface Saved {
  store: Store;
  row: Row;
  previous: Values | null;
  create: (type: string, values: Values) => Row;
  change: (row: Row, values: Values) => void;
}

const HISTORY = ['StageName', 'Amount', 'CloseDate', 'Probability'];

/** What the org does once a record of each type is saved. */
export const afterSave: Record<string, (saved: Saved) => void> = {
  Opportunity({ row, previous, create }) {
    if (previous && HISTORY.every((name) => previous[name] === row.values[name])) return;
    const { StageName = null, Amount = null, ExpectedRevenue = null, CloseDate = null, Probability = null, ForecastCategory = null } = row.values;
    create('OpportunityHistory', { OpportunityId: row.id, StageName, Amount, ExpectedRevenue, CloseDate, Probability, ForecastCategory });
  },
  OpportunityLineItem({ store, row, change }) {
    const deal = store.find('Opportunity', String(row.values.OpportunityId));
    if (deal?.values.HasOpportunityLineItem === false) change(deal, { HasOpportunityLineItem: true });
  },
  Campaign({ row, previous, create }) {
    if (previous) return;
    create('CampaignMemberStatus', { CampaignId: row.id, Label: 'Sent', SortOrder: 3, IsDefault: true, HasResponded: false });
    create('CampaignMemberStatus', { CampaignId: row.id, Label: 'Responded', SortOrder: 4, IsDefault: false, HasResponded: true });
  },
  CampaignMember({ store, row, change }) {
    const campaign = store.find('Campaign', String(row.values.CampaignId));
    if (!campaign) return;
    const members = (store.by('CampaignMember', 'CampaignId', campaign.id) ?? []).filter((member) => !member.deleted).map((member) => member.values);
    const count = (holds: (member: Values) => boolean) => members.filter(holds).length;
    change(campaign, {
      NumberOfContacts: count((member) => member.ContactId != null),
      NumberOfLeads: count((member) => member.LeadId != null),
      NumberOfResponses: count((member) => member.HasResponded === true),
    });
  },
  ContentVersion({ store, row, previous, create, change }) {
    if (previous) return;
    const { Title = null, FileExtension = null, FileType = null, ContentSize = null, FirstPublishLocationId = null, OwnerId = null } = row.values;
    const about = { Title, FileExtension, FileType, ContentSize, LatestPublishedVersionId: row.id };
    const known = store.find('ContentDocument', String(row.values.ContentDocumentId));
    if (known) {
      const older = (store.by('ContentVersion', 'ContentDocumentId', known.id) ?? []).filter((version) => version.id !== row.id);
      for (const version of older) change(version, { IsLatest: false });
      change(known, about);
      change(row, { VersionNumber: String(older.length + 1) });
      return;
    }
    const document = create('ContentDocument', about);
    change(row, { ContentDocumentId: document.id });
    create('ContentDocumentLink', { ContentDocumentId: document.id, LinkedEntityId: OwnerId, ShareType: 'I', Visibility: 'AllUsers' });
    if (FirstPublishLocationId !== null && FirstPublishLocationId !== OwnerId)
      create('ContentDocumentLink', { ContentDocumentId: document.id, LinkedEntityId: FirstPublishLocationId, ShareType: 'I', Visibility: 'AllUsers' });
  },
};
