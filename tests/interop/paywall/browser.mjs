// A person's visit, as far as a program can make it: a real Chromium, a WebLN wallet that pays
// through the sandbox, and what is on the screen.

import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import puppeteer from 'puppeteer-core';

const [, , shop, sandbox] = process.argv;
export { shop };

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  // Continuous integration runs as root, where Chromium's own sandbox does not start.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
export const close = () => browser.close();

/** Pays by the route that LND wallets pay by; returns the preimage. */
export async function pay(invoice) {
  const answer = await fetch(`${sandbox}/v2/router/send`, {
    method: 'POST',
    body: JSON.stringify({ payment_request: invoice }),
  });
  const last = JSON.parse((await answer.text()).trim().split('\n').at(-1));
  if (last.result?.status !== 'SUCCEEDED') throw new Error(last.error?.message ?? 'not paid');
  return last.result.payment_preimage;
}

/**
 * A fresh profile with one tab. `wallet` is `'pays'`, `'refuses'`, or nothing; what it has paid is
 * in `payments`, and what the page complained about in `complaints`.
 */
export async function visitor({ wallet, width = 1280, height = 800, dark = false, script = true } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const visit = { page, context, payments: [], complaints: [], requests: [] };
  await page.setViewport({ width, height, deviceScaleFactor: 2 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.setJavaScriptEnabled(script);
  page.on('pageerror', (error) => visit.complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') visit.complaints.push(message.text());
  });
  page.on('request', (request) => visit.requests.push(request.url()));
  if (wallet) {
    await page.exposeFunction('walletPays', async (invoice) => {
      visit.payments.push(invoice);
      return pay(invoice);
    });
    await page.evaluateOnNewDocument((refuses) => {
      window.webln = {
        enable: async () => {},
        sendPayment: async (invoice) => {
          if (refuses) throw new Error('<b>User rejected</b>');
          return { preimage: await window.walletPays(invoice) };
        },
      };
    }, wallet === 'refuses');
  }
  visit.open = (path) => page.goto(shop + path, { waitUntil: 'load' });
  visit.facts = () => page.$eval('#paywall', (main) => ({ ...main.dataset }));
  visit.status = () => page.$eval('#status', (status) => status.textContent);
  visit.says = (text) => page.waitForFunction(
    (text) => document.getElementById('status').textContent.includes(text), {}, text);
  visit.sees = (selector) => page.waitForSelector(selector, { visible: true });
  visit.hidden = (selector) => page.$eval(selector, (control) => control.hidden);
  visit.until = async (done, pause = 100) => {
    for (let waited = 0; waited < 60_000 && !await done(); waited += pause) {
      await new Promise((next) => { setTimeout(next, pause); });
    }
  };
  /** Tries again until there is content, as people do. */
  visit.persists = async () => {
    await visit.until(async () => {
      if (!await visit.hidden('#content')) return true;
      await page.$eval('#again', (button) => !button.hidden && button.click());
      return false;
    }, 1000);
    return visit.content();
  };
  visit.content = async () => {
    await visit.sees('#content');
    return page.$eval('#content', (content) => content.innerText);
  };
  /** What `look` makes of the document that is shown, once its styles are applied. */
  visit.shown = async (look) => {
    await visit.sees('#content iframe');
    await visit.page.waitForFunction(
      () => document.querySelector('#content iframe').contentDocument.querySelector('a[target]'));
    return visit.page.$eval('#content iframe', look);
  };
  return visit;
}

/** What a phone's camera reads from the screen. */
export async function scan(page) {
  const { data, width, height } = PNG.sync.read(Buffer.from(await page.screenshot({ fullPage: true })));
  return jsqr(new Uint8ClampedArray(data), width, height)?.data;
}
