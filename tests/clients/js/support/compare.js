// How whole payloads are compared: every key, in its order, except for what differs from run to run.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** What a system's tests compare with; `redact` replaces what differs from run to run, and only where it has the documented form. */
export function comparing(redact) {
  /** Whole value, key order included. */
  function exactly(actual, expected) {
    assert.deepEqual(redact(actual), expected);
    assert.equal(JSON.stringify(redact(actual)), JSON.stringify(expected), "the keys stand in another order");
  }

  /** Waits until `client` receives `name` with exactly these arguments; other values before it are passed over. */
  async function sees(client, name, ...args) {
    const matches = (event) => event.name === name && isDeepStrictEqual(redact(event.args), args);
    await client
      .until(() => (client.events.some(matches) ? true : undefined), `${name} with ${JSON.stringify(args).slice(0, 500)}`)
      .catch((error) => {
        const others = client.events.filter((event) => event.name === name).slice(-3);
        throw new Error(`${error.message}; last ${name}: ${JSON.stringify(redact(others)).slice(0, 1000)}`);
      });
    const index = client.events.findIndex(matches);
    exactly(client.events[index].args, args);
    client.events = client.events.filter((event, at) => event.name !== name || at > index);
  }

  return { exactly, sees };
}
