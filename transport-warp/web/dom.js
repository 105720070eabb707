// Helpers for the document: finding elements, setting their text, and repeating them for a
// list.

export const $ = (id) => document.getElementById(id);

/** Sets a text only if it differs, so that a screen reader does not read it again. */
export function put(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

/** As `put`, for a field: an unchanged value keeps its cursor. */
export function fill(field, value) {
  if (field.value !== String(value)) field.value = value;
}

/** Makes one child of `list` for each of `things`, and keeps existing ones with their focus. */
export function rows(list, template, things, keyOf, fill) {
  const kept = new Map([...list.children].map((row) => [row.key, row]));
  things.forEach((thing, index) => {
    const key = keyOf(thing);
    let row = kept.get(key);
    if (!row) {
      row = $(template).content.firstElementChild.cloneNode(true);
      row.key = key;
    }
    kept.delete(key);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    fill(row, thing, index);
  });
  for (const row of kept.values()) {
    if (row.contains(document.activeElement)) list.closest('section')?.querySelector('h2').focus();
    row.remove();
  }
}
