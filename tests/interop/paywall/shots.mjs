// Pictures of the page, for people to look at: two sizes, light and dark, and what comes after.

import { close, shop, visitor } from './browser.mjs';

const folder = process.argv[4];
const small = { width: 360, height: 740 };
const large = { width: 1280, height: 800 };

async function shoot(name, settings, path, then = async () => {}, fullPage = false) {
  const visit = await visitor(settings);
  await visit.open(path);
  await then(visit);
  await visit.page.screenshot({ path: `${folder}/${name}.png`, fullPage });
  await visit.context.close();
}
const press = async (visit) => (await visit.sees('#pay')).click();

for (const [size, sides] of Object.entries({ small, large })) {
  for (const dark of [false, true]) {
    const name = `${size}-${dark ? 'dark' : 'light'}`;
    const settings = { wallet: 'pays', dark, ...sides };
    await shoot(name, settings, '/article', (visit) => visit.sees('#pay'), true);
    await shoot(`${name}-data`, settings, '/data', async (visit) => {
      await press(visit);
      await visit.content();
    });
  }
}
await shoot('no-script', { script: false, ...small }, '/article', undefined, true);
await shoot('long', small, '/hostile/long', (visit) => visit.page.keyboard.press('Tab'));
await shoot('override', small, '/hostile/override');
await shoot('article', { wallet: 'pays', ...large }, '/article', async (visit) => {
  await press(visit);
  await visit.shown(() => {});
});
await shoot('expired', large, '/hasty/brief', (visit) => visit.says('expired'));
await shoot('failed', { wallet: 'refuses', ...small }, '/article', async (visit) => {
  await press(visit);
  await visit.says('did not pay');
}, true);
// The broker doubts what it has sold, also while the visitor reloads.
const refused = async (visit) => {
  for (let time = 0; time < 4; time += 1) await fetch(`${shop}/doubt`, { method: 'POST' });
  await press(visit);
  await visit.sees('#again:enabled');
};
for (const [size, sides] of Object.entries({ small, large })) {
  for (const dark of [false, true]) {
    const settings = { wallet: 'pays', dark, ...sides };
    await shoot(`refused-${size}-${dark ? 'dark' : 'light'}`, settings, '/401/doubted', refused, true);
  }
}
await shoot('refused-reloaded', { wallet: 'pays', ...small }, '/402/doubted', async (visit) => {
  await refused(visit);
  await visit.page.reload();
  await visit.sees('#again:enabled');
}, true);
await close();
