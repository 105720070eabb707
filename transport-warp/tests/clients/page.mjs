// The page at `/`, in tabs of a real browser: some on a phone, some on a desk.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Phone, Server, message, until } from './harness.mjs';

const SKIPPED = 77;
const browserPath = [
  process.env.STONEPOT_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((candidate) => candidate && fs.existsSync(candidate));
if (!browserPath) skip('no Chromium; install it, or name it in STONEPOT_CHROMIUM');
if (Number(process.versions.node.split('.')[0]) < 20) skip('playwright-core needs Node.js 20');
const { chromium } = await import('playwright-core');

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1100, height: 800 };
const pictures = process.env.STONEPOT_PICTURES ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stonepot-pictures-'));
fs.mkdirSync(pictures, { recursive: true });
console.log(`pictures: ${pictures}`);

let server;
let browser;
let complaints;
test.before(async () => {
  browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
});
test.after(() => browser?.close());
test.beforeEach(async () => {
  complaints = [];
  server = await Server.start();
});
test.afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await server.end();
});

test('two tabs order, see each other, split in every way and place the order', { timeout: 300_000 }, async () => {
  const asha = await tab(PHONE, 'light');
  await asha.goto('');
  await picture(asha, 'welcome');
  await asha.fill('#name', 'Asha');
  const { loaded, preloaded } = await asha.evaluate(() => ({
    loaded: performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js')).sort(),
    preloaded: [...document.querySelectorAll('[rel=modulepreload], script')].map((node) => node.href ?? node.src).sort(),
  }));
  assert.deepEqual(preloaded, loaded, 'no module waits for another to ask for it');
  await asha.fill('#phone', '9876543210');
  await asha.click('#join-button');
  await asha.waitForSelector('#table:not([hidden])');
  const link = await asha.inputValue('#link');
  assert.match(link, new RegExp(`^http://${server.host}/\\?room=[a-z2-9]{8}$`));
  assert.equal(asha.url(), link, 'the address bar holds the link, too');

  const ben = await tab(DESK, 'dark');
  await ben.goto(link);
  assert.equal(await ben.textContent('#join-button'), 'Join the table');
  await ben.fill('#name', 'Ben <b>&amp;');
  await ben.click('#join-button');
  await ben.waitForSelector('#table:not([hidden])');
  await shows(asha, '.person.online .who', ['You', 'Ben <b>&amp;']);
  await shows(ben, '.person.online .who', ['Asha', 'You']);
  assert.ok(!(await ben.content()).includes('9876543210'));

  await add(asha, { dish: 'Chicken biryani', kind: 'non-veg', price: '299', quantity: 2, note: 'Extra spicy' });
  await add(ben, { dish: 'मसाला डोसा 🌶️', kind: 'veg', price: '69.99', quantity: 3, note: '<img src=x onerror=alert(1)>' });
  for (const page of [asha, ben]) {
    await shows(page, '.dish-name', ['Chicken biryani', 'मसाला डोसा 🌶️']);
    await shows(page, '.line-total', ['₹598.00', '₹209.97']);
    await shows(page, '#total', ['₹807.97']);
  }
  await shows(asha, '.note', ['Extra spicy', '<img src=x onerror=alert(1)>']);
  await sharesAre([asha, ben], 80797, (left, right) => Math.abs(left - right) <= 1);
  await picture(asha, 'order');
  await picture(ben, 'order');

  await asha.click('.dish:nth-child(2) .more', { clickCount: 2 });
  await shows(ben, '.pieces', ['2', '5']);
  await shows(ben, '.line-total', ['₹598.00', '₹349.95']);
  await ben.click('.dish:nth-child(2) .less');
  await shows(asha, '.pieces', ['2', '4']);
  await add(ben, { dish: 'A mistake', kind: 'other', price: '1', quantity: 1, note: '' });
  await asha.click('.dish:nth-child(3) .remove');
  await shows(ben, '.dish-name', ['Chicken biryani', 'मसाला डोसा 🌶️']);
  await shows(ben, '#total', ['₹877.96']);

  await asha.click('[data-split=itemized]');
  await shows(asha, '#shares .amount', ['₹598.00', '₹279.96']);
  await shows(ben, '#shares .amount', ['₹279.96', '₹598.00']);
  await ben.click('[data-split=custom]');
  await asha.waitForSelector('#custom:not([hidden])');
  await give(ben, 'amounts', ['600', '200']);
  await ben.waitForSelector('#custom-problem:not(:empty)');
  assert.match(await ben.textContent('#custom-problem'), /77\.96/, 'the server’s own words say what is missing');
  await picture(ben, 'refused shares');
  await give(ben, 'amounts', ['600', '277.96']);
  await shows(asha, '#shares .amount', ['₹600.00', '₹277.96']);
  assert.equal(await ben.textContent('#custom-problem'), '');
  await asha.click('.dish:nth-child(1) .more');
  await ben.waitForSelector('#unallocated:not([hidden])');
  assert.match(await ben.textContent('#unallocated'), /₹299\.00/);
  assert.ok(await ben.isDisabled('#finalize'), 'no placing an order that nobody pays in full');
  await picture(ben, 'unallocated');
  await give(ben, 'weights', ['3', '1']);
  await shows(asha, '#shares .amount', ['₹882.72', '₹294.24']);
  await asha.waitForSelector('[data-kind=weights][aria-pressed=true]');
  await give(asha, 'percentages', ['33.3', '66.7']);
  await sharesAre([asha, ben], 117696, (left) => Math.abs(left - 39193) <= 1);
  await asha.waitForSelector('#unallocated', { state: 'hidden' });
  await picture(asha, 'custom');

  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  for (const page of [asha, ben]) {
    await page.waitForSelector('#placed:not([hidden])');
    assert.equal(await page.isVisible('#add-card'), false);
    assert.equal(await page.isVisible('.step'), false);
  }
  await picture(asha, 'placed');
  await picture(ben, 'placed');
  await done(asha, ben);
});

test('a reload is the same person, and leaving keeps the dishes on the bill', { timeout: 300_000 }, async () => {
  const asha = await tab(PHONE, 'dark');
  // At a table of her own and with a phone: on coming back she sends less about herself than
  // at first.
  await asha.goto('');
  await asha.fill('#phone', '9876543210');
  await asha.fill('#name', 'Asha');
  await asha.click('#join-button');
  await asha.waitForSelector('#table:not([hidden])');
  await add(asha, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await asha.reload();
  await shows(asha, '.dish-name', ['Dal']);
  await asha.evaluate(() => [1, 2].forEach(() => document.querySelector('#undo').click()));
  await shows(asha, '.dish-name', []);
  await add(asha, { dish: 'Roti', kind: 'veg', price: '20', quantity: 1, note: '' });
  await shows(asha, '.dish-name', ['Roti']);
  await shows(asha, '.person .who', ['You']);
  const ben = await tab(DESK, 'light');
  await sit(ben, asha.url(), 'Ben');
  await asha.click('#leave');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#welcome:not([hidden])');
  await shows(ben, '.person .who', ['You']);
  await shows(ben, '.share-name', ['Ben', 'Asha']);
  await shows(ben, '.share .tags', ['you · host', 'left']);
  await asha.fill('#name', 'Asha K');
  await asha.click('#join-button');
  await shows(ben, '.person .who', ['Asha K', 'You']);
  await done(asha, ben);
});

test('one phone edits a dish, the other sees it, and an undo brings the old one back', { timeout: 300_000 }, async () => {
  const [asha, ben] = await Promise.all([tab(PHONE, 'light'), tab(PHONE, 'dark')]);
  await sit(asha, '?room=edit', 'Asha');
  await sit(ben, '?room=edit', 'Ben');
  await add(asha, { dish: 'Thali', kind: 'veg', price: '180', quantity: 2, note: '' });
  const edit = asha.getByRole('button', { name: 'Edit: Thali' });
  const dialog = asha.getByRole('dialog', { name: 'Edit the dish' });
  const back = () => asha.waitForFunction(() => !document.querySelector('#edit').open && document.activeElement.matches('.edit'));

  await edit.click();
  assert.deepEqual([await asha.inputValue('#edit-name'), await asha.inputValue('#edit-note')], ['Thali', '']);
  await dialog.getByLabel('Dish').fill('Not this');
  await asha.keyboard.press('Escape');
  await back();
  await edit.click();
  assert.equal(await asha.inputValue('#edit-name'), 'Thali', 'Escape forgets what was typed');
  await asha.keyboard.press('Enter');
  await back();

  await edit.click();
  await dialog.getByLabel('Dish').fill(' ');
  await asha.keyboard.press('Enter');
  await asha.waitForSelector('#edit-problem:not(:empty)');
  await dialog.getByLabel('Dish').fill('Paneer thali');
  await dialog.getByLabel('Note').fill('no onions');
  await picture(asha, 'edit');
  await asha.keyboard.press('Enter');
  for (const page of [asha, ben]) {
    await shows(page, '.dish-name', ['Paneer thali']);
    await shows(page, '.note', ['no onions']);
    await shows(page, '.line-total', ['₹360.00']);
  }
  await back();
  await shows(asha, '#spoken', ['Asha changed Thali to Paneer thali, with the note: no onions']);

  await asha.click('#undo');
  for (const page of [asha, ben]) {
    await shows(page, '.dish-name', ['Thali']);
    await shows(page, '.note', ['']);
  }
  await ben.click('.edit');
  await ben.fill('#edit-note', 'less salt');
  await ben.click('#edit-button');
  await shows(asha, '.note', ['less salt']);
  await ben.click('.edit');
  await ben.fill('#edit-note', '');
  await ben.click('#edit-button');
  await shows(asha, '.note', ['']);
  await ben.click('#past summary');
  await shows(ben, '#past .line-name', [
    'Ben removed the note on Thali', 'Ben changed the note on Thali: less salt', 'Asha changed Paneer thali to Thali, without a note',
    'Asha changed Thali to Paneer thali, with the note: no onions', 'Asha added Thali', 'Ben sat down', 'Asha sat down',
  ]);

  // The form of a dish that is gone closes.
  await ben.click('.edit');
  await asha.click('.dish .remove');
  await ben.waitForSelector('#edit', { state: 'hidden' });
  await ben.waitForFunction(() => document.activeElement.id === 'dishes-title');
  await done(asha, ben);
});

test('a dead server shows as offline, and its return puts everybody back', { timeout: 300_000 }, async () => {
  const asha = await tab(PHONE, 'light');
  await sit(asha, '?room=offline', 'Asha');
  await add(asha, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await server.kill();
  await asha.waitForSelector('#offline:not([hidden])');
  await shows(asha, '.dish-name', ['Dal']);
  for (const control of ['#add-button', '.more', '.remove', '[data-split=itemized]', '#finalize', '#leave']) {
    assert.ok(await asha.isDisabled(control), `${control} is off while offline`);
  }
  await asha.fill('#dish', 'Roti');
  await picture(asha, 'offline');
  await server.run();
  // The page may have reconnected already, and the button be gone.
  await asha.click('#retry', { timeout: 2_000 }).catch(() => {});
  await asha.waitForSelector('#offline', { state: 'hidden' });
  await shows(asha, '.dish-name', ['Dal']);
  assert.equal(await asha.inputValue('#dish'), 'Roti', 'what was being typed is still there');
  await add(asha, { dish: 'Roti', kind: 'veg', price: '15', quantity: 4, note: '' });
  await shows(asha, '#total', ['₹180.50']);
  // Chromium itself logged the refused connections while the server was down.
  complaints = complaints.filter((text) => !/ERR_CONNECTION_REFUSED/.test(text));
  await done(asha);
});

test('three share a dish, decide on charges, place the order and pay until it is settled', { timeout: 300_000 }, async () => {
  const [asha, ben, chen] = await Promise.all([tab(PHONE, 'light'), tab(DESK, 'dark'), tab(PHONE, 'dark')]);
  const all = [asha, ben, chen];
  await sit(asha, '?room=paying', 'Asha');
  await sit(ben, '?room=paying', 'Ben');
  await sit(chen, '?room=paying', 'Chen');
  await add(asha, { dish: 'Biryani', kind: 'non-veg', price: '300', quantity: 1, note: '' });
  await add(ben, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await add(asha, { dish: 'Bread basket', kind: 'veg', price: '100', quantity: 2, note: '' });

  await asha.click('[data-split=itemized]');
  await shows(ben, '.dish .claim', ['Share this', 'Not mine', 'Share this']);
  await ben.click('.dish:nth-child(3) .claim');
  await shows(asha, '.whose', ['', '', 'Shared by you and Ben']);
  await shows(ben, '.whose', ['', '', 'Shared by you and Asha']);
  await shows(chen, '.whose', ['', '', 'Shared by Asha and Ben']);
  await shows(chen, '.share .had', ['Had no dish.', 'Had Biryani and Bread basket (shared).', 'Had Dal and Bread basket (shared).']);
  await shows(asha, '#shares .amount', ['₹400.00', '₹220.50', '₹0.00']);

  await asha.click('.dish:nth-child(1) .claim');
  for (const page of all) await shows(page, '.whose', ['Nobody’s yet', '', 'Shared by' + (page === chen ? ' Asha and Ben' : page === asha ? ' you and Ben' : ' you and Asha')]);
  await shows(chen, '#why-not', ['“Biryani” is not claimed yet: somebody has to take it.']);
  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#finalize-problem:not(:empty)');
  assert.match(await asha.textContent('#finalize-problem'), /Biryani/, 'the server’s own words say which dish is nobody’s');
  assert.ok(await asha.isVisible('#add-card'), 'the order is as open as before');
  await picture(asha, 'nobodys');
  await shows(chen, '.dish .claim', ['It’s mine', 'Share this', 'Share this']);
  await chen.click('.dish:nth-child(1) .claim');
  await shows(asha, '.whose', ['For Chen', '', 'Shared by you and Ben']);
  await shows(asha, '#why-not', ['']);
  await shows(asha, '#finalize-problem', ['']);
  await shows(chen, '#shares .amount', ['₹300.00', '₹100.00', '₹220.50']);

  // Only the owner sets charges: GST with one tap, then a service charge.
  assert.equal(await ben.isVisible('#charges'), false);
  assert.equal(await asha.isVisible('#service'), false, 'there is no service charge to decline yet');
  await asha.click('#charges-summary');
  await asha.click('#gst');
  await shows(ben, '#lines .line-name', ['Dishes', 'CGST · 2.5 %', 'SGST · 2.5 %', 'Round-off']);
  await shows(ben, '#lines .line-amount', ['₹620.50', '₹15.51', '₹15.51', '₹0.48']);
  await asha.waitForSelector('#charges-form', { state: 'hidden' });
  await asha.click('#charges-summary');
  await asha.click('[data-charge=service]');
  await asha.fill('.charge:nth-child(3) .charge-value', '110');
  await asha.click('#charges-button');
  await asha.waitForSelector('#charges-problem:not(:empty)');
  await asha.fill('.charge:nth-child(3) .charge-value', '10');
  await picture(asha, 'charges');
  await asha.click('#charges-button');
  await shows(ben, '#lines .line-amount', ['₹620.50', '₹15.51', '₹15.51', '₹62.05', '₹0.43']);
  for (const page of all) await shows(page, '#due', ['₹714.00']);

  await ben.click('#waive');
  await shows(ben, '#service-text', ['You declined the service charge.']);
  await shows(chen, '#service-text', ['The service charge is up to you.']);
  await shows(asha, '#lines .line-amount', ['₹620.50', '₹15.51', '₹15.51', '₹40.00', '₹0.48']);
  await ben.selectOption('#tip', '10');
  await shows(asha, '#lines .line-name', ['Dishes', 'CGST · 2.5 %', 'SGST · 2.5 %', 'Service charge · 10 %', 'Tip', 'Round-off']);
  await shows(asha, '#lines .line-amount', ['₹620.50', '₹15.51', '₹15.51', '₹40.00', '₹22.05', '₹0.43']);
  assert.deepEqual([await ben.inputValue('#tip'), await chen.inputValue('#tip')], ['10', '']);
  // Exactly 115.0685, 253.7259 and 345.2055; the largest remainders are rounded up.
  await shows(asha, '#shares .amount', ['₹115.07', '₹253.73', '₹345.20']);
  await shows(ben, '#shares .amount', ['₹253.73', '₹115.07', '₹345.20']);
  assert.equal(await asha.isVisible('.share.mine .lines'), false);
  await asha.click('.share.mine summary');
  assert.ok(await asha.isVisible('.share.mine .lines'));
  await shows(asha, '.share.mine .line-name', ['Dishes', 'CGST', 'SGST', 'Service charge', 'Round-off']);
  await shows(ben, '.share.mine .line-name', ['Dishes', 'CGST', 'SGST', 'Tip', 'Round-off']);
  await shows(asha, '#total', ['₹620.50']);
  await shows(asha, '#dock-total', ['₹714.00']);
  await picture(asha, 'bill');
  await picture(ben, 'bill');
  await picture(chen, 'bill');

  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  for (const page of all) {
    await page.waitForSelector('#placed:not([hidden])');
    await shows(page, '#balance', ['₹714.00']);
    for (const gone of ['.claim', '#own', '#charges', '#ways']) assert.equal(await page.isVisible(gone), false, `${gone} is of an open order`);
  }
  await shows(chen, '.share .status', ['Not paid', 'Not paid', 'Not paid']);
  assert.equal(await ben.isVisible('#pay'), false, 'the owner keeps the books');
  const benId = await asha.locator('#pay-for option', { hasText: 'Ben' }).getAttribute('value');
  await asha.selectOption('#pay-for', benId);
  assert.equal(await asha.inputValue('#pay-amount'), '253.73', 'what Ben owes is there already');
  assert.equal(await asha.inputValue('#pay-by'), benId);
  await asha.fill('#pay-amount', '300');
  await asha.click('#pay-button');
  await asha.waitForSelector('#pay-problem:not(:empty)');
  await asha.fill('#pay-amount', '100');
  await picture(asha, 'paying');
  await asha.click('#pay-button');
  await shows(ben, '.share .status', ['₹153.73 due', 'Not paid', 'Not paid']);
  await shows(ben, '#paid', ['₹100.00 of ₹714.00 is paid.']);
  await shows(ben, '#settled:visible', []);

  // Asha pays everything that is left, so the others owe her.
  await asha.selectOption('#pay-for', '');
  await shows(asha, '#pay-button', ['Record it']);
  assert.equal(await asha.inputValue('#pay-amount'), '614');
  await asha.selectOption('#pay-method', 'upi');
  await asha.click('#pay-button');
  for (const page of all) {
    await shows(page, '#settled:visible', ['Settled']);
    await shows(page, '#balance', ['₹0.00']);
    await shows(page, '.share .status', ['Paid', 'Paid', 'Paid']);
  }
  await shows(asha, '#settlement .line-name', ['Chen pays you', 'Ben pays you']);
  await shows(ben, '#settlement .line-name', ['Chen pays Asha', 'You pay Asha']);
  for (const page of all) await shows(page, '#settlement .line-amount', ['₹345.20', '₹153.73']);
  assert.equal(await asha.isVisible('#pay'), false, 'there is nothing left to pay');
  await chen.click('#history summary');
  await shows(chen, '.payment .payer', ['Ben', 'Asha']);
  await shows(chen, '.payment .for', ['cash', 'for themselves, Ben and you · UPI']);
  assert.equal(await chen.isVisible('.payment .back'), false);
  await picture(asha, 'settled');
  await picture(ben, 'settled');
  await picture(chen, 'settled');

  await asha.click('#history summary');
  await asha.click('.payment:nth-child(1) .back');
  await asha.click('#confirm-yes');
  await shows(ben, '#balance', ['₹100.00']);
  await shows(ben, '#settled:visible', []);
  await shows(ben, '.payment:nth-child(1) .for', ['cash · ₹100.00 refunded']);
  assert.equal(await asha.inputValue('#pay-amount'), '100');

  // Another of the owner's clients records a payment that has not arrived yet.
  const till = await Phone.open(server, '/parties/collaborative_order/paying');
  const ashaId = await asha.locator('#pay-by option', { hasText: 'You' }).getAttribute('value');
  till.send(message('join', ashaId, 'Asha', {}));
  till.send(message('record_payment', ashaId, 'Asha', { paymentId: 'upi-1', amount: 100, payer: benId, for: [benId], status: 'pending' }));
  await shows(ben, '.share .status', ['₹100.00 on its way', 'Paid', 'Paid']);
  assert.equal(await asha.isVisible('#pay'), false, 'what is on its way is not due again');
  await shows(ben, '.payment:nth-child(3) .for', ['on its way']);
  await asha.click('.payment:nth-child(3) .failed');
  await shows(ben, '.share .status', ['₹100.00 due', 'Paid', 'Paid']);
  await shows(ben, '.payment:nth-child(3) .for', ['never arrived']);
  await asha.click('.payment:nth-child(3) .arrived');
  await shows(ben, '#settled:visible', ['Settled']);
  await till.close();

  // An overpayment becomes a tip only when the owner chooses so.
  await asha.click('.payment:nth-child(3) .back');
  await asha.click('#confirm-yes');
  await shows(ben, '#balance', ['₹100.00']);
  assert.equal(await asha.isVisible('#pay-tip'), false);
  await asha.fill('#pay-amount', '110');
  await asha.check('#pay-excess');
  await asha.click('#pay-button');
  await shows(ben, '#settled:visible', ['Settled']);
  await ben.click('#history summary');
  await shows(ben, '.payment:nth-child(4) .for', ['UPI · ₹10.00 of it tip']);
  await done(...all);
});

test('the owner takes off what never came, and reopens the order', { timeout: 300_000 }, async () => {
  const [asha, ben] = await Promise.all([tab(PHONE, 'light'), tab(DESK, 'light')]);
  await sit(asha, '?room=after', 'Asha');
  await sit(ben, '?room=after', 'Ben');
  await add(asha, { dish: 'Thali', kind: 'veg', price: '300', quantity: 1, note: '' });
  await add(ben, { dish: 'Naan', kind: 'veg', price: '40', quantity: 3, note: '' });
  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  for (const page of [asha, ben]) await page.waitForSelector('#placed:not([hidden])');
  assert.equal(await ben.isVisible('.correct'), false, 'the owner says what came');
  assert.equal(await ben.isVisible('#reopen'), false);

  await asha.click('.dish:nth-child(2) .correct');
  assert.equal(await asha.textContent('#correct-title'), 'Naan');
  await asha.fill('#correct-reason', 'One came');
  await asha.fill('#correct-count', '1');
  await picture(asha, 'correct');
  await asha.click('#correct-button');
  for (const page of [asha, ben]) {
    await shows(page, '#corrections .line-name', ['2 × Naan: One came']);
    await shows(page, '#corrections .line-amount', ['-₹80.00']);
    await shows(page, '#balance', ['₹340.00']);
  }
  await shows(ben, '#notice', ['Asha corrected Naan: 1 came. One came']);
  await asha.click('.dish:nth-child(1) .correct');
  assert.equal(await asha.isVisible('#correct-count'), false, 'of one, none came');
  await asha.fill('#correct-reason', 'It never came');
  await asha.click('#correct-button');
  await shows(ben, '#corrections .line-name', ['2 × Naan: One came', '1 × Thali: It never came']);
  await shows(ben, '.dish-name', ['Naan']);
  await shows(ben, '#balance', ['₹40.00']);
  await picture(ben, 'corrected');

  await asha.click('#reopen');
  await asha.click('#confirm-yes');
  for (const page of [asha, ben]) await page.waitForSelector('#placed', { state: 'hidden' });
  await shows(ben, '#notice', ['The order is open again']);
  await add(ben, { dish: 'Dal', kind: 'veg', price: '160', quantity: 1, note: '' });
  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  for (const page of [asha, ben]) await shows(page, '#balance', ['₹200.00']);
  await done(asha, ben);
});

test('friends pay each other back, and say so, until all are even', { timeout: 300_000 }, async () => {
  const [asha, ben, chen] = await Promise.all([tab(PHONE, 'light'), tab(PHONE, 'dark'), tab(DESK, 'light')]);
  const all = [asha, ben, chen];
  await sit(asha, '?room=friends', 'Asha');
  await sit(ben, '?room=friends', 'Ben');
  await sit(chen, '?room=friends', 'Chen');
  await add(asha, { dish: 'Thali', kind: 'veg', price: '100', quantity: 3, note: '' });
  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#placed:not([hidden])');
  await asha.selectOption('#pay-for', '');
  await asha.click('#pay-button');
  for (const page of all) await shows(page, '#settled:visible', ['Settled']);
  await shows(ben, '#settlement button:visible', ['I paid Asha ₹100.00']);
  await shows(asha, '#settlement button:visible', []);
  assert.equal(await asha.isVisible('#paid-back'), false, 'nobody has paid anything back');

  await ben.click('#settlement button:visible');
  await shows(ben, '.transfer .said', ['You paid Asha']);
  await shows(ben, '.transfer .status', ['waits for Asha to confirm it']);
  await shows(ben, '#settlement button:visible', []);
  await shows(chen, '.transfer .said', ['Ben paid Asha']);
  await shows(chen, '.transfer button:visible', []);
  await shows(asha, '.transfer .said', ['Ben paid you']);
  await shows(asha, '.transfer .status', ['did you get it?']);
  await shows(asha, '.transfer button:visible', ['Yes, got it', 'No']);
  await picture(asha, 'friends');
  await picture(ben, 'friends');
  // Whoever reloads is still themselves.
  await asha.reload();
  await shows(asha, '.transfer button:visible', ['Yes, got it', 'No']);
  await asha.click('.transfer .got');
  await shows(ben, '.transfer .status', ['Asha got it']);
  await shows(ben, '#settlement .line-name', ['Chen pays Asha']);

  await chen.click('#settlement button:visible');
  await asha.click('.transfer:nth-child(2) .missing');
  await shows(chen, '.transfer .status', ['Asha got it', 'Asha did not get it']);
  await chen.click('#settlement button:visible');
  await chen.click('.transfer .recall:visible');
  await shows(asha, '.transfer .status', ['you got it', 'you did not get it', 'taken back']);
  await chen.click('#settlement button:visible');
  await asha.click('.transfer .got:visible');
  for (const page of all) {
    await page.waitForSelector('#even:not([hidden])');
    await shows(page, '#settlement .line-name', []);
  }
  await picture(chen, 'friends');

  await done(...all);
});

test('somebody without a phone is added, ordered and paid for, and takes their seat later', { timeout: 300_000 }, async () => {
  const [asha, chen] = await Promise.all([tab(PHONE, 'light'), tab(DESK, 'light')]);
  await sit(asha, '?room=seats', 'Asha');
  await sit(chen, '?room=seats', 'Chen');
  await asha.getByText('Add somebody without a phone').click();
  const name = asha.getByLabel('Their name');
  await name.fill('\u200b');
  await asha.keyboard.press('Enter');
  await asha.waitForSelector('#person-problem:not(:empty)');
  await picture(asha, 'nameless');
  await name.fill('Dadi');
  await asha.keyboard.press('Enter');
  await shows(chen, '#notice', ['Asha added Dadi']);
  for (const page of [asha, chen]) await shows(page, '.person.vacant', ['DDadiwithout a phone']);
  await shows(asha, '.seat .who', ['Dadi without a phone · added by you']);
  await shows(chen, '.seat .who', ['Dadi without a phone · added by Asha']);
  await shows(chen, '.seat button:visible', []);
  assert.equal(await name.inputValue(), '');
  assert.equal(await asha.textContent('#person-problem'), '');

  // A dish for her, one for her and Asha, and one that is Asha's again.
  const pick = async (...whom) => {
    await asha.click('#for summary');
    for (const one of whom) await asha.locator('#eaters').getByRole('button', { name: one }).click();
  };
  await pick('Dadi', 'You');
  await shows(asha, '#for-text', ['For Dadi']);
  await add(asha, { dish: 'Khichdi', kind: 'veg', price: '90', quantity: 1, note: '' });
  await pick('Dadi');
  await shows(asha, '#for-text', ['For you and Dadi']);
  await picture(asha, 'for whom');
  await add(asha, { dish: 'Naan', kind: 'veg', price: '60', quantity: 1, note: '' });
  await shows(asha, '#for-text', ['For you']);
  await add(asha, { dish: 'Chai', kind: 'drink', price: '20', quantity: 1, note: '' });
  await shows(chen, '.whose', ['For Dadi', 'Shared by Asha and Dadi', '']);
  await asha.click('[data-split=itemized]');
  await shows(asha, '#shares .amount', ['₹50.00', '₹0.00', '₹120.00']);
  await asha.click('[data-split=cover]');
  await asha.locator('#cover-chips').getByRole('button', { name: 'Dadi' }).click();
  await shows(asha, '#shares .amount', ['₹170.00', '₹0.00', '₹0.00']);
  await asha.locator('#cover-chips').getByRole('button', { name: 'Dadi' }).click();
  await shows(asha, '#shares .amount', ['₹50.00', '₹0.00', '₹120.00']);

  await asha.getByRole('button', { name: 'Show the code of the seat: Dadi' }).click();
  await asha.waitForSelector('.key:visible');
  const code = await asha.textContent('.seat-code');
  assert.match(code, /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/);
  const link = await asha.getByLabel('Link to the seat: Dadi').inputValue();
  assert.match(link, new RegExp(`^http://${server.host}/\\?room=seats&as=guest_[0-9a-f]{24}&code=${code.replaceAll('-', '')}$`));
  await picture(asha, 'seat code');
  await asha.getByRole('button', { name: 'Hide the code of the seat: Dadi' }).click();
  await asha.waitForSelector('.key', { state: 'hidden' });

  // A wrong code is refused in the server's words, and can be typed right.
  const dadi = await tab(PHONE, 'dark');
  let isCut = false;
  await dadi.routeWebSocket(/parties/, (socket) => {
    const far = socket.connectToServer();
    far.onMessage((said) => (isCut ? socket.close({ code: 1011 }) : socket.send(said)));
  });
  await dadi.goto(link.replace(/code=.*/, 'code=000000000000'));
  assert.equal(await dadi.isVisible('#name'), false, 'she has a name already');
  await dadi.click('#join-button');
  await dadi.waitForSelector('#join-problem:not(:empty)');
  assert.match(await dadi.textContent('#join-problem'), /This seat is kept for somebody else/);
  await picture(dadi, 'wrong code');
  // The connection breaks before the answer: the seat is hers already, and the second tap is not refused as a second use.
  isCut = true;
  await dadi.getByLabel('Code of the seat').fill(code.toUpperCase());
  await dadi.keyboard.press('Enter');
  await shows(dadi, '#join-problem', ['The table could not be reached. Please try again.']);
  await shows(asha, '.seat', []);
  isCut = false;
  await dadi.click('#join-button');
  await shows(dadi, '.person .who', ['Asha', 'Chen', 'You']);
  await done(asha, chen, dadi);
});

test('a link to a seat seats one phone with one tap', { timeout: 300_000 }, async () => {
  const [asha, chen, ben, eve] = await Promise.all([tab(PHONE, 'dark'), tab(DESK, 'light'), tab(PHONE, 'light'), tab(PHONE, 'dark')]);
  await sit(asha, '?room=seat', 'Asha');
  await sit(chen, '?room=seat', 'Chen');
  await chen.getByText('Add somebody without a phone').click();
  await chen.getByLabel('Their name').fill('Dadi');
  await chen.getByRole('button', { name: 'Add them' }).click();
  await add(chen, { dish: 'Khichdi', kind: 'veg', price: '90', quantity: 3, note: '' });
  // The host knows the code, too, and cannot make somebody the host who has no phone.
  await asha.getByRole('button', { name: 'Show the code of the seat: Dadi' }).click();
  const link = await asha.getByLabel('Link to the seat: Dadi').inputValue();
  await asha.click('#for summary');
  await picture(asha, 'seat code');
  await done(asha);
  await asha.click('.guest:nth-child(2) summary');
  await shows(asha, '.guest:nth-child(2) .hand-over:visible', []);

  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#placed:not([hidden])');
  assert.equal(await asha.isVisible('#person'), false, 'nobody is added to an order that is placed');
  await asha.selectOption('#pay-for', { label: 'Dadi' });
  await asha.selectOption('#pay-by', { label: 'You' });
  await asha.click('#pay-button');
  await shows(chen, '#payments .for', ['for Dadi · cash']);
  await asha.selectOption('#pay-for', '');
  await asha.click('#pay-button');
  await shows(chen, '#settled:visible', ['Settled']);

  await ben.goto(link);
  await ben.waitForFunction(() => document.activeElement.id === 'join-button');
  await picture(ben, 'take a seat');
  await ben.keyboard.press('Enter');
  await ben.waitForSelector('#table:not([hidden])');
  assert.match(ben.url(), /\?room=seat$/, 'the code is not left in the address bar');
  await shows(ben, '.share-name', ['Dadi', 'Asha', 'Chen']);
  for (const page of [asha, chen]) {
    await shows(page, '#notice', ['Dadi took their seat']);
    await shows(page, '.person.vacant', []);
    await shows(page, '.seat', []);
    await shows(page, '.person.online .who', page === asha ? ['You', 'Chen', 'Dadi'] : ['Asha', 'You', 'Dadi']);
  }
  // A phone that took a seat has proved whose it is: it pays back, also after a reload.
  await ben.reload();
  await ben.click('#settlement button:visible');
  await shows(asha, '.transfer .said', ['Dadi paid you']);

  await eve.goto(link);
  await eve.click('#join-button');
  await eve.waitForSelector('#join-problem:not(:empty)');
  assert.match(await eve.textContent('#join-problem'), /Somebody has taken this seat already/);
  assert.equal(await eve.isVisible('#table'), false);
  await picture(eve, 'taken');
  assert.match(await eve.getByRole('link', { name: 'Join as somebody new' }).getAttribute('href'), /\?room=seat$/);
  await shows(asha, '.person.online .who', ['You', 'Chen', 'Dadi']);
  await done(asha, chen, ben, eve);
});

test('some pay more, and one pays for another', { timeout: 300_000 }, async () => {
  const [asha, ben] = await Promise.all([tab(PHONE, 'dark'), tab(DESK, 'light')]);
  await sit(asha, '?room=ways', 'Asha');
  assert.equal(await asha.isVisible('[data-split=cover]'), false, 'nobody is there to pay for');
  await sit(ben, '?room=ways', 'Ben');
  await add(asha, { dish: 'Thali', kind: 'veg', price: '100', quantity: 1, note: '' });

  await asha.click('[data-split=adjustments]');
  assert.deepEqual(await pressed(asha, 'data-split'), ['equal'], 'looking at a form agrees on nothing');
  await asha.fill('#adjust-rows li:nth-child(2) input', '120');
  await asha.click('#adjust button[type=submit]');
  await asha.waitForSelector('#adjust-problem:not(:empty)');
  await asha.fill('#adjust-rows li:nth-child(2) input', '20');
  await picture(asha, 'more');
  await asha.click('#adjust button[type=submit]');
  await shows(ben, '#shares .amount', ['₹60.00', '₹40.00']);
  await shows(ben, '#way-hint', ['More for some: you ₹20.00. The rest of the dishes equally.']);
  assert.deepEqual(await pressed(ben, 'data-split'), ['adjustments']);

  await asha.click('[data-split=cover]');
  await asha.click('#cover-chips button');
  await shows(ben, '#shares .amount', ['₹0.00', '₹100.00']);
  await shows(ben, '#way-hint', ['Asha pays for you.']);
  await shows(asha, '#way-hint', ['You pay for Ben.']);
  assert.deepEqual(await pressed(asha, 'data-rest'), ['equal']);
  await picture(asha, 'cover');
  await picture(ben, 'cover');
  await ben.click('#cover-chips button');
  await ben.waitForSelector('#cover-problem:not(:empty)');
  await shows(ben, '#shares .amount', ['₹0.00', '₹100.00']);
  await asha.click('#cover-chips button');
  await shows(ben, '#shares .amount', ['₹50.00', '₹50.00']);
  assert.deepEqual(await pressed(ben, 'data-split'), ['equal']);

  await ben.selectOption('#tip', 'other');
  await ben.fill('#tip-amount', '12.5');
  await ben.click('#tip-form button');
  await shows(asha, '#lines .line-amount', ['₹100.00', '₹12.50']);
  await shows(asha, '#shares .amount', ['₹50.00', '₹62.50']);
  await shows(ben, '#tip option:checked', ['₹12.50']);

  // The form leaves charges unchanged that it cannot express.
  const till = await Phone.open(server, '/parties/collaborative_order/ways');
  const ashaId = await asha.evaluate(() => JSON.parse(sessionStorage.getItem('stonepot:ways')).id);
  const set = [
    { name: 'Wine tax', kind: 'tax', percent: 20, dishTypes: ['drink'] },
    { name: 'VAT', kind: 'tax', percent: 5, inclusive: true },
    { name: 'Cover', kind: 'service', amount: 30, optional: false },
    { name: 'Bags', kind: 'fee', amount: 5, by: 'share' },
  ];
  till.send(message('join', ashaId, 'Asha', {}));
  till.send(message('set_charges', ashaId, 'Asha', { charges: set, roundTo: 0.5 }));
  await shows(ben, '#lines .line-name', ['Dishes', 'Wine tax · 20 %', 'Cover', 'Bags', 'Tip', 'Round-off', 'VAT, in the prices']);
  assert.equal(await ben.isVisible('#service'), false, 'this service charge is not up to them');
  await asha.click('#charges-summary');
  await shows(asha, '.charge .on', ['on drink', '', '', '']);
  await asha.click('[data-charge=discount]');
  await asha.selectOption('.charge:nth-child(5) .charge-unit', 'amount');
  await asha.fill('.charge:nth-child(5) .charge-value', '10');
  await asha.click('#charges-button');
  const changed = await until(() => till.waiting.findLast(({ type, data }) => type === 'charges_updated' && data.orderState.charges.length === 5), 'the charges');
  assert.deepEqual(changed.data.orderState.charges, [...set, { name: 'Discount', kind: 'discount', amount: 10 }]);
  assert.equal(changed.data.orderState.roundTo, 0.5);
  await till.close();
  await done(asha, ben);
});

test('a host runs the table: own dishes, limits, a lock, a time, removal, being done', { timeout: 300_000 }, async () => {
  const [asha, ben, chen] = await Promise.all([tab(PHONE, 'light'), tab(DESK, 'dark'), tab(PHONE, 'dark')]);
  await asha.goto('?room=hosted');
  assert.equal(await asha.isVisible('#hosted-field'), false, 'a guest who is invited does not host');
  await asha.goto('');
  await asha.fill('#room', 'hosted');
  await asha.fill('#name', 'Asha');
  await asha.check('#hosted');
  await asha.click('#join-button');
  await asha.waitForSelector('#table:not([hidden])');
  await sit(ben, '?room=hosted', 'Ben');
  await sit(chen, '?room=hosted', 'Chen');
  await shows(asha, '#standing-rows li', ['You host: the others change their own dishes only.']);
  await shows(ben, '#standing-rows li', ['Asha hosts: you change your own dishes, and Asha places the order.']);
  assert.equal(await ben.isVisible('#hosting'), false);
  assert.equal(await ben.isVisible('#finalize'), false);
  assert.ok(await ben.isDisabled('[data-split=itemized]'));

  await add(asha, { dish: 'Biryani', kind: 'non-veg', price: '300', quantity: 1, note: '' });
  await add(ben, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await shows(ben, '.dish .remove:visible', ['']);
  assert.equal(await ben.isVisible('.dish:nth-child(1) .more'), false, 'it is not his');
  assert.ok(await ben.isVisible('.dish:nth-child(2) .more'));
  await shows(ben, '.dish .edit:visible', ['Edit']);
  assert.ok(await ben.isVisible('.dish:nth-child(2) .edit'), 'his own dish');
  assert.ok(await asha.isVisible('.dish:nth-child(2) .more'), 'the host may change every dish');
  await ben.click('.dish:nth-child(1) .claim');
  await shows(asha, '.whose', ['Shared by you and Ben', '']);
  await ben.evaluate(() => [1, 2].forEach(() => document.querySelector('#undo').click()));
  await ben.waitForSelector('#undo-problem:not(:empty)');
  await shows(asha, '.whose', ['', '']);

  await asha.click('.guest:nth-child(1) summary');
  await asha.fill('.guest:nth-child(1) .limit input', '200');
  await picture(asha, 'hosting');
  await asha.click('.guest:nth-child(1) .limit button');
  await shows(ben, '#standing-rows li', ['Asha hosts: you change your own dishes, and Asha places the order.', 'Your dishes may cost up to ₹200.00.']);
  await ben.click('.dish:nth-child(2) .more');
  await ben.waitForSelector('#problem:not(:empty)');
  await shows(ben, '.pieces', ['1', '1']);
  await shows(asha, '.guest:nth-child(1) .guest-limit', ['at most ₹200.00']);

  const hosted = 'Asha hosts: you change your own dishes, and Asha places the order.';
  for (const [whose, amount] of [['each', '90'], ['table', '1000']]) {
    await asha.fill(`#limit-${whose}`, amount);
    await asha.click(`.limit-for:has(#limit-${whose}) button`);
  }
  await shows(chen, '#standing-rows li', [hosted, 'Your dishes may cost up to ₹90.00.', 'All dishes together may cost up to ₹1,000.00.']);
  await shows(ben, '#standing-rows li', [hosted, 'Your dishes may cost up to ₹200.00.', 'All dishes together may cost up to ₹1,000.00.']);
  for (const whose of ['each', 'table']) {
    await until(async () => (await asha.inputValue(`#limit-${whose}`)) === (whose === 'each' ? '90' : '1000'), 'the limit as it was set');
    await asha.fill(`#limit-${whose}`, '');
    await asha.click(`.limit-for:has(#limit-${whose}) button`);
  }
  await shows(chen, '#standing-rows li', [hosted]);

  await asha.click('#lock');
  await shows(chen, '#standing-rows li', ['Asha hosts: you change your own dishes, and Asha places the order.', 'The dishes are locked: only Asha can change them.']);
  for (const gone of ['#add-card', '.claim', '.remove', '#dock-add']) assert.equal(await chen.isVisible(gone), false, gone);
  assert.ok(await asha.isVisible('#add-card'));
  await picture(chen, 'locked');
  await asha.click('#lock');
  await chen.waitForSelector('#add-card:not([hidden])');

  await asha.click('#deadline-form button');
  await until(async () => /^The dishes are locked at .+: 15 min left\.$/.test(await chen.textContent('#deadline')), 'the time that is left');
  await picture(chen, 'time');
  await asha.click('#deadline-off');
  await chen.waitForSelector('#deadline', { state: 'hidden' });

  await asha.selectOption('.guest:nth-child(1) .dishes-left', 'remove');
  await asha.click('.guest:nth-child(1) .send-away');
  await asha.click('#confirm-yes');
  await ben.waitForSelector('#welcome:not([hidden])');
  await shows(chen, '.dish-name', ['Biryani']);
  await ben.click('#join-button');
  await ben.waitForSelector('#join-problem:not(:empty)');
  await shows(asha, '#removed .who', ['Ben']);
  await picture(asha, 'removed');
  await asha.click('#removed button');
  await shows(asha, '#removed .who', []);
  await ben.click('#join-button');
  await shows(chen, '.person .who', ['Asha', 'Ben', 'You']);

  await chen.click('#past summary');
  const past = await until(async () => {
    const told = await chen.locator('#past .line-name').allTextContents();
    return told.length > 17 && told;
  }, 'the history');
  assert.deepEqual(past, [
    'Ben sat down', 'Asha let Ben back in', 'Asha removed Ben', 'Asha removed the deadline', past[4], 'Asha unlocked the dishes', 'Asha locked the dishes',
    'Asha removed the limit for the table', 'Asha removed the limit for each guest', 'Asha set a limit of ₹1,000.00 for the table', 'Asha set a limit of ₹90.00 for each guest',
    'Asha set Ben a limit of ₹200.00', 'Ben changed who shares Biryani', 'Ben changed who shares Biryani', 'Ben added Dal', 'Asha added Biryani', 'Chen sat down',
    'Ben sat down', 'Asha sat down',
  ]);
  assert.match(past[4], /^Asha set the deadline to /);
  await picture(chen, 'history');

  await asha.check('#when-ready');
  await shows(chen, '#past .line-name', ['Asha turned on automatic placing', ...past]);
  for (const page of [asha, chen]) await page.click('#ready');
  await shows(ben, '.person.ready .who', ['Asha', 'Chen']);
  assert.ok(await ben.isVisible('#add-card'));
  await ben.click('#ready');
  for (const page of [asha, ben, chen]) await page.waitForSelector('#placed:not([hidden])');
  await done(asha, ben, chen);
});

test('a guest who becomes the host can split in every way', { timeout: 300_000 }, async () => {
  const [asha, ben] = await Promise.all([tab(PHONE, 'light'), tab(DESK, 'dark')]);
  await asha.goto('');
  await asha.fill('#name', 'Asha');
  await asha.check('#hosted');
  await asha.click('#join-button');
  await asha.waitForSelector('#table:not([hidden])');
  await sit(ben, asha.url(), 'Ben');
  const ways = ['equal', 'itemized', 'custom', 'adjustments', 'cover'];
  const dead = (page) => page.locator('[data-split]:disabled').evaluateAll((buttons) => buttons.map(({ dataset }) => dataset.split));
  assert.deepEqual([await dead(asha), await dead(ben)], [[], ways]);
  await asha.click('.guest:nth-child(1) summary');
  await asha.click('.guest:nth-child(1) .hand-over');
  await asha.click('#confirm-yes');
  await ben.waitForSelector('#hosting:not([hidden])');
  assert.deepEqual(await dead(ben), []);
  await until(async () => (await dead(asha)).length === ways.length, 'the old host may not');
  await done(asha, ben);
});

test('the history leaves nothing out that went on unseen, and a guest may have any id', { timeout: 300_000 }, async () => {
  const asha = await tab(PHONE, 'light');
  await sit(asha, '?room=odd', 'Asha');
  await asha.click('#past summary');
  await shows(asha, '#past .line-name', ['Asha sat down']);
  await asha.click('#past summary');
  const guests = [];
  for (const id of ['constructor', '__proto__', 'toString']) {
    const guest = await Phone.open(server, '/parties/collaborative_order/odd');
    guest.send(message('join', id, `Guest ${id}`, {}));
    await guest.next('sync');
    guests.push(guest);
  }
  const till = guests[0];
  till.send(message('add_item', 'constructor', 'Guest', { id: 'dal', dishName: 'Dal', quantity: 1, price: 90 }));
  till.send(message('remove_item', 'constructor', 'Guest', { itemId: 'dal' }));
  for (let change = 0; change < 60; change += 1) till.send(message('set_ready', 'constructor', 'Guest', { ready: change % 2 === 0 }));
  till.send(message('add_item', 'constructor', 'Guest', { dishName: 'Naan', quantity: 1, price: 40 }));
  await shows(asha, '.dish-name', ['Naan']);
  await asha.click('#past summary');
  const told = () => asha.locator('#past .line-name').allTextContents();
  await until(async () => (await told()).length === 50, 'the last page');
  assert.equal((await told()).includes('Asha sat down'), false, 'what lies between is not skipped');
  await asha.click('#past-more');
  const all = await until(async () => (await told()).length === 67 && told(), 'all of it');
  assert.deepEqual(all.slice(-6), [
    'Guest constructor removed Dal', 'Guest constructor added Dal', 'Guest toString sat down', 'Guest __proto__ sat down',
    'Guest constructor sat down', 'Asha sat down',
  ]);
  assert.equal(await asha.isVisible('#past-more'), false);

  // A limit of one guest does not show for the others.
  await asha.click('.guest:nth-child(1) summary');
  await asha.fill('.guest:nth-child(1) .limit input', '200');
  await asha.click('.guest:nth-child(1) .limit button');
  await shows(asha, '.guest-limit', ['at most ₹200.00', '', '']);
  for (const guest of [2, 3]) assert.equal(await asha.inputValue(`.guest:nth-child(${guest}) .limit input`), '');
  for (const guest of guests) await guest.close();
  await done(asha);
});

test('an order that expires and one that is put away say so', { timeout: 300_000 }, async () => {
  const asha = await tab(PHONE, 'dark');
  await server.stop();
  server.options = ['--expire-after', '2s'];
  await server.run();
  await sit(asha, '?room=expires', 'Asha');
  await shows(asha, '#placed-title:visible', ['The order has expired']);
  await picture(asha, 'expired');
  await server.stop();
  server.options = ['--archive-after', '2s'];
  await server.run();
  await asha.goto('?room=archived');
  await asha.fill('#name', 'Asha');
  await asha.click('#join-button');
  await asha.waitForSelector('#table:not([hidden])');
  await add(asha, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await asha.click('#finalize');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#archived-text:not([hidden])');
  await shows(asha, '#placed-title', ['The order is placed']);
  assert.equal(await asha.isVisible('#pay'), false, 'nothing changes any more');
  await picture(asha, 'archived');
  await done(asha);
});

test('the state of an older server, which knows of dishes only, is shown as it is', { timeout: 300_000 }, async () => {
  const page = await tab(PHONE, 'light');
  await page.routeWebSocket(/\/parties\//, (socket) => {
    socket.onMessage((said) => {
      if (said === 'ping') return socket.send('pong');
      const { type, participantId: id } = JSON.parse(said);
      if (type === 'join') socket.send(JSON.stringify({ type: 'sync', timestamp: 1, data: oldState(id) }));
    });
  });
  for (const status of ['active', 'finalized']) {
    oldState.status = status;
    await sit(page, `?room=old-${status}`, 'Asha');
    await shows(page, '#total', ['₹120.50']);
    await shows(page, '#due', ['₹120.50']);
    await shows(page, '#shares .amount', ['₹60.25', '₹60.25']);
    await shows(page, '.whose', ['']);
    assert.deepEqual(await pressed(page, 'data-split'), ['custom']);
    for (const gone of ['#paying', '#lines', '#service']) assert.equal(await page.isVisible(gone), false, gone);
  }
  await done(page);
});

test('an order in yen shows no decimals, one in dinars three', { timeout: 300_000 }, async () => {
  for (const [currency, price, shown] of [['JPY', '1200', /1,200$/], ['KWD', '1.125', /1\.125$/]]) {
    const page = await tab(DESK, 'light');
    await page.goto('');
    await page.fill('#name', 'Kenji');
    await page.selectOption('#currency', currency);
    await page.click('#join-button');
    await page.waitForSelector('#table:not([hidden])');
    await add(page, { dish: 'Ramen', kind: 'other', price, quantity: 1, note: '' });
    assert.match(await page.textContent('#total'), shown);
    await done(page);
  }
});

function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(SKIPPED);
}

/** A new browser profile with one tab, whose errors and warnings are collected. */
async function tab(viewport, colorScheme) {
  const context = await browser.newContext({ baseURL: `http://${server.host}/`, viewport, colorScheme, locale: 'en-IN' });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.label = `${viewport.width} ${colorScheme}`;
  page.on('console', (said) => {
    if (['error', 'warning'].includes(said.type())) complaints.push(`${said.text()} ${said.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return page;
}

async function sit(page, address, name) {
  await page.goto(address);
  await page.fill('#name', name);
  await page.click('#join-button');
  await page.waitForSelector('#table:not([hidden])');
}

async function add(page, { dish, kind, price, quantity, note }) {
  await page.fill('#dish', dish);
  await page.selectOption('#kind', kind);
  await page.fill('#price', price);
  await page.fill('#quantity', String(quantity));
  await page.fill('#note', note);
  await page.click('#add-button');
  // The form is emptied once the server has stored the dish.
  await page.waitForFunction(() => document.querySelector('#dish').value === '');
}

async function give(page, kind, numbers) {
  await page.click(`[data-kind=${kind}]`);
  for (const [index, number] of numbers.entries()) {
    await page.fill(`#custom-rows li:nth-child(${index + 1}) input`, number);
  }
  await page.click('#custom button[type=submit]');
}

/** The values of the pressed buttons that have this attribute. */
const pressed = (page, name) =>
  page.locator(`[${name}][aria-pressed=true]`).evaluateAll((buttons, key) => buttons.map((button) => button.getAttribute(key)), name);

/** An order in the form before shares of dishes, charges and payments. */
function oldState(id) {
  const person = { id, name: 'Asha', phone: '', role: 'owner', isOnline: true, joinedAt: 1 };
  const share = { participantId: id, participantName: 'Asha', amount: 60.25, items: ['dal'] };
  return {
    circleId: '', tenantId: '', sessionId: 'old', initiatedBy: id,
    participants: [person],
    items: [{ id: 'dal', dishName: 'Dal', dishType: 'veg', quantity: 1, price: 120.5, itemTotal: 120.5, addedBy: id, addedByName: 'Asha', addedAt: 1 }],
    total: 120.5, splitType: 'custom', status: oldState.status, createdAt: 1, updatedAt: 1, currency: 'INR', ownerId: id,
    splits: [share, { ...share, participantId: 'gone', participantName: 'Ben', items: [] }],
    unallocated: 0, customShares: { weights: { [id]: 1, gone: 1 } }, seq: 2,
  };
}

/** Waits until the matching elements have exactly these texts. */
async function shows(page, selector, texts) {
  const read = async () => (await page.locator(selector).allTextContents()).map((text) => text.trim());
  await until(async () => isDeepStrictEqual(await read(), texts), `${selector} with ${texts}`).catch(() => {});
  assert.deepEqual(await read(), texts, selector);
}

/** Waits until all pages show two shares, their own first, that add up to `total` and satisfy `fits` (in paise, Asha’s first). */
async function sharesAre(pages, total, fits) {
  const paise = async (page) => {
    const shown = await page.locator('#shares .share').evaluateAll((list) =>
      list.map((row) => [row.querySelector('.share-name'), row.querySelector('.amount')].map((node) => node.textContent)));
    shown.sort(([left], [right]) => left.localeCompare(right));
    return shown.map(([, amount]) => Number(amount.replace(/\D/g, '')));
  };
  const fine = ([left, right, ...more]) => left + right === total && fits(left, right) && more.length === 0;
  for (const page of pages) await until(async () => fine(await paise(page)), `shares of ${total}`);
  assert.deepEqual(...(await Promise.all(pages.map(paise))), 'both see the same');
}

async function picture(page, name) {
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(pictures, `${page.label} ${name}.png`), fullPage: page.viewportSize().width > 500 });
}

async function done(...pages) {
  for (const page of pages) {
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wider <= 0, `${page.label} scrolls sideways by ${wider}`);
  }
  assert.deepEqual(complaints, [], 'the browser had nothing to complain of');
}
