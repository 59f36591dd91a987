import { describe, expect, it } from 'vitest';
import { createMailbox } from '#connectors/mailbox/sandbox';
import { manualClock } from '#lib/clock';
import type { Mail } from '#ports/sandbox';

const clock = manualClock();
const mail = (more: Partial<Mail> = {}): Mail => ({
  to: 'ines.duarte@example.com',
  toName: 'Ines Duarte',
  from: 'DocuSign <dse@docusign.example.com>',
  subject: 'Please sign',
  text: 'One.\n<b>Two</b>.',
  link: { label: 'Review and sign', url: 'http://127.0.0.1/sign/x' },
  at: clock.now(),
  ...more,
});
const page = async (box: ReturnType<typeof createMailbox>, path: string) => {
  const answer = await box.app.request(path);
  return { status: answer.status, html: await answer.text(), csp: answer.headers.get('content-security-policy') ?? '' };
};
const open = () => createMailbox({ baseUrl: () => 'http://127.0.0.1/mail', clock });

describe('the mailbox', () => {
  it('says that it is empty', async () => {
    expect((await page(open(), '/')).html).toContain('No mail yet');
  });
  it('lists the newest first and marks what was not read', async () => {
    const box = open();
    box.deliver(mail({ subject: 'First' }));
    box.deliver(mail({ subject: 'Second', to: 'robin.vega@example.com', toName: 'Robin Vega' }));
    const { html, csp } = await page(box, '/');
    expect(html.indexOf('Second')).toBeLessThan(html.indexOf('First'));
    expect(html.match(/class="tag">new/g)).toHaveLength(2);
    expect(csp).toContain("default-src 'none'");
    await page(box, '/mails/1');
    expect((await page(box, '/')).html.match(/class="tag">new/g)).toHaveLength(1);
  });
  it("shows one person's mail", async () => {
    const box = open();
    box.deliver(mail({ subject: 'First' }));
    box.deliver(mail({ subject: 'Second', to: 'robin.vega@example.com' }));
    const { html } = await page(box, '/?to=robin.vega%40example.com');
    expect(html).toContain('Second');
    expect(html).not.toContain('First');
  });
  it('shows a mail with its button, and its text as text', async () => {
    const box = open();
    box.deliver(mail());
    const { html } = await page(box, '/mails/1');
    expect(html).toContain('class="button" href="http://127.0.0.1/sign/x"');
    expect(html).toContain('&lt;b&gt;Two');
    expect((await page(box, '/mails/9')).status).toBe(404);
  });
  it('outlives a restart, and can be cleared', () => {
    const box = open();
    box.deliver(mail());
    const next = createMailbox({ baseUrl: () => 'http://127.0.0.1/mail', clock, state: box.state() });
    next.deliver(mail({ subject: 'Later' }));
    expect(next.list().map(({ id, subject }) => [id, subject])).toEqual([
      [1, 'Please sign'],
      [2, 'Later'],
    ]);
    next.clear();
    expect(next.list()).toEqual([]);
  });
});
