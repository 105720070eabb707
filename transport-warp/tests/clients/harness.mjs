// Shared by the scripts in this folder: a server, and clients that talk to it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
// A script that hangs must not leave its server behind.
setTimeout(() => {
  console.error('the script took longer than 600 s');
  process.exit(1);
}, 600_000).unref();

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `condition` returns a truthy value, and returns it. */
export async function until(condition, what, milliseconds = 60_000) {
  for (const end = Date.now() + milliseconds; ;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) assert.fail(`${milliseconds} ms went by without: ${what}`);
    await sleep(15);
  }
}

async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

/** A running `stonepot serve` with its own data folder, on a port that it keeps across restarts. */
export class Server {
  static async start(options = []) {
    const server = new Server();
    server.options = options;
    server.data = fs.mkdtempSync(path.join(os.tmpdir(), 'stonepot-clients-'));
    server.port = await freePort();
    server.host = `127.0.0.1:${server.port}`;
    server.log = '';
    await server.run();
    return server;
  }

  async run() {
    const bin = process.env.STONEPOT_BIN;
    assert.ok(bin, 'STONEPOT_BIN names the server to test');
    const child = spawn(bin, ['serve', '--addr', this.host, '--data', this.data, '--log', 'sqlite', '--message-rate', '0', '--participant-rate', '0', ...this.options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    children.add(child);
    const keep = (chunk) => { this.log = (this.log + chunk).slice(-20_000); };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('exit', () => children.delete(child));
    await until(async () => {
      if (child.exitCode !== null) assert.fail(`the server ended with ${child.exitCode}:\n${this.log}`);
      return (await fetch(`http://${this.host}/readyz`).catch(() => null))?.ok;
    }, 'the server being ready');
  }

  /** Ends it like a power cut. */
  async kill() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** Stops it like a deployment; returns the exit code. */
  async stop() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await gone;
    return code;
  }

  async end(t) {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    fs.rmSync(this.data, { recursive: true, force: true });
    if (process.env.STONEPOT_SHOW_LOG) t?.diagnostic(this.log);
  }
}

/** A socket of npm's `ws`, which queues its messages until they are asked for. */
export class Phone {
  constructor(url, options) {
    this.raw = [];
    this.waiting = [];
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, false, 'the server sends text only');
      const text = data.toString();
      this.raw.push(text);
      this.waiting.push(text === 'pong' ? { type: 'pong' } : JSON.parse(text));
    });
    this.socket.on('error', (error) => { this.error = error; });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async open(server, address, options) {
    const phone = new Phone(`ws://${server.host}${address}`, options);
    await once(phone.socket, 'open');
    return phone;
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Returns the next message, which must be of this type. */
  async next(type) {
    const message = await until(() => this.waiting.shift(), `a message ${type}`);
    assert.equal(message.type, type, `instead of ${type} came ${JSON.stringify(message).slice(0, 600)}`);
    return message;
  }

  /** Asserts that every message so far has been taken. A ping is answered after everything that was sent before it. */
  async nothingMore() {
    this.send('ping');
    await this.next('pong');
  }

  /** Returns the refusal of the last command, after checking its shape. */
  async refusal(code) {
    const message = await this.next('error');
    assert.equal(message.data.code, code, JSON.stringify(message));
    assert.ok(typeof message.error === 'string' && message.error, 'an error has a text');
    assert.ok(typeof message.data.message === 'string' && message.data.message, 'and a message in its data');
    assert.ok(Number.isInteger(message.timestamp), 'and a timestamp');
    return message;
  }

  async close() {
    this.socket.close(1000);
    return this.closed;
  }
}

/** A message in the envelope of the first protocol. `finalize` and `leave` carry no data. */
export function message(type, id, name, data) {
  return { type, participantId: id, participantName: name, timestamp: 1234567890, ...(data && { data }) };
}

/** An amount of a two-digit currency in minor units, exactly. */
export function minor(amount) {
  assert.equal(typeof amount, 'number', 'money is a JSON number');
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount)) ?? assert.fail(`${amount}`);
  assert.ok(fraction.length <= 2, `${amount} is finer than the minor unit`);
  return BigInt(sign + whole + fraction.padEnd(2, '0'));
}

/** Asserts the laws of money in a state: lines, total and shares agree to the last minor unit. */
export function assertExact(state) {
  const sum = (amounts) => amounts.reduce((left, right) => left + right, 0n);
  for (const item of state.items) {
    assert.equal(minor(item.itemTotal), minor(item.price) * BigInt(item.quantity), `line ${item.id}`);
  }
  assert.equal(minor(state.total), sum(state.items.map((item) => minor(item.itemTotal))), 'the total');
  const shared = sum(state.splits.map((share) => minor(share.amount)));
  assert.equal(shared + minor(state.unallocated), minor(state.amountDue), 'shares and what is unallocated make what is due');
}

/** The state without phone numbers, which differ from reader to reader. */
export function commonView(state) {
  const { role, ...rest } = state;
  return { ...rest, participants: state.participants.map((person) => ({ ...person, phone: '' })) };
}
