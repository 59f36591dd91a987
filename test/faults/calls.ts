import type { FrontOptions } from '../bench/front.ts';

/** What the vendors saw of the product's calls. */
export interface CallBook {
  through: NonNullable<FrontOptions['through']>;
  /** Calls that write and whose answer has not gone out yet. */
  inFlight(): number;
  /** Calls that write. */
  writes(): number;
  /** Calls of which all had been written before, word for word. */
  repeated(): number;
}

/** Grants, searches and reads change nothing at a vendor. */
const READS = /\/(oauth|search$|batch\/read)/;

/** Counts writing calls, and those that say again what was said. */
export function createCallBook(more: NonNullable<FrontOptions['through']> = (_request, land) => land()): CallBook {
  const landed = new Set<string>();
  const book = { inFlight: 0, writes: 0, repeated: 0 };
  return {
    inFlight: () => book.inFlight,
    writes: () => book.writes,
    repeated: () => book.repeated,
    async through(request, land) {
      const { pathname } = new URL(request.url);
      if (request.method === 'GET' || READS.test(pathname)) return more(request, land);
      book.inFlight += 1;
      try {
        const parts = partsOf(pathname, request.method, await request.clone().text());
        const answer = await more(request, land);
        if (!answer.ok) return answer;
        book.writes += 1;
        if (parts.every((part) => landed.has(part))) book.repeated += 1;
        for (const part of parts) landed.add(part);
        return answer;
      } finally {
        book.inFlight -= 1;
      }
    },
  };
}

/** A batch is as many writes as it has inputs: after a crash the same ones may come in other company. A task's date is that of the attempt, so its words count. */
function partsOf(path: string, method: string, body: string): string[] {
  const place = `${method} ${path}`;
  try {
    const { inputs, properties } = JSON.parse(body) as { inputs?: unknown[]; properties?: { hs_task_body?: string } };
    if (properties?.hs_task_body !== undefined) return [`${place} ${properties.hs_task_body}`];
    if (Array.isArray(inputs)) return inputs.map((input) => `${place} ${JSON.stringify(input)}`);
  } catch {
    // What is no JSON counts as a whole.
  }
  return [`${place} ${body}`];
}
