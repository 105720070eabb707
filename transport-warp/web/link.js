// The connection to the room, and its retries. It knows no messages except the first
// `join`.

import { freshId, introduction, me, room } from './seat.js';

export let socket = null;
export let joined = false; // On the current socket.
/** The id of this socket's `join`. It is new for each socket, because its content may differ. */
export let joining = '';
/** Whether a first `join` went out, and the connection broke before its answer: the server may have accepted it. */
export let unanswered = false;
export let failures = 0;
/** When the next attempt is; 0: none is planned. */
export let retryAt = 0;
let retryTimer = 0;
let heardAt = 0;
let hooks = null;

/** Sets the hooks: `heard(message)`, `dropped()` with the socket, `unreachable()` before a first join, `changed()` to render. */
export function listen(to) {
  hooks = to;
}

/** Makes objects without a prototype: a guest may be called `constructor`. */
function plain(_, value) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.assign(Object.create(null), value) : value;
}

export function start() {
  failures = 0;
  connect();
}

function connect() {
  clearTimeout(retryTimer);
  if (socket) return;
  const secure = location.protocol === 'https:' ? 'wss:' : 'ws:';
  // The token proves that this tab is the person it says it is; without it, others could pay and be paid in their name.
  const proof = me.token ? `?resume=${encodeURIComponent(me.token)}` : '';
  const link = new WebSocket(`${secure}//${location.host}/parties/collaborative_order/${room}${proof}`);
  socket = link;
  const giveUp = setTimeout(() => lost(link), 8000);
  link.onopen = () => {
    clearTimeout(giveUp);
    heardAt = Date.now();
    joining = freshId('');
    send('join', introduction, joining);
  };
  link.onmessage = ({ data }) => {
    heardAt = Date.now();
    if (link === socket && typeof data === 'string' && data.startsWith('{')) hooks.heard(JSON.parse(data, plain));
  };
  link.onclose = ({ code }) => {
    clearTimeout(giveUp);
    lost(link, code === 1000);
  };
  hooks.changed();
}

/** Notes that the server has accepted this socket's `join`. */
export function settled() {
  joined = true;
  failures = 0;
}

/** Handles a lost connection. `ended`: the server said not to reconnect automatically. */
function lost(link, ended = false) {
  if (link !== socket) return;
  drop();
  clearTimeout(retryTimer);
  if (me.seated && !ended) {
    const wait = Math.min(15000, 500 * 2 ** failures++) * (0.75 + Math.random() / 2);
    retryAt = Date.now() + wait;
    retryTimer = setTimeout(connect, wait);
  } else {
    retryAt = 0;
    if (!me.seated) {
      unanswered ||= joining !== '';
      hooks.unreachable();
    }
  }
  hooks.changed();
}

/** Disconnects from a server in trouble, and reconnects later. */
export function backOff() {
  lost(socket);
}

export function drop() {
  const link = socket;
  socket = null;
  joined = false;
  hooks.dropped();
  if (!link) return;
  link.onclose = link.onmessage = link.onopen = null;
  link.close(1000);
}

/** Checks the connection: a phone that slept may hold a dead socket that looks open. Without an answer it counts as lost. */
function probe() {
  const link = socket;
  if (link?.readyState !== WebSocket.OPEN) return;
  const since = Date.now();
  link.send('ping');
  setTimeout(() => { if (link === socket && heardAt < since) lost(link); }, 8000);
}

export function reconnectNow() {
  failures = 0;
  if (me.seated && !socket) connect();
  else probe();
}

export function send(type, data, id = freshId('')) {
  const message = { type, id, participantId: me.id, participantName: me.name || undefined, timestamp: Date.now(), data };
  socket?.send(JSON.stringify(message));
}

setInterval(probe, 20000);
addEventListener('online', reconnectNow);
addEventListener('offline', () => socket && lost(socket));
document.addEventListener('visibilitychange', () => document.hidden || reconnectNow());
