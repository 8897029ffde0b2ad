// Lets the suite drive a client: a URL a line on standard input, its outcome on standard output.
// Outcomes begin with "=> ", since some clients print on their own.

import { createInterface } from "node:readline";

/** What a client may spend in all, in sats, where it knows budgets. */
export const budget = process.env.BUDGET_SATS && Number(process.env.BUDGET_SATS);

/**
 * Calls `get(url)` for each line; it returns the status that the client ended with, or an object of
 * it and the `receipt` that the client shows.
 */
export async function serve(get) {
  console.log("=> ready");
  for await (const line of createInterface({ input: process.stdin })) {
    let outcome;
    try {
      const got = await get(line.trim());
      outcome = typeof got === "object" ? got : { status: got };
    } catch (err) {
      outcome = { error: `${err.name}: ${err.message}` };
    }
    console.log("=> " + JSON.stringify(outcome));
  }
}

/** A wallet for clients that take a function: the sandbox's LND REST route. */
export async function pay(invoice) {
  const order = JSON.stringify({ payment_request: invoice });
  const answer = await fetch(process.env.LND_REST_HOST + "/v2/router/send", { method: "POST", body: order });
  const last = (await answer.text()).trim().split("\n").at(-1);
  return JSON.parse(last).result.payment_preimage;
}
