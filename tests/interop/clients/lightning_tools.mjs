// It keeps no tokens itself: it hands out `credentials`, which its caller hands back.

import { fetch402 } from "@getalby/lightning-tools/402";

import { budget, pay, serve } from "./adapter.mjs";

const wallet = { payInvoice: async ({ invoice }) => ({ preimage: await pay(invoice) }) };
const credentials = new Map();

await serve(async (url) => {
  const kept = credentials.get(url);
  const answer = await fetch402(url, {}, { wallet, maxAmount: budget, credentials: kept });
  if (answer.payment) credentials.set(url, answer.payment.credentials);
  return answer.status;
});
