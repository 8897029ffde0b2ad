// A page in headless Chromium, of another origin than the API. The page and its package come from
// here, and its wallet calls go to the sandbox by way of here.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { pay, serve } from "./adapter.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const files = {
  "/": ["text/html", join(here, "page.html")],
  "/402.js": ["text/javascript", join(here, "node_modules/@getalby/lightning-tools/dist/esm/402.js")],
};

// A URL that waits for the page, or the page that waits for a URL.
let ask, open;
let answered;

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  if (request.url === "/next") {
    open = (url) => response.end(url);
    ask?.();
  } else if (request.url === "/answer") {
    response.end();
    answered(JSON.parse(body));
  } else if (request.url === "/pay") {
    response.end(await pay(body));
  } else if (files[request.url]) {
    const [type, path] = files[request.url];
    response.setHeader("Content-Type", type);
    response.end(await readFile(path));
  } else {
    response.writeHead(404).end();
  }
});
const { hostname, port } = new URL(process.env.ORIGIN);
await new Promise((listening) => server.listen(port, hostname, listening));

const browser = spawn(
  process.env.CHROMIUM ?? "chromium",
  [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    `--user-data-dir=${process.env.HOME}/chromium`,
    process.env.ORIGIN,
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
browser.on("exit", (code) => {
  console.log(`=> ${JSON.stringify({ error: `chromium ended with ${code}` })}`);
  process.exit(1);
});

const ready = () => (open ? undefined : new Promise((resolve) => (ask = resolve)));
await ready();

await serve(async (url) => {
  await ready();
  const outcome = new Promise((resolve) => (answered = resolve));
  open(url);
  open = undefined;
  const { status, error } = await outcome;
  if (error) throw Object.assign(new Error(error.message), { name: error.name });
  return status;
});
browser.removeAllListeners("exit");
browser.kill("SIGKILL");
process.exit(0);
