import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startOrg, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
beforeAll(async () => {
  org = await startOrg();
});
afterAll(() => org.stop());

const page = async (path: string) => {
  const response = await fetch(org.base + path, { redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
};
const post = async (path: string, form: Record<string, string>) => {
  const response = await fetch(org.base + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  return { status: response.status, to: decodeURIComponent((response.headers.get('location') ?? '').replace(org.base, '')) };
};
const deal = (name = 'Harbour') => org.sandbox.opportunityNamed(name).id;
const CARD = {
  canSend: true,
  why: null,
  templates: [{ id: 'tpl-1', name: 'Order form', roles: [{ name: 'Signer', order: 1 }] }],
  suggested: { template: 'tpl-1', recipients: [{ role: 'Signer', name: 'Mara Lindqvist', email: 'mara@example.com', order: 1, contact: '003x' }] },
  reasons: [],
  envelopes: [{ id: 'env_1', status: 'sent', template: 'Order form', waitingFor: ['Mara'], url: 'http://127.0.0.1/e', recipients: [{ role: 'Signer', status: 'sent' }] }],
};

describe('pages', () => {
  test('each is served under the prefix, links nowhere else, and has no inline script or style', async () => {
    const contact = org.sandbox.contactsOf(deal())[0]?.id ?? '';
    for (const path of ['/', '/opportunities', `/opportunities/${deal()}`, `/contacts/${contact}`, '/campaigns', '/setup']) {
      const { status, text, headers } = await page(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      for (const [, target] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) expect(target).toMatch(/^(http:\/\/127\.0\.0\.1|data:,)/);
      expect(text).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=/);
    }
    expect((await page('/')).text).toContain(`${org.serverUrl()}/install/salesforce`);
    expect((await page('/assets/page.css')).status).toBe(200);
  });

  test('what is not there is 404, and text that people typed is escaped', async () => {
    for (const path of ['/opportunities/1', '/contacts/003D000000IqhSL', '/files/1', '/nothing']) expect((await page(path)).status).toBe(404);
    org.sandbox.set('Opportunity', deal('Nordlys'), { Name: '<script>alert(1)</script>' });
    expect((await page('/opportunities')).text).not.toContain('<script>alert');
    org.sandbox.set('Opportunity', org.sandbox.opportunityNamed('<script>').id, { Name: 'Nordlys Studio: pilot' });
  });

  test('records are found where links of the real Salesforce lead', async () => {
    for (const path of [`/lightning/r/Opportunity/${deal()}/view`, `/moved/lightning/r/Opportunity/${deal()}/view`, `/${deal()}`]) {
      const reply = await page(path);
      expect([reply.status, reply.headers.get('location')]).toEqual([302, `${org.base}/opportunities/${deal()}`]);
    }
  });

  test('the path moves a stage as the person does, or says why not', async () => {
    expect((await page(`/opportunities/${deal()}`)).text).toContain('Contract Sent');
    expect((await post(`/opportunities/${deal()}/stage`, { stage: 'Contract Sent' })).to).toContain('It is now in Contract Sent.');
    expect(org.sandbox.field('Opportunity', deal(), 'StageName')).toBe('Contract Sent');
    expect(org.sandbox.events.since(0).at(-1)?.event).toMatchObject({ changeType: 'UPDATE', changed: { StageName: 'Contract Sent' } });
    expect((await post(`/opportunities/${deal()}/stage`, { stage: 'Nowhere' })).to).toContain('bad value for restricted picklist');
    expect((await page(`/opportunities/${deal('Paper')}`)).text).not.toContain('value="Prospecting"');
  });

  test('the record page shows what stands around it and what the connector wrote', async () => {
    await org.api('PATCH', '/sobjects/Envelope__c/Envelope_Id__c/env_1', { Status__c: 'partially_signed', Opportunity__c: deal(), Template__c: 'Order form' });
    await org.api('PATCH', '/sobjects/Envelope_Recipient__c/Recipient_Id__c/env_1%7CSigner', { Role__c: 'Signer', Status__c: 'signed', Envelope__r: { Envelope_Id__c: 'env_1' } });
    const news = (await page(`/opportunities/${deal()}/news`)).text;
    await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { Esign_Status__c: 'partially_signed', Esign_Envelope_Url__c: 'http://127.0.0.1/e' });
    expect((await page(`/opportunities/${deal()}/news`)).text).not.toBe(news);
    await org.api('POST', '/sobjects/Task', { Subject: 'Call them', WhatId: deal(), Priority: 'High' });
    const file = (
      await org.api('POST', '/sobjects/ContentVersion', {
        PathOnClient: 'a<b>.html',
        VersionData: Buffer.from('<script>1</script>').toString('base64'),
        FirstPublishLocationId: deal(),
      })
    ).body.id;
    const { text } = await page(`/opportunities/${deal()}`);
    for (const part of ['Mara Lindqvist', 'Decision Maker', 'Team plan, yearly', 'ENV-000001', 'Partially signed', 'Signer: Signed', 'Call them', `/files/${file}`])
      expect(text).toContain(part);
    expect((await page(`/opportunities/${deal('Paper')}`)).text).toContain('No e-mail');
    const download = await page(`/files/${file}`);
    expect([download.headers.get('content-type'), download.headers.get('content-disposition')]).toEqual(['application/octet-stream', 'attachment; filename="a_b_.html"']);
  });
});

describe('send for signature', () => {
  const asked = () => org.received.splice(0).filter(({ url }) => url.includes('/cards/'));

  test('without a key, Setup is named and nobody is called', async () => {
    org.received.length = 0;
    expect((await page(`/opportunities/${deal()}`)).text).toContain('The named credential Countersign has no key');
    expect(asked()).toEqual([]);
  });

  test('the card is asked for with key, org and user, and a form sends once', async () => {
    await post('/setup/credential', { key: 'card-key-1' });
    org.answer.json = CARD;
    expect((await page(`/opportunities/${deal()}`)).text).toContain('Waiting for Mara');
    const [first] = asked();
    expect(first?.url).toBe(`${org.serverUrl()}/cards/salesforce/deals/${deal()}`);
    expect(first?.headers).toMatchObject({ 'x-countersign-key': 'card-key-1', 'x-countersign-org': org.sandbox.orgId(), 'x-countersign-user': org.sandbox.records('User')[0]?.id });
    const form = (await page(`/opportunities/${deal()}/sign`)).text;
    expect(form).toContain('value="mara@example.com"');
    asked();
    org.answer.status = 202;
    const fields = { key: 'k1', template: 'tpl-1', 'role-0': 'Signer', 'name-0': 'Mara', 'email-0': 'mara@example.com', 'contact-0': '003x' };
    expect((await post(`/opportunities/${deal()}/sign`, { ...fields, act: 'send' })).to).toBe(`/opportunities/${deal()}?said=sent`);
    const [sent] = asked();
    expect(sent?.url).toMatch(/\/send$/);
    expect(JSON.parse(sent?.body ?? '')).toEqual({ key: 'k1', template: 'tpl-1', recipients: [{ role: 'Signer', name: 'Mara', email: 'mara@example.com', contact: '003x' }] });
    expect((await post(`/opportunities/${deal()}/envelopes/env_1`, { act: 'void', reason: 'Price' })).to).toContain('said=void');
    expect(asked().map(({ url, body }) => [url.replace(org.serverUrl(), ''), JSON.parse(body)])).toEqual([['/cards/salesforce/envelopes/env_1/void', { reason: 'Price' }]]);
    org.answer.status = 422;
    org.answer.json = { code: 'x', message: 'The signer has no e-mail.' };
    expect((await post(`/opportunities/${deal()}/envelopes/env_1`, { act: 'remind' })).to).toContain('The signer has no e-mail.');
    org.answer.status = 200;
  });
});

describe('setup', () => {
  test('each form takes effect and is shown again', async () => {
    expect((await post('/setup/outbound', { url: 'http://127.0.0.1:9/hook' })).to).toBe('/setup?said=Saved.');
    expect(org.sandbox.outbound()).toBe('http://127.0.0.1:9/hook');
    expect((await post('/setup/outbound', { url: 'nowhere' })).to).toContain('whole URL');
    await post('/setup/outbound', { url: '' });
    expect(org.sandbox.outbound()).toBeNull();
    await post('/setup/package', { namespace: 'acme', assigned: 'on' });
    expect((await org.query('SELECT Id FROM Envelope__c')).status).toBe(400);
    await post('/setup/package', { installed: 'on', assigned: 'on' });
    expect((await org.query('SELECT Id FROM Envelope__c')).status).toBe(200);
    await post('/setup/security', { hidden: 'Opportunity.Amount, Contact.Email', readonly: 'Opportunity.NextStep' });
    expect((await org.query('SELECT Email FROM Contact')).body[0].errorCode).toBe('INVALID_FIELD');
    expect((await page('/setup')).text).toContain('Opportunity.Amount, Contact.Email');
    expect((await post('/setup/security', { hidden: 'Opportunity.Nothing' })).to).toContain('There is no field Opportunity.Nothing.');
    await post('/setup/security', {});
    expect((await org.query('SELECT Email FROM Contact')).status).toBe(200);
    await post('/setup/rule', { active: 'on', field: 'Opportunity.NextStep', value: '', message: 'No.' });
    expect((await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'x' })).body[0].message).toBe('No.');
    await post('/setup/rule', { field: 'Opportunity.NextStep' });
    await post('/setup/limit', { used: '7', limit: '70', always403: 'on' });
    expect((await org.query('SELECT Id FROM User')).status).toBe(403);
    await post('/setup/limit', { used: '7', limit: '70' });
    expect((await org.query('SELECT Id FROM User')).headers.get('sforce-limit-info')).toBe('api-usage=8/70');
    await post('/setup/faults', { duplicate: '50', locks: '100', maxPauseMs: '20' });
    expect(org.sandbox.faults).toMatchObject({ duplicate: 0.5, drop: 0, maxPauseMs: 20 });
    expect((await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'x' })).body[0].errorCode).toBe('UNABLE_TO_LOCK_ROW');
    await post('/setup/faults', { duplicate: '50', all: 'off' });
    expect(org.sandbox.faults.duplicate).toBe(0);
  });

  test('the admin revokes the app', async () => {
    expect(org.sandbox.grants()).toBeGreaterThan(0);
    await post('/setup/revoke', {});
    expect(org.sandbox.grants()).toBe(0);
    expect((await page('/')).text).toContain('Not connected yet');
  });
});

describe('deleting', () => {
  test('a record goes to the bin from its page', async () => {
    const id = deal('Fjord');
    expect((await post(`/opportunities/${id}/delete`, {})).to).toBe('/opportunities');
    expect((await page(`/opportunities/${id}`)).status).toBe(404);
    const contact = org.sandbox.contactsOf(deal())[1]?.id ?? '';
    await post(`/contacts/${contact}/delete`, {});
    expect(org.sandbox.contactsOf(deal())).toHaveLength(1);
  });
});
