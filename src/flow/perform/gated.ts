import type { Call } from '#ports/call';

/** The same call, which asks `check` each time that its turn has come, right before anything leaves: what that throws is thrown instead. */
export function gated(call: Call, check: () => Promise<void>): Call {
  return {
    ...call,
    request: (request) => call.request({ ...request, check }),
    through: (send, unauthorized, counted) =>
      call.through(
        async (bound) => {
          await check();
          return send(bound);
        },
        unauthorized,
        counted,
      ),
  };
}
