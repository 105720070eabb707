// A plain WebSocket client that behaves like the old browser client and reads only what
// that one reads. It keeps a
// list of its own, replaces it by full states, and appends every `item_added` without
// checking for duplicates.

import assert from 'node:assert/strict';
import test from 'node:test';
import WebSocket from 'ws';
import { Phone, Server, message, sleep, until } from './harness.mjs';

const ROOM = '/parties/collaborative_order/session_old';

test('kills and restarts leave no dish lost or doubled in the list of an old browser client', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const browsers = [];
  t.after(() => browsers.forEach((browser) => browser.leavePage()));
  for (const name of ['Asha', 'Ben', 'Chen']) {
    browsers.push(new OldBrowser(`ws://${server.host}${ROOM}`, `tenant_${name}`, name));
    await until(() => browsers.every((browser) => browser.participants.length === browsers.length), `${name} at the table`);
  }

  let stop = false;
  const ordering = browsers.map(async (browser, index) => {
    for (let number = 0; !stop && number < 400; number += 1) {
      browser.addItem(`${browser.name} ${number}`);
      await sleep(20 + 7 * index);
    }
  });
  for (const [times, how] of [[2, 'kill'], [3, 'stop'], [4, 'kill']]) {
    await sleep(700);
    const code = await server[how]();
    if (how === 'stop') assert.equal(code, 0);
    await server.run();
    await until(() => browsers.every((browser) => browser.toasts.connected === times), `connection ${times}`);
  }
  await sleep(500);
  stop = true;
  await Promise.all(ordering);

  const watcher = await Phone.open(server, ROOM);
  watcher.send(message('join', 'watcher', 'Watcher', {}));
  const truth = (await watcher.next('sync')).data;
  const ids = truth.items.map((item) => item.id);
  await until(
    () => browsers.every((browser) => browser.participants.length === 4 && browser.items.length >= ids.length),
    'the last messages',
  );

  assert.ok(ids.length > 60, `only ${ids.length} dishes: the run proves little`);
  assert.equal(new Set(ids).size, ids.length);
  const names = truth.items.map((item) => item.dishName);
  assert.equal(new Set(names).size, names.length, 'no dish was stored twice');
  for (const browser of browsers) {
    assert.deepEqual(browser.items.map((item) => item.id), ids, `${browser.name}’s own list is the server’s`);
    for (const dish of browser.confirmed) assert.ok(names.includes(dish), `${dish} was shown, and is lost`);
    assert.equal(browser.total(), truth.total, 'what it adds up is the total');
    assert.equal(browser.splitType, 'equal');
    assert.deepEqual(browser.participants.map(({ id, role, isOnline }) => [id, role, isOnline]), [
      ['tenant_Asha', 'owner', true],
      ['tenant_Ben', 'member', true],
      ['tenant_Chen', 'member', true],
      ['watcher', 'member', true],
    ]);
    assert.equal(browser.opened, 4, 'one connection, and one more after each of three restarts');
    assert.equal(browser.toasts.connected, browser.opened, 'one “connected” toast for each connection');
    assert.equal(browser.toasts.error, 0, 'no “connection error” toast');
    assert.ok(browser.codes.includes(1012), 'the orderly restart says so');
    assert.ok(browser.codes.every((code) => code === 1006 || code === 1012), `closed with ${browser.codes}`);
  }
  // A reconnection is not announced as an arrival: each learns once of those who joined
  // later, and then of the watcher.
  assert.deepEqual(
    browsers.map((browser) => browser.arrivals),
    [['tenant_Ben', 'tenant_Chen', 'watcher'], ['tenant_Chen', 'watcher'], ['watcher']],
  );
  await watcher.close();
});

test('after 1000 an old browser client stays away, and its place is kept', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const browser = new OldBrowser(`ws://${server.host}${ROOM}`, 'tenant_Asha', 'Asha');
  await until(() => browser.participants.length === 1, 'being at the table');
  browser.addItem('Dal');
  await until(() => browser.items.length === 1, 'the dish');
  browser.leavePage();
  await until(() => browser.codes.length === 1, 'the close');
  assert.deepEqual(browser.codes, [1000]);
  await sleep(1500);
  assert.equal(browser.opened, 1);

  const watcher = await Phone.open(server, ROOM);
  watcher.send(message('join', 'watcher', 'Watcher', {}));
  const { participants, splits, total } = (await watcher.next('sync')).data;
  assert.deepEqual(participants.map(({ id, isOnline }) => [id, isOnline]), [['tenant_Asha', false], ['watcher', true]]);
  assert.deepEqual([total, splits.length], [10.1, 2], 'offline is not gone: no share moved');
  await watcher.close();
});

test('an old web app that is served elsewhere works where its origin is named, and nowhere else', async (t) => {
  const app = 'https://app.example';
  const named = await Server.start(['--allow-origin', app]);
  t.after(() => named.end(t));
  const strict = await Server.start();
  t.after(() => strict.end(t));
  const browsers = [];
  t.after(() => browsers.forEach((browser) => browser.leavePage()));
  for (const [server, origin] of [[named, app], [strict, 'http://localhost:5173'], [strict, 'http://127.0.0.1:3000']]) {
    const browser = new OldBrowser(`ws://${server.host}${ROOM}`, `tenant_${browsers.length}`, 'Asha', origin);
    browsers.push(browser);
    await until(() => browser.joined, `${origin} at the table`);
    browser.addItem('Dal');
    await until(() => browser.items.length > 0, 'the dish');
  }
  for (const [server, origin] of [[named, 'http://localhost:5173'], [strict, app], [strict, 'https://evil.example']]) {
    const before = await (await fetch(`http://${server.host}${ROOM}`)).text();
    const browser = new OldBrowser(`ws://${server.host}${ROOM}`, 'tenant_evil', 'Evil', origin);
    browsers.push(browser);
    await until(() => browser.refused, `${origin} being refused`);
    assert.match(browser.refused, /403/, origin);
    browser.leavePage();
    assert.equal(browser.opened, 0, origin);
    assert.equal(await (await fetch(`http://${server.host}${ROOM}`)).text(), before, 'the order is as it was');
    assert.ok(server.log.includes(`--allow-origin ${origin}`), server.log);
  }
});

class OldBrowser {
  constructor(url, id, name, origin = 'http://localhost:5173') {
    Object.assign(this, { url, id, name, origin, opened: 0, attempts: 0, codes: [], arrivals: [] });
    Object.assign(this, { participants: [], items: [], splitType: null, status: null, circleId: null });
    this.toasts = { connected: 0, error: 0 };
    this.confirmed = new Set();
    this.introduction = { circleId: 'circle_abc123', tenantId: 'restaurant_id', phone: '9876543210' };
    this.connect();
  }

  connect() {
    this.joined = false;
    const socket = new WebSocket(this.url, { origin: this.origin });
    this.socket = socket;
    socket.onopen = () => {
      this.opened += 1;
      this.attempts = 0;
      this.send('join', this.introduction);
      this.introduction = {};
    };
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    socket.onerror = ({ message }) => { this.refused = message; };
    socket.onclose = ({ code }) => {
      // A refused connection does not count as a close.
      if (this.joined) this.codes.push(code);
      this.joined = false;
      if (code === 1000 || this.attempts >= 5) return;
      this.timer = setTimeout(() => this.connect(), 1000 * 2 ** this.attempts++);
    };
  }

  leavePage() {
    clearTimeout(this.timer);
    this.attempts = Infinity;
    this.socket.close(1000);
  }

  send(type, data) {
    this.socket.send(JSON.stringify(message(type, this.id, this.name, data)));
  }

  /** Sends only when it believes itself connected, and never again: no id, no acknowledgement. */
  addItem(dishName) {
    if (!this.joined || this.socket.readyState !== WebSocket.OPEN) return;
    this.send('add_item', { dishName, dishType: 'veg', quantity: 1, price: 10.1 });
  }

  total() {
    const paise = this.items.reduce((sum, item) => sum + Math.round(item.itemTotal * 100), 0);
    return paise / 100;
  }

  receive({ type, participantId, data }) {
    switch (type) {
      case 'sync':
        this.toasts.connected += 1;
        this.joined = true;
        return this.take(data);
      case 'participant_joined':
        if (participantId !== this.id) this.arrivals.push(participantId);
        return this.take(data);
      case 'participant_left':
      case 'order_finalized':
        return this.take(data);
      case 'item_added':
        this.items.push(data.item);
        if (data.item.addedBy === this.id) this.confirmed.add(data.item.dishName);
        return;
      case 'item_removed':
        this.items = this.items.filter((item) => item.id !== data.itemId);
        return;
      case 'quantity_updated':
        this.items = this.items.map((item) => (item.id === data.itemId ? { ...item, quantity: data.quantity } : item));
        return;
      case 'split_updated':
        this.splitType = data.splitType;
        return;
      case 'error':
        this.toasts.error += 1;
        return;
      default: // The old client logs a warning and continues.
    }
  }

  take({ participants, items, splitType, status, circleId }) {
    assert.ok(Array.isArray(participants) && Array.isArray(items), 'both are always arrays');
    assert.ok(participants.every((person) => typeof person.name === 'string' && !('customerId' in person)));
    Object.assign(this, { participants, items: [...items], splitType, status, circleId });
  }
}
