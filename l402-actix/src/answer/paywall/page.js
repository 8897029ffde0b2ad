(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const paywall = $('paywall');
  const facts = paywall.dataset;

  // A link of another site has led here, and what a cookie may hold was withheld for that. A reload is
  // this page's own doing.
  const [visit] = performance.getEntriesByType('navigation');
  if (facts.withheld === 'true' && visit && visit.type !== 'reload') {
    paywall.hidden = true;
    location.reload();
    return;
  }

  // What has to outlive a reload: challenges that may have been paid elsewhere, and what was paid.
  // Storage can be forbidden; then a reload forgets, and nothing else changes.
  const remembered = () => {
    try {
      const since = Date.now() - 24 * 60 * 60 * 1000;
      return JSON.parse(localStorage.getItem('l402')).filter((offer) => offer.at > since);
    } catch {
      return [];
    }
  };
  const remember = (offers) => {
    const paid = offers.filter((offer) => offer.preimage).slice(-64);
    const open = offers.filter((offer) => !offer.preimage).slice(-16);
    try {
      localStorage.setItem('l402', JSON.stringify([...open, ...paid]));
    } catch { /* as above */ }
  };
  const others = (than) => remembered().filter((offer) => offer.hash !== than.hash);

  const current = {
    resource: facts.resource,
    sats: Number(facts.sats),
    hash: facts.paymentHash.toLowerCase(),
    macaroon: facts.macaroon,
    at: Date.now(),
  };

  const say = (text, trouble = false) => {
    $('status').textContent = text;
    $('status').classList.toggle('trouble', trouble);
  };

  let busy = false;
  let expired = false;
  // Whether this visit has paid and got nothing yet. Nothing here asks for money then.
  let owed = false;
  const refresh = () => {
    $('pay').hidden = !window.webln || expired || owed;
    $('pay').disabled = busy;
    $('again').disabled = busy;
    // While a wallet pays, a new page would lose what it brings.
    $('renew').hidden = !expired || owed || busy;
    $('wallet').hidden = expired || owed;
    $('copy').disabled = expired || owed;
    $('expires').hidden = owed;
    paywall.classList.toggle('expired', expired);
    paywall.classList.toggle('owed', owed);
    for (const control of $('proof').elements) control.disabled = busy;
  };
  const during = async (work) => {
    if (busy) return;
    busy = true;
    refresh();
    try {
      await work();
    } finally {
      busy = false;
      refresh();
      // The button that was pressed is gone.
      if (!$('again').hidden) $('again').focus();
      else if (owed) $('preimage').focus();
      else if (expired && document.activeElement === document.body) $('renew').focus();
    }
  };

  const isPreimage = (text) => /^[0-9a-f]{64}$/.test(text);

  const pay = async () => {
    say('Waiting for your wallet…');
    let preimage;
    try {
      await window.webln.enable();
      ({ preimage } = await window.webln.sendPayment(facts.invoice));
    } catch (err) {
      say(`The wallet did not pay: ${(err && err.message) || 'no reason was given'}`, true);
      return;
    }
    const digits = typeof preimage === 'string' ? preimage.trim().toLowerCase() : '';
    if (!isPreimage(digits)) {
      // It may have paid, so nothing here pays again by itself.
      owed = true;
      refresh();
      const why = digits
        ? 'The wallet answered with something else than a preimage, as some do that settle a payment among their own users.'
        : 'The wallet gave no preimage.';
      say(`${why} If it has paid, look there for the preimage and paste it below. If not, reload the page.`, true);
      return;
    }
    await open({ ...current, preimage: digits });
  };

  // A preimage that was typed belongs to this invoice, or to one that was shown here before.
  const offerPaidBy = async (preimage) => {
    // Without https there is no hashing, and the server alone can tell.
    if (!window.crypto || !crypto.subtle) return current;
    const bytes = Uint8Array.from(preimage.match(/../g), (digits) => parseInt(digits, 16));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return [current, ...remembered()]
      .find((offer) => offer.hash === hash && offer.resource === current.resource);
  };

  const prove = async () => {
    const preimage = $('preimage').value.trim().toLowerCase();
    if (!isPreimage(preimage)) {
      say('A preimage is 64 characters long: digits, and letters from a to f.', true);
      return;
    }
    const offer = await offerPaidBy(preimage);
    if (offer) await open({ ...offer, preimage });
    else say('That preimage belongs to another payment.', true);
  };

  // Whatever goes wrong from here on, the payment has been made: it is remembered first, and nothing
  // here pays again.
  const open = async (offer, known = false) => {
    remember([...others(offer), offer]);
    $('again').onclick = () => during(() => open(offer, known));
    say('Paid. Fetching what you paid for…');
    let answer;
    let body;
    // A browser that keeps no cookies would come back here and ask again.
    const keeps = facts.cookie === 'true' && !(offer.kept > Date.now() - 60 * 1000);
    const headers = {
      Accept: 'text/html, */*;q=0.9',
      [facts.header]: `L402 ${offer.macaroon}:${offer.preimage}`,
      ...(keeps && { 'X-L402-Cookie': '1' }),
    };
    try {
      // The origin is named: a path that begins with two slashes would be read as another host.
      answer = await fetch(location.origin + location.pathname + location.search, {
        headers,
        cache: 'no-store',
      });
      body = await answer.arrayBuffer();
    } catch {
      fail('The connection broke.');
      return;
    }
    if (keeps && answer.status === 204 && answer.headers.get('X-L402-Cookie')) {
      remember([...others(offer), { ...offer, opened: true, kept: Date.now() }]);
      location.reload();
    } else if (answer.status === 401 || answer.status === 402) {
      refused(offer, known, answer.status);
    } else if (answer.status === 409 || answer.status === 429 || answer.status >= 500) {
      fail(`The server could not answer (${answer.status}).`);
    } else {
      try {
        if (answer.ok) remember([...others(offer), { ...offer, opened: true }]);
        show(answer, body);
      } catch {
        fail('This browser could not show the answer.');
      }
    }
  };
  const fail = (reason) => {
    $('again').hidden = false;
    owed = true;
    refresh();
    say(`${reason} Your payment is safe. Do not pay again: try again in a while.`, true);
  };

  // A no may be the server's own fault, which it cannot tell from a payment that is no good. So it
  // ends only what has opened the page before, or is older than tokens commonly get; a payment that
  // has brought nothing yet can be tried again.
  const refused = (offer, known, status) => {
    const isOver = known && (offer.opened || offer.at < Date.now() - 60 * 60 * 1000);
    if (isOver) remember([...others(offer), { ...offer, refused: true }]);
    $('again').hidden = isOver;
    // After a reload the invoice here is another one, and whether to pay it is the visitor's choice.
    owed = !known;
    if (isOver) say('What you paid before is used up or has expired.', true);
    else if (known) say(`The server does not take what you paid before (${status}). Try again before you pay anew.`, true);
    else if (status === 401) fail('The server did not take your payment (401).');
    else say('The server asks for another payment: the price has risen, or this one is used up. '
      + 'It is kept. Try again, or reload the page to pay anew.', true);
  };

  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  const show = (answer, body) => {
    const [type, ...parameters] = (answer.headers.get('Content-Type') || '').toLowerCase().split(';');
    const essence = type.trim();
    const text = () => {
      const charset = parameters.join(';').match(/charset="?([^\s";]+)/);
      try {
        return new TextDecoder(charset ? charset[1] : 'utf-8').decode(body);
      } catch {
        return new TextDecoder().decode(body);
      }
    };
    // A type that runs scripts must not be opened from here, so a file is saved and never shown.
    const file = URL.createObjectURL(new Blob([body], { type: 'application/octet-stream' }));
    const name = location.pathname.split('/').pop() || 'download';
    const bar = element('p', { className: 'bar' });
    bar.append(
      element('span', { textContent: answer.ok ? 'Paid' : `The server answered ${answer.status}` }),
      element('a', { className: 'button', href: file, download: name, textContent: 'Save' }),
    );

    let view;
    if (/^attachment/i.test(answer.headers.get('Content-Disposition') || '')) {
      view = element('p', { textContent: 'This is a file to save.' });
    } else if (essence === 'text/html') {
      view = page(text());
    } else if (/^image\//.test(essence)) {
      // An image, SVG included, runs nothing.
      const source = URL.createObjectURL(new Blob([body], { type: essence }));
      view = element('img', { src: source, alt: 'What you paid for' });
    } else if (/^text\/|[/+](json|xml|yaml|javascript)$/.test(essence)) {
      view = element('pre', { textContent: text() });
    } else {
      view = element('p', {
        textContent: body.byteLength ? 'This is a file to save.' : 'The answer is empty.',
      });
    }
    say('');
    paywall.hidden = true;
    document.body.classList.add('open');
    $('content').replaceChildren(bar, view);
    $('content').hidden = false;
    $('content').focus();
  };

  // HTML in a frame that runs no scripts. It inherits this page's policy, which keeps styles
  // within it out; they are applied from here, as scripts of an origin may.
  const page = (html) => {
    const frame = element('iframe', { title: 'What you paid for' });
    frame.setAttribute('sandbox', 'allow-same-origin allow-top-navigation-by-user-activation');
    frame.addEventListener('load', () => {
      const inner = frame.contentDocument;
      if (inner.title) document.title = inner.title;
      inner.adoptedStyleSheets = Array.from(inner.querySelectorAll('style'), (style) => {
        const sheet = new frame.contentWindow.CSSStyleSheet({ media: style.media });
        sheet.replaceSync(style.textContent);
        return sheet;
      });
      for (const styled of inner.querySelectorAll('[style]')) {
        styled.style.cssText = styled.getAttribute('style');
      }
      for (const link of inner.querySelectorAll('a[href]:not([href^="#"])')) link.target = '_top';
    });
    frame.srcdoc = html;
    return frame;
  };

  // Only the server's clock counts: the browser's may be off.
  const ahead = Date.now() - Number(facts.nowMs);
  const deadline = Date.parse(facts.expiresAt) + ahead;
  let announced = false;
  const tick = () => {
    const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    $('expires').textContent = left ? `Expires in ${clock}` : 'Expired';
    if (left === 0) {
      clearInterval(ticking);
      expired = true;
      // The keyboard would begin again at the top of the page.
      const lost = [$('pay'), $('wallet'), $('copy')].includes(document.activeElement);
      refresh();
      if (lost) $('renew').focus();
      if (!busy && $('again').hidden) say('This invoice has expired. Do not pay it any more.');
    } else if (left <= 60 && !announced && !busy && !$('status').textContent) {
      // Heard once and not each second.
      announced = true;
      say('Less than a minute is left to pay.');
    }
  };
  const ticking = setInterval(tick, 1000);
  if (Number.isNaN(deadline)) clearInterval(ticking);
  else tick();

  $('pay').onclick = () => during(pay);
  $('renew').onclick = () => location.reload();
  $('proof').onsubmit = (event) => {
    event.preventDefault();
    during(prove);
  };
  $('proof').hidden = false;
  $('copy').hidden = false;
  $('copy').onclick = async () => {
    $('invoice').select();
    try {
      await navigator.clipboard.writeText(facts.invoice);
    } catch {
      // There is no clipboard outside of https.
      document.execCommand('copy');
    }
    say('Invoice copied.');
  };
  $('invoice').onfocus = () => $('invoice').select();

  // A box that scrolls is a stop for the keyboard, and has a name there. Whether it does changes
  // with the window.
  const stop = (box, name) => {
    const scrolls = box.scrollHeight > box.clientHeight;
    const attributes = { tabindex: '0', role: 'region', 'aria-label': name };
    for (const [attribute, value] of Object.entries(attributes)) {
      if (scrolls) box.setAttribute(attribute, value);
      else box.removeAttribute(attribute);
    }
  };
  for (const [selector, name] of [['.description', 'Description'], ['.resource', 'What you pay for']]) {
    const box = document.querySelector(selector);
    if (box) new ResizeObserver(() => stop(box, name)).observe(box);
  }

  // A wallet may come in later than this script.
  for (const event of ['webln:ready', 'load']) window.addEventListener(event, refresh);
  refresh();

  remember([...others(current), current]);
  // The latest: an earlier one may have brought nothing.
  const bought = remembered().filter((offer) => offer.preimage && !offer.refused
    && offer.resource === current.resource && offer.sats >= current.sats).at(-1);
  if (bought) during(() => open(bought, true));
})();
