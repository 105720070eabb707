// The page at `/`, in two tabs of a real browser: one on a phone, one on a desk.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Server, until } from './harness.mjs';

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

test('two tabs order, see each other, split in every way and place the order', { timeout: 90_000 }, async () => {
  const asha = await tab(PHONE, 'light');
  await asha.goto('');
  await picture(asha, 'welcome');
  await asha.fill('#name', 'Asha');
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
  await shows(ben, '#shares .amount', ['₹598.00', '₹279.96']);
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

test('a reload is the same person, and leaving keeps the dishes on the bill', { timeout: 60_000 }, async () => {
  const asha = await tab(PHONE, 'dark');
  await sit(asha, '?room=reload', 'Asha');
  await add(asha, { dish: 'Dal', kind: 'veg', price: '120.5', quantity: 1, note: '' });
  await asha.reload();
  await shows(asha, '.dish-name', ['Dal']);
  await shows(asha, '.person .who', ['You']);
  const ben = await tab(DESK, 'light');
  await sit(ben, '?room=reload', 'Ben');
  await asha.click('#leave');
  await asha.click('#confirm-yes');
  await asha.waitForSelector('#welcome:not([hidden])');
  await shows(ben, '.person .who', ['You']);
  await shows(ben, '.share-name', ['Asha', 'Ben']);
  await shows(ben, '.share .tags', ['left', 'you · host']);
  await asha.click('#join-button');
  await shows(ben, '.person .who', ['Asha', 'You']);
  await done(asha, ben);
});

test('a dead server shows as offline, and its return puts everybody back', { timeout: 60_000 }, async () => {
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
  // Unless the page has come back by itself meanwhile, and there is nothing to click any more.
  await asha.click('#retry', { timeout: 2_000 }).catch(() => {});
  await asha.waitForSelector('#offline', { state: 'hidden' });
  await shows(asha, '.dish-name', ['Dal']);
  assert.equal(await asha.inputValue('#dish'), 'Roti', 'what was being typed is still there');
  await add(asha, { dish: 'Roti', kind: 'veg', price: '15', quantity: 4, note: '' });
  await shows(asha, '#total', ['₹180.50']);
  // While the server was down, Chromium itself complained of the refused connections.
  complaints = complaints.filter((text) => !/ERR_CONNECTION_REFUSED/.test(text));
  await done(asha);
});

test('an order in yen shows no decimals, one in dinars three', { timeout: 60_000 }, async () => {
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

/** A fresh browser profile with one tab, whose every complaint is kept. */
async function tab(viewport, colorScheme) {
  const context = await browser.newContext({ baseURL: `http://${server.host}/`, viewport, colorScheme, locale: 'en-IN' });
  context.setDefaultTimeout(10_000);
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
  // The form empties itself once the server has stored the dish.
  await page.waitForFunction(() => document.querySelector('#dish').value === '');
}

async function give(page, kind, numbers) {
  await page.click(`[data-kind=${kind}]`);
  for (const [index, number] of numbers.entries()) {
    await page.fill(`#custom-rows li:nth-child(${index + 1}) input`, number);
  }
  await page.click('#custom button[type=submit]');
}

/** Waits until the elements that match hold just these texts. */
async function shows(page, selector, texts) {
  const read = async () => (await page.locator(selector).allTextContents()).map((text) => text.trim());
  await until(async () => isDeepStrictEqual(await read(), texts), `${selector} with ${texts}`).catch(() => {});
  assert.deepEqual(await read(), texts, selector);
}

/** Waits until all see two shares in order, in paise, that make `total` and please `fits`. */
async function sharesAre(pages, total, fits) {
  const paise = async (page) =>
    (await page.locator('#shares .amount').allTextContents()).map((text) => Number(text.replace(/\D/g, '')));
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
