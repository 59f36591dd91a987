/** What pages read. Every function takes the database, then the tenant, and writes nothing. */
export * from '#store/view/brakes';
export * from '#store/view/consents';
export * from '#store/view/endpoints';
export * from '#store/view/envelopes';
export * from '#store/view/inbox';
export * from '#store/view/installs';
export * from '#store/view/ledgers';
export * from '#store/view/mappings';
export * from '#store/view/outbox';
export * from '#store/view/overview';
export * from '#store/view/page';
export * from '#store/view/reports';
export * from '#store/view/story';
export * from '#store/view/tenants';
