// The document: its elements found, filled with text, and repeated for each of several things.

export const $ = (id) => document.getElementById(id);

/** Only what differs is touched, so that a screen reader does not read the same again. */
export function put(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

/** As `put`, for a field: what is the same stays, and the cursor in it. */
export function fill(field, value) {
  if (field.value !== String(value)) field.value = value;
}

/** Makes the children of `list` one for each of `things`, keeping those that are there (and the focus in them). */
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
