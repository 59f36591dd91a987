import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { projectFile } from '#lib/root';
import { newWebhookSecret, signWebhook } from '#lib/standard-webhooks';

it('signs as the reference implementations do', () => {
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_999, body: '{"test": 2432232314}' };
  expect(signWebhook(message, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('is taken by the reference implementation, with the old secret and the new, and by no other', () => {
  const [old, fresh, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
  const body = '{"say":"für alle"}';
  const headers = { ...signWebhook({ id: 'msg_1', at: Date.now(), body }, [old, fresh]) };
  for (const secret of [old, fresh]) expect(new Webhook(secret).verify(body, headers)).toEqual({ say: 'für alle' });
  expect(() => new Webhook(other).verify(body, headers)).toThrow();
  expect(() => new Webhook(old).verify(body.replace('alle', 'alIe'), headers)).toThrow();
});

it('two secrets give two signatures, each of which openssl makes too', () => {
  const secrets = [newWebhookSecret(), newWebhookSecret()];
  const message = { id: 'msg_1', at: 1_760_000_000_000, body: '{"say":"für alle – 🖋"}' };
  const signatures = signWebhook(message, secrets)['webhook-signature'].split(' ');
  const expected = secrets.map((secret) => {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64').toString('hex');
    const mac = execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'], { input: `msg_1.1760000000.${message.body}` });
    return `v1,${mac.toString('base64')}`;
  });
  expect(signatures).toEqual(expected);
});

it('what the docs tell a receiver to type checks a message', () => {
  const [recipe] = /^key=\$\([^]*?(?=\n```)/m.exec(projectFile('docs/events.md')) ?? [];
  if (recipe === undefined) throw new Error('The docs have lost their recipe.');
  const secret = newWebhookSecret();
  const body = '{"say":"für alle – 🖋"}\n';
  const headers = signWebhook({ id: 'msg_1', at: 1_760_000_000_000, body }, [secret]);
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'));
  writeFileSync(join(folder, 'body.json'), body);
  const variables = { PATH: process.env['PATH'], SECRET: secret, WEBHOOK_ID: headers['webhook-id'], WEBHOOK_TIMESTAMP: headers['webhook-timestamp'] };
  const said = execFileSync('sh', ['-c', recipe], { cwd: folder, env: variables, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(said.trim()).toBe(headers['webhook-signature']);
});
