// An interceptor for axios, with its own store in memory.

import axios from "axios";
import l402 from "l402";

import { pay, serve } from "./adapter.mjs";

class Sandbox extends l402.Wallet {
  async payInvoice(invoice) {
    return new l402.PaymentResult(await pay(invoice), true);
  }
}

const client = axios.create();
l402.setupL402Interceptor(client, new Sandbox(), new l402.MemoryTokenStore());

await serve(async (url) => {
  try {
    return (await client.get(url)).status;
  } catch (err) {
    if (!err.response) throw err;
    return err.response.status;
  }
});
