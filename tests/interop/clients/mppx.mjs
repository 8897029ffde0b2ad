// It ships methods for other networks and an interface for more; this one pays over Lightning as
// the draft-00 profile has it: the invoice is in the challenge, the preimage is the credential.

import { Credential, Method, Receipt, z } from "mppx";
import { Mppx } from "mppx/client";

import { pay, serve } from "./adapter.mjs";

const charge = Method.from({
  name: "lightning",
  intent: "charge",
  schema: {
    credential: { payload: z.object({ preimage: z.string() }) },
    request: z.object({
      amount: z.string(),
      currency: z.string(),
      methodDetails: z.object({ invoice: z.string() }),
    }),
  },
});

const lightning = Method.toClient(charge, {
  async createCredential({ challenge }) {
    const preimage = await pay(challenge.request.methodDetails.invoice);
    return Credential.serialize({ challenge, payload: { preimage } });
  },
});

const client = Mppx.create({ methods: [lightning], polyfill: false });

await serve(async (url) => {
  const answer = await client.fetch(url);
  const paid = answer.headers.has("Payment-Receipt");
  return { status: answer.status, receipt: paid ? Receipt.fromResponse(answer) : undefined };
});
