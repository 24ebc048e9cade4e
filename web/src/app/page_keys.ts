import { pageKeysOn } from "./preferences.ts";

/** Whether a key is meant for the page wherever the focus is: it comes alone, nobody is writing, and such keys were not switched off, as
 * who speaks to the browser or hits keys unawares may (WCAG 2.1.4). Keys of what has the focus, a table's, always hold. */
export function isPageKey(event: KeyboardEvent): boolean {
	if (event.ctrlKey || event.metaKey || event.altKey || !pageKeysOn()) return false;
	return !(event.target as HTMLElement | null)?.closest?.("input, textarea, select, [contenteditable], dialog");
}
