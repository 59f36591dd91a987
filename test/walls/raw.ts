import { connect, type Socket } from 'node:net';

const PATIENCE_MS = 10_000;

/** What a server says to bytes on a bare socket, until it closes or `enough` is satisfied. */
export interface Said {
  text: string;
  /** The status lines, one for each answer. */
  statuses: number[];
  closed: boolean;
}

export function openSocket(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends pieces, `pauseMs` apart, and reads until the server closes, or as long as `waitMs`. */
export async function say(address: string, pieces: readonly (string | Buffer)[], { pauseMs = 0, waitMs = PATIENCE_MS } = {}): Promise<Said> {
  const socket = await openSocket(address);
  const chunks: Buffer[] = [];
  const done = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), waitMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that closes on us in the midst of sending resets the connection: that is an end too.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const closed = await done;
  socket.destroy();
  const text = Buffer.concat(chunks).toString('latin1');
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)), closed };
}
