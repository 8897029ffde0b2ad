// Versions 4 to 6: they pay through WebLN, and keep tokens by URL in a store.

import { fetchWithL402 } from "@getalby/lightning-tools";

import { pay, serve } from "./adapter.mjs";

const webln = {
  enable: async () => {},
  sendPayment: async (invoice) => ({ preimage: await pay(invoice) }),
};

await serve(async (url) => (await fetchWithL402(url, {}, { webln })).status);
