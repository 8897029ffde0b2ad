// What has to hold in a browser. Run by `run.sh`, with the shop's and the sandbox's addresses.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { close, pay, scan, shop, visitor } from './browser.mjs';

const challenge = async (path, headers = {}) => fetch(shop + path, { headers });

/** Has the broker refuse so many good tokens; the gate remembers each refusal for five seconds. */
const doubt = async (times = 1) => {
  for (let time = 0; time < times; time += 1) await fetch(`${shop}/doubt`, { method: 'POST' });
};

// A page that loads again takes the wait for what is on it away with it. Whoever goes on before it is there
// in whole meets its loading.
const arrives = async (page, selector) => {
  const isThere = (wanted) =>
    document.readyState === 'complete' && !document.querySelector('#pay') && document.querySelector(wanted) !== null;
  for (let tries = 0; ; tries += 1) {
    try {
      return await page.waitForFunction(isThere, {}, selector);
    } catch (err) {
      if (tries === 3 || /exceeded/.test(`${err.message} ${err.cause?.message}`)) throw err;
    }
  }
};

const trials = {
  async 'one press of the button pays once and shows the article, without its scripts'() {
    const visit = await visitor({ wallet: 'pays' });
    const answer = await visit.open('/article');
    assert.equal(answer.status(), 402);
    await (await visit.sees('#pay')).click();
    const look = await visit.shown((frame) => {
      const shown = frame.contentDocument;
      const style = (selector) => frame.contentWindow.getComputedStyle(shown.querySelector(selector));
      return {
        words: shown.body.innerText,
        colour: style('h1').color,
        indent: style('p').textIndent,
        logo: shown.querySelector('img').naturalWidth,
        target: shown.querySelector('a').target,
      };
    });
    assert.match(look.words, /A bill, paid\s+Words\./);
    assert.deepEqual([look.colour, look.indent, look.logo, look.target],
      ['rgb(1, 2, 3)', '7px', 40, '_top']);
    assert.equal(visit.payments.length, 1);
    assert.equal(await visit.page.title(), 'The article');
    assert.equal(await visit.page.evaluate(() => document.activeElement.id), 'content');
  },

  async 'a reload and a second tab show what was paid for without paying again'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/data');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /\{"big":12345678901234567890\}/);
    await visit.page.reload();
    assert.match(await visit.content(), /"big"/);
    const second = await visit.context.newPage();
    await second.goto(`${shop}/data`);
    await second.waitForSelector('#content pre', { visible: true });
    assert.equal(visit.payments.length, 1);
  },

  async 'text is shown as text, in its own charset'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/text');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /café <script>document/);
    assert.equal(await visit.page.title(), 'The Daily Sat');
  },

  async 'an image is shown and the script in it does not run'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/picture');
    await (await visit.sees('#pay')).click();
    await visit.sees('#content img');
    await visit.page.waitForFunction(() => document.querySelector('#content img').naturalWidth === 40);
    assert.equal(await visit.page.title(), 'The Daily Sat');
  },

  async 'any other type is a file to save'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/file.pdf');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /file to save/);
    const folder = await mkdtemp(join(tmpdir(), 'saved-'));
    const session = await visit.page.createCDPSession();
    await session.send('Browser.setDownloadBehavior',
      { behavior: 'allow', downloadPath: folder, browserContextId: visit.context.id });
    await visit.page.click('#content a[download]');
    const saved = join(folder, 'file.pdf');
    let text = '';
    for (let wait = 0; wait < 100 && !text; wait += 1) {
      await new Promise((done) => { setTimeout(done, 100); });
      text = await readFile(saved, 'utf8').catch(() => '');
    }
    await rm(folder, { recursive: true });
    assert.equal(text, '%PDF-1.4 of a kind');
  },

  async 'a failure after the payment keeps it, and trying again does not pay again'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/flaky');
    await (await visit.sees('#pay')).click();
    await visit.says('Your payment is safe. Do not pay again');
    assert.equal(await visit.hidden('#pay'), true);
    await (await visit.sees('#again')).click();
    assert.match(await visit.content(), /the fire is out/);
    assert.equal(visit.payments.length, 1);
  },

  async 'a fresh payment that is refused is kept, and trying again opens the page without paying again'() {
    for (const [path, words] of [['/401/doubted', /Do not pay again/], ['/402/doubted', /Do not pay again/]]) {
      const visit = await visitor({ wallet: 'pays' });
      await visit.open(path);
      await doubt();
      await (await visit.sees('#pay')).click();
      await visit.sees('#again');
      assert.match(await visit.status(), words, path);
      assert.equal(await visit.hidden('#pay'), true, path);
      assert.match(await visit.persists(), /beyond doubt/);
      assert.equal(visit.payments.length, 1, path);
    }
  },

  async 'a page that owes what was paid for asks for no money, and trying again still works'() {
    for (const [path, dark] of [['/401/doubted', false], ['/402/doubted', true]]) {
      const visit = await visitor({ wallet: 'pays', dark, width: 360, height: 740 });
      await visit.open(path);
      const asks = async () => ({
        scanned: Boolean(await scan(visit.page)),
        clock: !await visit.hidden('#expires'),
        copy: await visit.page.$eval('#copy', (button) => !button.disabled),
        wallet: !await visit.hidden('#wallet'),
        pay: !await visit.hidden('#pay'),
      });
      const all = (value) => ({ scanned: value, clock: value, copy: value, wallet: value, pay: value });
      assert.deepEqual(await asks(), all(true), path);
      await doubt();
      await (await visit.sees('#pay')).click();
      await visit.sees('#again:enabled');
      assert.deepEqual(await asks(), all(false), path);
      assert.match(await visit.persists(), /beyond doubt/);
      assert.equal(visit.payments.length, 1, path);
    }
  },

  async 'a reload after a fresh payment was refused keeps it too, and leaves the choice to pay anew'() {
    for (const path of ['/401/doubted', '/402/doubted']) {
      const visit = await visitor({ wallet: 'pays' });
      await visit.open(path);
      await doubt(4);
      await (await visit.sees('#pay')).click();
      await visit.sees('#again');
      await visit.page.reload();
      await visit.says('Try again before you pay anew');
      assert.equal(await visit.hidden('#pay'), false, path);
      assert.match(await visit.persists(), /beyond doubt/);
      assert.equal(visit.payments.length, 1, path);
      await visit.page.reload();
      assert.match(await visit.content(), /beyond doubt/);
    }
  },

  async 'whatever fails after the payment can be tried again, time after time'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/data');
    const failures = ['gone', 401, 409, 429, 500, 502, 503, 504, 401];
    await visit.page.setRequestInterception(true);
    visit.page.on('request', (request) => {
      if (!request.headers().authorization || !failures.length) return request.continue();
      const failure = failures.shift();
      return failure === 'gone' ? request.abort() : request.respond({ status: failure });
    });
    await (await visit.sees('#pay')).click();
    while (failures.length) {
      const left = failures.length;
      await visit.says('Do not pay again');
      assert.equal(await visit.hidden('#pay'), true, `${left} to go`);
      await (await visit.sees('#again:enabled')).click();
      await visit.until(() => failures.length < left);
    }
    assert.match(await visit.persists(), /"big"/);
    assert.equal(visit.payments.length, 1);
  },

  async 'what has opened the page before and is refused now is given up'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/401/doubted');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /beyond doubt/);
    await doubt();
    await visit.page.reload();
    await visit.says('used up or has expired');
    assert.equal(await visit.hidden('#again'), true);
    assert.equal(await visit.hidden('#pay'), false);
    await visit.page.reload();
    await visit.sees('#pay');
    assert.equal(await visit.status(), '');
  },

  async 'a server that asks for more after the payment is not paid again'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/dearer');
    await (await visit.sees('#pay')).click();
    await visit.says('The server asks for another payment');
    await visit.sees('#again');
    assert.equal(await visit.hidden('#pay'), true);
    await visit.page.reload();
    await visit.sees('#pay');
    assert.equal(await visit.status(), '');
    assert.equal(visit.payments.length, 1);
  },

  async 'a wallet that refuses says so as text and leaves the choice'() {
    const visit = await visitor({ wallet: 'refuses' });
    await visit.open('/data');
    await (await visit.sees('#pay')).click();
    await visit.says('The wallet did not pay: <b>User rejected</b>');
    assert.equal(await visit.page.$eval('#pay', (button) => button.disabled), false);
  },

  async 'who pays elsewhere pastes the preimage, also after a reload'() {
    const visit = await visitor();
    await visit.open('/text');
    const { invoice } = await visit.facts();
    const preimage = await pay(invoice);
    await visit.page.reload();
    assert.notEqual((await visit.facts()).invoice, invoice, 'a fresh invoice');
    assert.equal(await visit.page.$eval('#pay', (button) => button.hidden), true, 'no wallet here');
    await visit.page.type('#preimage', 'nonsense');
    await visit.page.keyboard.press('Enter');
    await visit.says('64 characters');
    const retype = async (text) => {
      await visit.page.$eval('#preimage', (input) => { input.value = ''; });
      await visit.page.type('#preimage', text);
      await visit.page.keyboard.press('Enter');
    };
    await retype('0'.repeat(64));
    await visit.says('another payment');
    await retype(` ${preimage.toUpperCase()} `);
    assert.match(await visit.content(), /café/);
  },

  async 'the QR code on the screen is the invoice, with and without JavaScript, light and dark'() {
    for (const script of [true, false]) {
      for (const dark of [true, false]) {
        const visit = await visitor({ script, dark, width: 360, height: 740 });
        const answer = await visit.open('/article');
        const [, invoice] = answer.headers()['www-authenticate'].match(/invoice="([^"]+)"/);
        assert.equal((await scan(visit.page))?.toLowerCase(), `lightning:${invoice}`);
        if (script) continue;
        const html = await answer.text();
        assert.ok(html.includes('2,100') && html.includes('<noscript>'));
        await pay(invoice);
      }
    }
  },

  async 'hostile words are shown as they are and do nothing'() {
    for (const which of ['script', 'quotes', 'image', 'override', 'places', 'long', 'wide']) {
      const visit = await visitor({ wallet: 'pays', width: 360, height: 740 });
      const answer = await visit.open(`/hostile/${which}`);
      assert.equal(answer.status(), 402);
      await visit.sees('#pay');
      const seen = await visit.page.evaluate(() => ({
        title: document.title,
        words: document.querySelector('.description bdi').textContent,
        elements: document.querySelector('.description bdi').children.length,
        scripts: document.scripts.length,
        price: document.querySelector('.price').innerText,
        wide: document.documentElement.scrollWidth > innerWidth,
        qr: document.querySelector('#qr svg').getBoundingClientRect().top,
      }));
      assert.equal(seen.title, 'The Daily Sat', which);
      assert.equal(seen.elements, 0, which);
      assert.equal(seen.scripts, 1, which);
      assert.match(seen.price, /^1,234,567 sats$/, which);
      assert.equal(seen.wide, false, `${which}: scrolls sideways`);
      assert.ok(seen.qr < 740, `${which}: pushes the QR code off the screen`);
      if (which === 'script') assert.ok(seen.words.startsWith('</script><script>'));
      if (which === 'places') assert.ok(seen.words.startsWith('{{macaroon}} {{script}}'));
      assert.deepEqual(visit.complaints.filter((line) => !line.includes('402')), [], which);
      await visit.context.close();
    }
  },

  async 'a hostile address is shown as it is and does nothing'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open(`/members/${encodeURIComponent('"><img src=x onerror=document.title=1>')}?<script>`);
    await visit.sees('#pay');
    assert.equal(await visit.page.title(), 'The Daily Sat');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /members only/);
  },

  async 'a path that looks like another host is asked for here'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('//host.invalid/page');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /from this host/);
    assert.ok(visit.requests.every((url) => url.startsWith(shop) || url.startsWith('data:')));
  },

  async 'one payment for a scope opens all of it'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/members/one');
    await (await visit.sees('#pay')).click();
    assert.match(await visit.content(), /members only/);
    await visit.open('/members/two');
    assert.match(await visit.content(), /members only/);
    assert.equal(visit.payments.length, 1);
  },

  async 'an expired invoice is not offered any more'() {
    const visit = await visitor({ wallet: 'pays', dark: true, width: 360, height: 740 });
    await visit.open('/hasty/brief');
    await visit.says('expired');
    assert.equal(await visit.page.$eval('#expires', (clock) => clock.textContent), 'Expired');
    assert.equal(await scan(visit.page), undefined);
    for (const id of ['pay', 'wallet']) {
      assert.equal(await visit.page.$eval(`#${id}`, (control) => control.hidden), true, id);
    }
    const { invoice } = await visit.facts();
    await Promise.all([visit.page.waitForNavigation(), (await visit.sees('#renew')).click()]);
    assert.notEqual((await visit.facts()).invoice, invoice);
    assert.equal(visit.payments.length, 0);
  },

  async 'the focus goes from what an expiry takes away to what takes its place'() {
    const visit = await visitor({ wallet: 'pays' });
    for (const [from, to] of [['pay', 'renew'], ['wallet', 'renew'], ['copy', 'renew'], ['preimage', 'preimage']]) {
      await visit.open('/hasty/brief');
      await visit.sees('#pay');
      await visit.page.focus(`#${from}`);
      await visit.says('expired');
      assert.equal(await visit.page.evaluate(() => document.activeElement.id), to, from);
    }
  },

  async 'the clock is the server\'s, whatever the browser\'s says'() {
    const visit = await visitor();
    await visit.page.evaluateOnNewDocument(() => {
      const now = Date.now;
      Date.now = () => now() + 5 * 60 * 60 * 1000;
    });
    await visit.open('/data');
    const clock = await visit.page.$eval('#expires', (expires) => expires.textContent);
    assert.match(clock, /^Expires in (9:|10:00)/);
  },

  async 'the keyboard reaches everything in order, and each control has a name'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/article');
    await visit.sees('#pay');
    const order = [];
    for (let step = 0; step < 8; step += 1) {
      await visit.page.keyboard.press('Tab');
      order.push(await visit.page.evaluate(() => {
        const focused = document.activeElement;
        return focused.id || focused.textContent.trim() || focused.tagName;
      }));
    }
    assert.deepEqual(order.slice(0, 7),
      ['pay', 'wallet', 'invoice', 'copy', 'preimage', 'Open', 'For programs']);
    const tree = await visit.page.accessibility.snapshot();
    const names = [];
    const walk = (node) => {
      names.push(`${node.role}: ${node.name ?? ''}`);
      (node.children ?? []).forEach(walk);
    };
    walk(tree);
    for (const expected of ['button: Pay 2,100 sats', 'link: Open in wallet', 'button: Copy',
      'image: QR code of the Lightning invoice', 'textbox: Invoice as text',
      'textbox: Paid with another wallet? Paste the payment’s preimage']) {
      assert.ok(names.includes(expected), `${expected} in ${names.join('\n')}`);
    }
    await visit.page.focus('#pay');
    await visit.page.keyboard.press('Enter');
    await visit.shown(() => {});
  },

  async 'words that scroll can be scrolled by keyboard, and only those are a stop'() {
    const name = 'x'.repeat(400);
    for (const [path, script, stops] of [
      ['/article', true, []],
      ['/hostile/long', true, ['region: Description']],
      [`/hostile/${name}`, true, ['region: What you pay for']],
      ['/hostile/long', false, []],
    ]) {
      const visit = await visitor({ script, width: 360, height: 740 });
      await visit.open(path);
      const found = () => visit.page.$$eval('.offer [tabindex="0"]', (boxes) => boxes.map(
        (box) => `${box.getAttribute('role')}: ${box.getAttribute('aria-label')}`));
      await visit.until(async () => (await found()).length === stops.length);
      assert.deepEqual(await found(), stops, path);
      if (stops.length) {
        await visit.page.keyboard.press('Tab');
        await visit.page.keyboard.press('ArrowDown');
        await visit.page.waitForFunction(() => document.activeElement.scrollTop > 0);
      }
      await visit.context.close();
    }
    const visit = await visitor({ width: 1280 });
    await visit.open(`/hostile/${'x'.repeat(60)}`);
    const stops = async () => (await visit.page.$$('.offer [tabindex]')).length;
    assert.equal(await stops(), 0, 'a wide window');
    await visit.page.setViewport({ width: 280, height: 740 });
    await visit.until(async () => await stops() === 1);
    assert.equal(await stops(), 1, 'a narrow one');
    await visit.page.setViewport({ width: 1280, height: 740 });
    await visit.until(async () => await stops() === 0);
    assert.equal(await stops(), 0, 'a wide one again');
  },

  async 'the edges of fields and buttons stand out from what is on both sides'() {
    for (const dark of [false, true]) {
      const visit = await visitor({ wallet: 'pays', dark });
      const edges = () => visit.page.evaluate(() => {
        const luminance = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
          .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
        const contrast = (...colours) => {
          const [low, high] = colours.map(luminance).sort((a, b) => a - b);
          return (high + 0.05) / (low + 0.05);
        };
        const behind = (element) => {
          const colour = getComputedStyle(element).backgroundColor;
          return colour === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : colour;
        };
        return Array.from(document.querySelectorAll('input, button, .button'), (control) => {
          const edge = getComputedStyle(control).borderTopColor;
          // A filled button is its own edge.
          const inside = control.matches('.primary') ? [] : [behind(control)];
          return [control.id || control.textContent,
            Math.min(...[...inside, behind(control.parentElement)].map((side) => contrast(edge, side)))];
        });
      });
      const holds = async (least) => {
        const seen = await edges();
        assert.ok(seen.length >= least, `${seen.length} controls`);
        for (const [control, contrast] of seen) {
          assert.ok(contrast >= 3, `${control}: ${contrast.toFixed(2)}, ${dark ? 'dark' : 'light'}`);
        }
      };
      await visit.open('/data');
      await holds(8);
      await (await visit.sees('#pay')).click();
      await visit.content();
      await holds(9);
    }
  },

  async 'the clock is not read out each second'() {
    const visit = await visitor();
    await visit.open('/data');
    const live = await visit.page.$$eval('[aria-live], [role=status], [role=timer]',
      (regions) => regions.map((region) => [region.id, region.contains(document.getElementById('expires'))]));
    assert.deepEqual(live, [['status', false]]);
  },

  async 'copying gives the invoice'() {
    const visit = await visitor();
    await visit.open('/data');
    await visit.context.overridePermissions(shop, ['clipboard-read', 'clipboard-write']);
    await visit.page.click('#copy');
    await visit.says('copied');
    const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, (await visit.facts()).invoice);
  },

  async 'the page loads nothing and complains of nothing'() {
    const visit = await visitor();
    await visit.open('/article');
    assert.deepEqual(visit.requests, [`${shop}/article`, 'data:,'].slice(0, visit.requests.length));
    assert.deepEqual(visit.complaints.filter((line) => !line.includes('402')), []);
  },

  async 'nobody can frame it'() {
    const visit = await visitor();
    await visit.open('/free');
    const framed = async (path, selector) => {
      await visit.page.evaluate((path) => new Promise((done) => {
        document.querySelector('iframe')?.remove();
        const frame = document.createElement('iframe');
        frame.onload = done;
        frame.src = path;
        document.body.append(frame);
      }), path);
      const frame = visit.page.frames().find((frame) => frame !== visit.page.mainFrame());
      return (await frame.$(selector).catch(() => null)) !== null;
    };
    assert.equal(await framed('/free', 'p'), true, 'what may be framed is');
    assert.equal(await framed('/article', '#paywall'), false);
  },

  async 'a wallet that answers with anything but a preimage is not believed, and the field is offered'() {
    for (const [answer, why] of [['settled internally', 'something else than a preimage'], ['', 'no preimage'],
      ['ab'.repeat(31), 'something else'], [{ paid: true }, 'no preimage']]) {
      const visit = await visitor({ wallet: 'pays' });
      await visit.page.evaluateOnNewDocument((answer) => {
        const pays = window.webln.sendPayment;
        window.webln.sendPayment = async (invoice) => {
          window.truth = (await pays(invoice)).preimage;
          return { preimage: answer };
        };
      }, answer);
      await visit.open('/text');
      await (await visit.sees('#pay')).click();
      await visit.says(why);
      await visit.says('paste it below');
      assert.equal(await visit.hidden('#pay'), true, 'it may have paid');
      assert.equal(await visit.page.evaluate(() => document.activeElement.id), 'preimage');
      const preimage = await visit.page.evaluate(() => window.truth);
      await visit.page.type('#preimage', preimage);
      await visit.page.keyboard.press('Enter');
      assert.match(await visit.content(), /café/);
      assert.equal(visit.payments.length, 1);
    }
  },

  async 'with a cookie one payment opens a site as any other: images, events, sockets, video, downloads'() {
    const visit = await visitor({ wallet: 'pays' });
    const unpaid = await challenge('/kept/gallery/film.webm', { Range: 'bytes=0-' });
    assert.equal(unpaid.status, 402, 'no film without a payment');
    const answers = [];
    visit.page.on('response', (answer) => answers.push(answer));
    await visit.open('/kept/gallery');
    await (await visit.sees('#pay')).click();
    await arrives(visit.page, 'h1');
    await visit.page.waitForFunction(() => document.querySelector('#image')?.naturalWidth === 40);
    await visit.page.waitForFunction(() => window.seen?.event === 'paid for' && window.seen?.socket === 'paid for');
    assert.equal(await visit.page.title(), 'The gallery');
    const film = await visit.page.evaluate(async () => {
      const video = document.querySelector('#film');
      const on = (event) => new Promise((done, failed) => {
        video.addEventListener(event, done, { once: true });
        video.addEventListener('error', () => failed(video.error), { once: true });
      });
      const ended = on('ended');
      await video.play();
      await ended;
      const played = video.currentTime;
      const seeked = on('seeked');
      video.currentTime = 0.5;
      await seeked;
      return { played, width: video.videoWidth, at: video.currentTime };
    });
    assert.ok(film.played >= 1.9, `played ${film.played} s`);
    assert.deepEqual([film.width, film.at], [64, 0.5]);
    const parts = answers.filter((answer) => answer.url().endsWith('/film.webm'));
    assert.ok(parts.length > 0);
    for (const part of parts) {
      assert.equal(part.status(), 206);
      assert.match(part.request().headers().range, /^bytes=\d+-/);
      assert.match(part.headers()['content-range'], /^bytes \d+-\d+\/6363$/);
    }
    const file = await visit.page.evaluate(async () => (await fetch(document.querySelector('#file').href)).text());
    assert.equal(file, '%PDF-1.4 of a gallery');
    const [cookie] = (await visit.context.cookies()).filter(({ name }) => name.startsWith('__Secure-l402-'));
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, 'Strict', '/']);
    assert.equal(await visit.page.evaluate(() => document.cookie), '');
    await visit.page.reload();
    await arrives(visit.page, 'h1');
    assert.equal((await visit.open('/kept/gallery/file.pdf').catch(() => ({ status: () => 200 }))).status(), 200);
    assert.equal(visit.payments.length, 1);
  },

  async 'what another site causes does not spend the cookie, and its link leads in after all'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.open('/kept/gallery');
    await (await visit.sees('#pay')).click();
    await arrives(visit.page, 'h1');
    // Another name of this machine is another site.
    const other = shop.replace('127.0.0.1', 'localhost');
    await visit.page.goto(`${other}/free`);
    const loads = await visit.page.evaluate((url) => new Promise((done) => {
      const image = new Image();
      image.onload = () => done(true);
      image.onerror = () => done(false);
      image.src = url;
    }), `${shop}/kept/gallery/image.svg`);
    assert.equal(loads, false);
    await visit.page.evaluate((url) => {
      const link = document.createElement('a');
      link.id = 'in';
      link.href = url;
      link.textContent = 'in';
      document.body.append(link);
    }, `${shop}/kept/gallery`);
    await visit.page.click('#in');
    await visit.page.waitForFunction(() => document.title === 'The gallery');
    assert.equal(visit.payments.length, 1);
  },

  async 'a link of another site shows the price to whoever has not paid, without end of reloading'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.page.goto(`${shop.replace('127.0.0.1', 'localhost')}/free`);
    const before = visit.requests.length;
    await visit.page.evaluate((url) => { location.href = url; }, `${shop}/kept/gallery`);
    await visit.sees('#pay');
    await new Promise((done) => { setTimeout(done, 500); });
    const asked = visit.requests.slice(before).filter((url) => url.endsWith('/kept/gallery'));
    assert.equal(asked.length, 2);
  },

  async 'a browser that keeps no cookies shows what was paid for as before'() {
    const visit = await visitor({ wallet: 'pays' });
    await visit.page.setRequestInterception(true);
    visit.page.on('request', (request) => {
      // As if the cookie had been dropped on its way.
      if (!request.headers()['x-l402-cookie']) request.continue();
      else request.respond({ status: 204, headers: { 'X-L402-Cookie': '1' } });
    });
    await visit.open('/kept/gallery');
    await (await visit.sees('#pay')).click();
    await visit.sees('#content');
    assert.equal(visit.payments.length, 1);
  },

  async 'programs get JSON from the same address'() {
    const json = await challenge('/article');
    assert.equal(json.headers.get('content-type'), 'application/json');
    const order = await fetch(`${shop}/article`, { method: 'POST', headers: { Accept: 'text/html' } });
    assert.equal(order.headers.get('content-type'), 'application/json', 'a page cannot post again');
  },
};

const only = process.env.ONLY;
let failed = 0;
for (const [name, trial] of Object.entries(trials)) {
  if (only && !name.includes(only)) continue;
  try {
    await trial();
    console.log(`   ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.error(`   FAILED: ${name}\n${error.stack}`);
  }
}
await close();
process.exit(failed ? 1 : 0);
