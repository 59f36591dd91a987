/** One message to an address that a tenant chose. */
export interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}
export interface OutgoingReply {
  status: number;
  /** How long the receiver asks us to wait, milliseconds. */
  retryAfterMs: number | null;
  /** The beginning of what it answered. */
  excerpt: string;
}

/** HTTP to addresses that tenants chose: nobody can be led into the network that this server stands in. */
export interface Outgoing {
  /** The address as it will be used. @throws Problem `endpoint.refused`, in words for whoever typed it */
  check(url: string): URL;
  /** Posts once: no redirect is followed, bounded in time and size. @throws Problem `endpoint.refused`, `endpoint.unreachable` */
  post(request: OutgoingRequest): Promise<OutgoingReply>;
}
