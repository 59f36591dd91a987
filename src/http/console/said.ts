/** What a page says after something was done: fixed sentences, so that an address can't put words into the console's mouth. */
export const SAID: ReadonlyMap<string, string> = new Map([
  ['connected', 'The account is connected.'],
  ['reminded', 'A reminder is on its way to whoever has to sign now.'],
  ['voiding', 'The envelope is being voided. It is final once the provider confirms.'],
  ['replayed', 'It is back on the line and runs at the next turn.'],
  ['discarded', 'It was discarded. Its history stays.'],
  ['reconciling', 'Reconciliation begins now; what it finds appears here.'],
  ['sending-on', 'This account may now send to live people.'],
  ['sending-off', 'This account no longer sends to live people.'],
  ['keys-set', 'The webhook keys are stored, sealed. Only webhooks signed with them are accepted from now on.'],
  ['refreshed', 'Fields, stages and templates were read again from the account.'],
  ['disconnected', 'The account is disconnected. Its history stays, and what waits for it is held.'],
  ['saved', 'Saved as a new version, which is active from now on. Envelopes that are out keep the version that sent them.'],
  ['activated', 'That version is active now.'],
]);
