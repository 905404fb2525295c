/** True when a key belongs to a field, a dialog or a combination with a modifier, not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  return target.closest('input, select, textarea, dialog') !== null;
}
