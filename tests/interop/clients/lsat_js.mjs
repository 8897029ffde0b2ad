// It makes tokens of challenges and sends nothing itself; this caller keeps them by path for as long
// as it says that they are good.

import { Lsat } from "lsat-js";

import { pay, serve } from "./adapter.mjs";

const tokens = new Map();

await serve(async (url) => {
  const kept = tokens.get(url);
  const headers = kept && !kept.isExpired() ? { Authorization: kept.toToken() } : {};
  const answer = await fetch(url, { headers });
  if (answer.status !== 402) return answer.status;
  const token = Lsat.fromHeader(answer.headers.get("WWW-Authenticate"));
  token.setPreimage(await pay(token.invoice));
  tokens.set(url, token);
  return (await fetch(url, { headers: { Authorization: token.toToken() } })).status;
});
