// mppx's own validator reads the document, and finds an offer on each paid operation.

import { readFileSync } from 'node:fs';
import { validate } from 'mppx/discovery';

const document = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const faults = validate(document);
const offers = Object.values(document.paths)
  .flatMap((item) => Object.values(item))
  .flatMap((operation) => operation['x-payment-info']?.offers ?? [])
  .map(({ intent, method, amount, currency }) => `${intent} ${method} ${amount} ${currency}`);
console.log(offers.sort().join('\n'));
const wanted = ['charge lightning 10 sat', 'charge lightning 250 sat', 'charge lightning null sat'];
if (faults.length > 0 || offers.sort().join() !== wanted.join()) {
  console.error(faults, `expected ${wanted}`);
  process.exit(1);
}
