// Its client for MPP alone, which keeps nothing: such a payment is good for one answer.

import { fetchWithMpp } from "@getalby/lightning-tools/402/mpp";

import { pay, serve } from "./adapter.mjs";

const wallet = { payInvoice: async ({ invoice }) => ({ preimage: await pay(invoice) }) };

await serve(async (url) => (await fetchWithMpp(url, {}, { wallet })).status);
