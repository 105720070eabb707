// The identity and the room of this tab.

/** The room in the URL, or null. */
export const asked = new URLSearchParams(location.search).get('room');
export let room = asked ?? freshCode();
/**
 * `{id, name, seated, token}` of this tab in this room; sessionStorage keeps the identity across a reload. With a `code`, it
 * is the seat that the link in the URL offers, and that this tab has not taken yet.
 */
export let me = invitedAs() ?? remembered();
/** What the first `join` contains besides the name; sent until the server has answered it once. */
export let introduction = {};

function freshCode() {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return Array.from(crypto.getRandomValues(new Uint32Array(8)), (n) => letters[n % letters.length]).join('');
}

export function freshId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The seat that the URL offers, unless this tab has taken it already. */
function invitedAs() {
  const query = new URLSearchParams(location.search);
  const id = query.get('as');
  return !id || remembered().id === id ? null : { id, name: '', seated: false, code: query.get('code') ?? '' };
}

function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`stonepot:${room}`));
    if (kept?.id) return kept;
  } catch { /* Unreadable or forbidden storage: start as a new person. */ }
  return { id: freshId('guest_'), name: '', seated: false };
}

export function remember() {
  try {
    sessionStorage.setItem(`stonepot:${room}`, JSON.stringify(me));
  } catch { /* Private browsing: this tab loses its identity on a reload. */ }
}

/** Moves to another room, where this tab may have another identity. */
export function moveTo(code) {
  if (code === room) return;
  room = code;
  me = remembered();
}

export function introduce(details) {
  introduction = details;
}

/** The link that invites others to this room: as somebody new, or to a `seat`, which is `{as, code}`. */
export function address(seat = {}) {
  const base = new URL('.', location.href);
  base.search = Object.entries({ room, ...seat }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return base.href;
}
